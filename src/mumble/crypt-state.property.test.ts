import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CryptState } from './crypt-state.js';

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
/** Never all zero in a block: such a text is sealed with one bit changed. */
const packet = fc.uint8Array({ minLength: 1, maxLength: 1024 }).map((bytes) => bytes.map((byte) => byte | 1));

interface Pair {
  readonly sender: CryptState;
  readonly receiver: CryptState;
}

function pairOf(key: Uint8Array, nonce: Uint8Array): Pair {
  return {
    sender: new CryptState(key, nonce, new Uint8Array(16)),
    receiver: new CryptState(key, new Uint8Array(16), nonce),
  };
}

describe('a crypt state', () => {
  it('opens what the other side has sealed, whatever the nonce counts over', () => {
    fc.assert(
      fc.property(bytes16, bytes16, fc.array(packet, { maxLength: 20 }), (key, nonce, packets) => {
        const { sender, receiver } = pairOf(key, nonce);
        for (const each of packets)
          expect(Buffer.from(receiver.open(sender.seal(each)) ?? [])).toEqual(Buffer.from(each));
        expect(receiver.counters()).toEqual({ good: packets.length, late: 0, lost: 0, resync: 0 });
      }),
    );
  });

  it('opens each datagram once, in any order within the window, and counts what is late and what is lost', () => {
    const arrivals = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(bytes16, bytes16, arrivals, (key, nonce, order) => {
        const { sender, receiver } = pairOf(key, nonce);
        const sealed = Array.from({ length: 201 }, (_, index) => sender.seal(Uint8Array.of(1, index)));
        let newest = -1;
        const seen = new Set<number>();
        for (const index of order) {
          const opened = receiver.open(sealed[index] ?? new Uint8Array());
          const step = index - newest;
          const isExpected = step > 0 ? step < 128 : step < 0 && step > -30 && !seen.has(index);
          if (step < 128) expect(opened !== undefined).toBe(isExpected);
          if (opened === undefined) continue;
          expect(opened[1]).toBe(index);
          seen.add(index);
          newest = Math.max(newest, index);
        }
        expect(receiver.counters().good).toBe(seen.size);
        expect(receiver.counters().lost).toBe(newest + 1 - seen.size);
      }),
    );
  });

  it('refuses whatever was changed in one bit, and goes on as if it had not come', () => {
    fc.assert(
      fc.property(bytes16, bytes16, packet, fc.nat(), (key, nonce, text, place) => {
        const { sender, receiver } = pairOf(key, nonce);
        const datagram = sender.seal(text);
        const forged = Uint8Array.from(datagram);
        const bit = place % (8 * forged.length);
        forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(receiver.open(forged)).toBeUndefined();
        expect(receiver.open(datagram)).toBeDefined();
        expect(receiver.open(datagram)).toBeUndefined();
      }),
      // A tag of 24 bits lets one in sixteen million through.
      { seed: 1 },
    );
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(bytes16, fc.uint8Array({ maxLength: 1500 }), (key, datagram) => {
        const { receiver } = pairOf(key, new Uint8Array(16));
        receiver.open(datagram);
      }),
    );
  });

  it('opens again after the sender has told its nonce, when too much was lost', () => {
    const { sender, receiver } = pairOf(new Uint8Array(16), new Uint8Array(16));
    for (let index = 0; index < 300; index += 1) sender.seal(Uint8Array.of(1));
    expect(receiver.open(sender.seal(Uint8Array.of(1)))).toBeUndefined();
    receiver.resynchronize(sender.sealNonce);
    expect(receiver.open(sender.seal(Uint8Array.of(7)))?.[0]).toBe(7);
    expect(receiver.counters()).toEqual({ good: 1, late: 0, lost: 0, resync: 1 });
  });
});
