import { createCipheriv, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { NONCE_BYTES, SESSION_TAG_BYTES, writeNonce } from './packet.js';

/** Bytes of a session's key. */
export const SESSION_KEY_BYTES = 16;

const ALGORITHM = 'aes-128-gcm';
const TAG_OPTIONS = { authTagLength: SESSION_TAG_BYTES } as const;

/** A key ready for use: node:crypto takes five times as long with raw bytes. Throws RangeError unless there are 16 of them. */
export function toSessionKey(bytes: Uint8Array): KeyObject {
  if (bytes.length !== SESSION_KEY_BYTES) throw new RangeError(`a session key has ${SESSION_KEY_BYTES} bytes`);
  return createSecretKey(bytes);
}

/**
 * Makes and verifies session tags: AES-128-GCM over nothing, with all bytes before the tag as additional data.
 * Verifying makes the tag anew and compares in constant time, so that a forged packet costs no exception.
 */
export class SessionTags {
  readonly #nonce = new Uint8Array(NONCE_BYTES);

  /** True where the last 12 of the packet's `length` bytes are the tag of those before them. */
  verify(key: KeyObject, packet: Uint8Array, length: number): boolean {
    const taggedLength = length - SESSION_TAG_BYTES;
    const tag = packet.subarray(taggedLength, length);
    return tag.length === SESSION_TAG_BYTES && timingSafeEqual(this.#tagOf(key, packet, taggedLength), tag);
  }

  /** Writes the tag into the packet's last 12 bytes. */
  write(key: KeyObject, packet: Uint8Array): void {
    const taggedLength = packet.length - SESSION_TAG_BYTES;
    packet.set(this.#tagOf(key, packet, taggedLength), taggedLength);
  }

  #tagOf(key: KeyObject, packet: Uint8Array, taggedLength: number): Uint8Array {
    writeNonce(packet, this.#nonce);
    const cipher = createCipheriv(ALGORITHM, key, this.#nonce, TAG_OPTIONS);
    cipher.setAAD(packet.subarray(0, taggedLength));
    cipher.final();
    return cipher.getAuthTag();
  }
}
