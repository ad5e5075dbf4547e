export interface SteadyClockOptions {
  /** The time of day as the system tells it, in milliseconds since 1970. */
  readonly wallMs: () => number;
  /** A monotonic clock, in milliseconds. */
  readonly monotonicMs: () => number;
}

/** The system's clock is followed as long as it does not leap by more than this, in milliseconds. */
const MAX_STEP_MS = 5000;
/** After so long a clock that has leapt is believed, in milliseconds: tokens of before have usually run out by then. */
const BELIEVED_AFTER_MS = 900_000;

/**
 * The time of day without leaps. Where the system's clock is set forward or back, this one goes on as if nothing had
 * happened, for a while: nobody's login is over, or not begun yet, because a clock was set.
 */
export class SteadyClock {
  readonly #options: SteadyClockOptions;
  /** What has to be added to the monotonic clock. */
  #offsetMs: number;
  /** On the monotonic clock; null while both agree. */
  #leaptAtMs: number | null = null;

  constructor(options: SteadyClockOptions) {
    this.#options = options;
    this.#offsetMs = options.wallMs() - options.monotonicMs();
  }

  /** In milliseconds since 1970. */
  nowMs(): number {
    const monotonicMs = this.#options.monotonicMs();
    const offsetMs = this.#options.wallMs() - monotonicMs;
    if (Math.abs(offsetMs - this.#offsetMs) <= MAX_STEP_MS) {
      this.#leaptAtMs = null;
      this.#offsetMs = offsetMs;
    } else {
      this.#leaptAtMs ??= monotonicMs;
      if (monotonicMs - this.#leaptAtMs >= BELIEVED_AFTER_MS) {
        this.#leaptAtMs = null;
        this.#offsetMs = offsetMs;
      }
    }
    return monotonicMs + this.#offsetMs;
  }
}
