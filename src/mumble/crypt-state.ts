import { timingSafeEqual } from 'node:crypto';
import { BLOCK_BYTES, Ocb2Cipher } from './ocb2-cipher.js';

/** Bytes that the seal adds to a packet: one of the nonce, three of the tag. */
export const SEAL_BYTES = 4;

const TAG_BYTES = 3;
/** A packet that comes so many places late is refused: the nonce is known by its lowest byte alone. */
const LATE_WINDOW = 30;
const NO_NONCE = -1;

/** What a receiver has counted of the datagrams of a sender. */
export interface CryptCounters {
  /** Datagrams that opened. */
  readonly good: number;
  /** Those of them that came after a later one. */
  readonly late: number;
  /** Datagrams that have not come. */
  readonly lost: number;
  /** How often the sender has told its nonce again. */
  readonly resync: number;
}

/**
 * Seals the datagrams to one client and opens those that come from it. A nonce counts up before each packet, as an
 * integer whose lowest byte comes first, and the packet carries that byte: so packets may be lost and come late by a few
 * places, and each opens once. What does not open changes nothing.
 */
export class CryptState {
  readonly #cipher: Ocb2Cipher;
  readonly #sealNonce: Uint8Array;
  readonly #openNonce: Uint8Array;
  readonly #candidate = new Uint8Array(BLOCK_BYTES);
  /** The second byte of the nonce with which a packet opened last, by the first byte. */
  readonly #opened = new Int16Array(256).fill(NO_NONCE);
  #good = 0;
  #sealed = 0;
  #late = 0;
  #lost = 0;
  #resync = 0;

  /** `sealNonce` and `openNonce` are those before the first packet. Throws RangeError unless all have 16 bytes. */
  constructor(key: Uint8Array, sealNonce: Uint8Array, openNonce: Uint8Array) {
    this.#cipher = new Ocb2Cipher(key);
    this.#sealNonce = Uint8Array.from(requireNonce(sealNonce));
    this.#openNonce = Uint8Array.from(requireNonce(openNonce));
  }

  /** The nonce of the last packet that was sealed. */
  get sealNonce(): Uint8Array {
    return this.#sealNonce.slice();
  }

  /** How many packets were sealed. */
  get sealed(): number {
    return this.#sealed;
  }

  counters(): CryptCounters {
    return { good: this.#good, late: this.#late, lost: Math.max(0, this.#lost), resync: this.#resync };
  }

  /** The other side says which nonce it has used last. Throws RangeError unless it has 16 bytes. */
  resynchronize(nonce: Uint8Array): void {
    this.#openNonce.set(requireNonce(nonce));
    this.#opened.fill(NO_NONCE);
    this.#resync += 1;
  }

  /** The datagram of a packet. */
  seal(packet: Uint8Array): Uint8Array {
    addToNonce(this.#sealNonce, 1);
    this.#sealed += 1;
    const datagram = Buffer.allocUnsafe(SEAL_BYTES + packet.length);
    datagram[0] = this.#sealNonce[0] ?? 0;
    const tag = this.#cipher.seal(this.#sealNonce, packet, datagram.subarray(SEAL_BYTES));
    datagram.set(tag.subarray(0, TAG_BYTES), 1);
    return datagram;
  }

  /** The packet of a datagram, or undefined where it is forged, replayed or too late. */
  open(datagram: Uint8Array): Uint8Array | undefined {
    if (datagram.length < SEAL_BYTES) return undefined;
    const low = datagram[0] ?? 0;
    const step = ((low - (this.#openNonce[0] ?? 0)) << 24) >> 24;
    if (step === 0 || step <= -LATE_WINDOW) return undefined;
    const nonce = this.#candidate;
    nonce.set(this.#openNonce);
    addToNonce(nonce, step);
    const second = nonce[1] ?? 0;
    if (step !== 1 && this.#opened[low] === second) return undefined;
    const packet = Buffer.allocUnsafe(datagram.length - SEAL_BYTES);
    const tag = this.#cipher.open(nonce, datagram.subarray(SEAL_BYTES), packet);
    if (tag === null || !timingSafeEqual(tag.subarray(0, TAG_BYTES), datagram.subarray(1, SEAL_BYTES))) {
      return undefined;
    }
    this.#opened[low] = second;
    this.#good += 1;
    if (step > 0) {
      this.#openNonce.set(nonce);
      this.#lost += step - 1;
    } else {
      this.#late += 1;
      this.#lost -= 1;
    }
    return packet;
  }
}

/** Adds a step of less than 256 to a nonce whose lowest byte comes first. */
function addToNonce(nonce: Uint8Array, step: number): void {
  let carry = step;
  for (let index = 0; index < BLOCK_BYTES && carry !== 0; index += 1) {
    const sum = (nonce[index] ?? 0) + carry;
    nonce[index] = sum & 0xff;
    carry = sum >> 8;
  }
}

function requireNonce(nonce: Uint8Array): Uint8Array {
  if (nonce.length !== BLOCK_BYTES) throw new RangeError(`a nonce has ${BLOCK_BYTES} bytes`);
  return nonce;
}
