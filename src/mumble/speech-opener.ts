import type { KeyObject } from 'node:crypto';
import { type Context, writeHeardPacket } from './legacy-voice.js';
import { openSpeech, type Speech } from './sealed-voice.js';

/** Opens each packet of the relay once, however many Mumble clients hear it: they come one after the other. */
export class SpeechOpener {
  #packet: Uint8Array | null = null;
  #speech: Speech | undefined;
  readonly #heard = new Map<Context, Uint8Array>();

  /** The packet as a Mumble client hears it, or undefined where its seal does not hold under this key, which the client holds. */
  heardPacket(packet: Uint8Array, sessionId: number, key: KeyObject, context: Context): Uint8Array | undefined {
    if (packet !== this.#packet) {
      this.#packet = packet;
      this.#heard.clear();
      this.#speech = openSpeech(packet, key);
    }
    if (this.#speech === undefined) return undefined;
    const known = this.#heard.get(context);
    if (known !== undefined) return known;
    const heard = writeHeardPacket({ ...this.#speech, context, sessionId });
    this.#heard.set(context, heard);
    return heard;
  }
}
