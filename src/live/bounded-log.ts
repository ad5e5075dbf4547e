/** The last entries of a sequence that counts up from 1. */
export class BoundedLog<Entry> {
  readonly #capacity: number;
  readonly #entries: Entry[] = [];
  #last = 0;

  /** `capacity` is how many entries are kept. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The number of the newest entry, 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The number before the oldest entry that is kept: who has read so far misses nothing. */
  get horizon(): number {
    return Math.max(0, this.#last - this.#capacity);
  }

  /** Adds the next entry, and forgets the oldest where there are too many. */
  append(entry: Entry): void {
    this.#entries[this.#last % this.#capacity] = entry;
    this.#last += 1;
  }

  /** The entry with this number, or undefined where it is not there any more, or not yet. */
  at(number: number): Entry | undefined {
    return number > this.horizon && number <= this.#last ? this.#entries[(number - 1) % this.#capacity] : undefined;
  }
}
