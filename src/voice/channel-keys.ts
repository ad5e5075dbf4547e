import type { ChannelId, SessionId } from '../ids.js';

/** Bytes of a channel key: AES-128. */
const KEY_BYTES = 16;
/**
 * How long a channel keeps its key at least, in milliseconds. The relay accepts the present epoch and the one before:
 * if keys followed each other faster than a client far away learns of them, its voice would be dropped. Whoever has
 * left gets no packets meanwhile, because routes change at once.
 */
export const MIN_EPOCH_MS = 1000;

/** The key of a channel in one epoch. */
export interface ChannelKey {
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** What is to be told after the members of a channel have changed. */
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
 * The keys of channels. A new epoch begins when somebody has lost the right to hear: at once, or {@link MIN_EPOCH_MS}
 * after the one before. Who comes is given the present key, and who only deafens keeps it. An empty channel has no key;
 * when somebody comes back the epochs are counted on. Pure: times are of one steady clock, in milliseconds.
 */
export class ChannelKeys {
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #rings = new Map<ChannelId, KeyRing>();
  readonly #lastEpochs = new Map<ChannelId, number>();

  constructor(randomBytes: (length: number) => Uint8Array) {
    this.#randomBytes = randomBytes;
  }

  /** True where the session has the channel's present key, or is about to be given it. */
  isHolder(channelId: ChannelId, sessionId: SessionId): boolean {
    return this.#rings.get(channelId)?.holders.has(sessionId) ?? false;
  }

  /** The session has lost the right to hear the channel, even if it gains it again before {@link settle}. */
  lose(channelId: ChannelId, sessionId: SessionId): void {
    const ring = this.#rings.get(channelId);
    if (ring?.holders.delete(sessionId) === true) ring.isStale = true;
  }

  /** These sessions may hear the channel now. Returns null where that is nobody. */
  settle(channelId: ChannelId, hearers: ReadonlySet<SessionId>, nowMs: number): KeyChange | null {
    if (hearers.size === 0) {
      this.#rings.delete(channelId);
      return null;
    }
    const ring = this.#rings.get(channelId) ?? this.#begin(channelId, nowMs);
    for (const id of ring.holders) if (!hearers.has(id)) this.lose(channelId, id);
    if (ring.isStale && nowMs >= ring.sinceMs + MIN_EPOCH_MS) this.#renew(channelId, ring, nowMs);
    const recipients = [...hearers].filter((id) => !ring.holders.has(id));
    for (const id of recipients) ring.holders.add(id);
    return { current: ring.current, recipients, dueAtMs: ring.isStale ? ring.sinceMs + MIN_EPOCH_MS : null };
  }

  /** Forgets all about channels that are not among these: they are gone for good. */
  retain(channelIds: ReadonlyMap<ChannelId, unknown>): void {
    for (const id of this.#lastEpochs.keys()) {
      if (channelIds.has(id)) continue;
      this.#lastEpochs.delete(id);
      this.#rings.delete(id);
    }
  }

  #begin(channelId: ChannelId, nowMs: number): KeyRing {
    const ring: KeyRing = {
      current: this.#nextKey(channelId),
      // The first loss is followed by a new key at once.
      sinceMs: nowMs - MIN_EPOCH_MS,
      isStale: false,
      holders: new Set(),
    };
    this.#rings.set(channelId, ring);
    return ring;
  }

  #renew(channelId: ChannelId, ring: KeyRing, nowMs: number): void {
    ring.current = this.#nextKey(channelId);
    ring.sinceMs = nowMs;
    ring.isStale = false;
    ring.holders.clear();
  }

  #nextKey(channelId: ChannelId): ChannelKey {
    const epoch = (this.#lastEpochs.get(channelId) ?? -1) + 1;
    this.#lastEpochs.set(channelId, epoch);
    return { epoch, key: this.#randomBytes(KEY_BYTES) };
  }
}
