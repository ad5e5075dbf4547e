import { performance } from 'node:perf_hooks';
import { AppError } from '../errors.js';
import { AttemptWindows } from './attempt-windows.js';

export interface AttemptLimit {
  /** Failed attempts that are allowed in the window. */
  readonly attempts: number;
  readonly windowS: number;
}

/** How many keys with failures are remembered. Whoever wants to push one out has to fail under as many others. */
const MAX_KEYS = 100_000;

/**
 * Bounds failed guesses of a secret. An attempt counts before it is made, so that guesses made at once count too, and is
 * given back where it succeeds. The clock is a monotonic one: setting the time of day lets nobody in and locks nobody out.
 */
export class AttemptLimiter {
  readonly #windows: AttemptWindows;
  readonly #what: string;

  /** `what` names the secret in the refusal: "login". */
  constructor(what: string, { attempts, windowS }: AttemptLimit) {
    this.#what = what;
    this.#windows = new AttemptWindows({ attempts, windowMs: windowS * 1000, maxKeys: MAX_KEYS });
  }

  /** Takes one attempt for the key. Throws RATE_LIMITED, with the time to wait, where none is left. */
  take(key: string): void {
    const waitMs = this.#windows.take(key, performance.now());
    if (waitMs === 0) return;
    throw new AppError('RATE_LIMITED', `Too many failed attempts at the ${this.#what}. Try again later.`, {
      retryAfterMs: Math.ceil(waitMs),
    });
  }

  /** The attempt succeeded: it does not count. */
  giveBack(key: string): void {
    this.#windows.giveBack(key);
  }
}
