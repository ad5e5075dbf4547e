/** Values at which code that counts, cuts and compares tends to go wrong. */
const EDGES = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 1023, 1024, 4095, 4096, 4097, 65_535, 65_536, 65_537,
  0x7fffffff, 0x80000000, 0xffffffff,
];

/** Of long noise, so many bytes at the front are new; what follows is cut from a supply, because that is all that noise needs. */
const FRESH_BYTES = 64;
const SUPPLY_BYTES = 2 ** 17;

/** A seeded generator of random numbers (mulberry32), fast enough to fill packets: a failure comes again with the same seed. */
export class FuzzRandom {
  #state: number;

  /** Neighbouring seeds give sequences that have nothing in common. */
  constructor(seed: number) {
    let state = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
    state = Math.imul(state ^ (state >>> 16), 0x45d9f3b);
    this.#state = (state ^ (state >>> 16)) | 0;
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** An integer from 0 to `limit` - 1, where `limit` is at most 2^32. */
  below(limit: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * limit);
  }

  /** An integer from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.uint32() < probability * 2 ** 32;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }

  /** Each item with the same chance of being in. */
  some<Item>(items: readonly Item[], probability = 0.5): Item[] {
    return items.filter(() => this.chance(probability));
  }

  /** A 32-bit integer that is often an edge or next to one. */
  edge(): number {
    if (this.chance(0.3)) return this.uint32();
    return (this.pick(EDGES) + this.pick([-1, 0, 0, 1]) + 2 ** 32) % 2 ** 32;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.#fill(bytes, Math.min(count, FRESH_BYTES));
    for (let offset = FRESH_BYTES; offset < count; offset += SUPPLY_BYTES / 2) {
      const start = this.below(SUPPLY_BYTES / 2);
      bytes.set(supply().subarray(start, start + Math.min(count - offset, SUPPLY_BYTES / 2)), offset);
    }
    return bytes;
  }

  /** A length that is small most of the time, and at most `most`. */
  length(most: number): number {
    return this.below(Math.min(most, 2 ** this.between(1, 17)) + 1);
  }

  #fill(bytes: Uint8Array, end: number): void {
    const words = new Uint32Array(bytes.buffer, 0, end >> 2);
    for (let index = 0; index < words.length; index++) words[index] = this.uint32();
    for (let index = words.length * 4; index < end; index++) bytes[index] = this.below(256);
  }

  /** The same for every seed. */
  static makeSupply(): Uint8Array {
    const bytes = new Uint8Array(SUPPLY_BYTES);
    new FuzzRandom(0).#fill(bytes, bytes.length);
    return bytes;
  }
}

let made: Uint8Array | undefined;

function supply(): Uint8Array {
  made ??= FuzzRandom.makeSupply();
  return made;
}
