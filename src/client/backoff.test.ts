import { describe, expect, it } from '@jest/globals';
import { Backoff } from './backoff.js';

describe('the pauses between attempts', () => {
  it('may be twice as long each time, up to ten seconds, and begin anew', () => {
    const backoff = new Backoff(() => 1);
    const pauses = Array.from({ length: 6 }, () => backoff.nextPauseMs());
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
    backoff.reset();
    expect(backoff.nextPauseMs()).toBe(1000);
  });

  it('are any part of that, so that many do not come at once', () => {
    const shares = [0, 0.5, 0.999];
    const backoff = new Backoff(() => shares.shift() ?? 0);
    expect([backoff.nextPauseMs(), backoff.nextPauseMs(), backoff.nextPauseMs()]).toEqual([0, 1000, 3996]);
  });
});
