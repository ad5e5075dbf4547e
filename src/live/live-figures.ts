import type { DurationCounts } from '../metrics/histogram-of-counts.js';
import type { LiveEvent } from './live-event.js';

/** What readers were told since the server started. */
export interface LiveFiguresSummary {
  readonly delivered: number;
  /** Events that readers were too slow for. */
  readonly dropped: number;
  /** From what happened to its handing over to a reader's connection. */
  readonly lag: DurationCounts;
}

/** From 1 ms, within which a reader is told who reads, to the time after which one is behind. */
const BOUNDS_S: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts what readers are told. Time is a monotonic clock's, in milliseconds. */
export class LiveFigures {
  readonly #nowMs: () => number;
  readonly #lags = new Float64Array(BOUNDS_S.length + 1);
  #lagSumS = 0;
  #delivered = 0;
  #dropped = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Called for each event and each reader: it allocates nothing. */
  delivered({ atMs }: LiveEvent): void {
    const lagS = Math.max(0, this.#nowMs() - atMs) / 1000;
    let bucket = 0;
    while (bucket < BOUNDS_S.length && lagS > (BOUNDS_S[bucket] ?? 0)) bucket += 1;
    this.#lags[bucket] = (this.#lags[bucket] ?? 0) + 1;
    this.#lagSumS += lagS;
    this.#delivered += 1;
  }

  dropped(events: number): void {
    this.#dropped += events;
  }

  summary(): LiveFiguresSummary {
    const lag = { boundsS: BOUNDS_S, counts: [...this.#lags], sumS: this.#lagSumS };
    return { delivered: this.#delivered, dropped: this.#dropped, lag };
  }
}
