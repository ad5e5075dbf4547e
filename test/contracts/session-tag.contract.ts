import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CryptoTagKey, type MakeSessionTagKey } from '../../src/relay/session-tag.js';

const packets = fc.uint8Array({ minLength: 44, maxLength: 1200 });
const keys = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** What every maker of session tags does. */
export function describeSessionTags(name: string, makeKey: MakeSessionTagKey): void {
  describe(`the session tags of ${name}`, () => {
    const key = makeKey(new Uint8Array(16).fill(7));

    it('verify what they were written over', () => {
      fc.assert(
        fc.property(packets, (packet) => {
          key.write(packet);
          expect(key.verify(packet, packet.length)).toBe(true);
        }),
      );
    });

    it('verify the first bytes of a longer buffer', () => {
      fc.assert(
        fc.property(packets, fc.nat(100), (packet, more) => {
          key.write(packet);
          const buffer = new Uint8Array(packet.length + more);
          buffer.set(packet);
          expect(key.verify(buffer, packet.length)).toBe(true);
        }),
      );
    });

    it('do not verify under another key, nor with any bit changed, nor shortened', () => {
      const other = makeKey(new Uint8Array(16).fill(8));
      fc.assert(
        fc.property(packets, fc.nat(), fc.nat(7), (packet, offset, bit) => {
          key.write(packet);
          expect(other.verify(packet, packet.length)).toBe(false);
          expect(key.verify(packet, packet.length - 1)).toBe(false);
          const at = offset % packet.length;
          packet[at] = (packet[at] ?? 0) ^ (1 << bit);
          expect(key.verify(packet, packet.length)).toBe(false);
        }),
      );
    });

    it('do not verify what is too short to have one', () => {
      for (let length = 0; length < 12; length += 1) expect(key.verify(new Uint8Array(length), length)).toBe(false);
    });

    it('are those of node:crypto', () => {
      fc.assert(
        fc.property(keys, packets, (bytes, packet) => {
          makeKey(bytes).write(packet);
          expect(new CryptoTagKey(bytes).verify(packet, packet.length)).toBe(true);
        }),
      );
    });

    it('refuse a key that has not 16 bytes', () => {
      for (const length of [0, 15, 17]) expect(() => makeKey(new Uint8Array(length))).toThrow(RangeError);
    });
  });
}
