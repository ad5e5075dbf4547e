import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A hop between clients and a server's TCP port that a test can cut and mend, as a network does. */
export class TcpForwarder {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #connections = 0;

  static async start(serverPort: number): Promise<TcpForwarder> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpForwarder(server, serverPort);
  }

  private constructor(server: Server, serverPort: number) {
    this.#server = server;
    server.on('connection', (near) => {
      this.#connections += 1;
      if (this.#isCut) {
        near.resetAndDestroy();
        return;
      }
      const far = connect(serverPort, '127.0.0.1');
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        // Cut connections are what this is for.
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
  }

  /** Where clients connect to. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the forwarder does not listen');
    return address.port;
  }

  /** How many connections were tried. */
  get connections(): number {
    return this.#connections;
  }

  /** Breaks every connection, and lets no new one through. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Lets new connections through again. */
  mend(): void {
    this.#isCut = false;
  }

  /** Nothing passes any more on the connections that there are, and nobody is told. New ones are let through. */
  stall(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}
