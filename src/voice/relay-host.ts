import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { AppError, unreachable } from '../errors.js';
import { type ChannelId, channelId, type SessionId, sessionId } from '../ids.js';
import type { MessageFromGateway, MessageToGateway } from '../mumble/gateway-messages.js';
import type { LinkUpdate } from '../relay/link.js';
import { type OrganizationTotals, organizationTotals } from '../relay/organization-traffic.js';
import type { RelayMembership } from '../relay/relay-membership.js';
import type { RelayUpdate } from '../relay/relay-update.js';
import type { QualityReport } from '../relay/session-quality.js';
import type { VoiceQualitySource } from '../sessions/voice-quality.js';
import { cannotBind } from './bind-error.js';
import type { PacketTraceBatch } from './packet-trace.js';
import { PendingAnswers } from './pending-answers.js';
import type {
  MessageFromRelayWorker,
  MessageToRelayWorker,
  RelayCounters,
  RelayWorkerOptions,
  SessionQuality,
  TunneledPacket,
} from './relay-messages.js';
import { NATIVE_BACKEND_MISSING, type UdpBackendOptions } from './udp-backend.js';

export interface RelayHostOptions extends Omit<RelayWorkerOptions, 'firstServerCounter'> {
  readonly logger: Logger;
  /** The compiled worker script. */
  readonly workerPath?: string;
}

/** How far apart the counters of two relays begin that serve the same sessions one after the other. */
const COUNTERS_PER_WORKER = 2 ** 32;

type TunneledListener = (sessionId: SessionId, packet: Uint8Array) => void;
type LostListener = (reason: Error) => void;
type RestartListener = () => void;
type GatewayListener = (message: MessageFromGateway) => void;
type ActivityListener = (sessionId: SessionId, channelId: ChannelId) => void;

/** The main thread's handle on the relay, which runs in a worker thread so that nothing here makes voice wait. */
export class RelayHost implements VoiceQualitySource {
  readonly #options: RelayHostOptions;
  readonly #tunneledListeners: TunneledListener[] = [];
  readonly #lostListeners: LostListener[] = [];
  readonly #restartListeners: RestartListener[] = [];
  readonly #gatewayListeners: GatewayListener[] = [];
  readonly #activityListeners: ActivityListener[] = [];
  readonly #counters = new PendingAnswers<RelayCounters>();
  readonly #organizationTraffic = new PendingAnswers<readonly OrganizationTotals[]>();
  readonly #qualities = new PendingAnswers<readonly SessionQuality[]>();
  readonly #memberships = new PendingAnswers<RelayMembership>();
  readonly #settlements = new PendingAnswers<void>();
  #worker: Worker | null = null;
  #links: readonly LinkUpdate[] = [];
  #tunneled: TunneledPacket[] = [];
  #toGateway: MessageToGateway[] = [];
  #voicePort: number;
  #lastRequestId = 0;
  #workerCount = 0;
  #tracesPackets = false;
  #isClosed = false;

  /** Resolves once the UDP port is bound. Throws AppError UNAVAILABLE, with the reason, where it cannot be, or where `backend` is `native` and there is no addon. */
  static async start(options: RelayHostOptions): Promise<RelayHost> {
    const host = new RelayHost(options);
    await host.restart();
    return host;
  }

  private constructor(options: RelayHostOptions) {
    this.#options = options;
    this.#voicePort = options.port;
  }

  /** The UDP port that is bound; the same after a restart. */
  get voicePort(): number {
    return this.#voicePort;
  }

  /** False from the loss of a worker until there is another. */
  get isRunning(): boolean {
    return this.#worker !== null;
  }

  /** Tells the relay. Updates arrive in order. Without a worker they are lost, as all that it knew: `replace_all` mends it. */
  update(update: RelayUpdate): void {
    this.#post({ type: 'update', update });
  }

  /** Tells the relay of its links to other nodes: all of them. A new worker is told too. */
  setLinks(links: readonly LinkUpdate[]): void {
    this.#links = links;
    this.#post({ type: 'set_links', links });
  }

  /** Hands over a packet that came through this session's control connection. The bytes are copied. */
  receiveTunneled(sessionId: SessionId, packet: Uint8Array): void {
    if (this.#tunneled.length === 0) setImmediate(() => this.#flushTunneled());
    // A copy of its own, because what is posted takes the whole buffer behind it along.
    this.#tunneled.push({ sessionId, packet: new Uint8Array(packet) });
  }

  /** Tells the door's gateway in the relay's thread. Messages arrive in order, and together at the end of the turn; without a worker they are lost. */
  tellGateway(message: MessageToGateway): void {
    if (this.#toGateway.length === 0) setImmediate(() => this.#flushToGateway());
    this.#toGateway.push(message);
  }

  /** Calls for each message of the gateway. */
  onGateway(listener: GatewayListener): void {
    this.#gatewayListeners.push(listener);
  }

  /** Calls when a new worker has come in the place of one that has died: it knows nothing yet. */
  onRestarted(listener: RestartListener): void {
    this.#restartListeners.push(listener);
  }

  /** Calls for each packet that is to go through a session's control connection. The bytes may be shared by several calls. */
  onTunneled(listener: TunneledListener): void {
    this.#tunneledListeners.push(listener);
  }

  /** Calls for each session that speaks into a channel, some ten times a second while it does. Whispers are not told. */
  onActivity(listener: ActivityListener): void {
    this.#activityListeners.push(listener);
  }

  /** Calls when the worker has died, with the reason; its port is free by then. {@link restart} and `replace_all` bring voice back. */
  onLost(listener: LostListener): void {
    this.#lostListeners.push(listener);
  }

  /** Resolves once the relay has taken in all that it was told before, or has died: a datagram may otherwise overtake an update. */
  settled(): Promise<void> {
    if (this.#worker === null) return Promise.resolve();
    const requestId = this.#nextRequestId();
    this.#post({ type: 'settle', requestId });
    return this.#settlements.to(requestId);
  }

  /** Throws AppError UNAVAILABLE where there is no worker, or it dies before it answers. */
  counters(): Promise<RelayCounters> {
    if (this.#worker === null) return Promise.reject(relayIsAway());
    const requestId = this.#nextRequestId();
    this.#post({ type: 'get_counters', requestId });
    return this.#counters.to(requestId);
  }

  /** What passed for each organization since the worker began. Throws as {@link counters}. */
  organizationTraffic(): Promise<readonly OrganizationTotals[]> {
    if (this.#worker === null) return Promise.reject(relayIsAway());
    const requestId = this.#nextRequestId();
    this.#post({ type: 'get_organization_traffic', requestId });
    return this.#organizationTraffic.to(requestId);
  }

  /** Hands over what the client of a session says that it has received. */
  reportQuality(sessionId: SessionId, report: QualityReport): void {
    this.#post({ type: 'quality_report', sessionId, report });
  }

  async qualitiesOf(sessionIds: readonly SessionId[]): Promise<ReadonlyMap<SessionId, SessionQuality>> {
    if (this.#worker === null || sessionIds.length === 0) return new Map();
    const requestId = this.#nextRequestId();
    this.#post({ type: 'get_qualities', requestId, sessionIds });
    const qualities = await this.#qualities.to(requestId);
    return new Map(qualities.map((quality) => [quality.sessionId, quality]));
  }

  /** What the worker knows of these targets and sessions. Throws as {@link counters}. */
  membership(targets: readonly number[], sessionIds: readonly SessionId[]): Promise<RelayMembership> {
    if (this.#worker === null) return Promise.reject(relayIsAway());
    const requestId = this.#nextRequestId();
    this.#post({ type: 'get_membership', requestId, targets, sessionIds });
    return this.#memberships.to(requestId);
  }

  /** Logs every packet at the level trace from now on, or none any more. */
  tracePackets(isOn: boolean): void {
    this.#tracesPackets = isOn;
    this.#post({ type: 'trace_packets', isOn });
  }

  /** Starts a new worker, which knows nothing yet, on the same port. To be called after `onLost` only. Throws as {@link start}. */
  async restart(): Promise<void> {
    const {
      bindAddress,
      maxBitrate,
      backend: choice = 'auto',
      link = null,
      logger,
      workerPath = compiledWorkerPath(),
    } = this.#options;
    const firstServerCounter = this.#workerCount * COUNTERS_PER_WORKER;
    const workerData: RelayWorkerOptions = {
      bindAddress,
      port: this.#voicePort,
      maxBitrate,
      firstServerCounter,
      backend: choice,
      link,
    };
    this.#workerCount += 1;
    const worker = new Worker(workerPath, { workerData, name: 'parley-relay' });
    const { port, backend } = await readiness(worker);
    if (this.#isClosed) {
      await worker.terminate();
      return;
    }
    this.#worker = worker;
    this.#voicePort = port;
    if (this.#tracesPackets) this.tracePackets(true);
    worker.on('message', (message: MessageFromRelayWorker) => this.#onMessage(message));
    this.#watch(worker);
    this.#toGateway.length = 0;
    for (const listener of this.#restartListeners) listener();
    if (this.#links.length > 0) this.#post({ type: 'set_links', links: this.#links });
    logger.info(
      { port, backend: backend.name, receive_buffer_bytes: backend.receiveBufferBytes },
      'voice relay started',
    );
  }

  /** Ends the worker and frees the port. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#isClosed = true;
    this.#worker = null;
    this.#endPending();
    await worker?.terminate();
  }

  #watch(worker: Worker): void {
    let reason = new Error('the relay worker has ended');
    worker.once('error', (error: Error) => {
      reason = error;
    });
    worker.once('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#endPending();
      this.#options.logger.error({ err: reason }, 'voice relay lost');
      for (const listener of this.#lostListeners) listener(reason);
    });
  }

  #onMessage(message: MessageFromRelayWorker): void {
    switch (message.type) {
      case 'tunneled':
        for (const { sessionIds, packet } of message.deliveries) {
          for (const sessionId of sessionIds)
            for (const listener of this.#tunneledListeners) listener(sessionId, packet);
        }
        break;
      case 'gateway':
        for (const listener of this.#gatewayListeners) listener(message.message);
        break;
      case 'activity':
        this.#onActivity(message.talks);
        break;
      case 'counters':
        this.#counters.answer(message.requestId, message.counters);
        break;
      case 'packets':
        this.#logPackets(message);
        break;
      case 'organization_traffic':
        this.#organizationTraffic.answer(message.requestId, organizationTotals(message.rows));
        break;
      case 'qualities':
        this.#qualities.answer(message.requestId, message.qualities);
        break;
      case 'membership':
        this.#memberships.answer(message.requestId, message.membership);
        break;
      case 'settled':
        this.#settlements.answer(message.requestId, undefined);
        break;
      case 'ready':
      case 'failed':
        break;
      default:
        unreachable(message);
    }
  }

  #onActivity(talks: Uint32Array): void {
    for (let index = 0; index + 1 < talks.length; index += 2) {
      const [speaker, channel] = [sessionId(talks[index] ?? 0), channelId(talks[index + 1] ?? 0)];
      for (const listener of this.#activityListeners) listener(speaker, channel);
    }
  }

  #logPackets({ packets, leftOut }: PacketTraceBatch): void {
    const { logger } = this.#options;
    for (const packet of packets) logger.trace(packet, 'packet');
    if (leftOut > 0) logger.trace({ left_out: leftOut }, 'more packets than are told of');
  }

  #flushTunneled(): void {
    this.#post({ type: 'tunneled', packets: this.#tunneled });
    this.#tunneled = [];
  }

  #flushToGateway(): void {
    if (this.#toGateway.length === 0) return;
    this.#post({ type: 'gateway', messages: this.#toGateway });
    this.#toGateway = [];
  }

  #endPending(): void {
    this.#counters.failAll(relayIsAway());
    this.#organizationTraffic.failAll(relayIsAway());
    this.#qualities.answerAll([]);
    this.#memberships.failAll(relayIsAway());
    this.#settlements.answerAll(undefined);
  }

  #nextRequestId(): number {
    this.#lastRequestId += 1;
    return this.#lastRequestId;
  }

  #post(message: MessageToRelayWorker): void {
    this.#worker?.postMessage(message);
  }
}

/** Resolves with the worker's first word; rejects where that is no, or where it dies without one. */
function readiness(worker: Worker): Promise<Extract<MessageFromRelayWorker, { type: 'ready' }>> {
  return new Promise((resolve, reject) => {
    worker.once('message', (message: MessageFromRelayWorker) => {
      if (message.type === 'ready') resolve(message);
      else if (message.type === 'failed') reject(cannotStart(message.at, message.code, message.reason));
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(relayIsAway()));
  });
}

function cannotStart(options: UdpBackendOptions, code: string, reason: string): AppError {
  if (code !== NATIVE_BACKEND_MISSING) return cannotBind('UDP', options, code, reason);
  return new AppError('UNAVAILABLE', `The native UDP backend is not there: ${reason}. It is made by npm ci.`, {
    params: { code },
  });
}

function relayIsAway(): AppError {
  return new AppError('UNAVAILABLE', 'The voice relay is not running.');
}

/** The worker is always the compiled script, also where tests run this very file from its source. */
function compiledWorkerPath(): string {
  const path = import.meta.url.endsWith('.ts') ? '../../dist/src/voice/relay-worker.js' : './relay-worker.js';
  return fileURLToPath(new URL(path, import.meta.url));
}
