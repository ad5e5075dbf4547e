import { describe, expect, it } from '@jest/globals';
import { SteadyClock } from './steady-clock.js';

const START_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

/** A clock of the system that a test sets, and one that only runs. */
function world() {
  const state = { wallMs: START_MS, monotonicMs: 1000 };
  const clock = new SteadyClock({ wallMs: () => state.wallMs, monotonicMs: () => state.monotonicMs });
  const pass = (ms: number) => {
    state.wallMs += ms;
    state.monotonicMs += ms;
  };
  const set = (ms: number) => {
    state.wallMs += ms;
  };
  return { clock, pass, set };
}

describe('the steady clock', () => {
  it('goes with the clock of the system, and follows it where that is put right by a little', () => {
    const { clock, pass, set } = world();
    pass(10_000);
    expect(clock.nowMs()).toBe(START_MS + 10_000);
    set(-900);
    pass(100);
    expect(clock.nowMs()).toBe(START_MS + 9200);
  });

  it.each([HOUR_MS, -HOUR_MS])('does not notice when that is set by %d ms and back again', (leapMs) => {
    const { clock, pass, set } = world();
    set(leapMs);
    pass(60_000);
    expect(clock.nowMs()).toBe(START_MS + 60_000);
    set(-leapMs);
    pass(1000);
    expect(clock.nowMs()).toBe(START_MS + 61_000);
  });

  it('believes it after a quarter of an hour', () => {
    const { clock, pass, set } = world();
    set(HOUR_MS);
    clock.nowMs();
    pass(899_000);
    expect(clock.nowMs()).toBe(START_MS + 899_000);
    pass(1000);
    expect(clock.nowMs()).toBe(START_MS + HOUR_MS + 900_000);
  });
});
