import { once } from 'node:events';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import type { ProxiedSockets } from '../proxy-protocol/proxied-sockets.js';
import { cannotBind } from './bind-error.js';
import { isAnswerable } from './client-hello.js';
import { NetworkRate } from './network-rate.js';
import { Newcomers, networkOf, type SendOff } from './newcomers.js';

/**
 * Connections before the end of their TLS handshake, and as many behind it before the end of their login: from
 * everywhere and from one network. A thousand people come back at once after a restart, many of them from behind one
 * address. Whoever opens connections and lets them lie pushes out nobody who is a step further.
 */
const MAX_NEWCOMERS = { maxTotal: 1024, maxPerNetwork: 256 };
/** TLS handshakes of one network: each costs the server about a millisecond. */
const HANDSHAKE_RATE = { perSecond: 100, burst: 1024 };
const MAX_HANDSHAKING_NETWORKS = 10_000;
const MIN_TLS = 'TLSv1.2';
const KEEP_ALIVE_DELAY_MS = 30_000;
/** How long the last words of all connections may take, in milliseconds. */
const CLOSE_MS = 1000;

/** The connection of somebody who has not logged in. */
export interface Guest {
  /** Says goodbye to somebody who took too long, or after whom too many came. */
  sendOff(why: SendOff): void;
}

export interface TlsListenerOptions {
  /** The local address, numeric or a name. */
  readonly bindAddress: string;
  /** 0 for a free port. */
  readonly port: number;
  /** Certificate chain and private key, PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** Whether clients are asked for a certificate, whoever has signed it; they need not have one. */
  readonly requestsCertificate?: boolean;
  /** How long a connection may take until its login has succeeded, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** TLS handshakes of one network per second, after a first burst; 100 and 1024 where it is left out. */
  readonly handshakeRate?: { readonly perSecond: number; readonly burst: number };
  /** The load balancers that may say for whom a connection is; none where it is left out. */
  readonly proxies?: ProxiedSockets;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  readonly logger: Logger;
  /** Somebody is past the TLS handshake; `onLogin` is to be called in the moment of the login. */
  readonly onConnection: (socket: TLSSocket, onLogin: () => void) => Guest;
}

/** How a listener is doing. */
export interface TlsListenerCounters {
  /** Connections before their login: with TLS, and without yet. */
  readonly newcomers: number;
  /** TCP connections that were accepted, since the start. */
  readonly accepted: number;
  /** TLS handshakes that failed, since the start. */
  readonly failedHandshakes: number;
  /** Connections that were closed before their login: late, crowded out by later ones, or hasty, their network having begun too many handshakes. */
  readonly sentOff: Readonly<Record<SendOff | 'hasty', number>>;
}

/** Brings connections over TLS to a door, and bounds what they can cost before anybody has said who they are. */
export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #server: TcpServer = createTcpServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    pauseOnConnect: true,
  });
  readonly #tls: TlsServer;
  readonly #halfOpen = new Newcomers(MAX_NEWCOMERS);
  readonly #strangers = new Newcomers(MAX_NEWCOMERS);
  readonly #handshakes: NetworkRate;
  /** TCP sockets by the address and port of the client, which the TLS socket above has in common with it. */
  readonly #arrivals = new Map<string, Arrival>();
  readonly #sentOff = { late: 0, crowded: 0, hasty: 0 };
  #accepted = 0;
  #failedHandshakes = 0;
  #isClosed = false;

  constructor(options: TlsListenerOptions) {
    const { tls, handshakeTimeoutMs, handshakeRate = HANDSHAKE_RATE, requestsCertificate = false } = options;
    this.#options = options;
    this.#handshakes = new NetworkRate({ ...handshakeRate, maxNetworks: MAX_HANDSHAKING_NETWORKS });
    this.#tls = createTlsServer({
      ...tls,
      minVersion: MIN_TLS,
      handshakeTimeout: handshakeTimeoutMs,
      requestCert: requestsCertificate,
      rejectUnauthorized: false,
    });
    this.#tls.on('secureConnection', (socket) => this.#onSecureSocket(socket));
    this.#tls.on('tlsClientError', () => {
      this.#failedHandshakes += 1;
    });
    const { proxies } = options;
    this.#server.on('connection', (socket) => {
      if (proxies === undefined) this.#onSocket(socket);
      else proxies.accept(socket, handshakeTimeoutMs, () => this.#onSocket(socket));
    });
  }

  /** Resolves once the port is bound. Throws AppError UNAVAILABLE, with the port and the reason, where it cannot be. */
  async open(): Promise<void> {
    const { bindAddress, port, logger } = this.#options;
    const listening = once(this.#server, 'listening');
    this.#server.listen(port, bindAddress);
    try {
      await listening;
    } catch (error) {
      this.#server.close();
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
      throw cannotBind('TCP', this.#options, code, String(error));
    }
    this.#server.on('error', (error) => logger.error({ err: error, port: this.port }, 'a listener failed'));
  }

  /** The TCP port that is bound. */
  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? this.#options.port : address.port;
  }

  /** Whoever comes from now on is shown this certificate. */
  useCertificate({ cert, key }: TlsListenerOptions['tls']): void {
    this.#tls.setSecureContext({ cert, key, minVersion: MIN_TLS });
  }

  counters(): TlsListenerCounters {
    return {
      newcomers: this.#halfOpen.size + this.#strangers.size,
      accepted: this.#accepted,
      failedHandshakes: this.#failedHandshakes,
      sentOff: { ...this.#sentOff },
    };
  }

  /** Accepts nobody any more, and resolves when all connections are closed: by force after a second. Whoever has TLS should have been told before. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const closed = once(this.#server, 'close');
    this.#server.close();
    const timer = setTimeout(() => {
      for (const { socket } of this.#arrivals.values()) socket.destroy();
    }, CLOSE_MS);
    for (const { socket, guest } of this.#arrivals.values()) if (guest === null) socket.destroy();
    await closed;
    clearTimeout(timer);
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
    const arrival: Arrival = { socket, network, sinceMs: this.#options.nowMs(), guest: null };
    this.#arrivals.set(key, arrival);
    this.#halfOpen.add(socket, network, this.#options.handshakeTimeoutMs, (why) => this.#sendOffGuest(arrival, why));
    socket.once('close', () => {
      if (this.#arrivals.get(key) === arrival) this.#arrivals.delete(key);
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
    if (this.#handshakes.take(network, this.#options.nowMs())) {
      this.#tls.emit('connection', socket);
      return;
    }
    this.#sentOff.hasty += 1;
    socket.destroy();
  }

  #sendOffGuest({ socket, guest }: Arrival, why: SendOff): void {
    this.#sentOff[why] += 1;
    if (guest === null) socket.destroy();
    else guest.sendOff(why);
  }

  /** The TLS handshake has succeeded; the time until the login goes on. */
  #onSecureSocket(socket: TLSSocket): void {
    this.#options.proxies?.adopt(socket);
    const arrival = this.#arrivals.get(keyOf(socket));
    if (arrival === undefined) {
      // The TCP connection is gone already.
      socket.destroy();
      return;
    }
    const { handshakeTimeoutMs, nowMs, onConnection } = this.#options;
    const leftMs = arrival.sinceMs + handshakeTimeoutMs - nowMs();
    this.#halfOpen.remove(arrival.socket);
    this.#strangers.add(arrival.socket, arrival.network, Math.max(1, leftMs), (why) =>
      this.#sendOffGuest(arrival, why),
    );
    arrival.guest = onConnection(socket, () => this.#strangers.remove(arrival.socket));
  }
}

/** A TCP connection. */
interface Arrival {
  readonly socket: Socket;
  readonly network: string;
  /** When it came, on the listener's clock. */
  readonly sinceMs: number;
  /** Null before the end of the TLS handshake. */
  guest: Guest | null;
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
