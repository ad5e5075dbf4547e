import { describe, expect, it } from '@jest/globals';
import { NetworkRate } from './network-rate.js';

const OPTIONS = { perSecond: 10, burst: 3, maxNetworks: 4 };

describe('the rate of handshakes', () => {
  it('lets each network have its burst, and then so many a second', () => {
    const rate = new NetworkRate({ ...OPTIONS, burst: 20 });
    const granted = (network: string, nowMs: number) =>
      Array.from({ length: 30 }, () => rate.take(network, nowMs)).filter(Boolean).length;
    expect([granted('a', 0), granted('b', 0), granted('a', 500), granted('a', 60_000)]).toEqual([20, 20, 5, 20]);
  });

  it('does not take a clock that stands still or goes back for a reason to grant more', () => {
    const rate = new NetworkRate({ ...OPTIONS, perSecond: 1 });
    for (let count = 0; count < 3; count += 1) expect(rate.take('a', 10_000)).toBe(true);
    expect([rate.take('a', 10_000), rate.take('a', 0), rate.take('a', 10_999)]).toEqual([false, false, false]);
    expect(rate.take('a', 11_001)).toBe(true);
  });

  it('remembers a bounded number of networks, those that were heard last', () => {
    const rate = new NetworkRate(OPTIONS);
    for (let count = 0; count < 20; count += 1) rate.take('busy', 0);
    for (let network = 0; network < 100; network += 1) {
      rate.take(`${network}`, 0);
      expect(rate.take('busy', 0)).toBe(false);
    }
    expect(rate.size).toBe(4);
  });
});
