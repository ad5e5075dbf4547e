import { PerformanceObserver } from 'node:perf_hooks';

/** How long garbage collections have stopped a thread, since it began. */
export interface GcPauseSummary {
  readonly count: number;
  readonly totalMs: number;
  readonly maxMs: number;
}

/** Adds up the garbage collections of the thread that makes it, of which V8 tells after each. */
export class GcPauses {
  readonly #observer: PerformanceObserver;
  #count = 0;
  #totalMs = 0;
  #maxMs = 0;

  constructor() {
    this.#observer = new PerformanceObserver((list) => this.#add(list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  summary(): GcPauseSummary {
    this.#add(this.#observer.takeRecords());
    return { count: this.#count, totalMs: this.#totalMs, maxMs: this.#maxMs };
  }

  #add(collections: readonly { readonly duration: number }[]): void {
    for (const { duration } of collections) {
      this.#count += 1;
      this.#totalMs += duration;
      this.#maxMs = Math.max(this.#maxMs, duration);
    }
  }
}
