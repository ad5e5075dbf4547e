import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** How one attempt ended: `done`, or a code; and how long it took. */
export interface Attempt {
  readonly outcome: string;
  readonly tookMs: number;
}

/** Does the same again and again, one after the other, until it is stopped. */
export class RepeatedAttempts {
  readonly attempts: Attempt[] = [];
  readonly #running: Promise<void>;
  #isStopped = false;

  /** `work` gives the outcome; what it throws is one too. */
  constructor(work: () => Promise<string>, pauseMs: number) {
    this.#running = this.#run(work, pauseMs);
  }

  /** Resolves with all attempts, when the last has ended. */
  async stop(): Promise<readonly Attempt[]> {
    this.#isStopped = true;
    await this.#running;
    return this.attempts;
  }

  async #run(work: () => Promise<string>, pauseMs: number): Promise<void> {
    while (!this.#isStopped) {
      const startMs = performance.now();
      const outcome = await work().catch((error: unknown) => `${error}`);
      this.attempts.push({ outcome, tookMs: performance.now() - startMs });
      await sleep(pauseMs);
    }
  }
}

/** How often each outcome was. */
export function outcomesOf(attempts: readonly Attempt[]): string {
  const groups = Object.entries(Object.groupBy(attempts, ({ outcome }) => outcome));
  return groups.map(([outcome, each = []]) => `${each.length} ${outcome}`).join(', ') || 'none';
}

export function slowestMs(attempts: readonly Attempt[]): number {
  return Math.max(0, ...attempts.map(({ tookMs }) => tookMs));
}
