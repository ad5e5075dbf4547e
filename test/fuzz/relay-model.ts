/** The relay as docs/NETWORK_PROTOCOL.md describes it, in the plainest way: everything is worked out anew for each packet. */
import type { DropReasonName } from '../../src/relay/drop-reason.js';

const WINDOW = 1024;
const FORMER_EPOCH_MS = 2000;
const UNASKED_PONG_MS = 100;
const PINGS_PER_SECOND = 20;
const PACKETS_PER_SECOND = 250;
const LONGEST_PACKET_BITS = 8 * 1200;
const TAG_BYTES = 12;
const PONG_BYTES = 44;

/** Where a packet came from: a UDP address, or a session's control connection. */
export type ModelSource = { readonly address: string } | { readonly tunnelOf: number };

/** A packet whose length and kind are right. */
export interface ModelPacket {
  readonly kind: 'voice' | 'ping';
  readonly session: number;
  readonly counter: number;
  readonly target: number;
  readonly epochByte: number;
  /** Of a ping. */
  readonly pathToken: bigint;
  readonly bytes: number;
  /** Which key sealed it, or null where its bytes were changed afterwards. */
  readonly key: string | null;
}

/** What is to happen because of a packet. */
export interface Expectation {
  readonly dropReason: DropReasonName | null;
  /** The addresses and the sessions whose tunnel the voice goes to. */
  readonly heardAt: readonly string[];
  readonly heardByTunnelOf: readonly number[];
  /** The pong that goes back, or null. */
  readonly pong: { readonly counter: number; readonly pathToken: bigint; readonly isAsked: boolean } | null;
}

export interface ModelRoute {
  readonly target: number;
  readonly epoch: number;
  readonly listeners: readonly number[];
  readonly speakers: readonly number[];
}

export interface ModelSession {
  readonly session: number;
  readonly key: string;
}

interface KnownRoute extends ModelRoute {
  readonly former: { readonly epoch: number; readonly untilMs: number } | null;
}

interface Endpoint {
  readonly address: string;
  readonly token: bigint;
}

class KnownSession {
  readonly key: string;
  readonly seen = new Set([0]);
  readonly pings: Bucket;
  readonly packets: Bucket;
  readonly bits: Bucket;
  highest = 0;
  path: 'none' | 'udp' | 'tunnel' = 'none';
  proven: Endpoint | null = null;
  pending: Endpoint | null = null;
  pongAtMs = -Infinity;
  serverCounter: number;
  traffic = { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 };

  constructor(key: string, firstServerCounter: number, maxBitrate: number, nowMs: number) {
    this.key = key;
    this.serverCounter = firstServerCounter;
    this.pings = new Bucket(PINGS_PER_SECOND, PINGS_PER_SECOND, nowMs);
    this.packets = new Bucket(PACKETS_PER_SECOND, PACKETS_PER_SECOND, nowMs);
    this.bits = new Bucket(maxBitrate, Math.max(maxBitrate, LONGEST_PACKET_BITS), nowMs);
  }
}

/** Counts in thousandths, so that whole milliseconds add up without a rounding. */
class Bucket {
  #level: number;
  #atMs: number;

  constructor(
    readonly perSecond: number,
    readonly capacity: number,
    nowMs: number,
  ) {
    this.#level = 1000 * capacity;
    this.#atMs = nowMs;
  }

  has(amount: number, nowMs: number): boolean {
    this.#level = Math.min(1000 * this.capacity, this.#level + (nowMs - this.#atMs) * this.perSecond);
    this.#atMs = nowMs;
    return this.#level >= 1000 * amount;
  }

  take(amount: number): void {
    this.#level -= 1000 * amount;
  }
}

export interface RelayModelOptions {
  readonly maxBitrate: number;
  readonly firstServerCounter: number;
  /** The same tokens in the same order as the relay gets. */
  readonly randomToken: () => bigint;
}

export class RelayModel {
  readonly #options: RelayModelOptions;
  readonly #sessions = new Map<number, KnownSession>();
  readonly #routes = new Map<number, KnownRoute>();
  #generation = 0;

  constructor(options: RelayModelOptions) {
    this.#options = options;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get routeCount(): number {
    return this.#routes.size;
  }

  /** What each session sent and was sent, in the order of their ids. */
  traffic() {
    return [...this.#sessions]
      .toSorted(([left], [right]) => left - right)
      .map(([session, { path, traffic }]) => ({ session, path, ...traffic }));
  }

  addSession({ session, key }: ModelSession, nowMs: number): void {
    if (this.#sessions.get(session)?.key === key) return;
    const { firstServerCounter, maxBitrate } = this.#options;
    this.#sessions.set(session, new KnownSession(key, firstServerCounter, maxBitrate, nowMs));
  }

  removeSession(session: number): void {
    this.#sessions.delete(session);
  }

  setRoute(route: ModelRoute, nowMs: number): void {
    const known = this.#routes.get(route.target);
    const former =
      known === undefined || known.epoch === route.epoch
        ? (known?.former ?? null)
        : { epoch: known.epoch, untilMs: nowMs + FORMER_EPOCH_MS };
    this.#routes.set(route.target, { ...route, former });
  }

  removeRoute(target: number): void {
    this.#routes.delete(target);
  }

  replaceAll(
    generation: number,
    sessions: readonly ModelSession[],
    routes: readonly ModelRoute[],
    nowMs: number,
  ): void {
    if (generation < this.#generation) return;
    this.#generation = generation;
    for (const id of this.#sessions.keys()) if (!sessions.some(({ session }) => session === id)) this.removeSession(id);
    for (const session of sessions) this.addSession(session, nowMs);
    for (const id of this.#routes.keys()) if (!routes.some(({ target }) => target === id)) this.removeRoute(id);
    for (const route of routes) this.setRoute(route, nowMs);
  }

  receive(packet: ModelPacket, source: ModelSource, nowMs: number): Expectation {
    const session = this.#sessions.get(packet.session);
    if (session === undefined) return dropped('unknown_session');
    if ('tunnelOf' in source && source.tunnelOf !== packet.session) return dropped('foreign_tunnel');
    if (packet.counter <= session.highest - WINDOW) return dropped('too_old');
    if (session.seen.has(packet.counter)) return dropped('replayed');
    if (packet.key !== session.key) return dropped('bad_session_tag');

    session.seen.add(packet.counter);
    session.traffic.packetsIn++;
    session.traffic.bytesIn += packet.bytes;
    if (packet.counter > session.highest) {
      session.highest = packet.counter;
      this.#notePath(session, source);
    }
    return packet.kind === 'ping'
      ? this.#ping(session, packet, source, nowMs)
      : this.#voice(session, packet, source, nowMs);
  }

  #notePath(session: KnownSession, source: ModelSource): void {
    if ('tunnelOf' in source) {
      if (session.path === 'tunnel') return;
      session.path = 'tunnel';
      session.proven = null;
      session.pending = null;
      session.pongAtMs = -Infinity;
    } else if (session.proven?.address !== source.address && session.pending?.address !== source.address) {
      session.pending = { address: source.address, token: this.#options.randomToken() };
    }
  }

  #ping(session: KnownSession, { pathToken }: ModelPacket, source: ModelSource, nowMs: number): Expectation {
    const { pending } = session;
    if ('address' in source && pending?.address === source.address && pending.token === pathToken) {
      session.proven = pending;
      session.path = 'udp';
      session.pending = null;
      session.pongAtMs = -Infinity;
    }
    if (!session.pings.has(1, nowMs)) return dropped('over_ping_rate');
    session.pings.take(1);
    return { ...dropped(null), pong: this.#pong(session, source, true, nowMs) };
  }

  #voice(session: KnownSession, packet: ModelPacket, source: ModelSource, nowMs: number): Expectation {
    const isDue =
      'address' in source && session.pending?.address === source.address && nowMs - session.pongAtMs >= UNASKED_PONG_MS;
    const pong = isDue ? this.#pong(session, source, false, nowMs) : null;
    const dropReason = this.#refusalOfVoice(session, packet, nowMs);
    if (dropReason !== null) return { ...dropped(dropReason), pong };
    const heardAt: string[] = [];
    const heardByTunnelOf: number[] = [];
    for (const id of this.#routes.get(packet.target)?.listeners ?? []) {
      const listener = this.#sessions.get(id);
      if (listener === undefined || listener === session || listener.path === 'none') continue;
      if (listener.path === 'tunnel') heardByTunnelOf.push(id);
      else heardAt.push(listener.proven?.address ?? 'nowhere');
      listener.traffic.packetsOut++;
      listener.traffic.bytesOut += packet.bytes - TAG_BYTES;
    }
    return { dropReason, heardAt, heardByTunnelOf, pong };
  }

  #refusalOfVoice(session: KnownSession, packet: ModelPacket, nowMs: number): DropReasonName | null {
    const route = this.#routes.get(packet.target);
    if (route === undefined) return 'unknown_target';
    if (!route.speakers.includes(packet.session)) return 'not_a_speaker';
    const { former } = route;
    const isFormer = former !== null && former.epoch % 256 === packet.epochByte && nowMs < former.untilMs;
    if (route.epoch % 256 !== packet.epochByte && !isFormer) return 'wrong_epoch';
    if (!session.packets.has(1, nowMs)) return 'over_packet_rate';
    if (!session.bits.has(8 * packet.bytes, nowMs)) return 'over_bitrate';
    session.packets.take(1);
    session.bits.take(8 * packet.bytes);
    return null;
  }

  #pong(session: KnownSession, source: ModelSource, isAsked: boolean, nowMs: number): Expectation['pong'] {
    session.serverCounter++;
    session.traffic.packetsOut++;
    session.traffic.bytesOut += PONG_BYTES;
    let pathToken = 0n;
    if ('address' in source && session.pending?.address === source.address) {
      pathToken = session.pending.token;
      session.pongAtMs = nowMs;
    } else if ('address' in source && session.proven?.address === source.address) {
      pathToken = session.proven.token;
    }
    return { counter: session.serverCounter, pathToken, isAsked };
  }
}

function dropped(dropReason: DropReasonName | null): Expectation {
  return { dropReason, heardAt: [], heardByTunnelOf: [], pong: null };
}
