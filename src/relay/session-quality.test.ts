import { describe, expect, it } from '@jest/globals';
import { MAX_COUNTER_GAP, type QualityReport, SessionQuality } from './session-quality.js';

const REPORT: QualityReport = { pongCounter: 1, pongAgeMs: 0, received: 0, jitterMs: null, roundTripMs: null };

describe('the quality of a session upwards', () => {
  it('is not known before the first packet, whatever its client says', () => {
    const quality = new SessionQuality();
    quality.takeReport({ ...REPORT, received: 7, roundTripMs: 5 }, 0);
    expect(quality.summary()).toBeNull();
  });

  it('counts what is missing between the lowest and the highest counter, in whatever order packets come', () => {
    const quality = received(5, 3, 9, 4, 12);
    expect(quality.summary()?.up).toEqual({ expected: 10, lost: 5, jitterMs: null });
  });

  it('begins where it hears of a session first: what was before is not its loss', () => {
    expect(received(1_000_000, 1_000_001).summary()?.up).toMatchObject({ expected: 2, lost: 0 });
  });

  it('takes the longest gap for a loss, and a longer one for a client that counts on from elsewhere', () => {
    expect(received(1, MAX_COUNTER_GAP + 2).summary()?.up.lost).toBe(MAX_COUNTER_GAP);
    expect(received(1, MAX_COUNTER_GAP + 3).summary()?.up).toMatchObject({ expected: 2, lost: 0 });
    expect(received(1, 2 ** 47, 2 ** 47 + 2, 2 ** 48 - 1).summary()?.up).toMatchObject({ expected: 5, lost: 1 });
  });

  it('is never a loss below nothing, where a packet comes from within a gap that was no loss', () => {
    expect(received(1, 10_000, 9000).summary()?.up).toMatchObject({ expected: 2, lost: 0 });
  });

  it('has the jitter of pings, but not across a change of the way or a clock that was set', () => {
    const quality = received(1);
    const pings: readonly [sentAtMs: number, isByTunnel: boolean, nowMs: number][] = [
      ...([0, 10, 20].map((at) => [at, false, 5000 + at]) as [number, boolean, number][]),
      [30, true, 9000],
      [40, true, 9010],
      [50, true, 90_000],
    ];
    for (const ping of pings) quality.pingReceived(...ping);
    expect(quality.summary()?.up.jitterMs).toBe(0);
    quality.pingReceived(60, true, 90_018);
    // Three changes of nothing, and one of 8 ms.
    expect(quality.summary()?.up.jitterMs).toBe(2);
  });
});

describe('the quality of a session downwards', () => {
  it('is what the client had when the pong came, against what was sent with it', () => {
    const quality = received(1);
    quality.pongSent(1, 100, 1000);
    quality.pongSent(2, 200, 2000);
    quality.takeReport({ pongCounter: 2, pongAgeMs: 300, received: 190, jitterMs: 4, roundTripMs: 30 }, 2340);
    expect(quality.summary()).toMatchObject({
      down: { expected: 200, lost: 10, jitterMs: 4 },
      clientRoundTripMs: 30,
      serverRoundTripMs: 40,
    });
  });

  it('goes on after the relay has begun anew, for which the client has received more than was sent', () => {
    const quality = received(1);
    quality.pongSent(1, 10, 0);
    quality.takeReport({ ...REPORT, received: 5000 }, 0);
    quality.pongSent(2, 110, 1000);
    quality.takeReport({ ...REPORT, pongCounter: 2, received: 5090 }, 1000);
    expect(quality.summary()?.down).toMatchObject({ expected: 110, lost: 10 });
  });

  it.each([
    ['a pong that was never sent', { pongCounter: 99, received: 5 }],
    ['no pong at all', { pongCounter: 0, received: 5 }],
  ])('is not taken from %s', (_, lie) => {
    const quality = received(1);
    quality.pongSent(1, 100, 1000);
    quality.takeReport({ ...REPORT, ...lie }, 1000);
    expect(quality.summary()).toMatchObject({ down: { expected: 0, lost: 0 }, serverRoundTripMs: null });
  });

  it.each([
    ['to have received more than was sent', { received: 2 ** 48 - 1 }, 0],
    ['to have received less than before', { received: 0 }, 100],
    ['that a pong lay with it since before it was sent', { received: 100, pongAgeMs: 5000 }, 0],
  ])('stays within what was sent where the client lies %s', (_, lie, lost) => {
    const quality = received(1);
    quality.pongSent(1, 0, 0);
    quality.takeReport(REPORT, 10);
    quality.pongSent(2, 100, 1000);
    quality.takeReport({ ...REPORT, pongCounter: 2, ...lie }, 1010);
    expect(quality.summary()).toMatchObject({ down: { expected: 100, lost }, serverRoundTripMs: 10 });
  });

  it('forgets pongs, but the last eight', () => {
    const quality = received(1);
    for (let counter = 1; counter <= 9; counter += 1) quality.pongSent(counter, 10 * counter, 0);
    quality.takeReport({ ...REPORT, pongCounter: 1 }, 0);
    expect(quality.summary()?.down.expected).toBe(0);
    quality.takeReport({ ...REPORT, pongCounter: 2 }, 0);
    expect(quality.summary()?.down.expected).toBe(20);
  });
});

function received(...counters: readonly number[]): SessionQuality {
  const quality = new SessionQuality();
  for (const counter of counters) quality.packetReceived(counter);
  return quality;
}
