import { type ChannelId, isWhisperTarget, type SessionId, type WhisperTargetId } from '../ids.js';
import type { RouteUpdate } from '../relay/relay-update.js';
import { ChannelKeys } from './channel-keys.js';
import { type ChannelKey, type KeySource, OwnKeys, type SharedKeys } from './key-source.js';
import { isSameRoute } from './organization-view.js';
import type { RelayHost } from './relay-host.js';

/** What a voice packet can be for. */
export type Target = ChannelId | WhisperTargetId;

/** What is to be true of a target now. */
export interface TargetTruth {
  /** Who is to have the key: whoever may hear, deafened or not, and whoever speaks there without hearing. Empty where the target is not used. */
  readonly holders: ReadonlySet<SessionId>;
  readonly route: (epoch: number) => RouteUpdate;
  /** True where some of them are at other nodes. */
  readonly isShared?: boolean;
  /** Is told of each session that had the key and is no holder any more. Left out where {@link RouteFeed.forget} tells it. */
  readonly onLost?: (sessionId: SessionId) => void;
}

/** What a feed of routes asks and tells. */
export interface RouteFeedPorts {
  readonly relay: RelayHost;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Who makes the keys of channels; null where this node does by itself. */
  readonly sharedKeys: SharedKeys<Target> | null;
  readonly truthOf: (target: Target) => TargetTruth;
  /** Gives sessions the key of a target. */
  readonly sendKey: (sessionIds: readonly SessionId[], target: Target, key: ChannelKey) => void;
}

/** When a key that could not be had is asked for again, in milliseconds. */
const KEY_RETRY_MS = 1000;

/** A key on its way to sessions; it is sent when the relay knows of it. */
interface KeyDelivery {
  readonly target: Target;
  readonly key: ChannelKey;
  readonly recipients: readonly SessionId[];
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Keeps the routes of an organization's targets at what is true, and gives the keys to those who are to have them. */
export class RouteFeed {
  readonly #ports: RouteFeedPorts;
  readonly #keys: ChannelKeys<Target>;
  readonly #routes = new Map<Target, RouteUpdate>();
  readonly #dirty = new Set<Target>();
  /** Who has been given the key of a target. */
  readonly #keyed = new Map<Target, Set<SessionId>>();
  /** The last key of each target that was given to anybody: the relay knows it. */
  readonly #toldKeys = new Map<Target, ChannelKey>();
  readonly #waiters = new Map<string, Waiter[]>();
  #isPumpDue = false;
  #rekeyTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(ports: RouteFeedPorts) {
    this.#ports = ports;
    this.#keys = new ChannelKeys(this.#source(ports));
  }

  /** What the relay was last told. */
  get routes(): Iterable<RouteUpdate> {
    return this.#routes.values();
  }

  /** The targets that the relay knows. */
  get targets(): Iterable<Target> {
    return this.#routes.keys();
  }

  isKeyed(target: Target, sessionId: SessionId): boolean {
    return this.#keyed.get(target)?.has(sessionId) ?? false;
  }

  /** The keys that the session has been given and may have, as they are now. */
  keysOf(sessionId: SessionId): readonly { readonly target: Target; readonly key: ChannelKey }[] {
    return [...this.#toldKeys].flatMap(([target, key]) =>
      this.isKeyed(target, sessionId) && this.#keys.isHolder(target, sessionId) ? [{ target, key }] : [],
    );
  }

  /** Resolves when the session has been given the key. Throws what {@link settleWaiters} is told meanwhile. */
  async untilKeyed(target: Target, sessionId: SessionId): Promise<void> {
    if (this.isKeyed(target, sessionId)) return;
    const key = waiterKey(target, sessionId);
    await new Promise<void>((resolve, reject) => {
      this.#waiters.set(key, [...(this.#waiters.get(key) ?? []), { resolve, reject }]);
    });
  }

  /** Ends the waiting for a key: `refusal` is null where it has come. */
  settleWaiters(target: Target, sessionId: SessionId, refusal: unknown): void {
    const key = waiterKey(target, sessionId);
    const waiters = this.#waiters.get(key) ?? [];
    this.#waiters.delete(key);
    for (const { resolve, reject } of waiters) refusal === null ? resolve() : reject(refusal);
  }

  /** Something about the target has changed. All that happens in one turn is told in one update. */
  touch(target: Target): void {
    this.#dirty.add(target);
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    setImmediate(() => this.#pump());
  }

  /** These targets may have changed, and the relay is told at once. */
  touchNow(targets: Iterable<Target>): void {
    for (const target of targets) this.#dirty.add(target);
    this.#pump();
  }

  /** The session has lost the right to hear the target, even if it gains it again at once. Returns false where it had no key. */
  forget(target: Target, sessionId: SessionId): boolean {
    this.#keys.lose(target, sessionId);
    return this.#keyed.get(target)?.delete(sessionId) ?? false;
  }

  /** Forgets the epochs of the targets that are gone for good. */
  retain(isKept: (target: Target) => boolean): void {
    this.#keys.retain(isKept);
  }

  /** Takes all routes back and stops. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#rekeyTimer);
    for (const target of this.#routes.keys()) {
      this.#ports.relay.update({ type: 'remove_route', target });
      this.#keys.drop(target);
    }
    this.#routes.clear();
  }

  /** A whisper target is its speaker's node's own; what is said of a channel's key that was on its way leads on. */
  #source({ randomBytes, sharedKeys }: RouteFeedPorts): KeySource<Target> {
    const own = new OwnKeys<Target>(randomBytes);
    if (sharedKeys === null) return own;
    const shared = sharedKeys.sourceFor({
      arrived: (target) => this.touch(target),
      failed: (target, reason) => this.#failWaiters(target, reason),
    });
    const of = (target: Target) => (isWhisperTarget(target) ? own : shared);
    return {
      begin: (target, isAlone) => of(target).begin(target, isAlone),
      next: (target, epoch) => of(target).next(target, epoch),
      newest: (target) => of(target).newest(target),
      end: (target) => of(target).end(target),
      forget: (target) => of(target).forget(target),
      retain: (isKept) => own.retain(isKept),
    };
  }

  #failWaiters(target: Target, reason: unknown): void {
    for (const key of [...this.#waiters.keys()].filter((each) => each.startsWith(`${target} `))) {
      const waiters = this.#waiters.get(key) ?? [];
      this.#waiters.delete(key);
      for (const { reject } of waiters) reject(reason);
    }
    // Who is in the channel all the same gets the key when it can be had.
    if (!this.#isClosed) setTimeout(() => this.touch(target), KEY_RETRY_MS).unref();
  }

  /** Tells the relay what has changed, then hands out the keys. */
  #pump(): void {
    this.#isPumpDue = false;
    if (this.#isClosed) return;
    const deliveries: KeyDelivery[] = [];
    let dueAtMs = Number.POSITIVE_INFINITY;
    for (const target of this.#dirty) {
      const truth = this.#ports.truthOf(target);
      const change = this.#keys.settle(target, truth.holders, this.#ports.nowMs(), truth.isShared !== true);
      if (change === 'awaited') {
        this.#dirty.delete(target);
        continue;
      }
      this.#tellRoute(target, change === null ? null : truth.route(change.current.epoch));
      this.#tellLosses(target, truth);
      if (change === null) {
        // A channel counts its epochs on. A whisper target always has its speaker, until it is gone for good.
        if (isWhisperTarget(target)) this.#keys.drop(target);
        continue;
      }
      if (change.recipients.length > 0) {
        deliveries.push({ target, key: change.current, recipients: change.recipients });
      }
      if (change.dueAtMs === null) this.#dirty.delete(target);
      else dueAtMs = Math.min(dueAtMs, change.dueAtMs);
    }
    this.#scheduleRekey(dueAtMs);
    if (deliveries.length > 0) this.#deliver(deliveries);
  }

  #tellRoute(target: Target, route: RouteUpdate | null): void {
    const { relay } = this.#ports;
    const told = this.#routes.get(target);
    if (route === null) {
      this.#dirty.delete(target);
      this.#toldKeys.delete(target);
      if (this.#routes.delete(target)) relay.update({ type: 'remove_route', target });
    } else if (told === undefined || !isSameRoute(told, route)) {
      this.#routes.set(target, route);
      relay.update({ type: 'set_route', ...route });
    }
  }

  #tellLosses(target: Target, { holders, onLost }: TargetTruth): void {
    const keyed = this.#keyed.get(target);
    if (keyed === undefined) return;
    if (onLost !== undefined) {
      for (const sessionId of keyed) {
        if (holders.has(sessionId)) continue;
        keyed.delete(sessionId);
        onLost(sessionId);
      }
    }
    if (keyed.size === 0) this.#keyed.delete(target);
  }

  #scheduleRekey(dueAtMs: number): void {
    clearTimeout(this.#rekeyTimer);
    if (dueAtMs === Number.POSITIVE_INFINITY) return;
    this.#rekeyTimer = setTimeout(() => this.#pump(), Math.max(1, dueAtMs - this.#ports.nowMs()));
  }

  /** A client that uses a key which the relay does not know yet would lose its first words. */
  #deliver(deliveries: readonly KeyDelivery[]): void {
    this.#ports.relay.settled().then(() => {
      for (const { target, key, recipients } of deliveries) {
        const present = recipients.filter((id) => this.#keys.isHolder(target, id));
        if (present.length === 0) continue;
        this.#toldKeys.set(target, key);
        this.#ports.sendKey(present, target, key);
        const keyed = this.#keyed.get(target) ?? new Set<SessionId>();
        this.#keyed.set(target, keyed);
        for (const sessionId of present) {
          keyed.add(sessionId);
          this.settleWaiters(target, sessionId, null);
        }
      }
    });
  }
}

function waiterKey(target: Target, sessionId: SessionId): string {
  return `${target} ${sessionId}`;
}
