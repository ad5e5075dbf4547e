import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError } from '../errors.js';
import type { ProxiedSockets } from '../proxy-protocol/proxied-sockets.js';
import { messageOf, systemCodeOf } from '../thrown.js';
import { cannotBind } from '../voice/bind-error.js';

export interface HttpListenerOptions {
  /** The local address, numeric or a name. */
  readonly bindAddress: string;
  /** 0 for a free port. */
  readonly port: number;
  /** Certificate chain and private key, PEM, or null for plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** The load balancers that may say for whom a connection is; none where it is left out. */
  readonly proxies?: ProxiedSockets;
  readonly onRequest: RequestListener;
  /** Takes connections that want to speak another protocol; left out, they are refused. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

const MIN_TLS = 'TLSv1.2';
/** How long requests may go on when the server is about to end, in milliseconds. */
const CLOSE_MS = 2000;
/** How long a load balancer may take to say for whom a connection is, in milliseconds. */
const PROXY_HEADER_MS = 5000;

/** Listens for HTTP, or HTTPS. */
export class HttpListener {
  readonly server: Server;
  readonly #tlsServer: TlsServer | null;
  /** What listens: the server itself, or what hands it connections of which it is known for whom they are. */
  readonly #entrance: NetServer;

  /** Resolves once the port is bound. Throws AppError UNAVAILABLE, with the port and the reason, where it cannot be. */
  static async start(options: HttpListenerOptions): Promise<HttpListener> {
    const { bindAddress, port, tls, proxies, onRequest, onUpgrade } = options;
    const tlsServer = tls === null ? null : createTlsServer({ ...tls, minVersion: MIN_TLS }, onRequest);
    const server = tlsServer ?? createServer(onRequest);
    if (onUpgrade !== undefined) server.on('upgrade', onUpgrade);
    const entrance = proxies === undefined ? server : entranceFor(server, tlsServer !== null, proxies);
    const listening = once(entrance, 'listening');
    entrance.listen(port, bindAddress);
    try {
      await listening;
    } catch (error) {
      throw cannotBind('TCP', options, systemCodeOf(error) ?? 'UNKNOWN', messageOf(error));
    }
    return new HttpListener(server, tlsServer, entrance);
  }

  private constructor(server: Server, tlsServer: TlsServer | null, entrance: NetServer) {
    this.server = server;
    this.#tlsServer = tlsServer;
    this.#entrance = entrance;
  }

  /** Whoever comes from now on is shown this certificate, where this is HTTPS. */
  useCertificate({ cert, key }: NonNullable<HttpListenerOptions['tls']>): void {
    this.#tlsServer?.setSecureContext({ cert, key, minVersion: MIN_TLS });
  }

  /** The TCP port that is bound. */
  get port(): number {
    const address = this.#entrance.address();
    if (address === null || typeof address === 'string') throw new AppError('UNAVAILABLE', 'The port is closed.');
    return address.port;
  }

  /** How many connections are open, with those that have gone over to another protocol. */
  connectionCount(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  /** Accepts nobody any more, and resolves when the requests that run are answered, or after two seconds. */
  async close(): Promise<void> {
    const closed = once(this.#entrance, 'close');
    this.#entrance.close();
    this.server.closeIdleConnections();
    const timer = setTimeout(() => this.server.closeAllConnections(), CLOSE_MS);
    await closed;
    clearTimeout(timer);
  }
}

/** Reads for whom each connection is before the server hears of it. */
function entranceFor(server: Server, isTls: boolean, proxies: ProxiedSockets): NetServer {
  server.on('secureConnection', (socket: Socket) => proxies.adopt(socket));
  const entrance = createNetServer({ noDelay: true, pauseOnConnect: true });
  entrance.on('connection', (socket) => {
    proxies.accept(socket, PROXY_HEADER_MS, () => {
      server.emit('connection', socket);
      // TLS reads the connection below it by itself.
      if (!isTls) socket.resume();
    });
  });
  return entrance;
}
