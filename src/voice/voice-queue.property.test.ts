import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VoiceQueue } from './voice-queue.js';

const MAX_BYTES = 1000;

describe('the queue of voice for a slow reader', () => {
  it('keeps the latest that fit, in their order, and tells how many gave way', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: MAX_BYTES }), { maxLength: 50 }), (lengths) => {
        const queue = new VoiceQueue(MAX_BYTES);
        const packets = lengths.map((length, index) => new Uint8Array(length).fill(index));
        const given = packets.reduce((sum, packet) => sum + queue.push(packet), 0);
        const kept = queue.takeAll();
        expect(kept).toEqual(packets.slice(given));
        const bytes = kept.reduce((sum, { length }) => sum + length, 0);
        expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
        // One more would not have fitted.
        expect(given === 0 || bytes + (packets[given - 1]?.length ?? 0) > MAX_BYTES).toBe(true);
        expect([queue.isEmpty, queue.takeAll()]).toEqual([true, []]);
      }),
    );
  });
});
