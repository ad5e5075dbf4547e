import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LINK_DROP_REASONS, LinkTable, type LinkUpdate } from './link.js';
import { CryptoTagKey } from './session-tag.js';

const makeTagKey = (bytes: Uint8Array) => new CryptoTagKey(bytes);
const key = (byte: number) => new Uint8Array(16).fill(byte);

/** Two workers with one link between them. */
function pair(): { near: LinkTable; far: LinkTable } {
  const there: LinkUpdate['out'] = { id: 7, key: key(1) };
  const back: LinkUpdate['out'] = { id: 9, key: key(2) };
  const near = new LinkTable({ makeTagKey, firstCounter: 0 });
  const far = new LinkTable({ makeTagKey, firstCounter: 0 });
  near.replace([{ slot: 3, address: '127.0.0.1', port: 1, out: there, in: back }]);
  far.replace([{ slot: 5, address: '127.0.0.1', port: 2, out: back, in: there }]);
  return { near, far };
}

function sealed(table: LinkTable, content: Uint8Array): Uint8Array {
  const datagram = table.seal(3, 'voice', content, content.length);
  if (datagram === undefined) throw new Error('there is no such link');
  return datagram;
}

describe('a link between two nodes', () => {
  it('brings every packet as it was, once, in any order within the window', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 1188 }), { minLength: 1, maxLength: 40 }), (contents) => {
        const { near, far } = pair();
        const datagrams = contents.map((content) => sealed(near, content));
        for (const [index, datagram] of [...datagrams.entries()].reverse()) {
          const opened = far.open(datagram, datagram.length, 0);
          expect(opened).toMatchObject({ slot: 5, kind: 'voice' });
          if (typeof opened !== 'string')
            expect(Buffer.from(opened.content)).toEqual(Buffer.from(contents[index] ?? []));
          expect(far.open(datagram, datagram.length, 0)).toBe('replayed');
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses what is changed in any bit, cut, or longer, and moves nothing by it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), fc.nat(7), (content, at, bit) => {
        const { near, far } = pair();
        const datagram = sealed(near, content);
        const forged = Uint8Array.from(datagram);
        const index = at % forged.length;
        forged[index] = (forged[index] ?? 0) ^ (1 << bit);
        expect(LINK_DROP_REASONS).toContain(far.open(forged, forged.length, 0));
        expect(LINK_DROP_REASONS).toContain(far.open(datagram, datagram.length - 1, 0));
        expect(far.open(datagram, datagram.length, 0)).toMatchObject({ kind: 'voice' });
      }),
    );
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(0x58, 0x59, 0x5a, 0x50), (bytes, kind) => {
        const { far } = pair();
        if (bytes.length > 0) bytes[0] = kind;
        expect(LINK_DROP_REASONS).toContain(far.open(bytes, bytes.length, 0));
      }),
    );
  });

  it('takes nothing that was meant for the other direction', () => {
    const { near } = pair();
    const own = sealed(near, new Uint8Array(40));
    expect(near.open(own, own.length, 0)).toBe('unknown_link');
  });

  it('measures how long an answer takes, and tells when it was last heard', () => {
    const { near, far } = pair();
    expect(near.states(1000)).toEqual([{ slot: 3, roundTripMs: null, heardAgoMs: null }]);
    const [ping] = near.pings(1000);
    const opened = far.open(ping?.datagram ?? new Uint8Array(0), ping?.datagram.length ?? 0, 5);
    if (typeof opened === 'string') throw new Error(opened);
    const pong = far.seal(opened.slot, 'pong', opened.content, opened.content.length) ?? new Uint8Array(0);
    const answer = near.open(pong, pong.length, 1012);
    if (typeof answer === 'string') throw new Error(answer);
    near.takePong(answer, 1012);
    expect(near.states(1020)).toEqual([{ slot: 3, roundTripMs: 12, heardAgoMs: 8 }]);
  });

  it('counts on where it is told again, and begins anew with another key', () => {
    const { near, far } = pair();
    const first = sealed(near, new Uint8Array(40));
    far.open(first, first.length, 0);
    const link: LinkUpdate = {
      slot: 3,
      ...{ address: '127.0.0.1', port: 8 },
      ...{ out: { id: 7, key: key(1) }, in: { id: 9, key: key(2) } },
    };
    near.replace([link]);
    const second = sealed(near, new Uint8Array(40));
    expect(far.open(second, second.length, 0)).toMatchObject({ kind: 'voice' });
    near.replace([{ ...link, out: { id: 8, key: key(3) } }]);
    const third = sealed(near, new Uint8Array(40));
    expect(far.open(third, third.length, 0)).toBe('unknown_link');
  });
});
