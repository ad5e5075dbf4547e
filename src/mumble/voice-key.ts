import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { CHANNEL_TAG_BYTES, HEADER_BYTES, NONCE_BYTES, writeNonce } from '../relay/packet.js';
import type { NativeAddon, NativeTagKeyHandle } from '../voice/native-addon.js';

const CIPHER = 'aes-128-gcm';
const KEY_BYTES = 16;
/** Written anew for each packet; the first two bytes stay 0. */
const nonce = new Uint8Array(NONCE_BYTES);

/** The key of a target: seals and opens what is in voice packets, as docs/NETWORK_PROTOCOL.md has it. */
export interface VoiceKey {
  /** Encrypts what is between the header and `end`, in its place, and writes the channel tag behind it. */
  seal(packet: Uint8Array, end: number): void;
  /** Decrypts a packet as the relay forwards it into `text`, which has room for it. Returns how many bytes it has, or undefined where the seal does not hold. */
  open(packet: Uint8Array, text: Uint8Array): number | undefined;
}

/** Makes a key that is ready for use. Throws RangeError unless `bytes` are 16. */
export type MakeVoiceKey = (bytes: Uint8Array) => VoiceKey;

/** By node:crypto. */
export class CryptoVoiceKey implements VoiceKey {
  readonly #key: KeyObject;

  constructor(bytes: Uint8Array) {
    this.#key = createSecretKey(requireKey(bytes));
  }

  seal(packet: Uint8Array, end: number): void {
    writeNonce(packet, nonce);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    cipher.setAAD(packet.subarray(0, HEADER_BYTES));
    packet.set(cipher.update(packet.subarray(HEADER_BYTES, end)), HEADER_BYTES);
    cipher.final();
    packet.set(cipher.getAuthTag(), end);
  }

  open(packet: Uint8Array, text: Uint8Array): number | undefined {
    const end = packet.length - CHANNEL_TAG_BYTES;
    if (end < HEADER_BYTES) return undefined;
    writeNonce(packet, nonce);
    const decipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: CHANNEL_TAG_BYTES });
    decipher.setAAD(packet.subarray(0, HEADER_BYTES));
    decipher.setAuthTag(packet.subarray(end));
    text.set(decipher.update(packet.subarray(HEADER_BYTES, end)));
    try {
      decipher.final();
    } catch {
      // A tag that does not fit is an answer here, not a fault: a member may seal whatever it likes.
      return undefined;
    }
    return end - HEADER_BYTES;
  }
}

/** By the addon, in a tenth of node:crypto's time and without garbage. */
export class NativeVoiceKey implements VoiceKey {
  readonly #addon: NativeAddon;
  readonly #key: NativeTagKeyHandle;

  constructor(addon: NativeAddon, bytes: Uint8Array) {
    this.#addon = addon;
    this.#key = addon.makeTagKey(requireKey(bytes));
  }

  seal(packet: Uint8Array, end: number): void {
    this.#addon.sealVoice(this.#key, packet, end);
  }

  open(packet: Uint8Array, text: Uint8Array): number | undefined {
    const bytes = packet.length - CHANNEL_TAG_BYTES - HEADER_BYTES;
    if (bytes < 0) return undefined;
    return this.#addon.openVoice(this.#key, packet, text) ? bytes : undefined;
  }
}

function requireKey(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
  return bytes;
}
