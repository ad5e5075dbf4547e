import { createCipheriv, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { NONCE_BYTES, SESSION_TAG_BYTES, writeNonce } from './packet.js';

/** Bytes of a session's key. */
export const SESSION_KEY_BYTES = 16;

/**
 * Makes and verifies session tags with one key: AES-128-GCM over nothing, with all bytes before the tag as additional
 * data. Nothing that comes from the network makes it throw.
 */
export interface SessionTagKey {
  /** True where the last 12 of the packet's `length` bytes are the tag of those before them. */
  verify(packet: Uint8Array, length: number): boolean;
  /** Writes the tag into the packet's last 12 bytes. */
  write(packet: Uint8Array): void;
}

/** Makes a key that is ready for use of {@link SESSION_KEY_BYTES} bytes. */
export type MakeSessionTagKey = (bytes: Uint8Array) => SessionTagKey;

const ALGORITHM = 'aes-128-gcm';
const TAG_OPTIONS = { authTagLength: SESSION_TAG_BYTES } as const;
/** Written anew for each tag, by all keys; the first two bytes stay 0. */
const nonce = new Uint8Array(NONCE_BYTES);

/**
 * By node:crypto. Verifying makes the tag anew and compares in constant time, so that a forged packet costs no
 * exception. Throws RangeError unless the key has 16 bytes.
 */
export class CryptoTagKey implements SessionTagKey {
  /** Raw bytes would take five times as long. */
  readonly #key: KeyObject;

  constructor(bytes: Uint8Array) {
    if (bytes.length !== SESSION_KEY_BYTES) throw new RangeError(`a session key has ${SESSION_KEY_BYTES} bytes`);
    this.#key = createSecretKey(bytes);
  }

  verify(packet: Uint8Array, length: number): boolean {
    const taggedLength = length - SESSION_TAG_BYTES;
    const tag = packet.subarray(taggedLength, length);
    return tag.length === SESSION_TAG_BYTES && timingSafeEqual(this.#tagOf(packet, taggedLength), tag);
  }

  write(packet: Uint8Array): void {
    const taggedLength = packet.length - SESSION_TAG_BYTES;
    packet.set(this.#tagOf(packet, taggedLength), taggedLength);
  }

  #tagOf(packet: Uint8Array, taggedLength: number): Uint8Array {
    writeNonce(packet, nonce);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce, TAG_OPTIONS);
    cipher.setAAD(packet.subarray(0, taggedLength));
    cipher.final();
    return cipher.getAuthTag();
  }
}
