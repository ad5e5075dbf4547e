import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { makeUntaggedPong, pathTokenOf, readHeader, refusalOfShape, writeNonce } from './packet.js';

const header = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  epoch: fc.integer({ min: 0, max: 255 }),
  target: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  session: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  counter: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
});

type Header = typeof header extends fc.Arbitrary<infer Fields> ? Fields : never;

describe('a packet header', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(header, (fields) => {
        expect(read(write(fields))).toEqual(fields);
      }),
    );
  });

  it('is read from any bytes without an exception, missing bytes as 0', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const padded = new Uint8Array(40);
        padded.set(bytes);
        expect(read(bytes)).toEqual(read(padded));
      }),
    );
  });

  it('gives the nonce: two zeros, session, counter', () => {
    fc.assert(
      fc.property(header, (fields) => {
        const bytes = write(fields);
        const nonce = new Uint8Array(12);
        writeNonce(bytes, nonce);
        expect(Buffer.from(nonce)).toEqual(Buffer.concat([Buffer.alloc(2), bytes.subarray(6, 16)]));
      }),
    );
  });
});

describe('a pong', () => {
  it('echoes the timestamp of its ping and carries the token', () => {
    fc.assert(
      fc.property(
        header,
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.uint8Array({ minLength: 44, maxLength: 44 }),
        (fields, pathToken, ping) => {
          const { session, counter } = fields;
          const pong = makeUntaggedPong({ session, counter, ping, pathToken });
          expect(read(pong)).toEqual({ kind: 0x52, epoch: 0, target: 0, session, counter });
          expect(pong.subarray(16, 24)).toEqual(ping.subarray(16, 24));
          expect(pathTokenOf(pong)).toBe(pathToken);
        },
      ),
    );
  });
});

describe('the shape of a datagram', () => {
  it('is right exactly for a ping of 44 bytes and voice of 48 to 1200', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 1500 }), (kind, length) => {
        const packet = new Uint8Array(length).fill(kind);
        const isRight = (kind === 0x51 && length === 44) || (kind === 0x50 && length >= 48 && length <= 1200);
        expect(refusalOfShape(packet, length) === null).toBe(isRight);
      }),
      {
        examples: [
          [0x51, 44],
          [0x50, 48],
          [0x50, 1200],
          [0x50, 47],
          [0x50, 1201],
          [0x52, 44],
        ],
      },
    );
  });
});

function write({ kind, epoch, target, session, counter }: Header): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt8(epoch, 1);
  bytes.writeUInt32BE(target, 2);
  bytes.writeUInt32BE(session, 6);
  bytes.writeUIntBE(counter, 10, 6);
  return bytes;
}

function read(bytes: Uint8Array): Header {
  const fields = { kind: 0, epoch: 0, target: 0, session: 0, counter: 0 };
  readHeader(bytes, fields);
  return fields;
}
