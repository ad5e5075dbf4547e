import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { LOOPBACK } from './loopback-socket.js';

/** Stands between clients and a TCP port, so that connections can be broken as a network breaks them. */
export class Forwarder {
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  static async start(port: number): Promise<Forwarder> {
    const server = createServer({ noDelay: true });
    server.listen(0, LOOPBACK);
    await once(server, 'listening');
    return new Forwarder(server, port);
  }

  private constructor(server: Server, port: number) {
    this.#server = server;
    server.on('connection', (client) => {
      const upstream = connect({ port, host: LOOPBACK, noDelay: true });
      this.#clients.add(client);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
        from.pipe(to);
      }
      client.on('close', () => this.#clients.delete(client));
    });
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the forwarder is not open');
    return address.port;
  }

  /** Breaks the connection that is at this place among those that are open. Returns false where there is none. */
  break(place: number): boolean {
    const client = [...this.#clients][place];
    client?.destroy();
    return client !== undefined;
  }

  get connections(): number {
    return this.#clients.size;
  }

  close(): void {
    this.#server.close();
    for (const client of this.#clients) client.destroy();
  }
}
