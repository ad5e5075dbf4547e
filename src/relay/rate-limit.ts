import { DropReason } from './drop-reason.js';
import { MAX_PACKET_BYTES } from './packet.js';

/** Voice packets that a session may send per second, to all targets together, and at once. */
export const MAX_VOICE_PACKETS_PER_SECOND = 250;
/** Pings of a session that are answered per second, and at once. */
export const MAX_PINGS_PER_SECOND = 20;

/** Lets through an amount per second, and up to one second's worth at once. Time is a monotonic clock's, in milliseconds. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perMs: number;
  #level: number;
  #filledAtMs: number;

  /** `minCapacity` holds where a second's worth is less. */
  constructor(perSecond: number, nowMs: number, minCapacity = 1) {
    this.#capacity = Math.max(perSecond, minCapacity);
    this.#perMs = perSecond / 1000;
    this.#level = this.#capacity;
    this.#filledAtMs = nowMs;
  }

  /** True where `amount` may be taken now. */
  has(amount: number, nowMs: number): boolean {
    const elapsedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#level = Math.min(this.#capacity, this.#level + elapsedMs * this.#perMs);
    this.#filledAtMs = Math.max(this.#filledAtMs, nowMs);
    return this.#level >= amount;
  }

  /** Takes what {@link has} has granted. */
  take(amount: number): void {
    this.#level -= amount;
  }
}

/** What a session may send by voice: packets and bits per second. A packet that is refused uses up nothing. */
export class VoiceRate {
  readonly #packets: TokenBucket;
  readonly #bits: TokenBucket;

  /** `maxBitrate` is in bits per second, over whole datagrams. */
  constructor(maxBitrate: number, nowMs: number) {
    this.#packets = new TokenBucket(MAX_VOICE_PACKETS_PER_SECOND, nowMs);
    this.#bits = new TokenBucket(maxBitrate, nowMs, 8 * MAX_PACKET_BYTES);
  }

  /** Takes one packet of `bits` bits, or says why it is too much. */
  take(bits: number, nowMs: number): DropReason | null {
    if (!this.#packets.has(1, nowMs)) return DropReason.over_packet_rate;
    if (!this.#bits.has(bits, nowMs)) return DropReason.over_bitrate;
    this.#packets.take(1);
    this.#bits.take(bits);
    return null;
  }
}
