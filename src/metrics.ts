import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { LiveCounters } from './live/live.service.js';
import { dropReasonNames } from './relay/drop-reason.js';
import type { RelayCounters } from './voice/relay-messages.js';
import type { VoiceDoorCounters } from './voice/voice-door.js';

export interface MetricsSources {
  readonly version: string;
  /** Rejects where the relay is away. */
  readonly relay: () => Promise<RelayCounters>;
  readonly voiceDoor: () => VoiceDoorCounters;
  readonly live: () => LiveCounters & { readonly connections: number };
}

/** The figures of the server in the text format of Prometheus, read at each scrape from those who count. */
export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #sources: MetricsSources;
  readonly #instruments: Instruments;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    this.contentType = this.#registry.contentType;
    collectDefaultMetrics({ register: this.#registry });
    this.#instruments = makeInstruments(this.#registry);
    this.#instruments.build.set({ version: sources.version, node: process.version }, 1);
  }

  async text(): Promise<string> {
    showVoiceDoor(this.#instruments, this.#sources.voiceDoor());
    showLive(this.#instruments, this.#sources.live());
    const relay = await this.#sources.relay().catch(() => undefined);
    this.#instruments.relayUp.set(relay === undefined ? 0 : 1);
    // Without the relay its figures stay as they were: a counter must not fall.
    if (relay !== undefined) showRelay(this.#instruments, relay);
    return this.#registry.metrics();
  }
}

type Instruments = ReturnType<typeof makeInstruments>;

function makeInstruments(registry: Registry) {
  const registers = [registry];
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge<Label>({ name: `parley_${name}`, help, labelNames, registers });
  const counter = <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new RunningTotal(new Counter<Label>({ name: `parley_${name}`, help, labelNames, registers }));
  return {
    build: gauge('build_info', 'The version of Parley and of Node. Always 1.', ['version', 'node']),
    sessions: gauge('sessions', 'Voice clients that have logged in.'),
    waitingSessions: gauge(
      'sessions_waiting',
      'Sessions whose voice client has lost its connection and may come back.',
    ),
    newcomers: gauge('newcomers', 'Connections of voice clients that have not logged in yet.'),
    accepted: counter('connections_accepted_total', 'TCP connections of voice clients, whatever became of them.'),
    failedHandshakes: counter('tls_handshakes_failed_total', 'TLS handshakes of voice clients that failed.'),
    sentOff: counter(
      'newcomers_sent_off_total',
      'Connections closed before their login: late, crowded out, or hasty, from a network with too many handshakes.',
      ['reason'],
    ),
    tunnelDropped: counter(
      'tunnel_dropped_total',
      'Voice packets not sent through a control connection that was not read fast enough.',
    ),
    relayUp: gauge('relay_up', '1 where the voice relay runs.'),
    relaySessions: gauge('relay_sessions', 'Sessions that the relay knows.'),
    relayRoutes: gauge('relay_routes', 'Channels that the relay forwards for.'),
    packetsIn: counter('relay_packets_received_total', 'Packets that came to the relay, whatever became of them.', [
      'path',
    ]),
    bytesIn: counter('relay_received_bytes_total', 'Bytes of the packets that came to the relay.'),
    voiceIn: counter('relay_voice_packets_accepted_total', 'Voice packets that were accepted, each once.'),
    pingsIn: counter('relay_pings_accepted_total', 'Pings that were accepted.'),
    packetsOut: counter('relay_packets_sent_total', 'Copies of voice packets to receivers, and pongs.', ['path']),
    bytesOut: counter('relay_sent_bytes_total', 'Bytes of the packets that were sent.'),
    drops: counter('relay_packets_dropped_total', 'Packets that were dropped, by reason.', ['reason']),
    latency: gauge(
      'relay_routing_latency_seconds',
      'From receiving a voice packet to its last copy, over the last 30 to 60 s.',
      ['quantile'],
    ),
    latencyCount: counter('relay_routing_latency_measured_total', 'Voice packets whose routing latency was measured.'),
    backend: gauge('udp_backend_info', 'How UDP is done. Always 1.', ['backend']),
    receiveBuffer: gauge('udp_receive_buffer_bytes', 'What the system granted for datagrams that wait to be read.'),
    unanswerable: counter('udp_unanswerable_total', 'Datagrams from port 0, which nothing can answer.'),
    congested: counter('udp_congested_total', 'Copies not sent because too many waited.'),
    udpErrors: counter('udp_errors_total', 'Errors that the system told of UDP.'),
    subscriptionConnections: gauge('subscription_connections', 'WebSockets of GraphQL subscriptions.'),
    subscribers: gauge('subscribers', 'Subscriptions that are open.'),
    delivered: counter('subscription_events_delivered_total', 'Events that subscribers were told.'),
    dropped: counter('subscription_events_dropped_total', 'Events that subscribers were too slow for.'),
    lag: gauge(
      'subscription_lag_seconds',
      'From an event to its handing over to the connection of a subscriber, over the last 30 to 60 s.',
      ['quantile'],
    ),
  };
}

function showVoiceDoor(instruments: Instruments, counters: VoiceDoorCounters): void {
  instruments.sessions.set(counters.sessions);
  instruments.waitingSessions.set(counters.waiting);
  instruments.newcomers.set(counters.newcomers);
  instruments.accepted.show(counters.accepted);
  instruments.failedHandshakes.show(counters.failedHandshakes);
  instruments.sentOff.show(counters.sentOff.late, { reason: 'late' });
  instruments.sentOff.show(counters.sentOff.crowded, { reason: 'crowded' });
  instruments.sentOff.show(counters.sentOff.hasty, { reason: 'hasty' });
  instruments.tunnelDropped.show(counters.droppedVoice);
}

function showLive(instruments: Instruments, counters: ReturnType<MetricsSources['live']>): void {
  instruments.subscriptionConnections.set(counters.connections);
  instruments.subscribers.set(counters.readers);
  instruments.delivered.show(counters.delivered);
  instruments.dropped.show(counters.dropped);
  instruments.lag.set({ quantile: '0.5' }, counters.lag.p50Ms / 1000);
  instruments.lag.set({ quantile: '0.99' }, counters.lag.p99Ms / 1000);
  instruments.lag.set({ quantile: '1' }, counters.lag.maxMs / 1000);
}

function showRelay(
  instruments: Instruments,
  { sessions, routes, totals, routingLatency, backend }: RelayCounters,
): void {
  instruments.relaySessions.set(sessions);
  instruments.relayRoutes.set(routes);
  instruments.packetsIn.show(totals.packetsIn - totals.tunneledIn, { path: 'udp' });
  instruments.packetsIn.show(totals.tunneledIn, { path: 'tunnel' });
  instruments.bytesIn.show(totals.bytesIn);
  instruments.voiceIn.show(totals.voiceIn);
  instruments.pingsIn.show(totals.pingsIn);
  instruments.packetsOut.show(totals.packetsOut - totals.tunneledOut, { path: 'udp' });
  instruments.packetsOut.show(totals.tunneledOut, { path: 'tunnel' });
  instruments.bytesOut.show(totals.bytesOut);
  for (const reason of dropReasonNames()) instruments.drops.show(totals.drops[reason], { reason });
  instruments.latency.set({ quantile: '0.5' }, routingLatency.p50Ms / 1000);
  instruments.latency.set({ quantile: '0.95' }, routingLatency.p95Ms / 1000);
  instruments.latency.set({ quantile: '0.99' }, routingLatency.p99Ms / 1000);
  instruments.latency.set({ quantile: '1' }, routingLatency.maxMs / 1000);
  instruments.latencyCount.show(routingLatency.count);
  if (backend === null) return;
  instruments.backend.set({ backend: backend.name }, 1);
  instruments.receiveBuffer.set(backend.receiveBufferBytes);
  instruments.unanswerable.show(backend.unanswerable);
  instruments.congested.show(backend.congested);
  instruments.udpErrors.show(backend.errors);
}

type Labels<Label extends string> = Partial<Record<Label, string>>;

/** A counter whose total somebody else keeps, and begins again at 0 when that one is restarted. */
class RunningTotal<Label extends string> {
  readonly #counter: Counter<Label>;
  readonly #shown = new Map<string, number>();

  constructor(counter: Counter<Label>) {
    this.#counter = counter;
  }

  show(total: number, labels: Labels<Label> = {}): void {
    const key = JSON.stringify(labels);
    const before = this.#shown.get(key) ?? 0;
    this.#counter.inc(labels, total < before ? total : total - before);
    this.#shown.set(key, total);
  }
}
