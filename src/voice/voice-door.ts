import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import type { AuthService } from '../auth/auth.service.js';
import type { BanService } from '../bans/ban.service.js';
import type { ChannelService } from '../channels/channel.service.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import type { OrganizationService } from '../organizations/organization.service.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { ModerationService } from '../sessions/moderation.service.js';
import type { SessionService } from '../sessions/session.service.js';
import type { UserService } from '../users/user.service.js';
import { cannotBind } from './bind-error.js';
import { isAnswerable } from './client-hello.js';
import { ControlConnection } from './control-connection.js';
import { ControlRequests, type RequestPorts } from './control-requests.js';
import { HandshakeRate } from './handshake-rate.js';
import { LiveSessions } from './live-sessions.js';
import { Newcomers, networkOf, type SendOff } from './newcomers.js';
import { RelayFeed } from './relay-feed.js';
import type { RelayPool } from './relay-pool.js';
import type { VoiceTerms } from './session-opening.js';

/**
 * Connections before the end of their TLS handshake, and as many behind it before the end of their login: from
 * everywhere and from one network. A thousand people come back at once after a restart, many of them from behind one
 * address. Whoever opens connections and lets them lie pushes out nobody who is a step further.
 */
const MAX_NEWCOMERS = { maxTotal: 1024, maxPerNetwork: 256 };
/** TLS handshakes of one network: each costs the server about a millisecond. */
const HANDSHAKE_RATE = { perSecond: 100, burst: 1024 };
const MAX_HANDSHAKING_NETWORKS = 10_000;
const KEEP_ALIVE_DELAY_MS = 30_000;
/** How long the last words of all connections may take, in milliseconds. */
const CLOSE_MS = 1000;

export interface VoiceDoorOptions {
  /** The local address, numeric or a name. */
  readonly bindAddress: string;
  /** 0 for a free port. */
  readonly port: number;
  /** Certificate chain and private key, PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** How long a connection may take until its login has succeeded, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** TLS handshakes of one network per second, after a first burst; 100 and 1024 where it is left out. */
  readonly handshakeRate?: { readonly perSecond: number; readonly burst: number };
  readonly terms: VoiceTerms;
  readonly services: VoiceServices;
  readonly relay: RelayPool;
  readonly events: EventBus;
  readonly logger: Logger;
}

/** The services behind the voice door. */
export interface VoiceServices {
  readonly auth: AuthService;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  readonly moderation: ModerationService;
  readonly permissions: PermissionService;
  readonly channels: ChannelService;
  readonly organizations: OrganizationService;
  readonly users: UserService;
  readonly bans: BanService;
}

/** How the door is doing. */
export interface VoiceDoorCounters {
  /** Clients that have logged in. */
  readonly sessions: number;
  /** Sessions that wait for their clients to come back. */
  readonly waiting: number;
  /** Connections that have not: with TLS, and without yet. */
  readonly newcomers: number;
  /** TCP connections that were accepted, since the start. */
  readonly accepted: number;
  /** TLS handshakes that failed, since the start. */
  readonly failedHandshakes: number;
  /** Connections that were closed before their login: late, crowded out by later ones, or hasty, their network having begun too many handshakes. */
  readonly sentOff: Readonly<Record<SendOff | 'hasty', number>>;
  /** Voice packets that were not sent through the control connection because the client did not read fast enough. */
  readonly droppedVoice: number;
}

/** The door of voice clients: TLS connections on the control port, and what keeps the relay at their rights. */
export class VoiceDoor {
  readonly #options: VoiceDoorOptions;
  readonly #server: TcpServer;
  readonly #tls: TlsServer;
  readonly #feed: RelayFeed;
  readonly #requestPorts: RequestPorts;
  readonly #halfOpen = new Newcomers(MAX_NEWCOMERS);
  readonly #strangers = new Newcomers(MAX_NEWCOMERS);
  readonly #handshakes: HandshakeRate;
  /** TCP sockets by the address and port of the client, which the TLS socket above has in common with it. */
  readonly #sockets = new Map<string, Arrival>();
  /** The same for those whose TLS handshake has succeeded. */
  readonly #connections = new Map<string, ControlConnection>();
  readonly #live: LiveSessions;
  readonly #unsubscribe: () => void;
  readonly #sentOff = { late: 0, crowded: 0, hasty: 0 };
  #accepted = 0;
  #failedHandshakes = 0;
  #droppedVoice = 0;
  #connectionCount = 0;
  #isClosed = false;

  /** Resolves once the port is bound. Throws AppError UNAVAILABLE, with the port and the reason, where it cannot be. */
  static async start(options: VoiceDoorOptions): Promise<VoiceDoor> {
    const { bindAddress, port } = options;
    const server = createTcpServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
      pauseOnConnect: true,
    });
    const listening = once(server, 'listening');
    server.listen(port, bindAddress);
    try {
      await listening;
    } catch (error) {
      server.close();
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
      throw cannotBind('TCP', options, code, String(error));
    }
    return new VoiceDoor(server, options);
  }

  private constructor(server: TcpServer, options: VoiceDoorOptions) {
    const { services, relay, events, logger, tls, handshakeTimeoutMs, handshakeRate = HANDSHAKE_RATE } = options;
    const nowMs = () => performance.now();
    this.#options = options;
    this.#server = server;
    this.#handshakes = new HandshakeRate({ ...handshakeRate, maxNetworks: MAX_HANDSHAKING_NETWORKS });
    this.#tls = createTlsServer({ ...tls, minVersion: 'TLSv1.2', handshakeTimeout: handshakeTimeoutMs });
    this.#feed = new RelayFeed({ ...services, relays: relay.hosts, events, logger, nowMs, randomBytes });
    const onError = (error: unknown) => logger.error({ err: error }, 'a voice session could not be ended');
    const { terms } = options;
    const feed = this.#feed;
    const live = { ...services, feed, resumeTimeoutMs: terms.resumeTimeoutMs, nowMs, randomBytes, onError };
    this.#live = new LiveSessions(live);
    this.#requestPorts = { ...services, events, feed, live: this.#live, terms, nowMs, onError };
    // The feed has subscribed before: clients are told of an end when the relay is.
    this.#unsubscribe = events.subscribe((event) => this.#onEvent(event));
    for (const host of relay.hosts) {
      host.onTunneled((sessionId, packet) => this.#live.connectionOf(sessionId)?.sendVoice(packet));
    }
    server.on('connection', (socket) => this.#onSocket(socket));
    this.#tls.on('secureConnection', (socket) => this.#onSecureSocket(socket));
    this.#tls.on('tlsClientError', () => {
      this.#failedHandshakes += 1;
    });
    server.on('error', (error) => logger.error({ err: error }, 'voice door: the listener failed'));
    logger.info({ port: this.port }, 'voice door open');
  }

  /** The TCP port that is bound. */
  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? this.#options.port : address.port;
  }

  counters(): VoiceDoorCounters {
    const dropped = [...this.#connections.values()].reduce((sum, { droppedVoice }) => sum + droppedVoice, 0);
    return {
      sessions: this.#live.connected,
      waiting: this.#live.waiting,
      newcomers: this.#halfOpen.size + this.#strangers.size,
      accepted: this.#accepted,
      failedHandshakes: this.#failedHandshakes,
      sentOff: { ...this.#sentOff },
      droppedVoice: this.#droppedVoice + dropped,
    };
  }

  /** Accepts nobody any more, says goodbye to everybody, and resolves when all connections are closed: after a second at most. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#connections.values()) {
      connection.end('SHUTTING_DOWN', 'The server is shutting down.', 'shutting_down');
    }
    this.#live.close();
    const timer = setTimeout(() => this.#destroyAll(), CLOSE_MS);
    for (const [key, { socket }] of this.#sockets) if (!this.#connections.has(key)) socket.destroy();
    await closed;
    clearTimeout(timer);
    this.#unsubscribe();
    this.#feed.close();
  }

  #destroyAll(): void {
    for (const { socket } of this.#sockets.values()) socket.destroy();
  }

  /** A TCP connection that has said nothing yet: it costs no TLS, and counts for no handshake, until there is something to answer. */
  #onSocket(socket: Socket): void {
    const { remoteAddress } = socket;
    this.#accepted += 1;
    if (remoteAddress === undefined || this.#isClosed) {
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    const network = networkOf(remoteAddress);
    this.#sockets.set(key, { socket, network, sinceMs: this.#requestPorts.nowMs() });
    this.#halfOpen.add(socket, network, this.#options.handshakeTimeoutMs, (why) => this.#sendOff(socket, key, why));
    socket.once('close', () => {
      if (this.#sockets.get(key)?.socket === socket) this.#sockets.delete(key);
      this.#halfOpen.remove(socket);
      this.#strangers.remove(socket);
    });
    // Whoever goes away before saying anything is no concern of ours; afterwards TLS hears of errors too.
    socket.on('error', () => undefined);
    let head = Buffer.alloc(0);
    const onReadable = () => {
      const chunk: Buffer | null = socket.read();
      // There is nothing to read at the end of the stream, which closes by itself.
      if (chunk === null) return;
      head = Buffer.concat([head, chunk]);
      if (!isAnswerable(head)) return;
      socket.off('readable', onReadable);
      socket.unshift(head);
      this.#beginHandshake(socket, network);
    };
    socket.on('readable', onReadable);
  }

  #beginHandshake(socket: Socket, network: string): void {
    if (this.#handshakes.take(network, this.#requestPorts.nowMs())) {
      this.#tls.emit('connection', socket);
      return;
    }
    this.#sentOff.hasty += 1;
    socket.destroy();
  }

  #sendOff(socket: Socket, key: string, why: SendOff): void {
    this.#sentOff[why] += 1;
    const connection = this.#connections.get(key);
    if (connection === undefined) socket.destroy();
    else if (why === 'late') connection.end('TIMED_OUT', 'The login took too long.', 'timed_out');
    else connection.end('SERVER_FULL', 'Too many are trying to log in.', 'disconnected');
  }

  #onSecureSocket(socket: TLSSocket): void {
    const key = keyOf(socket);
    const arrival = this.#sockets.get(key);
    if (arrival === undefined) {
      // The TCP connection is gone already.
      socket.destroy();
      return;
    }
    this.#promote(arrival, key);
    this.#connectionCount += 1;
    const id = `v${this.#connectionCount}`;
    const { terms, logger } = this.#options;
    const options = { id, idleTimeoutMs: terms.idleTimeoutMs, logger, nowMs: this.#requestPorts.nowMs };
    const remoteAddress = socket.remoteAddress ?? null;
    const onOpen = () => this.#strangers.remove(arrival.socket);
    const connection = new ControlConnection(
      socket,
      options,
      (client) => new ControlRequests(this.#requestPorts, { connection: client, remoteAddress, onOpen }),
    );
    this.#connections.set(key, connection);
    socket.once('close', () => {
      this.#droppedVoice += connection.droppedVoice;
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    });
  }

  /** The TLS handshake has succeeded; the time until the login goes on. */
  #promote({ socket, network, sinceMs }: Arrival, key: string): void {
    const leftMs = sinceMs + this.#options.handshakeTimeoutMs - this.#requestPorts.nowMs();
    this.#halfOpen.remove(socket);
    this.#strangers.add(socket, network, Math.max(1, leftMs), (why) => this.#sendOff(socket, key, why));
  }

  #onEvent(event: DomainEvent): void {
    if (event.type === 'session_closed') this.#live.ended(event.sessionId, event.reason, event.message);
  }
}

/** A TCP connection. */
interface Arrival {
  readonly socket: Socket;
  readonly network: string;
  /** When it came, on the door's clock. */
  readonly sinceMs: number;
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
