import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AttemptWindows } from './attempt-windows.js';

const ATTEMPTS = 3;
const WINDOW_MS = 100;

const steps = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    act: fc.constantFrom('take', 'take', 'take', 'give back'),
    afterMs: fc.nat({ max: 60 }),
  }),
  { maxLength: 100 },
);

describe('attempt windows', () => {
  it('grant each key as many attempts as a simple count of its window says', () => {
    fc.assert(
      fc.property(steps, (walk) => {
        const windows = new AttemptWindows({ attempts: ATTEMPTS, windowMs: WINDOW_MS, maxKeys: 10 });
        const simple = new Map<string, { sinceMs: number; count: number }>();
        let nowMs = 0;
        for (const { key, act, afterMs } of walk) {
          nowMs += afterMs;
          const known = simple.get(key);
          if (known !== undefined && nowMs >= known.sinceMs + WINDOW_MS) simple.delete(key);
          const window = simple.get(key) ?? { sinceMs: nowMs, count: 0 };
          if (act === 'give back') {
            // Only what was taken is given back.
            if (!simple.has(key)) continue;
            windows.giveBack(key);
            window.count -= 1;
            if (window.count === 0) simple.delete(key);
            continue;
          }
          const expected = window.count < ATTEMPTS ? 0 : window.sinceMs + WINDOW_MS - nowMs;
          expect(windows.take(key, nowMs)).toBe(expected);
          if (expected === 0) simple.set(key, { ...window, count: window.count + 1 });
        }
      }),
    );
  });

  it('remember no more keys than they may, the latest ones', () => {
    const windows = new AttemptWindows({ attempts: 1, windowMs: WINDOW_MS, maxKeys: 5 });
    for (let key = 0; key < 100; key += 1) expect(windows.take(`${key}`, 0)).toBe(0);
    expect(windows.size).toBe(5);
    expect([windows.take('99', 1), windows.take('95', 1)]).toEqual([99, 99]);
    expect(windows.take('94', 1)).toBe(0);
  });

  it('forget who has no failure, and whose time is over', () => {
    const windows = new AttemptWindows({ attempts: 2, windowMs: WINDOW_MS, maxKeys: 5 });
    windows.take('succeeds', 0);
    windows.giveBack('succeeds');
    windows.giveBack('never seen');
    expect(windows.size).toBe(0);
    windows.take('fails', 0);
    windows.take('another', WINDOW_MS);
    expect(windows.size).toBe(1);
  });
});
