/** The longest first pause, in milliseconds; each next one may be twice as long. */
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 10_000;

/**
 * How long to wait before each attempt: anything from nothing to a time that doubles, so that a thousand clients who
 * lost the same server do not all come back in the same moment. Pure: randomness is an argument.
 */
export class Backoff {
  /** A number from 0 up to 1. */
  readonly #random: () => number;
  #attempts = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The pause before the next attempt, in milliseconds, begun when the server may be asked again: those whom it has sent away together do not come back together. */
  nextPauseMs(retryAfterMs = 0): number {
    const longestMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    return retryAfterMs + this.#random() * longestMs;
  }

  /** All was well for a while: the next pause is a short one again. */
  reset(): void {
    this.#attempts = 0;
  }
}
