import type { SessionId } from '../ids.js';

/** Bytes of a key: AES-128. */
const KEY_BYTES = 16;
/**
 * How long a target keeps its key at least, in milliseconds. The relay accepts the present epoch and the one before:
 * if keys followed each other faster than a client far away learns of them, its voice would be dropped. Whoever has
 * left gets no packets meanwhile, because routes change at once.
 */
export const MIN_EPOCH_MS = 1000;

/** The key of a target in one epoch. */
export interface ChannelKey {
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** What is to be told after those who hear a target have changed. */
export interface KeyChange {
  readonly current: ChannelKey;
  /** Who is to be given the present key: all who hear at a change of the key, otherwise those who have come. */
  readonly recipients: readonly SessionId[];
  /** When the next epoch is due, or null where none is. */
  readonly dueAtMs: number | null;
}

interface KeyRing {
  current: ChannelKey;
  sinceMs: number;
  /** Somebody who holds the present key does not hear any more. */
  isStale: boolean;
  readonly holders: Set<SessionId>;
}

/**
 * The keys of targets: channels and whisper targets. A new epoch begins when somebody has lost the right to hear: at
 * once, or {@link MIN_EPOCH_MS} after the one before. Who comes is given the present key, and who only deafens keeps it.
 * A target that nobody holds has no key; when somebody comes back the epochs are counted on. Pure: times are of one
 * steady clock, in milliseconds.
 */
export class ChannelKeys<Target extends number> {
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #rings = new Map<Target, KeyRing>();
  readonly #lastEpochs = new Map<Target, number>();

  constructor(randomBytes: (length: number) => Uint8Array) {
    this.#randomBytes = randomBytes;
  }

  /** True where the session has the target's present key, or is about to be given it. */
  isHolder(target: Target, sessionId: SessionId): boolean {
    return this.#rings.get(target)?.holders.has(sessionId) ?? false;
  }

  /** The session has lost the right to hear the target, even if it gains it again before {@link settle}. */
  lose(target: Target, sessionId: SessionId): void {
    const ring = this.#rings.get(target);
    if (ring?.holders.delete(sessionId) === true) ring.isStale = true;
  }

  /** These sessions may have the target's key now. Returns null where that is nobody. */
  settle(target: Target, hearers: ReadonlySet<SessionId>, nowMs: number): KeyChange | null {
    if (hearers.size === 0) {
      this.#rings.delete(target);
      return null;
    }
    const ring = this.#rings.get(target) ?? this.#begin(target, nowMs);
    for (const id of ring.holders) if (!hearers.has(id)) this.lose(target, id);
    if (ring.isStale && nowMs >= ring.sinceMs + MIN_EPOCH_MS) this.#renew(target, ring, nowMs);
    const recipients = [...hearers].filter((id) => !ring.holders.has(id));
    for (const id of recipients) ring.holders.add(id);
    return { current: ring.current, recipients, dueAtMs: ring.isStale ? ring.sinceMs + MIN_EPOCH_MS : null };
  }

  /** Forgets all about a target that is gone for good. */
  drop(target: Target): void {
    this.#lastEpochs.delete(target);
    this.#rings.delete(target);
  }

  /** Forgets all about the targets that are not kept. */
  retain(isKept: (target: Target) => boolean): void {
    for (const target of this.#lastEpochs.keys()) if (!isKept(target)) this.drop(target);
  }

  #begin(target: Target, nowMs: number): KeyRing {
    const ring: KeyRing = {
      current: this.#nextKey(target),
      // The first loss is followed by a new key at once.
      sinceMs: nowMs - MIN_EPOCH_MS,
      isStale: false,
      holders: new Set(),
    };
    this.#rings.set(target, ring);
    return ring;
  }

  #renew(target: Target, ring: KeyRing, nowMs: number): void {
    ring.current = this.#nextKey(target);
    ring.sinceMs = nowMs;
    ring.isStale = false;
    ring.holders.clear();
  }

  #nextKey(target: Target): ChannelKey {
    const epoch = (this.#lastEpochs.get(target) ?? -1) + 1;
    this.#lastEpochs.set(target, epoch);
    return { epoch, key: this.#randomBytes(KEY_BYTES) };
  }
}
