/** What a histogram has measured. Times are in milliseconds and at most an eighth above the true value; 0 where nothing was measured. */
export interface LatencySummary {
  /** Measurements since the beginning. */
  readonly count: number;
  /** Percentiles of the last one to two periods. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How long measurements count for at least, in milliseconds. */
const PERIOD_MS = 30_000;
/** Each power of two of microseconds is divided into so many buckets. */
const BUCKETS_PER_OCTAVE = 8;
const OCTAVES = 24;
const BUCKETS = OCTAVES * BUCKETS_PER_OCTAVE;

/** Durations in buckets of fixed bounds, from 1 µs to 16 s: recording allocates nothing. Time is an argument. */
export class LatencyHistogram {
  #count = 0;
  #present = new Uint32Array(BUCKETS);
  #former = new Uint32Array(BUCKETS);
  #periodEndsAtMs = Number.NEGATIVE_INFINITY;

  record(durationMs: number, nowMs: number): void {
    this.#rotate(nowMs);
    const bucket = bucketOf(durationMs);
    this.#present[bucket] = (this.#present[bucket] ?? 0) + 1;
    this.#count += 1;
  }

  summary(nowMs: number): LatencySummary {
    return { count: this.#count, ...summaryOf([this.counts(nowMs)]) };
  }

  /** How many measurements of the last one to two periods are in each bucket. */
  counts(nowMs: number): Uint32Array {
    this.#rotate(nowMs);
    return this.#present.map((count, bucket) => count + (this.#former[bucket] ?? 0));
  }

  #rotate(nowMs: number): void {
    if (nowMs < this.#periodEndsAtMs) return;
    const isStale = nowMs >= this.#periodEndsAtMs + PERIOD_MS;
    [this.#present, this.#former] = [this.#former, this.#present];
    this.#present.fill(0);
    if (isStale) this.#former.fill(0);
    this.#periodEndsAtMs = nowMs + PERIOD_MS;
  }
}

/** The percentiles of several histograms together, from the {@link LatencyHistogram.counts} of each. */
export function summaryOf(all: readonly Uint32Array[]): Omit<LatencySummary, 'count'> {
  const counts = Uint32Array.from({ length: BUCKETS }, (_, bucket) =>
    all.reduce((sum, each) => sum + (each[bucket] ?? 0), 0),
  );
  return {
    p50Ms: percentile(counts, 0.5),
    p95Ms: percentile(counts, 0.95),
    p99Ms: percentile(counts, 0.99),
    maxMs: percentile(counts, 1),
  };
}

function bucketOf(durationMs: number): number {
  const octaves = Math.log2(Math.min(Math.max(durationMs * 1000, 1), 2 ** OCTAVES));
  const octave = Math.floor(octaves);
  const withinOctave = Math.floor((2 ** (octaves - octave) - 1) * BUCKETS_PER_OCTAVE);
  return Math.min(octave * BUCKETS_PER_OCTAVE + withinOctave, BUCKETS - 1);
}

/** The upper bound of the bucket in which the percentile lies. */
function percentile(counts: Uint32Array, share: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 0;
  let below = 0;
  const bucket = counts.findIndex((count) => {
    below += count;
    return below >= share * total;
  });
  return upperBoundMs(bucket);
}

function upperBoundMs(bucket: number): number {
  const octave = Math.floor(bucket / BUCKETS_PER_OCTAVE);
  return (2 ** octave * (1 + ((bucket % BUCKETS_PER_OCTAVE) + 1) / BUCKETS_PER_OCTAVE)) / 1000;
}
