export interface PacedPublisherOptions {
  /** The shortest time between two publications, in milliseconds. Asked each time. */
  readonly intervalMs: () => number;
  readonly publish: () => void;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

/** Publishes what has changed: at once after a quiet time, and not more often than the interval while much happens. */
export class PacedPublisher {
  readonly #options: PacedPublisherOptions;
  readonly #waiters: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(options: PacedPublisherOptions) {
    this.#options = options;
  }

  /** Something has changed. */
  schedule(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    const { intervalMs, nowMs } = this.#options;
    const waitMs = this.#publishedAtMs + intervalMs() - nowMs();
    this.#timer = setTimeout(() => this.#publish(), Math.max(0, waitMs));
  }

  /** Resolves with the next publication, or when there will be none any more. */
  untilPublished(): Promise<void> {
    return this.#isStopped ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve));
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#release();
  }

  #publish(): void {
    this.#timer = undefined;
    this.#publishedAtMs = this.#options.nowMs();
    this.#options.publish();
    this.#release();
  }

  #release(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
