import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LatencyHistogram } from './latency-histogram.js';

describe('the latency histogram', () => {
  it('gives each percentile at most an eighth above the true one', () => {
    const durations = fc.array(fc.double({ min: 0.001, max: 10_000, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(durations, (measured) => {
        const histogram = new LatencyHistogram();
        for (const duration of measured) histogram.record(duration, 0);
        const sorted = measured.toSorted((left, right) => left - right);
        const { count, p50Ms, p95Ms, p99Ms, maxMs } = histogram.summary(0);
        expect(count).toBe(measured.length);
        for (const [share, told] of [
          [0.5, p50Ms],
          [0.95, p95Ms],
          [0.99, p99Ms],
          [1, maxMs],
        ] as const) {
          const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
          expect(told).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
          expect(told).toBeLessThanOrEqual(exact * 1.125 * (1 + 1e-9));
        }
      }),
    );
  });

  it('says 0 where nothing was measured', () => {
    expect(new LatencyHistogram().summary(5)).toEqual({ count: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 });
  });

  it('puts what is out of bounds into the outermost buckets', () => {
    const histogram = new LatencyHistogram();
    for (const duration of [-1, 0, Number.MAX_VALUE]) histogram.record(duration, 0);
    expect(histogram.summary(0).p50Ms).toBeLessThan(0.002);
    expect(histogram.summary(0).maxMs).toBeGreaterThan(10_000);
  });

  it('forgets a stall a minute later, and not within half a minute', () => {
    const histogram = new LatencyHistogram();
    histogram.record(500, 0);
    histogram.record(1, 29_000);
    histogram.record(1, 31_000);
    expect(histogram.summary(31_000).maxMs).toBeGreaterThan(400);
    expect(histogram.summary(61_000).maxMs).toBeLessThan(2);
    expect(histogram.summary(200_000).maxMs).toBe(0);
    expect(histogram.summary(200_000).count).toBe(3);
  });
});
