import type { SessionId } from '../ids.js';

import type { ChannelKey, KeySource } from './key-source.js';

/**
 * How long a target keeps its key at least, in milliseconds. The relay accepts the present epoch and the one before:
 * if keys followed each other faster than a client far away learns of them, its voice would be dropped. Whoever has
 * left gets no packets meanwhile, because routes change at once.
 */
export const MIN_EPOCH_MS = 1000;

/** What is to be told after those who hear a target have changed. */
export interface KeyChange {
  readonly current: ChannelKey;
  /** Who is to be given the present key: all who hear at a change of the key, otherwise those who have come. */
  readonly recipients: readonly SessionId[];
  /** When the next epoch is due, or null where none is. */
  readonly dueAtMs: number | null;
}

/** When a key that is on its way is asked for again, in milliseconds. */
const RETRY_MS = 1000;

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
  readonly #source: KeySource<Target>;
  readonly #rings = new Map<Target, KeyRing>();

  constructor(source: KeySource<Target>) {
    this.#source = source;
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

  /** These sessions may have the target's key now, of whom none is elsewhere where it `isAlone`. Returns null where that is nobody, and `awaited` where there is no key yet. */
  settle(target: Target, hearers: ReadonlySet<SessionId>, nowMs: number, isAlone = true): KeyChange | 'awaited' | null {
    if (hearers.size === 0) {
      this.#rings.delete(target);
      this.#source.end(target);
      return null;
    }
    const ring = this.#rings.get(target) ?? this.#begin(target, nowMs, isAlone);
    if (ring === null) return 'awaited';
    const newest = this.#source.newest(target);
    // Who has lost the right to hear here has never had a key that others have made since.
    if (newest !== null && newest.epoch > ring.current.epoch) change(ring, newest, nowMs);
    for (const id of ring.holders) if (!hearers.has(id)) this.lose(target, id);
    if (ring.isStale && nowMs >= ring.sinceMs + MIN_EPOCH_MS) {
      const next = this.#source.next(target, ring.current.epoch);
      if (next !== null) change(ring, next, nowMs);
    }
    const recipients = [...hearers].filter((id) => !ring.holders.has(id));
    for (const id of recipients) ring.holders.add(id);
    const isDue = nowMs >= ring.sinceMs + MIN_EPOCH_MS;
    const dueAtMs = isDue ? nowMs + RETRY_MS : ring.sinceMs + MIN_EPOCH_MS;
    return { current: ring.current, recipients, dueAtMs: ring.isStale ? dueAtMs : null };
  }

  /** Forgets all about a target that is gone for good. */
  drop(target: Target): void {
    this.#source.forget(target);
    this.#rings.delete(target);
  }

  /** Forgets all about the targets that are not kept. */
  retain(isKept: (target: Target) => boolean): void {
    this.#source.retain(isKept);
    for (const target of this.#rings.keys()) if (!isKept(target)) this.drop(target);
  }

  #begin(target: Target, nowMs: number, isAlone: boolean): KeyRing | null {
    const current = this.#source.begin(target, isAlone);
    if (current === null) return null;
    const ring: KeyRing = {
      current,
      // The first loss is followed by a new key at once.
      sinceMs: nowMs - MIN_EPOCH_MS,
      isStale: false,
      holders: new Set(),
    };
    this.#rings.set(target, ring);
    return ring;
  }
}

function change(ring: KeyRing, key: ChannelKey, nowMs: number): void {
  ring.current = key;
  ring.sinceMs = nowMs;
  ring.isStale = false;
  ring.holders.clear();
}
