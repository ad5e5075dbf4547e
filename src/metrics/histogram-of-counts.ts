import { Histogram, type Registry } from 'prom-client';

/** Durations since the start, counted where that must cost next to nothing. */
export interface DurationCounts {
  /** The upper bounds of the buckets, in seconds, ascending; the last bucket has none. */
  readonly boundsS: readonly number[];
  /** How many are in each bucket, one more than there are bounds. */
  readonly counts: readonly number[];
  /** All durations together, in seconds. */
  readonly sumS: number;
}

const NOTHING: DurationCounts = { boundsS: [], counts: [0], sumS: 0 };

/** A histogram whose counts others keep. */
export class HistogramOfCounts extends Histogram {
  #shown: DurationCounts = NOTHING;

  constructor(name: string, help: string, registry: Registry) {
    super({ name, help, registers: [registry] });
  }

  /** The counts that the next scrape reads. */
  show(counts: DurationCounts): void {
    this.#shown = counts;
  }

  override async get() {
    const { boundsS, counts, sumS } = this.#shown;
    const described = await super.get();
    const { name } = described;
    let below = 0;
    const buckets = counts.map((count, index) => {
      below += count;
      return { labels: { le: boundsS[index] ?? '+Inf' }, value: below, metricName: `${name}_bucket` };
    });
    const totals = [
      { labels: {}, value: sumS, metricName: `${name}_sum` },
      { labels: {}, value: below, metricName: `${name}_count` },
    ];
    return { ...described, values: [...buckets, ...totals] };
  }
}
