import { Counter } from 'prom-client';
import { AppError, type ErrorCode } from '../errors.js';
import type { Door } from '../request-context.js';

/** How a login can end. */
export type LoginOutcome =
  | 'ok'
  | 'wrong_password'
  | 'token_invalid'
  | 'limited'
  | 'banned'
  | 'full'
  | 'refused'
  | 'unavailable'
  | 'failed';

/** What has a name of its own among the refusals; the others are `refused`. */
const REFUSALS: Partial<Record<ErrorCode, LoginOutcome>> = {
  INVALID_CREDENTIALS: 'wrong_password',
  UNAUTHENTICATED: 'token_invalid',
  RATE_LIMITED: 'limited',
  BANNED: 'banned',
  SERVER_FULL: 'full',
};

/** Counts the logins at every door by how they ended, as a metric. */
export class LoginTally {
  readonly counter = new Counter({
    name: 'parley_logins_total',
    help: 'Logins with a password, and with a token where that opens a voice session, by how they ended.',
    labelNames: ['door', 'outcome'],
    registers: [],
  });

  /** Runs a login and counts it. Throws what it throws. */
  async counting<Result>(door: Door, login: () => Promise<Result>): Promise<Result> {
    try {
      const result = await login();
      this.counter.inc({ door, outcome: 'ok' });
      return result;
    } catch (error) {
      this.failed(door, error);
      throw error;
    }
  }

  /** A login has ended with this error. */
  failed(door: Door, error: unknown): void {
    this.counter.inc({ door, outcome: outcomeOf(error) });
  }
}

function outcomeOf(error: unknown): LoginOutcome {
  if (!(error instanceof AppError) || error.kind === 'bug') return 'failed';
  return error.kind === 'fault' ? 'unavailable' : (REFUSALS[error.code] ?? 'refused');
}
