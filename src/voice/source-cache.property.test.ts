import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ROW_WORDS, RowWord } from './native-addon.js';
import { SourceCache } from './source-cache.js';

/** Port, address of four words, scope. Few values, so that sources come again. */
const arbitraryKey = fc.tuple(
  fc.nat({ max: 3 }),
  ...Array.from({ length: 4 }, () => fc.constantFrom(0, 1, 0x7f000001, 0xffffffff)),
  fc.nat({ max: 1 }),
);

describe('the source cache', () => {
  it('gives each datagram the source of its own row, however they follow one another', () => {
    fc.assert(
      fc.property(fc.array(arbitraryKey, { minLength: 1, maxLength: 200 }), (keys) => {
        const rows = new Uint32Array(ROW_WORDS);
        const cache = new SourceCache(rows, () => rows.subarray(RowWord.address).join());
        for (const key of keys) {
          rows.set(key, RowWord.port);
          expect(cache.of(0)).toEqual({ kind: 'udp', address: key.slice(1).join(), port: key[0] });
        }
      }),
    );
  });

  it('makes the source of a datagram once while it is the last of its place', () => {
    const rows = new Uint32Array(2 * ROW_WORDS);
    let made = 0;
    const cache = new SourceCache(rows, () => {
      made += 1;
      return 'somewhere';
    });
    rows.set([0, 9, 7], 0);
    rows.set([0, 9, 7], ROW_WORDS);
    expect(cache.of(0)).toBe(cache.of(1));
    expect(made).toBe(1);
  });

  it('keeps no more sources than it has places for', () => {
    const rows = new Uint32Array(ROW_WORDS);
    let made = 0;
    const cache = new SourceCache(rows, () => {
      made += 1;
      return `address ${made}`;
    });
    const flood = 20_000;
    const sourcesOf = () => {
      const sources = new Set<object>();
      for (let port = 0; port < flood; port += 1) {
        rows[RowWord.address] = port;
        sources.add(cache.of(0));
      }
      return sources;
    };
    const first = sourcesOf();
    const second = sourcesOf();
    expect([...second].filter((source) => first.has(source)).length).toBeLessThanOrEqual(4096);
  });
});
