/** How refusals, faults and the ends of sessions are told on the control protocol: by the numbers of the one table of errors. */
import { AppError, ERROR_CODES, type ErrorCode, notFound, unreachable } from '../errors.js';
import type { LeaveReason } from '../events/domain-event.js';
import type { ServerBody } from './control-frames.js';

/** When a request may be repeated that a dependency has failed, in milliseconds, where nothing better is known. */
const FAULT_RETRY_AFTER_MS = 1000;
const MAX_UINT32 = 2 ** 32 - 1;

/** The answer to a request that is not carried out. Any other error than a refusal or a fault is a bug, and not told here. */
export function refused(error: AppError): ServerBody {
  const { code, message } = error;
  const retryAfterMs = error.retryAfterMs ?? (error.kind === 'fault' ? FAULT_RETRY_AFTER_MS : 0);
  return {
    case: 'refused',
    value: { code: ERROR_CODES[code].voice, message, retryAfterMs: Math.min(MAX_UINT32, Math.ceil(retryAfterMs)) },
  };
}

/** The last message of a connection. */
export function disconnect(code: ErrorCode, message: string): ServerBody {
  return { case: 'disconnect', value: { code: ERROR_CODES[code].voice, message } };
}

/** Why a session has ended, as its own client is told; null where it was the client's own doing, or there is nobody to tell. */
export function endOfSession(reason: LeaveReason): AppError | null {
  switch (reason) {
    case 'left':
    case 'moved':
    case 'disconnected':
    case 'channel_deleted':
      return null;
    case 'timed_out':
      return new AppError('TIMED_OUT', 'Nothing was heard from you for too long.');
    case 'kicked':
      return new AppError('KICKED', 'You were removed from the server.');
    case 'recording_forbidden':
      return new AppError('KICKED', 'You were recording, and this organization does not allow that any more.');
    case 'banned':
      return new AppError('BANNED', 'You are banned.');
    case 'replaced':
      return new AppError('REPLACED', 'You have logged in from somewhere else.');
    case 'permission_lost':
      return new AppError('PERMISSION_DENIED', 'You may not be on this server any more.');
    case 'user_deleted':
    case 'organization_deleted':
      return new AppError('UNAUTHENTICATED', 'This login is gone: there is no such user any more.');
    case 'credentials_changed':
      return new AppError(
        'UNAUTHENTICATED',
        'The password was changed, or what you had logged in by has ended: log in again.',
      );
    case 'shutting_down':
      return new AppError('SHUTTING_DOWN', 'The server is shutting down.');
    default:
      return unreachable(reason);
  }
}

/** What somebody is told whose session has ended in the middle of a request. */
export function endOf(reason: LeaveReason): AppError {
  return endOfSession(reason) ?? notFound('session');
}

/** Why a join that had been granted is taken back. */
export function refusalOfJoin(reason: LeaveReason): AppError {
  return reason === 'channel_deleted'
    ? notFound('channel')
    : new AppError('PERMISSION_DENIED', 'You may not be in this channel.', { params: { permission: 'JOIN' } });
}
