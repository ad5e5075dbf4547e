import { LatencyHistogram, type LatencySummary } from '../relay/latency-histogram.js';
import type { LiveEvent } from './live-event.js';

/** What readers were told since the server started. */
export interface LiveFiguresSummary {
  readonly delivered: number;
  /** Events that readers were too slow for. */
  readonly dropped: number;
  /** From what happened to its handing over to a reader's connection. */
  readonly lag: LatencySummary;
}

/** Counts what readers are told. Time is a monotonic clock's, in milliseconds. */
export class LiveFigures {
  readonly #nowMs: () => number;
  readonly #lag = new LatencyHistogram();
  #delivered = 0;
  #dropped = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  delivered({ atMs }: LiveEvent): void {
    const nowMs = this.#nowMs();
    this.#delivered += 1;
    this.#lag.record(nowMs - atMs, nowMs);
  }

  dropped(events: number): void {
    this.#dropped += events;
  }

  summary(): LiveFiguresSummary {
    return { delivered: this.#delivered, dropped: this.#dropped, lag: this.#lag.summary(this.#nowMs()) };
  }
}
