import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../errors.js';

export interface AttemptLimit {
  /** Failed attempts that are allowed in the window. */
  readonly attempts: number;
  readonly windowS: number;
}

/** Bounds failed guesses of a secret. An attempt counts before it is made, so that guesses made at once count too, and is given back where it succeeds. */
export class AttemptLimiter {
  readonly #limiter: RateLimiterMemory;
  readonly #what: string;

  /** `what` names the secret in the refusal: "login". */
  constructor(what: string, { attempts, windowS }: AttemptLimit) {
    this.#what = what;
    this.#limiter = new RateLimiterMemory({ points: attempts, duration: windowS });
  }

  /** Takes one attempt for the key. Throws RATE_LIMITED, with the time to wait, where none is left. */
  async take(key: string): Promise<void> {
    try {
      await this.#limiter.consume(key);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new AppError('RATE_LIMITED', `Too many failed attempts at the ${this.#what}. Try again later.`, {
        retryAfterMs: refusal.msBeforeNext,
      });
    }
  }

  /** The attempt succeeded: it does not count. */
  async giveBack(key: string): Promise<void> {
    await this.#limiter.reward(key);
  }
}
