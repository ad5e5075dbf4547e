import { unreachable } from '../errors.js';
import type { SessionId } from '../ids.js';
import { LatencyHistogram } from '../relay/latency-histogram.js';
import { NO_SLOT, type Outcome, type Source, type UdpSource } from '../relay/outcome.js';
import { Relay } from '../relay/relay.js';
import { CryptoTagKey, type MakeSessionTagKey } from '../relay/session-tag.js';
import type { GcPauseSummary } from './gc-pauses.js';
import { PacketTrace } from './packet-trace.js';
import type { RelayGateway } from './relay-gateway.js';
import { RelayLinks } from './relay-links.js';
import type {
  MessageFromRelayWorker,
  MessageToRelayWorker,
  RelayCounters,
  SessionQuality,
  TunneledDelivery,
} from './relay-messages.js';
import type { UdpBackend, UdpBackendHandler } from './udp-backend.js';

export interface RelayRunnerOptions {
  /** In bits per second, for each session, over whole datagrams. */
  readonly maxBitrate: number;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** A number from 0 to 2^64 - 1 that nobody can guess. */
  readonly randomToken: () => bigint;
  /** Tells the main thread. The message is copied before this returns. */
  readonly post: (message: MessageFromRelayWorker) => void;
  /** The counter of the packets that the relay itself sends begins after this number; 0 where it is left out. */
  readonly firstServerCounter?: number;
  /** What makes and verifies session tags; node:crypto where it is left out. */
  readonly makeTagKey?: MakeSessionTagKey;
  /** The garbage collections of the thread; none are told where it is left out. */
  readonly gcPauses?: () => GcPauseSummary;
  /** True where there are links to other nodes. */
  readonly hasLinks?: boolean;
  /** Runs the task once, after the packets that are at hand. */
  readonly defer: (task: () => void) => void;
}

/** No session has this id. */
const NOBODY = 0 as SessionId;
const NO_GC_PAUSES: GcPauseSummary = { count: 0, totalMs: 0, maxMs: 0 };

/** Does what the relay says: brings packets from the backend and from the main thread to it, and its outcomes back to both. */
export class RelayRunner implements UdpBackendHandler {
  readonly #options: RelayRunnerOptions;
  readonly #relay: Relay;
  readonly #latency = new LatencyHistogram();
  readonly #deliveries: TunneledDelivery[] = [];
  readonly #links: RelayLinks | null;
  #backend: UdpBackend | null = null;
  #gateway: RelayGateway | null = null;
  #receivedAtMs = 0;
  #hasForwarded = false;
  /** Null while packets are not traced, which is all that this costs then. */
  #trace: PacketTrace | null = null;

  constructor(options: RelayRunnerOptions) {
    this.#options = options;
    this.#relay = new Relay(options);
    const { nowMs, firstServerCounter: firstCounter = 0, makeTagKey = (bytes) => new CryptoTagKey(bytes) } = options;
    const onVoice = (packet: Uint8Array) => this.#onLinked(packet);
    this.#links = options.hasLinks === true ? new RelayLinks({ nowMs, firstCounter, makeTagKey, onVoice }) : null;
  }

  /** What takes the datagrams of other nodes, or null where there are none. */
  get links(): RelayLinks | null {
    return this.#links;
  }

  /** Sends by this backend from now on. */
  use(backend: UdpBackend): void {
    this.#backend = backend;
  }

  /** From now on this serves sessions of another door, here in this thread. */
  serveBy(gateway: RelayGateway): void {
    this.#gateway = gateway;
  }

  /** A packet has come through the tunnel of this session. Returns false where the relay drops it. */
  receiveTunneled(sessionId: SessionId, packet: Uint8Array): boolean {
    const source: Source = { kind: 'tunnel', sessionId };
    const outcome = this.#relay.receive(packet, packet.length, source, this.#options.nowMs());
    const isTaken = outcome.dropReason === null;
    this.#trace?.note(packet, packet.length, source, outcome);
    this.#obey(outcome, packet, source);
    return isTaken;
  }

  onBatch(): void {
    this.#receivedAtMs = this.#options.nowMs();
  }

  onPacket(packet: Uint8Array, length: number, source: UdpSource): void {
    const outcome = this.#relay.receive(packet, length, source, this.#receivedAtMs);
    this.#hasForwarded = outcome.forwardBytes > 0;
    this.#trace?.note(packet, length, source, outcome);
    this.#obey(outcome, packet, source);
  }

  onSent(): void {
    const nowMs = this.#options.nowMs();
    if (this.#hasForwarded) this.#latency.record(nowMs - this.#receivedAtMs, nowMs);
  }

  /** The main thread says something. */
  onMessage(message: MessageToRelayWorker): void {
    switch (message.type) {
      case 'update':
        this.#relay.apply(message.update, this.#options.nowMs());
        if (message.update.type === 'add_session' || message.update.type === 'replace_all')
          this.#gateway?.relayUpdated();
        break;
      case 'tunneled':
        for (const { sessionId, packet } of message.packets) this.receiveTunneled(sessionId, packet);
        break;
      case 'gateway':
        for (const each of message.messages) this.#gateway?.onMessage(each);
        break;
      case 'set_links':
        this.#links?.replace(message.links);
        break;
      case 'get_counters':
        this.#options.post({ type: 'counters', requestId: message.requestId, counters: this.counters() });
        break;
      case 'trace_packets':
        this.#trace = message.isOn ? (this.#trace ?? new PacketTrace()) : null;
        break;
      case 'get_organization_traffic':
        this.#options.post({
          type: 'organization_traffic',
          requestId: message.requestId,
          rows: this.#relay.organizationTraffic(),
        });
        break;
      case 'quality_report':
        this.#relay.takeReport(message.sessionId, message.report, this.#options.nowMs());
        break;
      case 'get_qualities':
        this.#options.post({
          type: 'qualities',
          requestId: message.requestId,
          qualities: message.sessionIds.flatMap((sessionId) => this.#qualityOf(sessionId)),
        });
        break;
      case 'get_membership':
        this.#options.post({
          type: 'membership',
          requestId: message.requestId,
          membership: this.#relay.membership(message.targets, message.sessionIds),
        });
        break;
      case 'settle':
        this.#options.post({ type: 'settled', requestId: message.requestId });
        break;
      default:
        unreachable(message);
    }
  }

  /** Tells the main thread who has spoken since the last call, if anybody has. */
  tellActivity(): void {
    const talks = this.#relay.takeActivity();
    if (talks.length > 0) this.#options.post({ type: 'activity', talks });
  }

  /** Tells the main thread what became of packets since the last call, where they are traced. */
  tellPackets(): void {
    const batch = this.#trace?.take() ?? null;
    if (batch !== null) this.#options.post({ type: 'packets', ...batch });
  }

  counters(): RelayCounters {
    const nowMs = this.#options.nowMs();
    return {
      generation: this.#relay.generation,
      sessions: this.#relay.sessionCount,
      routes: this.#relay.routeCount,
      totals: this.#relay.totals(),
      routingLatency: this.#latency.summary(nowMs),
      latencyCounts: this.#latency.counts(nowMs),
      gcPauses: this.#options.gcPauses?.() ?? NO_GC_PAUSES,
      links: this.#links?.counters() ?? null,
      backend: this.#backend?.counters() ?? null,
      sessionTraffic: this.#relay.sessionTraffic(nowMs),
    };
  }

  #qualityOf(sessionId: SessionId): SessionQuality[] {
    const quality = this.#relay.qualityOf(sessionId);
    return quality === null ? [] : [{ sessionId, ...quality }];
  }

  #obey(outcome: Outcome, packet: Uint8Array, source: Source): void {
    const { forwardBytes, udpSlots, exceptSlot, tunnelReceivers, exceptReceiver, linkSlots, reply, provenSlot } =
      outcome;
    if (provenSlot !== NO_SLOT && source.kind === 'udp') {
      this.#backend?.setEndpoint(provenSlot, source.address, source.port);
    }
    if (forwardBytes > 0 && udpSlots.length > 0) {
      this.#backend?.send(packet, 0, forwardBytes, udpSlots, udpSlots.length, exceptSlot);
    }
    if (linkSlots.length > 0) this.#links?.forward(packet, forwardBytes, linkSlots);
    if (tunnelReceivers.length > 0) this.#deliver(tunnelReceivers, exceptReceiver, packet, forwardBytes);
    if (reply === null) return;
    if (source.kind === 'udp') this.#backend?.sendTo(reply, source.address, source.port);
    else this.#deliver([source.sessionId], null, reply, reply.length);
  }

  /** False where nobody hears it here. */
  #onLinked(packet: Uint8Array): boolean {
    const { forwardBytes, udpSlots, tunnelReceivers } = this.#relay.receiveLinked(packet, this.#options.nowMs());
    if (forwardBytes === 0) return false;
    if (udpSlots.length > 0) this.#backend?.send(packet, 0, forwardBytes, udpSlots, udpSlots.length, NO_SLOT);
    if (tunnelReceivers.length > 0) this.#deliver(tunnelReceivers, null, packet, forwardBytes);
    return udpSlots.length + tunnelReceivers.length > 0;
  }

  /** One message carries all that was at hand, so that a tunnel costs the main thread one turn. */
  #deliver(receivers: readonly SessionId[], except: SessionId | null, packet: Uint8Array, bytes: number): void {
    const others = this.#gateway === null ? receivers : this.#gateway.deliver(receivers, except, packet, bytes);
    const sessionIds = others.includes(except ?? NOBODY) ? others.filter((id) => id !== except) : others;
    if (sessionIds.length === 0) return;
    // A copy of its own, because what is posted takes the whole buffer behind it along.
    this.#deliveries.push({ sessionIds, packet: Uint8Array.from(packet.subarray(0, bytes)) });
    if (this.#deliveries.length === 1) this.#options.defer(() => this.#flush());
  }

  #flush(): void {
    this.#options.post({ type: 'tunneled', deliveries: this.#deliveries });
    this.#deliveries.length = 0;
  }
}
