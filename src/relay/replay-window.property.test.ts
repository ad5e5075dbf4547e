import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { REPLAY_WINDOW, ReplayWindow } from './replay-window.js';

const MAX_COUNTER = 2 ** 48 - 1;

/** Starts anywhere and goes on by steps that stay near, cross the window, and jump far. */
const counters = fc
  .tuple(
    fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 34 }), fc.integer({ min: 0, max: MAX_COUNTER })),
    fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -40, max: 70 }) },
        { weight: 2, arbitrary: fc.integer({ min: -1200, max: 2100 }) },
        { weight: 1, arbitrary: fc.integer({ min: -(2 ** 33), max: 2 ** 33 }) },
      ),
      { maxLength: 200 },
    ),
  )
  .map(([start, steps]) => {
    let counter = start;
    return steps.map((step) => {
      counter = Math.min(Math.max(counter + step, 0), MAX_COUNTER);
      return counter;
    });
  });

/** The same memory as a plain set: slow, and obviously right. */
class SetOfCounters {
  readonly #seen = new Set([0]);
  #highest = 0;

  accept(counter: number): string {
    if (this.#seen.has(counter) && this.#highest - counter < REPLAY_WINDOW) return 'replayed';
    if (this.#highest - counter >= REPLAY_WINDOW) return 'too_old';
    this.#seen.add(counter);
    this.#highest = Math.max(this.#highest, counter);
    return 'fresh';
  }
}

describe('the replay window', () => {
  it('judges every sequence of counters as a plain set does', () => {
    fc.assert(
      fc.property(counters, (sequence) => {
        const window = new ReplayWindow();
        const reference = new SetOfCounters();
        for (const counter of sequence) {
          const verdict = window.check(counter);
          expect(verdict).toBe(reference.accept(counter));
          if (verdict === 'fresh') window.commit(counter);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('changes nothing by checking', () => {
    fc.assert(
      fc.property(counters, counters, (committed, checked) => {
        const window = new ReplayWindow();
        for (const counter of committed) if (window.check(counter) === 'fresh') window.commit(counter);
        const before = committed.map((counter) => window.check(counter));
        for (const counter of checked) window.check(counter);
        expect(committed.map((counter) => window.check(counter))).toEqual(before);
      }),
    );
  });
});

describe('the edge of the replay window', () => {
  it.each([REPLAY_WINDOW, 2 ** 31, 2 ** 32 + 5, MAX_COUNTER])('lies 1023 below the highest counter, %d', (highest) => {
    const window = new ReplayWindow();
    window.commit(highest);
    expect(window.check(highest)).toBe('replayed');
    expect(window.check(highest - REPLAY_WINDOW + 1)).toBe('fresh');
    expect(window.check(highest - REPLAY_WINDOW)).toBe('too_old');
  });

  it('takes the counter 0 for seen, and then for too old', () => {
    const window = new ReplayWindow();
    expect(window.check(0)).toBe('replayed');
    window.commit(REPLAY_WINDOW);
    expect(window.check(0)).toBe('too_old');
  });
});
