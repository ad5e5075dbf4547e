import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.js';

export interface OutageGateOptions {
  /** Asks the database for a sign of life, and gives up after so many milliseconds. Rejects where there is none. */
  readonly probe: (timeoutMs: number) => Promise<void>;
  /** The database is away: connections that wait for it wait for nothing. */
  readonly onAway: () => void;
  readonly onBack: () => void;
}

/**
 * Patience is counted in ticks of a timer and not by the clock: where this process, and so likely the whole machine, has
 * too little of the processor, ticks come late, and the database is given as much more time. In milliseconds.
 */
const TICK_MS = 100;
/** So long may nothing at all come back while somebody waits, until the database is asked whether it lives. */
const STALL_TICKS = 5;
/** How long a sign of life may take. With {@link STALL_TICKS} it is under 2 s. */
const PROBE_TICKS = 8;
/** The same while the database is known to be away, when nobody waits for it. */
const PATIENT_PROBE_TICKS = 50;
/** A bound for a connection that hangs. */
const PROBE_TIMEOUT_MS = 10_000;
/** From one question to the next while the database is away, in milliseconds. */
const RETRY_INTERVAL_MS = 250;
/** When the same request may work, as callers are told, in milliseconds. */
const RETRY_AFTER_MS = 1000;

/**
 * Lets nobody wait for a database that does not answer. A pool alone hands out connections that are dead, and lets
 * callers queue for them. Here, work of which nothing comes back for a while makes the gate ask for a sign of life; where
 * there is none all that waits fails at once, and so does whoever comes, until there is one. A database that is merely
 * slow gives one, and is waited for.
 */
export class OutageGate {
  readonly #options: OutageGateOptions;
  /** Who waits for an answer, each by what makes it fail. */
  readonly #waiting = new Set<(error: AppError) => void>();
  readonly #closing = new AbortController();
  /** How many answers there were. */
  #answers = 0;
  #silentTicks = 0;
  #answersAtTick = 0;
  #watch: NodeJS.Timeout | undefined;
  #isAway = false;
  #isAsking = false;

  constructor(options: OutageGateOptions) {
    this.#options = options;
  }

  /** Runs the work. Throws what it throws, and UNAVAILABLE where the database is away: what had begun may still come to its end. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isAway) throw databaseIsAway();
    let giveUp: (error: AppError) => void = () => undefined;
    const givenUp = new Promise<never>((_resolve, reject) => {
      giveUp = reject;
    });
    this.#waiting.add(giveUp);
    this.#watch ??= setInterval(() => this.#tick(), TICK_MS);
    try {
      const result = await Promise.race([work(), givenUp]);
      this.#answers += 1;
      return result;
    } catch (error) {
      if (error instanceof AppError && error.code === 'UNAVAILABLE') this.#suspect();
      else this.#answers += 1;
      throw error;
    } finally {
      this.#waiting.delete(giveUp);
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
    this.#silentTicks = 0;
  }

  #tick(): void {
    this.#silentTicks = this.#answers === this.#answersAtTick ? this.#silentTicks + 1 : 0;
    this.#answersAtTick = this.#answers;
    if (this.#silentTicks >= STALL_TICKS) this.#suspect();
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
    const { onAway, onBack } = this.#options;
    while (!this.#closing.signal.aborted) {
      const answersBefore = this.#answers;
      // What comes back for anybody is a sign too.
      if ((await this.#isAlive()) || this.#answers > answersBefore) break;
      if (!this.#isAway) {
        this.#isAway = true;
        for (const giveUp of [...this.#waiting]) giveUp(databaseIsAway());
        onAway();
      }
      await sleep(RETRY_INTERVAL_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    }
    this.#silentTicks = 0;
    if (!this.#isAway || this.#closing.signal.aborted) return;
    this.#isAway = false;
    onBack();
  }

  /** False where there is no sign of life in time. */
  async #isAlive(): Promise<boolean> {
    let ticks = 0;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<false>((resolve) => {
      timer = setInterval(() => {
        ticks += 1;
        if (ticks >= (this.#isAway ? PATIENT_PROBE_TICKS : PROBE_TICKS)) resolve(false);
      }, TICK_MS);
    });
    const asked = this.#options.probe(PROBE_TIMEOUT_MS).then(
      () => true,
      () => false,
    );
    try {
      return await Promise.race([asked, tooLong]);
    } finally {
      clearInterval(timer);
    }
  }
}

function databaseIsAway(): AppError {
  return new AppError('UNAVAILABLE', 'The database is not available: it gives no sign of life.', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
