import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../../scripts/free-port.js';

/** A way to a server on which TCP passes and no datagram does: they vanish without a word, as behind a firewall. */
export class UdpBlocked implements AsyncDisposable {
  readonly port: number;
  readonly #hole: UdpSocket;
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  #vanished = 0;

  static async start(host: string, serverPort: number): Promise<UdpBlocked> {
    const blocked = new UdpBlocked(await freePort(), host, serverPort);
    await Promise.all([once(blocked.#hole, 'listening'), once(blocked.#listener, 'listening')]);
    return blocked;
  }

  private constructor(port: number, host: string, serverPort: number) {
    this.port = port;
    this.#hole = createSocket('udp4').bind(port, host);
    this.#hole.on('message', () => {
      this.#vanished += 1;
    });
    this.#listener = createServer((inward) => {
      const outward = connect(serverPort, host);
      this.#pass(inward, outward);
      this.#pass(outward, inward);
    });
    this.#listener.listen(port, host);
  }

  /** Datagrams that have come so far. */
  get vanished(): number {
    return this.#vanished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#hole.close();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  /** The end of one is the end of both. */
  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
  }
}
