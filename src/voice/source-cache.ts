import type { UdpSource } from '../relay/outcome.js';
import { ROW_WORDS, RowWord } from './native-addon.js';

/** A power of two, well above the sources that speak at one time. */
const PLACES = 4096;
/** Port, address and scope: what tells one source from another. */
const KEY_WORDS = ROW_WORDS - RowWord.port;

/**
 * The sources of a batch as the relay wants them, with their addresses as text. Each is kept in the one place that its
 * address leads to, so that a known source costs no allocation, and a flood of forged ones no memory.
 */
export class SourceCache {
  readonly #rows: Uint32Array;
  readonly #addressOf: (index: number) => string;
  readonly #keys = new Uint32Array(PLACES * KEY_WORDS);
  readonly #sources: (UdpSource | undefined)[] = Array.from({ length: PLACES });

  /** `rows` are those of the batch, `addressOf` gives the text of the address in one of them. */
  constructor(rows: Uint32Array, addressOf: (index: number) => string) {
    this.#rows = rows;
    this.#addressOf = addressOf;
  }

  /** Where the datagram with this index in the batch came from. */
  of(index: number): UdpSource {
    const row = index * ROW_WORDS + RowWord.port;
    const place = this.#placeOf(row);
    const known = this.#sources[place];
    if (known !== undefined && this.#isAt(place, row)) return known;
    const source: UdpSource = { kind: 'udp', address: this.#addressOf(index), port: this.#rows[row] ?? 0 };
    this.#keys.set(this.#rows.subarray(row, row + KEY_WORDS), place * KEY_WORDS);
    this.#sources[place] = source;
    return source;
  }

  #isAt(place: number, row: number): boolean {
    for (let word = 0; word < KEY_WORDS; word += 1) {
      if (this.#keys[place * KEY_WORDS + word] !== this.#rows[row + word]) return false;
    }
    return true;
  }

  #placeOf(row: number): number {
    let hash = 0;
    for (let word = 0; word < KEY_WORDS; word += 1) hash = Math.imul(hash ^ (this.#rows[row + word] ?? 0), 0x9e3779b1);
    return (hash >>> 16) & (PLACES - 1);
  }
}
