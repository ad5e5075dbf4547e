/** Who makes the keys of targets. */

/** The key of a target in one epoch. */
export interface ChannelKey {
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** Gives the keys of targets. Null says that a key is on its way: it is asked for again when it has come. */
export interface KeySource<Target extends number> {
  /** The key for the first who hear the target here. `isAlone`: nobody hears it elsewhere, so it must be one that nobody had before. */
  begin(target: Target, isAlone: boolean): ChannelKey | null;
  /** A key of a later epoch than this. */
  next(target: Target, epoch: number): ChannelKey | null;
  /** The newest key that somebody else has made, or null. */
  newest(target: Target): ChannelKey | null;
  /** Nobody hears the target here any more. */
  end(target: Target): void;
  /** The target is gone for good. */
  forget(target: Target): void;
  /** Forgets all about the targets that are not kept. */
  retain(isKept: (target: Target) => boolean): void;
}

/** Is told of keys that were on their way. */
export interface KeyListener<Target extends number> {
  arrived(target: Target): void;
  /** It will be asked for again; who waits for it need not. */
  failed(target: Target, reason: unknown): void;
}

/** Who makes keys that several nodes share. */
export interface SharedKeys<Target extends number> {
  sourceFor(listener: KeyListener<Target>): KeySource<Target>;
}

/** Bytes of a key: AES-128. */
const KEY_BYTES = 16;

/** Makes keys by itself, and counts their epochs. */
export class OwnKeys<Target extends number> implements KeySource<Target> {
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #lastEpochs = new Map<Target, number>();

  constructor(randomBytes: (length: number) => Uint8Array) {
    this.#randomBytes = randomBytes;
  }

  begin(target: Target): ChannelKey {
    const epoch = (this.#lastEpochs.get(target) ?? -1) + 1;
    this.#lastEpochs.set(target, epoch);
    return { epoch, key: this.#randomBytes(KEY_BYTES) };
  }

  next(target: Target): ChannelKey {
    return this.begin(target);
  }

  newest(): null {
    return null;
  }

  end(): void {
    // The epochs are counted on for who comes next.
  }

  forget(target: Target): void {
    this.#lastEpochs.delete(target);
  }

  retain(isKept: (target: Target) => boolean): void {
    for (const target of this.#lastEpochs.keys()) if (!isKept(target)) this.forget(target);
  }
}
