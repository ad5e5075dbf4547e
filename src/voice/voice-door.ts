import type { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { ControlConnection } from './control-connection.js';
import type { SendOff } from './newcomers.js';
import type { SessionHost } from './session-host.js';
import { type Guest, TlsListener, type TlsListenerCounters, type TlsListenerOptions } from './tls-listener.js';

export interface VoiceDoorOptions extends Omit<TlsListenerOptions, 'nowMs' | 'onConnection'> {
  readonly host: SessionHost;
}

/** How the door is doing. */
export interface VoiceDoorCounters extends TlsListenerCounters {
  /** Clients that have logged in. */
  readonly sessions: number;
  /** Sessions that wait for their clients to come back. */
  readonly waiting: number;
  /** Voice packets that were not sent through the control connection because the client did not read fast enough. */
  readonly droppedVoice: number;
}

/** The door of Parley's own voice clients: TLS connections on the control port. */
export class VoiceDoor {
  readonly #host: SessionHost;
  readonly #logger: Logger;
  readonly #listener: TlsListener;
  readonly #connections = new Set<ControlConnection>();
  #droppedVoice = 0;
  #connectionCount = 0;

  /** Resolves once the port is bound. Throws AppError UNAVAILABLE, with the port and the reason, where it cannot be. */
  static async start(options: VoiceDoorOptions): Promise<VoiceDoor> {
    const door = new VoiceDoor(options);
    await door.#listener.open();
    options.logger.info({ port: door.port }, 'voice door open');
    return door;
  }

  private constructor({ host, ...options }: VoiceDoorOptions) {
    this.#host = host;
    this.#logger = options.logger;
    this.#listener = new TlsListener({
      ...options,
      nowMs: host.nowMs,
      onConnection: (socket, onLogin) => this.#onConnection(socket, onLogin),
    });
  }

  /** The TCP port that is bound. */
  get port(): number {
    return this.#listener.port;
  }

  /** Whoever comes from now on is shown this certificate. */
  useCertificate(certificate: TlsListenerOptions['tls']): void {
    this.#listener.useCertificate(certificate);
  }

  counters(): VoiceDoorCounters {
    const dropped = [...this.#connections].reduce((sum, { droppedVoice }) => sum + droppedVoice, 0);
    const { live } = this.#host;
    return {
      ...this.#listener.counters(),
      sessions: live.connectedBy('voice'),
      waiting: live.waiting,
      droppedVoice: this.#droppedVoice + dropped,
    };
  }

  /** Accepts nobody any more, says goodbye to everybody, and resolves when all connections are closed: after a second at most. */
  async close(): Promise<void> {
    const closed = this.#listener.close();
    for (const connection of this.#connections) {
      connection.end('SHUTTING_DOWN', 'The server is shutting down.', 'shutting_down');
    }
    this.#host.live.close();
    await closed;
  }

  #onConnection(socket: TLSSocket, onOpen: () => void): Guest {
    this.#connectionCount += 1;
    const { terms, nowMs } = this.#host;
    const options = {
      id: `v${this.#connectionCount}`,
      idleTimeoutMs: terms.idleTimeoutMs,
      logger: this.#logger,
      nowMs,
    };
    const remoteAddress = socket.remoteAddress ?? null;
    const connection = new ControlConnection(socket, options, (client) =>
      this.#host.requestsOf({ connection: client, door: 'voice', remoteAddress, onOpen }),
    );
    this.#connections.add(connection);
    socket.once('close', () => {
      this.#droppedVoice += connection.droppedVoice;
      this.#connections.delete(connection);
    });
    return { sendOff: (why) => sendOff(connection, why) };
  }
}

function sendOff(connection: ControlConnection, why: SendOff): void {
  if (why === 'late') connection.end('TIMED_OUT', 'The login took too long.', 'timed_out');
  else connection.end('SERVER_FULL', 'Too many are trying to log in.', 'disconnected');
}
