import type { MakeVoiceKey, VoiceKey } from './voice-key.js';

/** The key of a target in one epoch. */
export interface EpochKey {
  readonly epoch: number;
  readonly key: VoiceKey;
}

interface Ring {
  readonly current: EpochKey;
  readonly former: EpochKey | null;
}

/** The keys that a session has been given, by target: the present one, and the one before for packets that were on their way. */
export class VoiceKeys {
  readonly #rings = new Map<number, Ring>();
  readonly #makeKey: MakeVoiceKey;

  constructor(makeKey: MakeVoiceKey) {
    this.#makeKey = makeKey;
  }

  put(target: number, epoch: number, key: Uint8Array): void {
    const former = this.#rings.get(target)?.current ?? null;
    if (former?.epoch === epoch) return;
    this.#rings.set(target, { current: { epoch, key: this.#makeKey(key) }, former });
  }

  /** The session does not hear the target any more. */
  remove(target: number): void {
    this.#rings.delete(target);
  }

  current(target: number): EpochKey | undefined {
    return this.#rings.get(target)?.current;
  }

  /** The key of a packet, which carries the low 8 bits of its epoch. */
  find(target: number, epochByte: number): VoiceKey | undefined {
    const ring = this.#rings.get(target);
    if (ring === undefined) return undefined;
    if ((ring.current.epoch & 0xff) === epochByte) return ring.current.key;
    return ring.former !== null && (ring.former.epoch & 0xff) === epochByte ? ring.former.key : undefined;
  }
}
