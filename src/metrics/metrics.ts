import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { PoolState } from '../database/pool-connections.js';
import type { HealthReport } from '../health/health.js';
import type { LiveCounters } from '../live/live.service.js';
import type { MumbleDoorCounters } from '../mumble/mumble-door.js';
import { dropReasonNames } from '../relay/drop-reason.js';
import { summaryOf } from '../relay/latency-histogram.js';
import type { RelayCounters } from '../voice/relay-messages.js';
import type { VoiceDoorCounters } from '../voice/voice-door.js';
import { type Instruments, makeInstruments } from './instruments.js';
import { type OrganizationFiguresSource, OrganizationSeries } from './organization-series.js';

/** How often the event loop is woken to see how late it is, in milliseconds: by default that is 100 times a second, which is most of what an idle server does. */
const EVENT_LOOP_PRECISION_MS = 50;

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
  /** How many voice clients are let in at a time. */
  readonly maxSessions: number;
  /** Connections to the API that are open, with those of subscribers. */
  readonly apiConnections: () => Promise<number>;
  readonly health: () => Promise<HealthReport>;
  readonly databasePool: () => PoolState;
  /** Null without Redis. */
  readonly redisReconnects: () => number | null;
  readonly organizations: {
    readonly figures: OrganizationFiguresSource;
    /** How many have series of their own. */
    readonly max: number;
  };
}

/** The figures of the server in the text format of Prometheus, read at each scrape from those who count. */
export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #sources: MetricsSources;
  readonly #instruments: Instruments;
  readonly #organizations: OrganizationSeries;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    this.contentType = this.#registry.contentType;
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
    for (const metric of sources.others) this.#registry.registerMetric(metric);
    this.#instruments = makeInstruments(this.#registry);
    this.#instruments.sessionsLimit.set(sources.maxSessions);
    const { figures, max } = sources.organizations;
    this.#organizations = new OrganizationSeries(this.#registry, figures, max);
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
    this.#instruments.connections.set({ door: 'api' }, await this.#sources.apiConnections());
    await this.#showDependencies();
    await this.#organizations.show();
    return this.#registry.metrics();
  }

  async #showDependencies(): Promise<void> {
    const { health, databasePool, redisReconnects } = this.#sources;
    const { checks } = await health();
    for (const [dependency, state] of Object.entries(checks)) {
      this.#instruments.dependencyUp.set({ dependency }, state === 'up' ? 1 : 0);
    }
    const pool = databasePool();
    this.#instruments.databaseConnections.set({ state: 'used' }, pool.used);
    this.#instruments.databaseConnections.set({ state: 'idle' }, pool.idle);
    this.#instruments.databaseConnections.set({ state: 'waiting' }, pool.waiting);
    const reconnects = redisReconnects();
    if (reconnects !== null) this.#instruments.redisReconnects.show(reconnects);
  }
}

type DoorCounters = Omit<VoiceDoorCounters, 'waiting'>;

function showDoor(instruments: Instruments, door: 'voice' | 'mumble', counters: DoorCounters): void {
  instruments.sessions.set({ door }, counters.sessions);
  instruments.newcomers.set({ door }, counters.newcomers);
  instruments.connections.set({ door }, counters.newcomers + counters.sessions);
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
  instruments.lag.show(counters.lag);
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
