import type { Logger } from 'pino';
import { AppError } from './errors.js';

const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 5000;

/** Does the same work again and again, for many who ask: never twice at once, and as often as it takes that each of them is served by a run that began after they asked. */
export class RepeatedTask {
  readonly #work: () => Promise<void>;
  readonly #logger: Logger;
  readonly #subject: string;
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;
  #failures = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** `subject` is what the log says of the work. */
  constructor(work: () => Promise<void>, logger: Logger, subject = 'voice') {
    this.#work = work;
    this.#logger = logger;
    this.#subject = subject;
  }

  /** Resolves or rejects with the next run. All who ask in one turn share it. */
  run(): Promise<void> {
    if (this.#next !== null) return this.#next;
    const next = this.#current
      .catch(() => undefined)
      .then(() => new Promise<void>((resolve) => setImmediate(resolve)))
      .then(() => {
        this.#current = next;
        this.#next = null;
        return this.#work();
      });
    // Who asks may not care for the outcome.
    next.catch(() => undefined);
    this.#next = next;
    return next;
  }

  /** Resolves or rejects with the run that somebody waits for, or else the one under way; at once where there is none. */
  settled(): Promise<void> {
    return this.#next ?? this.#current;
  }

  /** Runs until it succeeds, with pauses of up to 5 s after a failure. Failures are told to the log, the first of a row only. */
  runUntilDone(): void {
    this.run().then(
      () => this.#onSuccess(),
      (error: unknown) => this.#onFailure(error),
    );
  }

  /** Retries nothing any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retryTimer);
  }

  #onSuccess(): void {
    if (this.#failures > 0) this.#logger.info(`${this.#subject} follows the database again`);
    this.#failures = 0;
  }

  #onFailure(error: unknown): void {
    if (this.#isStopped || this.#retryTimer !== undefined) return;
    if (this.#failures === 0) this.#report(error);
    const pauseMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.runUntilDone();
    }, pauseMs);
  }

  #report(error: unknown): void {
    const isFault = error instanceof AppError && error.kind !== 'bug';
    if (isFault) this.#logger.warn({ err: error }, `${this.#subject} goes on with what it last knew`);
    else this.#logger.error({ err: error }, `bug: ${this.#subject} goes on with what it last knew`);
  }
}
