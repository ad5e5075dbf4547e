import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { AuthService } from '../auth/auth.service.js';
import type { BanService } from '../bans/ban.service.js';
import type { ChannelService } from '../channels/channel.service.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { SessionId } from '../ids.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import type { OrganizationService } from '../organizations/organization.service.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { SessionService } from '../sessions/session.service.js';
import type { UserService } from '../users/user.service.js';
import { cannotBind } from './bind-error.js';
import { ControlConnection } from './control-connection.js';
import { ControlRequests, type RequestPorts, type VoiceTerms } from './control-requests.js';
import { Newcomers, type SendOff } from './newcomers.js';
import { endOfSession } from './refusal.js';
import { RelayFeed } from './relay-feed.js';
import type { RelayHost } from './relay-host.js';

/** Connections that have not logged in yet, from everywhere and from one address. A thousand people come back at once after a restart, many of them from behind one address. */
const MAX_NEWCOMERS = 1024;
const MAX_NEWCOMERS_PER_ADDRESS = 256;
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
  readonly terms: VoiceTerms;
  readonly services: VoiceServices;
  readonly relay: RelayHost;
  readonly events: EventBus;
  readonly logger: Logger;
}

/** The services behind the voice door. */
export interface VoiceServices {
  readonly auth: AuthService;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
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
  /** Connections that have not. */
  readonly newcomers: number;
  /** TLS handshakes that failed, since the start. */
  readonly failedHandshakes: number;
  /** Connections that were closed because they took too long to log in, or because too many came after them. */
  readonly sentOff: Readonly<Record<SendOff, number>>;
  /** Voice packets that were not sent through the control connection because the client did not read fast enough. */
  readonly droppedVoice: number;
}

/** The door of voice clients: TLS connections on the control port, and what keeps the relay at their rights. */
export class VoiceDoor {
  readonly #options: VoiceDoorOptions;
  readonly #server: Server;
  readonly #feed: RelayFeed;
  readonly #requestPorts: RequestPorts;
  readonly #newcomers: Newcomers;
  /** TCP sockets by the address and port of the client, which the TLS socket above has in common with it. */
  readonly #sockets = new Map<string, Socket>();
  /** The same for those whose TLS handshake has succeeded. */
  readonly #connections = new Map<string, ControlConnection>();
  readonly #bySession = new Map<SessionId, ControlConnection>();
  readonly #unsubscribe: () => void;
  readonly #sentOff = { late: 0, crowded: 0 };
  #failedHandshakes = 0;
  #droppedVoice = 0;
  #connectionCount = 0;
  #isClosed = false;

  /** Resolves once the port is bound. Throws AppError UNAVAILABLE, with the port and the reason, where it cannot be. */
  static async start(options: VoiceDoorOptions): Promise<VoiceDoor> {
    const { bindAddress, port, tls, handshakeTimeoutMs } = options;
    const server = createServer({
      ...tls,
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeTimeoutMs,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
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

  private constructor(server: Server, options: VoiceDoorOptions) {
    const { services, relay, events, logger, handshakeTimeoutMs } = options;
    const nowMs = () => performance.now();
    this.#options = options;
    this.#server = server;
    this.#newcomers = new Newcomers({
      maxTotal: MAX_NEWCOMERS,
      maxPerAddress: MAX_NEWCOMERS_PER_ADDRESS,
      timeoutMs: handshakeTimeoutMs,
    });
    this.#feed = new RelayFeed({ ...services, relay, events, logger, nowMs, randomBytes });
    const onError = (error: unknown) => logger.error({ err: error }, 'a voice session could not be ended');
    this.#requestPorts = { ...services, relay, events, feed: this.#feed, terms: options.terms, nowMs, onError };
    // The feed has subscribed before: clients are told of an end when the relay is.
    this.#unsubscribe = events.subscribe((event) => this.#onEvent(event));
    relay.onTunneled((sessionId, packet) => this.#bySession.get(sessionId)?.sendVoice(packet));
    server.on('connection', (socket) => this.#onSocket(socket));
    server.on('secureConnection', (socket) => this.#onSecureSocket(socket));
    server.on('tlsClientError', () => {
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
      sessions: this.#bySession.size,
      newcomers: this.#newcomers.size,
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
    const timer = setTimeout(() => this.#destroyAll(), CLOSE_MS);
    for (const [key, socket] of this.#sockets) if (!this.#connections.has(key)) socket.destroy();
    await closed;
    clearTimeout(timer);
    this.#unsubscribe();
    this.#feed.close();
  }

  #destroyAll(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  /** A TCP connection, before its TLS handshake. */
  #onSocket(socket: Socket): void {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || this.#isClosed) {
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    this.#sockets.set(key, socket);
    this.#newcomers.add(socket, remoteAddress, (why) => this.#sendOff(socket, key, why));
    socket.once('close', () => {
      if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
      this.#newcomers.remove(socket);
    });
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
    this.#connectionCount += 1;
    const id = `v${this.#connectionCount}`;
    const { terms, logger } = this.#options;
    const options = { id, idleTimeoutMs: terms.idleTimeoutMs, logger, nowMs: this.#requestPorts.nowMs };
    const connection = new ControlConnection(socket, options, (client) => {
      let openSession: SessionId | null = null;
      return new ControlRequests(this.#requestPorts, {
        client,
        remoteAddress: socket.remoteAddress ?? null,
        onOpen: (sessionId) => {
          openSession = sessionId;
          this.#bySession.set(sessionId, client);
          this.#newcomers.remove(this.#sockets.get(key) ?? socket);
        },
        onEnd: () => {
          if (openSession !== null) this.#bySession.delete(openSession);
        },
      });
    });
    this.#connections.set(key, connection);
    socket.once('close', () => {
      this.#droppedVoice += connection.droppedVoice;
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    });
  }

  #onEvent(event: DomainEvent): void {
    if (event.type !== 'session_closed') return;
    const refusal = endOfSession(event.reason);
    this.#bySession
      .get(event.sessionId)
      ?.end(refusal?.code ?? 'UNAUTHENTICATED', refusal?.message ?? 'Your session has ended.', event.reason);
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
