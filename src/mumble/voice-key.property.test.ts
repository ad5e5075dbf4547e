import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildableBackends } from '../../test/voice/buildable-backends.js';
import { CHANNEL_TAG_BYTES, HEADER_BYTES } from '../relay/packet.js';
import { chooseMumblePath } from './mumble-path.js';
import { CryptoVoiceKey } from './voice-key.js';

const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
const text = fc.uint8Array({ maxLength: 1100 });
const header = fc.uint8Array({ minLength: HEADER_BYTES, maxLength: HEADER_BYTES });

function packetOf(head: Uint8Array, words: Uint8Array): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + words.length + CHANNEL_TAG_BYTES);
  packet.set(head);
  packet.set(words, HEADER_BYTES);
  return packet;
}

describe.each(buildableBackends())('the key of a target, where voice goes by %s', (choice) => {
  const { makeVoiceKey } = chooseMumblePath(choice);

  it('seals as node:crypto does, and opens what it has sealed', () => {
    fc.assert(
      fc.property(key, header, text, (bytes, head, words) => {
        const made = makeVoiceKey(bytes);
        const plain = new CryptoVoiceKey(bytes);
        for (let time = 0; time < 2; time += 1) {
          const [sealed, expected] = [packetOf(head, words), packetOf(head, words)];
          made.seal(sealed, sealed.length - CHANNEL_TAG_BYTES);
          plain.seal(expected, expected.length - CHANNEL_TAG_BYTES);
          expect(Buffer.from(sealed)).toEqual(Buffer.from(expected));
          const opened = new Uint8Array(1200);
          expect(made.open(sealed, opened)).toBe(words.length);
          expect(Buffer.from(opened.subarray(0, words.length))).toEqual(Buffer.from(words));
        }
      }),
    );
  });

  it('opens nothing that was changed in one bit, or cut short', () => {
    fc.assert(
      fc.property(key, header, text, fc.nat(), (bytes, head, words, place) => {
        const made = makeVoiceKey(bytes);
        const packet = packetOf(head, words);
        made.seal(packet, packet.length - CHANNEL_TAG_BYTES);
        // The first six bytes are not in the nonce, and all of the header is authenticated.
        const bit = place % (8 * packet.length);
        packet[bit >> 3] = (packet[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(made.open(packet, new Uint8Array(1200))).toBeUndefined();
        expect(
          made.open(packet.subarray(0, place % (HEADER_BYTES + CHANNEL_TAG_BYTES)), new Uint8Array(1200)),
        ).toBeUndefined();
      }),
    );
  });

  it('has 16 bytes', () => {
    expect(() => makeVoiceKey(new Uint8Array(15))).toThrow(RangeError);
  });
});
