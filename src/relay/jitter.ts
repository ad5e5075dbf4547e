/** The share of a new measurement in the mean is one in so many (RFC 3550, 6.4.1). */
const GAIN = 16;
/** A way that has become longer or shorter by more was not the network's doing, in milliseconds: a clock was set, or counts other units. */
const MAX_CHANGE_MS = 10_000;

/**
 * The interarrival jitter of RFC 3550, 6.4.1: the mean of how much the way of a packet differs from that of the one that
 * came before, of which the latest count most. Until there are 16 measurements it is their plain mean, because pings are
 * seconds apart and a mean that begins at 0 would be too low for a minute.
 */
export class Jitter {
  #transitMs: number | null = null;
  #count = 0;
  #valueMs = 0;

  /** In milliseconds, or null before the first two packets. */
  get valueMs(): number | null {
    return this.#count === 0 ? null : this.#valueMs;
  }

  /** A packet has come. The two clocks need not agree. */
  add(sentAtMs: number, receivedAtMs: number): void {
    const transitMs = receivedAtMs - sentAtMs;
    const changeMs = this.#transitMs === null ? null : Math.abs(transitMs - this.#transitMs);
    this.#transitMs = transitMs;
    if (changeMs === null || changeMs > MAX_CHANGE_MS) return;
    this.#count = Math.min(GAIN, this.#count + 1);
    this.#valueMs += (changeMs - this.#valueMs) / this.#count;
  }

  /** The next packet is not to be compared with the one before. */
  interrupt(): void {
    this.#transitMs = null;
  }
}
