import { ErrorCode } from '../protocol/generated/control_pb.js';

/** A code of the protocol, or one of the reasons that only a client has: there is no connection, the certificate is not the expected one, the connection is gone. */
export type VoiceClientErrorCode = keyof typeof ErrorCode | 'CANNOT_CONNECT' | 'CERTIFICATE_REFUSED' | 'DISCONNECTED';

/** Why a call of the client was not carried out. `message` is English and can be shown to a person. */
export class VoiceClientError extends Error {
  readonly code: VoiceClientErrorCode;
  /** When the same call may succeed, in milliseconds; undefined where waiting does not help. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: VoiceClientErrorCode,
    message: string,
    options: { readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VoiceClientError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The error of a code that the server sent. A code that a newer server has and this client does not know is INTERNAL. */
export function refusalFromServer(code: number, message: string, retryAfterMs = 0): VoiceClientError {
  const options = retryAfterMs > 0 ? { retryAfterMs } : {};
  return new VoiceClientError(codeName(code), message, options);
}

function codeName(code: number): VoiceClientErrorCode {
  const names = Object.entries(ErrorCode).filter(
    (entry): entry is [keyof typeof ErrorCode, ErrorCode] => entry[1] === code,
  );
  return names[0]?.[0] ?? 'INTERNAL';
}
