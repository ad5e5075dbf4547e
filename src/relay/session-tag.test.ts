import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SessionTags, toSessionKey } from './session-tag.js';

const key = toSessionKey(new Uint8Array(16).fill(7));
const packets = fc.uint8Array({ minLength: 44, maxLength: 200 });

describe('the session tag', () => {
  it('verifies what it was written over', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        new SessionTags().write(key, packet);
        expect(new SessionTags().verify(key, packet, packet.length)).toBe(true);
      }),
    );
  });

  it('does not verify under another key, nor with any bit changed, nor shortened', () => {
    const other = toSessionKey(new Uint8Array(16).fill(8));
    fc.assert(
      fc.property(packets, fc.nat(), fc.nat(7), (packet, offset, bit) => {
        const tags = new SessionTags();
        tags.write(key, packet);
        expect(tags.verify(other, packet, packet.length)).toBe(false);
        expect(tags.verify(key, packet, packet.length - 1)).toBe(false);
        const at = offset % packet.length;
        packet[at] = (packet[at] ?? 0) ^ (1 << bit);
        expect(tags.verify(key, packet, packet.length)).toBe(false);
      }),
    );
  });

  it('does not verify what is too short to have one', () => {
    for (let length = 0; length < 12; length += 1) {
      expect(new SessionTags().verify(key, new Uint8Array(length), length)).toBe(false);
    }
  });

  it('refuses a key that has not 16 bytes', () => {
    expect(() => toSessionKey(new Uint8Array(15))).toThrow(RangeError);
  });
});
