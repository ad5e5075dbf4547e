import { OggOpusError } from './ogg-opus.js';
import { VoiceClientError } from './voice-client-error.js';

/** How a command ends. */
export const ExitCode = {
  done: 0,
  /** The server refused, or the channel is not there. */
  refused: 1,
  /** The command line or a file cannot be used. */
  usage: 2,
  /** There is no connection, or it broke. */
  notConnected: 3,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** A reason to end the command, in one line. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** Says in one line what went wrong and what to do about it. Rethrows what is none of the expected errors. */
export function toCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof OggOpusError) return new CommandError(ExitCode.usage, error.message);
  if (error instanceof VoiceClientError) return fromVoiceClient(error);
  throw error;
}

function fromVoiceClient(error: VoiceClientError): CommandError {
  const hint = hintFor(error);
  return new CommandError(exitCodeFor(error), hint === undefined ? error.message : `${error.message} ${hint}`);
}

function exitCodeFor({ code }: VoiceClientError): ExitCode {
  switch (code) {
    case 'CANNOT_CONNECT':
    case 'CERTIFICATE_REFUSED':
    case 'DISCONNECTED':
    case 'TIMED_OUT':
    case 'MALFORMED':
    case 'SHUTTING_DOWN':
      return ExitCode.notConnected;
    default:
      return ExitCode.refused;
  }
}

function hintFor({ code, retryAfterMs }: VoiceClientError): string | undefined {
  switch (code) {
    case 'CANNOT_CONNECT':
      return 'Is the server running, and is this its control port?';
    case 'CERTIFICATE_REFUSED':
      return 'The option for it is --fingerprint.';
    case 'INVALID_CREDENTIALS':
      return 'Check --org, --user and the password.';
    case 'UNAUTHENTICATED':
      return 'The token is not valid (any more): log in again for a new one.';
    case 'PASSWORD_REQUIRED':
    case 'WRONG_PASSWORD':
      return 'The password of the channel goes into --channel-password.';
    case 'PERMISSION_DENIED':
      return 'An administrator of the organization can give the permission to one of your roles.';
    default:
      return retryAfterMs === undefined ? undefined : `Try again in ${Math.ceil(retryAfterMs / 1000)} s.`;
  }
}
