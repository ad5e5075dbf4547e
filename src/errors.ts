/**
 * Every error that a caller can see, in one closed table.
 *
 * - A *refusal* is an answer to a request that may not or cannot be done. Its message is safe to show.
 * - A *fault* says that a dependency is down; the same request may work later.
 * - A *bug* is everything else that is thrown. It is reported to the log and shown only as INTERNAL.
 */

type Kind = 'refusal' | 'fault' | 'bug';

interface ErrorCodeEntry {
  readonly kind: Kind;
  /** True where a person can mend the request: GraphQL mutations answer such a refusal in `errors`, others in `extensions.code`. */
  readonly userFixable: boolean;
  /** The HTTP status of the REST door. */
  readonly httpStatus: number;
  /** The number on the voice control protocol: `ErrorCode` in `proto/control.proto`. */
  readonly voice: number;
}

/** The doors' answers to each code. Numbers of the voice protocol are never reused. */
export const ERROR_CODES = {
  INTERNAL: { kind: 'bug', userFixable: false, httpStatus: 500, voice: 1 },
  UNAVAILABLE: { kind: 'fault', userFixable: false, httpStatus: 503, voice: 2 },
  INVALID_INPUT: { kind: 'refusal', userFixable: true, httpStatus: 422, voice: 3 },
  UNAUTHENTICATED: { kind: 'refusal', userFixable: false, httpStatus: 401, voice: 4 },
  INVALID_CREDENTIALS: { kind: 'refusal', userFixable: true, httpStatus: 401, voice: 5 },
  PERMISSION_DENIED: { kind: 'refusal', userFixable: false, httpStatus: 403, voice: 6 },
  NOT_FOUND: { kind: 'refusal', userFixable: false, httpStatus: 404, voice: 7 },
  ALREADY_EXISTS: { kind: 'refusal', userFixable: true, httpStatus: 409, voice: 8 },
  CONFLICT: { kind: 'refusal', userFixable: true, httpStatus: 412, voice: 9 },
  HAS_CHILDREN: { kind: 'refusal', userFixable: true, httpStatus: 409, voice: 10 },
  OWNER_REQUIRED: { kind: 'refusal', userFixable: true, httpStatus: 409, voice: 11 },
  QUOTA_EXCEEDED: { kind: 'refusal', userFixable: true, httpStatus: 409, voice: 12 },
  CHANNEL_FULL: { kind: 'refusal', userFixable: true, httpStatus: 409, voice: 13 },
  PASSWORD_REQUIRED: { kind: 'refusal', userFixable: true, httpStatus: 403, voice: 14 },
  WRONG_PASSWORD: { kind: 'refusal', userFixable: true, httpStatus: 403, voice: 15 },
  RATE_LIMITED: { kind: 'refusal', userFixable: false, httpStatus: 429, voice: 16 },
  BANNED: { kind: 'refusal', userFixable: false, httpStatus: 403, voice: 17 },
  SERVER_FULL: { kind: 'refusal', userFixable: false, httpStatus: 503, voice: 18 },
  UNSUPPORTED_VERSION: { kind: 'refusal', userFixable: false, httpStatus: 400, voice: 19 },
  MALFORMED: { kind: 'refusal', userFixable: false, httpStatus: 400, voice: 20 },
  TOO_LARGE: { kind: 'refusal', userFixable: false, httpStatus: 413, voice: 21 },
  UNEXPECTED_MESSAGE: { kind: 'refusal', userFixable: false, httpStatus: 400, voice: 22 },
  TIMED_OUT: { kind: 'refusal', userFixable: false, httpStatus: 408, voice: 23 },
  NOT_JOINED: { kind: 'refusal', userFixable: true, httpStatus: 409, voice: 24 },
  REPLACED: { kind: 'refusal', userFixable: false, httpStatus: 409, voice: 25 },
  KICKED: { kind: 'refusal', userFixable: false, httpStatus: 403, voice: 26 },
  ROLE_IN_USE: { kind: 'refusal', userFixable: true, httpStatus: 409, voice: 28 },
  SHUTTING_DOWN: { kind: 'fault', userFixable: false, httpStatus: 503, voice: 27 },
} as const satisfies Record<string, ErrorCodeEntry>;

/** The name of an error, stable across releases and the same at every door. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Values for translation of the message: plain scalars, never a secret. */
export type ErrorParams = Readonly<Record<string, string | number | boolean | null>>;

interface AppErrorOptions {
  /** Where in the input the reason lies, outermost first: `['input', 'name']`. */
  readonly path?: readonly string[];
  readonly params?: ErrorParams;
  /** How long to wait before the same request can succeed, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A refusal or a fault with a code of the closed table. `message` is English, safe to show, and holds no secret. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly path: readonly string[];
  readonly params: ErrorParams;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.path = options.path ?? [];
    this.params = options.params ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }

  get kind(): Kind {
    return ERROR_CODES[this.code].kind;
  }

  get userFixable(): boolean {
    return ERROR_CODES[this.code].userFixable;
  }
}

/** The answer for an object that is absent, and for one that belongs to another organization: the two cannot be told apart. */
export function notFound(noun: string): AppError {
  return new AppError('NOT_FOUND', `There is no such ${noun}.`, { params: { noun } });
}

/** The input is of the right shape and its value cannot be accepted. */
export function invalidInput(path: readonly string[], message: string, params: ErrorParams = {}): AppError {
  return new AppError('INVALID_INPUT', message, { path, params });
}

/** Makes a switch over a closed union exhaustive: the compiler refuses a case that is left out. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
