import { unreachable } from '../errors.js';
import type { SessionId } from '../ids.js';
import { DropReason } from './drop-reason.js';
import { clearOutcome, emptyOutcome, NO_SLOT, type Outcome, type Source } from './outcome.js';
import {
  MIN_VOICE_BYTES,
  makeUntaggedPong,
  type PacketHeader,
  PacketKind,
  pathTokenOf,
  readHeader,
  refusalOfShape,
  SESSION_TAG_BYTES,
  sentAtMsOf,
} from './packet.js';
import { NO_PATH_TOKEN } from './path.js';
import type { RelayMembership } from './relay-membership.js';
import type { RelayUpdate, SessionUpdate } from './relay-update.js';
import type { Route } from './route.js';
import { RouteTable } from './route-table.js';
import type { Session } from './session.js';
import type { QualityReport, SessionQualitySummary } from './session-quality.js';
import { SessionTable } from './session-table.js';
import type { MakeSessionTagKey } from './session-tag.js';
import { type RelayTotals, type SessionTraffic, TrafficCounters } from './traffic.js';
import { VoiceActivity } from './voice-activity.js';

/** What is forwarded has no session tag. */
const MIN_FORWARDED_BYTES = MIN_VOICE_BYTES - SESSION_TAG_BYTES;

export interface RelayOptions {
  /** What a session may send by voice, in bits per second, over whole datagrams. */
  readonly maxBitrate: number;
  /** A number from 0 to 2^64 - 1 that nobody can guess. */
  readonly randomToken: () => bigint;
  /**
   * The counter of the packets that the server itself sends begins after this number, for each session; 0 where it is
   * left out. A relay that comes after another with the same sessions must not repeat its nonces.
   */
  readonly firstServerCounter?: number;
  /** What makes and verifies session tags; node:crypto where it is left out. */
  readonly makeTagKey?: MakeSessionTagKey;
}

/**
 * The voice relay: says of each packet who gets it, or why nobody does. It decides nothing about rights; it remembers
 * what {@link apply} told it. No input from the network makes it throw.
 *
 * Times are those of one monotonic clock, in milliseconds.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #sessions: SessionTable;
  readonly #routes: RouteTable;
  readonly #traffic = new TrafficCounters();
  readonly #activity = new VoiceActivity();
  readonly #header: PacketHeader = { kind: 0, epoch: 0, target: 0, session: 0, counter: 0 };
  readonly #outcome: Outcome = emptyOutcome();
  #generation = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#sessions = new SessionTable(options);
    this.#routes = new RouteTable(this.#sessions);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get routeCount(): number {
    return this.#routes.size;
  }

  /** The generation of the last `replace_all` that was applied, 0 before the first. */
  get generation(): number {
    return this.#generation;
  }

  /** Which of these sessions and targets the relay knows, and who hears and speaks there: to be compared with what it was told. */
  membership(targets: readonly number[], sessionIds: readonly SessionId[]): RelayMembership {
    const routes = targets.flatMap((target) => {
      const route = this.#routes.find(target);
      return route === undefined ? [] : [{ target, listeners: [...route.listeners], speakers: [...route.speakers] }];
    });
    return { routes, sessionIds: sessionIds.filter((id) => this.#sessions.find(id) !== undefined) };
  }

  /** What passed through since the relay began. */
  totals(): RelayTotals {
    return this.#traffic.snapshot();
  }

  /** What passed through for each organization: read it by `organizationTotals`. */
  organizationTraffic(): Float64Array {
    return this.#sessions.organizations.snapshot();
  }

  /** What each known session sent and was sent. */
  sessionTraffic(nowMs: number): SessionTraffic[] {
    return Array.from(this.#sessions.all(), (session) => ({
      sessionId: session.id,
      path: session.path.kind,
      packetsIn: session.packetsIn,
      bytesIn: session.bytesIn,
      packetsOut: this.#sessions.packetsOut(session.slot),
      bytesOut: this.#sessions.bytesOut(session.slot),
      lastPacketAgoMs: session.lastPacketAtMs === null ? null : nowMs - session.lastPacketAtMs,
      lastVoiceAgoMs: session.lastVoiceAtMs === null ? null : nowMs - session.lastVoiceAtMs,
    }));
  }

  /** Who has spoken since this was last asked: session and channel of each talk, one after the other, some more than once. */
  takeActivity(): Uint32Array {
    return this.#activity.take();
  }

  /** Takes what the client of a session says that it has received. Of a session that is not known, nothing. */
  takeReport(id: SessionId, report: QualityReport, nowMs: number): void {
    this.#sessions.find(id)?.quality.takeReport(report, nowMs);
  }

  /** How voice goes from and to a session; null where it is not known, or has sent nothing yet. */
  qualityOf(id: SessionId): SessionQualitySummary | null {
    return this.#sessions.find(id)?.quality.summary() ?? null;
  }

  /** Takes what the control plane says. Throws RangeError on a key that has not 16 bytes. */
  apply(update: RelayUpdate, nowMs: number): void {
    switch (update.type) {
      case 'add_session':
        this.#addSession(update, nowMs);
        break;
      case 'remove_session':
        this.#removeSession(update.sessionId);
        break;
      case 'set_route':
        this.#routes.set(update, nowMs);
        break;
      case 'remove_route':
        this.#routes.remove(update.target);
        break;
      case 'forget_organization':
        this.#sessions.organizations.forget(update.organizationId);
        break;
      case 'replace_all':
        this.#replaceAll(update, nowMs);
        break;
      default:
        unreachable(update);
    }
  }

  /**
   * Judges the first `length` bytes of `packet`, which are not changed. The outcome is the same object each time.
   * A source of kind `tunnel` is believed to be that session's control connection; its packets must verify all the same.
   */
  receive(packet: Uint8Array, length: number, source: Source, nowMs: number): Outcome {
    clearOutcome(this.#outcome);
    this.#traffic.packetsIn += 1;
    this.#traffic.bytesIn += length;
    if (source.kind === 'tunnel') this.#traffic.tunneledIn += 1;
    const refusal = this.#judge(packet, length, source, nowMs);
    if (refusal !== null) this.#traffic.drops.add(refusal);
    this.#outcome.dropReason = refusal;
    return this.#outcome;
  }

  /**
   * Takes a voice packet that another node has judged, and forwarded as it would to a receiver: what is to be done with
   * it here, which is nothing where nobody hears it, or its key is none of now.
   */
  receiveLinked(packet: Uint8Array, nowMs: number): Outcome {
    const outcome = this.#outcome;
    clearOutcome(outcome);
    const header = this.#header;
    readHeader(packet, header);
    const route = this.#routes.find(header.target);
    const isWhole = header.kind === PacketKind.voice && packet.length >= MIN_FORWARDED_BYTES;
    if (!isWhole || route?.acceptsEpoch(header.epoch, nowMs) !== true) return outcome;
    outcome.forwardBytes = packet.length;
    outcome.udpSlots = route.udpSlots;
    outcome.tunnelReceivers = route.tunnelIds;
    this.#countOut(route.udpSlots, NO_SLOT, packet.length);
    this.#traffic.tunneledOut += this.#countOut(route.tunnelSlots, NO_SLOT, packet.length);
    return outcome;
  }

  /** The order of these checks is part of the protocol: each packet has exactly one reason. */
  #judge(packet: Uint8Array, length: number, source: Source, nowMs: number): DropReason | null {
    const misshapen = refusalOfShape(packet, length);
    if (misshapen !== null) return misshapen;
    const header = this.#header;
    readHeader(packet, header);
    const session = this.#sessions.find(header.session);
    if (session === undefined) return DropReason.unknown_session;
    if (source.kind === 'tunnel' && source.sessionId !== session.id) return DropReason.foreign_tunnel;
    const verdict = session.window.check(header.counter);
    if (verdict !== 'fresh') return DropReason[verdict];
    if (!session.clientKey.verify(packet, length)) return DropReason.bad_session_tag;

    const isNewest = header.counter > session.window.highest;
    session.window.commit(header.counter);
    session.quality.packetReceived(header.counter);
    session.packetsIn += 1;
    session.bytesIn += length;
    this.#sessions.organizations.countIn(session.organizationIndex, length);
    session.lastPacketAtMs = nowMs;
    if (isNewest) this.#notePath(session, source);
    const refusal =
      header.kind === PacketKind.ping
        ? this.#answerPing(session, packet, source, nowMs)
        : this.#forward(session, length, source, nowMs);
    if (refusal !== null) this.#sessions.organizations.countDrop(session.organizationIndex);
    return refusal;
  }

  /** Only the newest packet tells where a session is: one that comes late tells where it was. */
  #notePath(session: Session, source: Source): void {
    if (source.kind === 'udp') session.path.heardFrom(source.address, source.port, this.#options.randomToken);
    else if (session.path.heardByTunnel()) this.#routes.refreshListener(session.id);
  }

  #answerPing(session: Session, ping: Uint8Array, source: Source, nowMs: number): DropReason | null {
    if (source.kind === 'udp' && session.path.prove(source.address, source.port, pathTokenOf(ping))) {
      this.#outcome.provenSlot = session.slot;
      this.#routes.refreshListener(session.id);
    }
    if (!session.pingRate.has(1, nowMs)) return DropReason.over_ping_rate;
    session.pingRate.take(1);
    this.#traffic.pingsIn += 1;
    session.quality.pingReceived(sentAtMsOf(ping), source.kind === 'tunnel', nowMs);
    this.#reply(session, ping, source, nowMs);
    return null;
  }

  #forward(session: Session, length: number, source: Source, nowMs: number): DropReason | null {
    if (source.kind === 'udp' && session.path.owesPong(source.address, source.port, nowMs)) {
      this.#reply(session, null, source, nowMs);
    }
    const { target, epoch } = this.#header;
    const route = this.#routes.find(target);
    if (route === undefined) return DropReason.unknown_target;
    if (!route.maySpeak(session.id)) return DropReason.not_a_speaker;
    if (!route.acceptsEpoch(epoch, nowMs)) return DropReason.wrong_epoch;
    const excess = session.voiceRate.take(8 * length, nowMs);
    if (excess !== null) return excess;

    session.lastVoiceAtMs = nowMs;
    this.#traffic.voiceIn += 1;
    this.#activity.note(session, target);
    this.#fanOut(session, route, length - SESSION_TAG_BYTES);
    return null;
  }

  #fanOut(sender: Session, route: Route, bytes: number): void {
    const outcome = this.#outcome;
    outcome.forwardBytes = bytes;
    outcome.udpSlots = route.udpSlots;
    outcome.exceptSlot = sender.slot;
    outcome.linkSlots = route.linkSlots;
    outcome.tunnelReceivers = route.tunnelIds;
    outcome.exceptReceiver = sender.id;
    const tunneled = this.#countOut(route.tunnelSlots, sender.slot, bytes);
    this.#traffic.tunneledOut += tunneled;
    const copies = tunneled + this.#countOut(route.udpSlots, sender.slot, bytes);
    this.#sessions.organizations.countOut(sender.organizationIndex, copies, bytes);
  }

  /** Returns how many copies there are. */
  #countOut(slots: Uint32Array, exceptSlot: number, bytes: number): number {
    let copies = 0;
    for (const slot of slots) {
      if (slot === exceptSlot) continue;
      copies += 1;
      this.#sessions.countOut(slot, bytes);
      this.#traffic.packetsOut += 1;
      this.#traffic.bytesOut += bytes;
    }
    return copies;
  }

  /** A pong in the tunnel carries no token: one that could be had without UDP would prove nothing about it. */
  #reply(session: Session, ping: Uint8Array | null, source: Source, nowMs: number): void {
    session.serverCounter += 1;
    const pong = makeUntaggedPong({
      session: session.id,
      counter: session.serverCounter,
      ping,
      pathToken: source.kind === 'udp' ? session.path.tokenFor(source.address, source.port) : NO_PATH_TOKEN,
    });
    session.serverKey.write(pong);
    this.#outcome.reply = pong;
    if (source.kind === 'udp') session.path.pongSent(source.address, source.port, nowMs);
    else this.#traffic.tunneledOut += 1;
    this.#sessions.countOut(session.slot, pong.length);
    this.#sessions.organizations.countOut(session.organizationIndex, 1, pong.length);
    this.#traffic.packetsOut += 1;
    this.#traffic.bytesOut += pong.length;
    session.quality.pongSent(session.serverCounter, this.#sessions.packetsOut(session.slot), nowMs);
  }

  #addSession(update: SessionUpdate, nowMs: number): void {
    if (this.#sessions.find(update.sessionId)?.isToldBy(update)) return;
    this.#removeSession(update.sessionId);
    this.#sessions.add(update, nowMs);
  }

  #removeSession(id: SessionId): void {
    const session = this.#sessions.find(id);
    if (session === undefined) return;
    this.#sessions.remove(session);
    this.#routes.refreshListener(id);
  }

  #replaceAll(update: Extract<RelayUpdate, { type: 'replace_all' }>, nowMs: number): void {
    if (update.generation < this.#generation) return;
    this.#generation = update.generation;
    const sessionIds = new Set(update.sessions.map(({ sessionId }) => sessionId));
    for (const { id } of [...this.#sessions.all()]) if (!sessionIds.has(id)) this.#removeSession(id);
    for (const session of update.sessions) this.#addSession(session, nowMs);
    const targets = new Set(update.routes.map(({ target }) => target));
    for (const target of this.#routes.targets()) if (!targets.has(target)) this.#routes.remove(target);
    for (const route of update.routes) this.#routes.set(route, nowMs);
  }
}
