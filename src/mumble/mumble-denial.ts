import type { AppError } from '../errors.js';
import type { SessionId } from '../ids.js';
import { MumblePermissionDenied_DenyType as DenyType } from '../protocol/generated/mumble_pb.js';
import { htmlText } from './html-text.js';
import { encodeMessage, type MumbleInit } from './mumble-messages.js';

/** What was asked for, where a refusal names it. */
export interface Asked {
  /** The bit of Mumble's that was needed. */
  readonly permission?: number;
  readonly channelId?: number;
}

/** The frame that tells a client why something was not done. */
export function denial(error: AppError, sessionId: SessionId, { permission, channelId }: Asked = {}): Uint8Array {
  return encodeMessage('permissionDenied', {
    ...kindOf(error, permission),
    session: sessionId,
    ...(channelId !== undefined && { channelId }),
  });
}

function kindOf(error: AppError, permission: number | undefined): MumbleInit<'permissionDenied'> {
  switch (error.code) {
    case 'CHANNEL_FULL':
      return { type: DenyType.CHANNEL_FULL };
    case 'PERMISSION_DENIED':
    case 'PASSWORD_REQUIRED':
    case 'WRONG_PASSWORD':
      return permission === undefined
        ? asText(error)
        : { type: DenyType.PERMISSION, permission, reason: error.message };
    case 'QUOTA_EXCEEDED':
      return error.params.quota === 'max_channels' ? { type: DenyType.CHANNEL_COUNT_LIMIT } : asText(error);
    case 'INVALID_INPUT':
      return { ...asText(error), type: typeOfInput(error) };
    default:
      return asText(error);
  }
}

function typeOfInput({ path, params }: AppError): DenyType {
  switch (path.at(-1)) {
    case 'name':
      return DenyType.CHANNEL_NAME;
    case 'parentId':
      return params.max === undefined ? DenyType.TEXT : DenyType.NESTING_LIMIT;
    case 'text':
      return params.rule === 'LENGTH' ? DenyType.TEXT_TOO_LONG : DenyType.TEXT;
    default:
      return DenyType.TEXT;
  }
}

function asText({ message }: AppError): MumbleInit<'permissionDenied'> {
  return { type: DenyType.TEXT, reason: htmlText(message) };
}
