import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A hop between one client and a server's UDP port that a test can block, as a firewall does. */
export class UdpForwarder {
  readonly #front: Socket;
  readonly #back: Socket;
  #clientPort: number | undefined;
  isBlocked = false;

  static async start(serverPort: number): Promise<UdpForwarder> {
    const front = createSocket('udp4');
    const back = createSocket('udp4');
    front.bind(0, '127.0.0.1');
    back.bind(0, '127.0.0.1');
    await Promise.all([once(front, 'listening'), once(back, 'listening')]);
    return new UdpForwarder(front, back, serverPort);
  }

  private constructor(front: Socket, back: Socket, serverPort: number) {
    this.#front = front;
    this.#back = back;
    front.on('message', (packet, { port }) => {
      this.#clientPort = port;
      if (!this.isBlocked) back.send(packet, serverPort, '127.0.0.1');
    });
    back.on('message', (packet) => {
      if (!this.isBlocked && this.#clientPort !== undefined) front.send(packet, this.#clientPort, '127.0.0.1');
    });
  }

  /** Where the client sends to. */
  get port(): number {
    return this.#front.address().port;
  }

  close(): void {
    this.#front.close();
    this.#back.close();
  }
}
