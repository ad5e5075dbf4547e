import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DropReason } from './drop-reason.js';
import { MAX_PACKET_BYTES } from './packet.js';
import { MAX_VOICE_PACKETS_PER_SECOND, TokenBucket, VoiceRate } from './rate-limit.js';

const gapsMs = fc.array(fc.integer({ min: -50, max: 400 }), { minLength: 1, maxLength: 300 });

describe('a token bucket', () => {
  it('never lets through more than one second’s worth at once and the rate after it, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), gapsMs, (perSecond, gaps) => {
        const bucket = new TokenBucket(perSecond, 0);
        let nowMs = 0;
        let latestMs = 0;
        let taken = 0;
        for (const gap of gaps) {
          nowMs = Math.max(0, nowMs + gap);
          latestMs = Math.max(latestMs, nowMs);
          while (bucket.has(1, nowMs)) {
            bucket.take(1);
            taken += 1;
          }
          expect(taken).toBeLessThanOrEqual(perSecond + (perSecond * latestMs) / 1000 + 1e-6);
        }
      }),
    );
  });

  it('lets the steady rate through for ever', () => {
    const bucket = new TokenBucket(50, 0);
    for (let nowMs = 0; nowMs < 100_000; nowMs += 20) {
      expect(bucket.has(1, nowMs)).toBe(true);
      bucket.take(1);
    }
  });
});

describe('the voice rate of a session', () => {
  it('counts packets', () => {
    const rate = new VoiceRate(10_000_000, 0);
    const verdicts = Array.from({ length: MAX_VOICE_PACKETS_PER_SECOND + 1 }, () => rate.take(8, 0));
    expect(verdicts.slice(0, -1).every((verdict) => verdict === null)).toBe(true);
    expect(verdicts.at(-1)).toBe(DropReason.over_packet_rate);
    expect(rate.take(8, 1000)).toBeNull();
  });

  it('counts bits, and a packet that is refused uses up none', () => {
    const rate = new VoiceRate(16_000, 0);
    expect(rate.take(12_000, 0)).toBeNull();
    expect(rate.take(8_000, 0)).toBe(DropReason.over_bitrate);
    expect(rate.take(4_000, 0)).toBeNull();
    expect(rate.take(1, 0)).toBe(DropReason.over_bitrate);
    expect(rate.take(8_000, 500)).toBeNull();
  });

  it('leaves room for the longest packet however low the bitrate is', () => {
    expect(new VoiceRate(1, 0).take(8 * MAX_PACKET_BYTES, 0)).toBeNull();
  });
});
