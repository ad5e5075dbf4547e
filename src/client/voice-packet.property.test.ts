import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  MAX_COUNTER,
  MAX_FRAME_NUMBER,
  MAX_OPUS_BYTES,
  openPong,
  openVoice,
  readHeader,
  sealVoice,
} from './voice-packet.js';

const SESSION_TAG_BYTES = 12;
const key = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => createSecretKey(bytes));
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const voice = fc.record({
  sessionId: uint32,
  counter: fc.integer({ min: 1, max: MAX_COUNTER }),
  targetId: uint32,
  epoch: uint32,
  frameNumber: fc.integer({ min: 0, max: MAX_FRAME_NUMBER }),
  endOfTalk: fc.boolean(),
  opus: fc.uint8Array({ minLength: 1, maxLength: MAX_OPUS_BYTES }),
});

describe('a voice packet', () => {
  it('opens to what was sealed', () => {
    fc.assert(
      fc.property(voice, key, key, (sent, channelKey, clientKey) => {
        const forwarded = sealVoice(sent, channelKey, clientKey).subarray(0, -SESSION_TAG_BYTES);
        const { sessionId, counter, targetId, frameNumber, endOfTalk } = sent;
        expect(readHeader(forwarded)).toEqual({ kind: 0x50, epoch: sent.epoch % 256, targetId, sessionId, counter });
        const heard = openVoice(forwarded, channelKey);
        expect(heard).toMatchObject({ frameNumber, endOfTalk });
        expect(Buffer.compare(heard?.opus ?? new Uint8Array(), sent.opus)).toBe(0);
      }),
    );
  });

  it('is refused when any bit of it is another', () => {
    fc.assert(
      fc.property(voice, key, key, fc.nat(), (sent, channelKey, clientKey, anywhere) => {
        const forwarded = Buffer.from(sealVoice(sent, channelKey, clientKey).subarray(0, -SESSION_TAG_BYTES));
        const bit = anywhere % (forwarded.length * 8);
        forwarded.writeUInt8(forwarded.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(openVoice(forwarded, channelKey)).toBeUndefined();
      }),
    );
  });

  it('is refused under another key', () => {
    fc.assert(
      fc.property(voice, key, key, key, (sent, channelKey, clientKey, otherKey) => {
        fc.pre(!channelKey.equals(otherKey));
        const forwarded = sealVoice(sent, channelKey, clientKey).subarray(0, -SESSION_TAG_BYTES);
        expect(openVoice(forwarded, otherKey)).toBeUndefined();
      }),
    );
  });
});

describe('bytes from anywhere', () => {
  it('are refused and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1300 }), key, (bytes, anyKey) => {
        readHeader(bytes);
        expect(openVoice(bytes, anyKey)).toBeUndefined();
        expect(openPong(bytes, 7, anyKey)).toBeUndefined();
      }),
    );
  });
});
