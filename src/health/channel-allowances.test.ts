import { describe, expect, it } from '@jest/globals';
import { channelId } from '../ids.js';
import { ChannelAllowances } from './channel-allowances.js';

const LOBBY = channelId(1);

describe('what a channel is allowed to hold', () => {
  it('is what fits in', () => {
    const allowances = new ChannelAllowances();
    expect(allowances.isPassed(LOBBY, 10, 10, false)).toBe(false);
    expect(allowances.isPassed(LOBBY, 11, 10, false)).toBe(true);
    expect(allowances.isPassed(LOBBY, 11, 10, false)).toBe(true);
  });

  it('is those who were there when the capacity was lowered, and never more again than have stayed', () => {
    const allowances = new ChannelAllowances();
    allowances.changed(LOBBY);
    expect(allowances.isPassed(LOBBY, 10, 4, false)).toBe(false);
    expect(allowances.isPassed(LOBBY, 7, 4, false)).toBe(false);
    expect(allowances.isPassed(LOBBY, 8, 4, false)).toBe(true);
    expect(allowances.isPassed(LOBBY, 4, 4, false)).toBe(false);
    expect(allowances.isPassed(LOBBY, 5, 4, false)).toBe(true);
  });

  it('is what is found at the first look of all, for nobody has watched before', () => {
    const allowances = new ChannelAllowances();
    expect(allowances.isPassed(LOBBY, 10, 4, true)).toBe(false);
    expect(allowances.isPassed(LOBBY, 11, 4, false)).toBe(true);
  });
});
