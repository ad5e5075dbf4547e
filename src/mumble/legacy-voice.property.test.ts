import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Context, readClientPacket, writeHeardPacket } from './legacy-voice.js';
import { MAX_VARINT_BYTES, readVarint, writeVarint } from './varint.js';

describe('varints', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
        const bytes = new Uint8Array(MAX_VARINT_BYTES);
        const end = writeVarint(bytes, 0, value);
        expect(readVarint(bytes.subarray(0, end), 0)).toEqual({ value, end });
      }),
    );
  });

  it.each([
    ['7f', 127],
    ['8080', 128],
    ['bfff', 2 ** 14 - 1],
    ['c04000', 2 ** 14],
    ['e0200000', 2 ** 21],
    ['efffffff', 2 ** 28 - 1],
    ['f010000000', 2 ** 28],
    ['f4001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ])('reads %s', (hex, value) => {
    expect(readVarint(Buffer.from(hex, 'hex'), 0)).toEqual({ value, end: hex.length / 2 });
  });

  it.each(['', '80', 'c000', 'e00000', 'f0000000', 'f400000000000000', 'f4ffffffffffffffff', 'f801', 'fc', 'ff'])(
    'refuses %s, which is cut short, negative or too large',
    (hex) => {
      expect(readVarint(Buffer.from(hex, 'hex'), 0)).toBeUndefined();
    },
  );
});

describe('voice packets of a Mumble client', () => {
  it('are read as they were said, with or without a position behind', () => {
    const said = fc.record({
      target: fc.integer({ min: 0, max: 31 }),
      frameNumber: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      endOfTalk: fc.boolean(),
      opus: fc.uint8Array({ minLength: 1, maxLength: 900 }),
      position: fc.boolean(),
    });
    fc.assert(
      fc.property(said, ({ position, ...packet }) => {
        const bytes = Buffer.concat([spoken(packet), Buffer.alloc(position ? 12 : 0)]);
        expect(readClientPacket(bytes)).toEqual({ kind: 'speech', ...packet, opus: Buffer.from(packet.opus) });
      }),
    );
  });

  it('never make the reader throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1100 }), (bytes) => {
        const read = readClientPacket(bytes);
        if (read?.kind === 'speech') expect(read.opus.length + (read.endOfTalk ? 1 : 0)).toBeGreaterThan(0);
      }),
    );
  });

  it('are refused where they are no Opus, empty without being the end, or cut short', () => {
    for (const hex of ['', '00', '4000', '6000', '80', '8000', '800000', '80000200', '80007fff', 'a00001']) {
      expect(readClientPacket(Buffer.from(hex, 'hex'))).toBeUndefined();
    }
  });

  it('are heard with the session in between, the context in place of the target', () => {
    const opus = Buffer.from('0102', 'hex');
    const packet = { context: Context.whisper, sessionId: 300, frameNumber: 5, endOfTalk: true, opus };
    expect(Buffer.from(writeHeardPacket(packet)).toString('hex')).toBe('82812c05a0020102');
  });
});

function spoken({
  target,
  frameNumber,
  endOfTalk,
  opus,
}: {
  target: number;
  frameNumber: number;
  endOfTalk: boolean;
  opus: Uint8Array;
}): Buffer {
  const head = new Uint8Array(1 + 2 * MAX_VARINT_BYTES);
  head[0] = (4 << 5) | target;
  const end = writeVarint(head, writeVarint(head, 1, frameNumber), opus.length | (endOfTalk ? 0x2000 : 0));
  return Buffer.concat([head.subarray(0, end), opus]);
}
