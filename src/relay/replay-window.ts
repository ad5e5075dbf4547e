/** How far the window reaches: the highest counter and the 1023 below it can be told from replays. */
export const REPLAY_WINDOW = 1024;

/** What a counter is to the window. */
export type CounterVerdict = 'fresh' | 'replayed' | 'too_old';

const BITS_PER_WORD = 32;
/** A power of two, so that 32-bit arithmetic finds the word of any counter; twice the window, so that a word is cleared before its bits come into use. */
const WORDS = (2 * REPLAY_WINDOW) / BITS_PER_WORD;

/**
 * Remembers which counters of a session were accepted, in a ring of bits (RFC 6479).
 * Counters are integers from 0 to 2^48 - 1, and 0 counts as seen. Check first, and commit only what has been verified:
 * a forged packet must not move the window.
 */
export class ReplayWindow {
  readonly #words = new Uint32Array(WORDS);
  #highest = 0;

  constructor() {
    this.#words[0] = 1;
  }

  /** The highest counter that was committed, 0 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** Says what a counter is; changes nothing. */
  check(counter: number): CounterVerdict {
    if (counter > this.#highest) return 'fresh';
    if (this.#highest - counter >= REPLAY_WINDOW) return 'too_old';
    return (this.#wordOf(counter) & bitOf(counter)) === 0 ? 'fresh' : 'replayed';
  }

  /** Marks a fresh counter as seen, and moves the window up to it where it is the highest. */
  commit(counter: number): void {
    if (counter > this.#highest) {
      this.#clearAbove(this.#highest, counter);
      this.#highest = counter;
    }
    this.#words[wordIndexOf(counter)] = this.#wordOf(counter) | bitOf(counter);
  }

  #wordOf(counter: number): number {
    return this.#words[wordIndexOf(counter)] ?? 0;
  }

  #clearAbove(from: number, to: number): void {
    const step = Math.min(Math.floor(to / BITS_PER_WORD) - Math.floor(from / BITS_PER_WORD), WORDS);
    const first = wordIndexOf(from);
    for (let offset = 1; offset <= step; offset += 1) this.#words[(first + offset) % WORDS] = 0;
  }
}

/** Bit operators see a number modulo 2^32, of which the ring's length is a divisor: the word is right for counters of 48 bits. */
function wordIndexOf(counter: number): number {
  return (counter >>> 5) & (WORDS - 1);
}

/** Shifts count modulo 32, so the counter's low five bits are taken by the operator itself. */
function bitOf(counter: number): number {
  return 1 << counter;
}
