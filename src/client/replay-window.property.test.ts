import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { REPLAY_WINDOW_SIZE, ReplayWindow } from './replay-window.js';

describe('the replay window', () => {
  it('takes each counter once, and none from behind the window, as a set of all counters would', () => {
    const counter = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3 * REPLAY_WINDOW_SIZE }));
    fc.assert(
      fc.property(fc.array(counter, { maxLength: 200 }), (counters) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let highest = 0;
        for (const next of counters) {
          const expected = !seen.has(next) && next > highest - REPLAY_WINDOW_SIZE;
          expect(window.accepts(next)).toBe(expected);
          if (!expected) continue;
          window.commit(next);
          seen.add(next);
          highest = Math.max(highest, next);
        }
      }),
    );
  });

  it('changes nothing by being asked', () => {
    const window = new ReplayWindow();
    expect(window.accepts(5)).toBe(true);
    expect(window.accepts(5)).toBe(true);
    window.commit(5);
    expect(window.accepts(5)).toBe(false);
  });

  it('takes counters up to 2^48 - 1', () => {
    const window = new ReplayWindow();
    window.commit(2 ** 48 - 2);
    expect(window.accepts(2 ** 48 - 1)).toBe(true);
    expect(window.accepts(2 ** 48 - 2)).toBe(false);
  });
});
