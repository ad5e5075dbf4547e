import { describe, expect, it } from '@jest/globals';
import { SpeakingTracker } from './speaking-tracker.js';

describe('the speaking tracker', () => {
  it('says once that somebody begins to speak, and again after an end of talk', () => {
    const tracker = new SpeakingTracker();
    expect(tracker.heard(7, 0)).toBe(true);
    expect(tracker.heard(7, 20)).toBe(false);
    expect(tracker.ended(7)).toBe(true);
    expect(tracker.ended(7)).toBe(false);
    expect(tracker.heard(7, 40)).toBe(true);
  });

  it('takes a second without packets for the end of a talk', () => {
    const tracker = new SpeakingTracker();
    tracker.heard(7, 0);
    tracker.heard(8, 500);
    expect(tracker.fallenSilent(999)).toEqual([]);
    expect(tracker.fallenSilent(1000)).toEqual([7]);
    expect(tracker.fallenSilent(1500)).toEqual([8]);
  });
});
