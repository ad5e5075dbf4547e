import type { Logger } from 'pino';
import { AppError, unreachable } from '../errors.js';
import type { SessionId } from '../ids.js';
import { cannotBind } from '../voice/bind-error.js';
import { PendingAnswers } from '../voice/pending-answers.js';
import type { RelayHost } from '../voice/relay-host.js';
import type { CryptCounters } from './crypt-state.js';
import type {
  GatewayCounters,
  MessageFromGateway,
  MessageToGateway,
  PacketDelivery,
  PeerState,
} from './gateway-messages.js';

/** How far apart the counters of two gateways begin that seal under the same keys one after the other. */
const COUNTERS_PER_GATEWAY = 2 ** 32;
/** Pings of clients are told together, so that they wake the other thread seldom: so long they wait, in milliseconds. */
const PINGS_INTERVAL_MS = 1000;
/** The pause before a port that was lost with its worker is tried again, in milliseconds. */
const REOPEN_INTERVAL_MS = 1000;

const NOTHING: GatewayCounters = { received: 0, sent: 0, refused: 0, trials: 0, backend: null };

/** A client of the door, as the gateway's answers reach it. */
export interface LinkedVoice {
  readonly sessionId: SessionId;
  /** The gateway is a new one: it is to be told all again. */
  begin(firstCounter: number): void;
  /** A packet for the control connection. */
  onTunneled(packet: Uint8Array): void;
  onToRelay(packet: Uint8Array): void;
  onAskForNonce(): void;
  onHeard(): void;
  /** What was counted of its datagrams, since a ping. */
  onSeen(counters: CryptCounters): void;
}

export interface GatewayLinkOptions {
  /** The worker in whose thread the gateway is. */
  readonly relay: RelayHost;
  readonly bindAddress: string;
  /** 0 for a free port. */
  readonly port: number;
  readonly logger: Logger;
  /** The answer to a question for the server's state, or null where none is given. */
  readonly answer: (question: Uint8Array) => Uint8Array | null;
}

/** The main thread's side of the gateway: tells it of the clients, and brings what it says to them. */
export class GatewayLink {
  readonly #options: GatewayLinkOptions;
  readonly #voices = new Map<SessionId, LinkedVoice>();
  readonly #openings = new PendingAnswers<number>();
  readonly #closings = new PendingAnswers<void>();
  readonly #states = new PendingAnswers<PeerState | null>();
  readonly #counters = new PendingAnswers<GatewayCounters>();
  #relayed: { sessionIds: SessionId[]; packet: Uint8Array }[] = [];
  readonly #pings = new Map<SessionId, number | null>();
  #pingsTimer: NodeJS.Timeout | undefined;
  #lastCounters = NOTHING;
  #lastRequestId = 0;
  #gatewayCount = 0;
  #port: number;
  #isClosed = false;
  #reopening: NodeJS.Timeout | undefined;

  /** Resolves once the port is bound. Throws AppError UNAVAILABLE, with the port and the reason, where it cannot be. */
  static async open(options: GatewayLinkOptions): Promise<GatewayLink> {
    const link = new GatewayLink(options);
    try {
      await link.#bind();
    } catch (error) {
      link.#isClosed = true;
      throw error;
    }
    options.relay.onRestarted(() => link.#reopen());
    return link;
  }

  private constructor(options: GatewayLinkOptions) {
    this.#options = options;
    this.#port = options.port;
    options.relay.onGateway((message) => this.#onMessage(message));
    options.relay.onLost(() => this.#onLost());
  }

  get port(): number {
    return this.#port;
  }

  /** From now on the client's voice goes through the gateway. */
  add(voice: LinkedVoice): void {
    this.#voices.set(voice.sessionId, voice);
    voice.begin(this.#gatewayCount * COUNTERS_PER_GATEWAY);
  }

  remove(voice: LinkedVoice): void {
    if (this.#voices.get(voice.sessionId) !== voice) return;
    this.#voices.delete(voice.sessionId);
    this.tell({ type: 'remove_peer', sessionId: voice.sessionId });
  }

  /** True where the gateway is in the thread of this worker. */
  isIn(relay: RelayHost): boolean {
    return relay === this.#options.relay;
  }

  tell(message: MessageToGateway): void {
    this.#options.relay.tellGateway(message);
  }

  /** The relay of another thread has a packet for the session. */
  relayed(sessionId: SessionId, packet: Uint8Array): void {
    if (this.#relayed.length === 0) setImmediate(() => this.#flushRelayed());
    const last = this.#relayed.at(-1);
    if (last?.packet === packet) last.sessionIds.push(sessionId);
    else this.#relayed.push({ sessionIds: [sessionId], packet });
  }

  /** The client has pinged; what was counted of its datagrams comes to it within a moment. */
  pinged(sessionId: SessionId, good: number | null): void {
    this.#pings.set(sessionId, good);
    this.#pingsTimer ??= setTimeout(() => this.#flushPings(), PINGS_INTERVAL_MS);
  }

  /** How the client's voice is doing; null where the gateway does not know it, or is away. */
  stateOf(sessionId: SessionId): Promise<PeerState | null> {
    if (!this.#options.relay.isRunning) return Promise.resolve(null);
    const requestId = this.#nextRequestId();
    this.tell({ type: 'get_state', requestId, sessionId });
    return this.#states.to(requestId);
  }

  /** What the gateway has counted; while it is away, what it said last. */
  async counters(): Promise<GatewayCounters> {
    if (!this.#options.relay.isRunning) return this.#lastCounters;
    const requestId = this.#nextRequestId();
    this.tell({ type: 'get_counters', requestId });
    this.#lastCounters = await this.#counters.to(requestId);
    return this.#lastCounters;
  }

  /** Frees the port. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#reopening);
    clearTimeout(this.#pingsTimer);
    if (!this.#options.relay.isRunning) return;
    const requestId = this.#nextRequestId();
    this.tell({ type: 'close', requestId });
    await this.#closings.to(requestId);
  }

  async #bind(): Promise<void> {
    const { bindAddress } = this.#options;
    const requestId = this.#nextRequestId();
    this.tell({ type: 'open', requestId, bindAddress, port: this.#port });
    this.#port = await this.#openings.to(requestId);
  }

  /** A new worker has come: it gets the port, and is told of all clients. */
  #reopen(): void {
    if (this.#isClosed) return;
    this.#bind().then(
      () => {
        this.#gatewayCount += 1;
        for (const voice of this.#voices.values()) voice.begin(this.#gatewayCount * COUNTERS_PER_GATEWAY);
      },
      (error: unknown) => {
        this.#options.logger.error({ err: error }, 'the UDP port of Mumble clients cannot be opened again yet');
        this.#reopening = setTimeout(() => this.#reopen(), REOPEN_INTERVAL_MS);
      },
    );
  }

  #onLost(): void {
    this.#openings.failAll(new AppError('UNAVAILABLE', 'The voice relay is not running.'));
    this.#closings.answerAll(undefined);
    this.#states.answerAll(null);
    this.#counters.answerAll(this.#lastCounters);
  }

  #onMessage(message: MessageFromGateway): void {
    if (this.#isClosed && message.type !== 'closed') return;
    switch (message.type) {
      case 'opened':
        this.#options.logger.info({ port: message.port, backend: message.backend }, 'Mumble gateway started');
        this.#openings.answer(message.requestId, message.port);
        break;
      case 'open_failed': {
        const { bindAddress } = this.#options;
        const { code, reason } = message;
        this.#openings.failAll(cannotBind('UDP', { bindAddress, port: this.#port }, code, reason));
        break;
      }
      case 'closed':
        this.#closings.answer(message.requestId, undefined);
        break;
      case 'tunneled':
        for (const { sessionIds, packet } of message.deliveries) this.#onTunneled(sessionIds, packet);
        break;
      case 'to_relay':
        this.#voices.get(message.sessionId)?.onToRelay(message.packet);
        break;
      case 'ask_nonce':
        this.#voices.get(message.sessionId)?.onAskForNonce();
        break;
      case 'heard':
        for (const sessionId of message.sessionIds) this.#voices.get(sessionId)?.onHeard();
        break;
      case 'seen':
        for (const { sessionId, counters } of message.peers) this.#voices.get(sessionId)?.onSeen(counters);
        break;
      case 'state':
        this.#states.answer(message.requestId, message.state);
        break;
      case 'counters':
        this.#counters.answer(message.requestId, message.counters);
        break;
      case 'question':
        this.#answer(message.packet, message.address, message.port);
        break;
      default:
        unreachable(message);
    }
  }

  #onTunneled(sessionIds: readonly SessionId[], packet: Uint8Array): void {
    for (const sessionId of sessionIds) this.#voices.get(sessionId)?.onTunneled(packet);
  }

  #answer(question: Uint8Array, address: string, port: number): void {
    const packet = this.#options.answer(question);
    if (packet !== null) this.tell({ type: 'answer', packet, address, port });
  }

  #flushPings(): void {
    this.#pingsTimer = undefined;
    this.tell({ type: 'pinged', pings: Array.from(this.#pings, ([sessionId, good]) => ({ sessionId, good })) });
    this.#pings.clear();
  }

  #flushRelayed(): void {
    const deliveries: readonly PacketDelivery[] = this.#relayed;
    this.#relayed = [];
    this.tell({ type: 'relayed', deliveries });
  }

  #nextRequestId(): number {
    this.#lastRequestId += 1;
    return this.#lastRequestId;
  }
}
