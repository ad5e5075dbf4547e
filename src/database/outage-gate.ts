import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.js';

export interface OutageGateOptions {
  /** Asks the database for a sign of life, and gives up after so many milliseconds. Rejects where there is none. */
  readonly probe: (timeoutMs: number) => Promise<void>;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** The database is away: connections that wait for it wait for nothing. */
  readonly onAway: () => void;
  readonly onBack: () => void;
}

/** So long may nothing at all come back while somebody waits, until the database is asked whether it lives, in milliseconds. */
const STALL_MS = 600;
/** How long a sign of life may take, in milliseconds. With {@link STALL_MS} and one round of the watch it is under 2 s. */
const PROBE_TIMEOUT_MS = 900;
const WATCH_INTERVAL_MS = 100;
/** From one question to the next while the database is away, in milliseconds. */
const RETRY_INTERVAL_MS = 250;
/** When the same request may work, as callers are told, in milliseconds. */
const RETRY_AFTER_MS = 1000;

interface Waiting {
  readonly sinceMs: number;
  readonly giveUp: (error: AppError) => void;
}

/**
 * Lets nobody wait for a database that does not answer. A pool alone hands out connections that are dead, and lets
 * callers queue for them. Here, work of which nothing comes back for a while makes the gate ask for a sign of life; where
 * there is none all that waits fails at once, and so does whoever comes, until there is one. A database that is merely
 * slow gives one, and is waited for.
 */
export class OutageGate {
  readonly #options: OutageGateOptions;
  readonly #waiting = new Set<Waiting>();
  readonly #closing = new AbortController();
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #watch: NodeJS.Timeout | undefined;
  #isAway = false;
  #isAsking = false;

  constructor(options: OutageGateOptions) {
    this.#options = options;
  }

  /** Runs the work. Throws what it throws, and UNAVAILABLE where the database is away: what had begun may still come to its end. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isAway) throw databaseIsAway();
    let waiting: Waiting | undefined;
    const givenUp = new Promise<never>((_resolve, reject) => {
      waiting = { sinceMs: this.#options.nowMs(), giveUp: reject };
      this.#waiting.add(waiting);
    });
    this.#watch ??= setInterval(() => this.#look(), WATCH_INTERVAL_MS);
    try {
      const result = await Promise.race([work(), givenUp]);
      this.#answeredAtMs = this.#options.nowMs();
      return result;
    } catch (error) {
      if (error instanceof AppError && error.code === 'UNAVAILABLE') this.#suspect();
      else this.#answeredAtMs = this.#options.nowMs();
      throw error;
    } finally {
      if (waiting !== undefined) this.#waiting.delete(waiting);
      if (this.#waiting.size === 0) this.#rest();
    }
  }

  close(): void {
    this.#closing.abort();
    this.#rest();
  }

  #rest(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #look(): void {
    const nowMs = this.#options.nowMs();
    const longestMs = Math.min(...[...this.#waiting].map(({ sinceMs }) => sinceMs));
    if (nowMs - Math.max(longestMs, this.#answeredAtMs) >= STALL_MS) this.#suspect();
  }

  #suspect(): void {
    if (this.#isAsking || this.#closing.signal.aborted) return;
    this.#isAsking = true;
    void this.#ask().finally(() => {
      this.#isAsking = false;
    });
  }

  /** Asks until there is a sign of life. */
  async #ask(): Promise<void> {
    const { nowMs, onAway, onBack } = this.#options;
    while (!this.#closing.signal.aborted) {
      const askedAtMs = nowMs();
      // What comes back for anybody is a sign too.
      if ((await this.#isAlive()) || this.#answeredAtMs >= askedAtMs) break;
      if (!this.#isAway) {
        this.#isAway = true;
        for (const { giveUp } of [...this.#waiting]) giveUp(databaseIsAway());
        onAway();
      }
      await sleep(RETRY_INTERVAL_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
    this.#answeredAtMs = nowMs();
    if (!this.#isAway || this.#closing.signal.aborted) return;
    this.#isAway = false;
    onBack();
  }

  async #isAlive(): Promise<boolean> {
    const timeout = new AbortController();
    const asked = this.#options.probe(PROBE_TIMEOUT_MS).then(
      () => true,
      () => false,
    );
    const tooLong = sleep(PROBE_TIMEOUT_MS, false, { signal: timeout.signal }).catch(() => false);
    try {
      return await Promise.race([asked, tooLong]);
    } finally {
      timeout.abort();
    }
  }
}

function databaseIsAway(): AppError {
  return new AppError('UNAVAILABLE', 'The database is not available: it gives no sign of life.', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
