import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { prettyLine } from './pretty-line.js';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

export interface LogOptions {
  readonly level: LogLevel;
  /** `auto`: lines for people where `stream` is a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty';
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Keys whose values are never logged, in an entry itself and two levels below. */
const SECRET_KEYS = [
  'password',
  'passwordHash',
  'token',
  'accessToken',
  'refreshToken',
  'apiKey',
  'secret',
  'key',
  'authorization',
  'cookie',
  'address',
  'remoteAddress',
  'ip',
  'username',
  'email',
];

/** One entry per line. Secrets, names and addresses of people are left out, in errors too. */
export function createLogger({ level, format, stream }: LogOptions): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && stream.isTTY === true);
  const destination: DestinationStream = {
    write: (line) => void stream.write(isPretty ? prettyLine(line) : line),
  };
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: plainError },
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    },
    destination,
  );
}

interface PlainError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  /** Where it was thrown, without the message. */
  readonly stack?: string;
  readonly cause?: PlainError;
}

/** What an error says, without what libraries hang on it: statements, rows, requests. */
function plainError(error: unknown): PlainError | unknown {
  if (!isError(error)) return error;
  const { name, stack, cause, code } = error;
  const frames = stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: name,
    message: withoutStatement(error.message, code),
    ...(typeof code === 'string' && { code }),
    ...(frames !== undefined && { stack: frames.map((line) => line.trim()).join('\n') }),
    ...(isError(cause) && { cause: plainError(cause) }),
  };
}

function isError(value: unknown): value is Error & { readonly code?: unknown } {
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value;
}

/** The driver puts a failed statement, with its values, before PostgreSQL's reason. */
function withoutStatement(message: string, code: unknown): string {
  const isSqlState = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);
  return isSqlState ? (message.split(' - ').at(-1) ?? message) : message;
}
