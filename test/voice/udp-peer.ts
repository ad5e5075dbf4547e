/** A real UDP socket on loopback that remembers what it got. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export class UdpPeer {
  readonly received: Buffer[] = [];
  readonly #socket: Socket;

  static async open(address = '127.0.0.1'): Promise<UdpPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new UdpPeer(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (packet) => this.received.push(packet));
  }

  get address(): string {
    return this.#socket.address().address;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Resolves once the operating system has the datagram. */
  send(packet: Uint8Array, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(packet, port, this.address, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}
