import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import type { LiveCounters } from './live/live.service.js';
import type { MumbleDoorCounters } from './mumble/mumble-door.js';
import { dropReasonNames } from './relay/drop-reason.js';
import { summaryOf } from './relay/latency-histogram.js';
import type { RelayCounters } from './voice/relay-messages.js';
import type { VoiceDoorCounters } from './voice/voice-door.js';

export interface MetricsSources {
  readonly version: string;
  /** Of each worker of the relay, in the same order each time; null of one that is away. */
  readonly relays: () => Promise<readonly (RelayCounters | null)[]>;
  readonly voiceDoor: () => VoiceDoorCounters;
  readonly live: () => LiveCounters & { readonly connections: number };
  /** Metrics that somebody else keeps. */
  readonly others: readonly Metric[];
  /** Null where the door is off. */
  readonly mumbleDoor: () => Promise<MumbleDoorCounters | null>;
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
    for (const metric of sources.others) this.#registry.registerMetric(metric);
    this.#instruments = makeInstruments(this.#registry);
    this.#instruments.build.set({ version: sources.version, node: process.version }, 1);
  }

  async text(): Promise<string> {
    const voiceDoor = this.#sources.voiceDoor();
    showDoor(this.#instruments, 'voice', voiceDoor);
    this.#instruments.waitingSessions.set(voiceDoor.waiting);
    const mumbleDoor = await this.#sources.mumbleDoor();
    if (mumbleDoor !== null) showMumbleDoor(this.#instruments, mumbleDoor);
    showLive(this.#instruments, this.#sources.live());
    showRelays(this.#instruments, await this.#sources.relays());
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
    sessions: gauge('sessions', 'Voice clients that have logged in, by door.', ['door']),
    waitingSessions: gauge(
      'sessions_waiting',
      'Sessions whose voice client has lost its connection and may come back.',
    ),
    newcomers: gauge('newcomers', 'Connections of voice clients that have not logged in yet, by door.', ['door']),
    accepted: counter('connections_accepted_total', 'TCP connections of voice clients, whatever became of them.', [
      'door',
    ]),
    failedHandshakes: counter('tls_handshakes_failed_total', 'TLS handshakes of voice clients that failed.', ['door']),
    sentOff: counter(
      'newcomers_sent_off_total',
      'Connections closed before their login: late, crowded out, or hasty, from a network with too many handshakes.',
      ['door', 'reason'],
    ),
    tunnelDropped: counter(
      'tunnel_dropped_total',
      'Voice packets not sent through a control connection that was not read fast enough.',
      ['door'],
    ),
    mumbleReceived: counter('mumble_datagrams_received_total', "Datagrams that came to the port of Mumble's clients."),
    mumbleSent: counter('mumble_datagrams_sent_total', "Datagrams that were sent to Mumble's clients."),
    mumbleRefused: counter(
      'mumble_datagrams_refused_total',
      'Datagrams that no client had sealed, or that had come before.',
    ),
    mumbleTrials: counter(
      'mumble_key_trials_total',
      'Keys that were tried to find out whose a datagram was that came from an unknown address.',
    ),
    relayUp: gauge('relay_up', '1 where all workers of the voice relay run.'),
    relayWorkers: gauge('relay_workers', 'Workers of the voice relay that run.'),
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
    gcPauses: counter('relay_gc_pauses_total', "Garbage collections of the relays' threads."),
    gcPauseSeconds: counter('relay_gc_pause_seconds_total', "How long they have stopped the relays' threads, in all."),
    longestGcPause: gauge('relay_gc_pause_longest_seconds', 'The longest of them since those threads began.'),
    backend: gauge('udp_backend_info', 'How UDP is done. Always 1.', ['backend']),
    receiveBuffer: gauge(
      'udp_receive_buffer_bytes',
      'What the system granted for datagrams that wait to be read, the least of all workers.',
    ),
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

type DoorCounters = Omit<VoiceDoorCounters, 'waiting'>;

function showDoor(instruments: Instruments, door: 'voice' | 'mumble', counters: DoorCounters): void {
  instruments.sessions.set({ door }, counters.sessions);
  instruments.newcomers.set({ door }, counters.newcomers);
  instruments.accepted.show(counters.accepted, { door });
  instruments.failedHandshakes.show(counters.failedHandshakes, { door });
  instruments.sentOff.show(counters.sentOff.late, { door, reason: 'late' });
  instruments.sentOff.show(counters.sentOff.crowded, { door, reason: 'crowded' });
  instruments.sentOff.show(counters.sentOff.hasty, { door, reason: 'hasty' });
  instruments.tunnelDropped.show(counters.droppedVoice, { door });
}

function showMumbleDoor(instruments: Instruments, counters: MumbleDoorCounters): void {
  showDoor(instruments, 'mumble', counters);
  instruments.mumbleReceived.show(counters.udp.received);
  instruments.mumbleSent.show(counters.udp.sent);
  instruments.mumbleRefused.show(counters.udp.refused);
  instruments.mumbleTrials.show(counters.udp.trials);
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

function showRelays(instruments: Instruments, relays: readonly (RelayCounters | null)[]): void {
  const running = relays.filter((relay) => relay !== null);
  instruments.relayUp.set(running.length === relays.length ? 1 : 0);
  instruments.relayWorkers.set(running.length);
  // Of a worker that is away the figures stay as they were: a counter must not fall.
  for (const [worker, relay] of relays.entries()) if (relay !== null) showTotals(instruments, relay, worker);
  if (running.length === 0) return;
  instruments.relaySessions.set(sumOf(running, ({ sessions }) => sessions));
  instruments.relayRoutes.set(sumOf(running, ({ routes }) => routes));
  const latency = summaryOf(running.map(({ latencyCounts }) => latencyCounts));
  instruments.latency.set({ quantile: '0.5' }, latency.p50Ms / 1000);
  instruments.latency.set({ quantile: '0.95' }, latency.p95Ms / 1000);
  instruments.latency.set({ quantile: '0.99' }, latency.p99Ms / 1000);
  instruments.latency.set({ quantile: '1' }, latency.maxMs / 1000);
  instruments.longestGcPause.set(Math.max(...running.map(({ gcPauses }) => gcPauses.maxMs)) / 1000);
  const buffers = running.flatMap(({ backend }) => (backend === null ? [] : [backend.receiveBufferBytes]));
  if (buffers.length > 0) instruments.receiveBuffer.set(Math.min(...buffers));
}

function showTotals(
  instruments: Instruments,
  { totals, routingLatency, gcPauses, backend }: RelayCounters,
  worker: number,
): void {
  instruments.packetsIn.show(totals.packetsIn - totals.tunneledIn, { path: 'udp' }, worker);
  instruments.packetsIn.show(totals.tunneledIn, { path: 'tunnel' }, worker);
  instruments.bytesIn.show(totals.bytesIn, {}, worker);
  instruments.voiceIn.show(totals.voiceIn, {}, worker);
  instruments.pingsIn.show(totals.pingsIn, {}, worker);
  instruments.packetsOut.show(totals.packetsOut - totals.tunneledOut, { path: 'udp' }, worker);
  instruments.packetsOut.show(totals.tunneledOut, { path: 'tunnel' }, worker);
  instruments.bytesOut.show(totals.bytesOut, {}, worker);
  for (const reason of dropReasonNames()) instruments.drops.show(totals.drops[reason], { reason }, worker);
  instruments.latencyCount.show(routingLatency.count, {}, worker);
  instruments.gcPauses.show(gcPauses.count, {}, worker);
  instruments.gcPauseSeconds.show(gcPauses.totalMs / 1000, {}, worker);
  if (backend === null) return;
  instruments.backend.set({ backend: backend.name }, 1);
  instruments.unanswerable.show(backend.unanswerable, {}, worker);
  instruments.congested.show(backend.congested, {}, worker);
  instruments.udpErrors.show(backend.errors, {}, worker);
}

function sumOf<Item>(items: readonly Item[], numberOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + numberOf(item), 0);
}

type Labels<Label extends string> = Partial<Record<Label, string>>;

/** A counter whose total others keep, each a part of it, who begin again at 0 when they are restarted. */
class RunningTotal<Label extends string> {
  readonly #counter: Counter<Label>;
  readonly #shown = new Map<string, number>();

  constructor(counter: Counter<Label>) {
    this.#counter = counter;
  }

  /** `part` is the number of the one who tells its total. */
  show(total: number, labels: Labels<Label> = {}, part = 0): void {
    const key = JSON.stringify([part, labels]);
    const before = this.#shown.get(key) ?? 0;
    this.#counter.inc(labels, total < before ? total : total - before);
    this.#shown.set(key, total);
  }
}
