import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP } from 'node:net';
import type { UdpSource } from '../relay/outcome.js';
import { numericLookup } from './numeric-lookup.js';
import type { UdpBackend, UdpBackendCounters, UdpBackendHandler, UdpBackendOptions } from './udp-backend.js';

/** What is asked for; the operating system may grant less. It holds what arrives during a garbage collection. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
/** More sends than this wait only where the network is slower than the voice. */
const MAX_WAITING_SENDS = 4096;

/** UDP by Node's own `dgram`: always there. */
export class DgramBackend implements UdpBackend {
  readonly name = 'dgram';
  readonly #socket: Socket;
  readonly #handler: UdpBackendHandler;
  readonly #addresses: string[] = [];
  readonly #ports: number[] = [];
  readonly #source: { -readonly [Field in keyof UdpSource]: UdpSource[Field] } = { kind: 'udp', address: '', port: 0 };
  #hasSent = false;
  #closing: Promise<unknown> | null = null;
  #unanswerable = 0;
  #congested = 0;
  #errors = 0;

  /** See {@link StartUdpBackend}. */
  static async start(options: UdpBackendOptions, handler: UdpBackendHandler): Promise<DgramBackend> {
    const { bindAddress, port } = options;
    const address = isIP(bindAddress) === 0 ? (await lookup(bindAddress)).address : bindAddress;
    const socket = address.includes(':')
      ? createSocket({ type: 'udp6', lookup: numericLookup(6) })
      : createSocket({ type: 'udp4', lookup: numericLookup(4) });
    // The lookup is synchronous, so the socket may listen before bind returns.
    const listening = once(socket, 'listening');
    socket.bind({ address, port, exclusive: true });
    try {
      await listening;
    } catch (error) {
      socket.close();
      throw error;
    }
    return new DgramBackend(socket, handler);
  }

  private constructor(socket: Socket, handler: UdpBackendHandler) {
    this.#socket = socket;
    this.#handler = handler;
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    } catch {
      this.#errors += 1;
    }
    socket.on('error', this.#countError);
    socket.on('message', this.#onMessage);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  setEndpoint(slot: number, address: string, port: number): void {
    this.#addresses[slot] = address;
    this.#ports[slot] = port;
  }

  send(
    packet: Uint8Array,
    offset: number,
    length: number,
    slots: Uint32Array,
    slotCount: number,
    exceptSlot: number,
  ): void {
    if (this.#closing !== null) return;
    if (this.#socket.getSendQueueCount() > MAX_WAITING_SENDS) {
      this.#congested += slotCount;
      return;
    }
    const bytes = packet.subarray(offset, offset + length);
    for (let index = 0; index < slotCount; index += 1) {
      const slot = slots[index];
      if (slot === undefined || slot === exceptSlot) continue;
      const address = this.#addresses[slot];
      const port = this.#ports[slot];
      // A callback would tell of an error, and costs a quarter of the whole send.
      if (address !== undefined && port !== undefined) this.#socket.send(bytes, port, address);
    }
    this.#hasSent = true;
  }

  sendTo(packet: Uint8Array, address: string, port: number): void {
    if (this.#closing !== null) return;
    this.#socket.send(packet, port, address, this.#countError);
    this.#hasSent = true;
  }

  counters(): UdpBackendCounters {
    return {
      name: this.name,
      receiveBufferBytes: this.#closing === null ? this.#socket.getRecvBufferSize() : 0,
      unanswerable: this.#unanswerable,
      congested: this.#congested,
      errors: this.#errors,
    };
  }

  async close(): Promise<void> {
    if (this.#closing === null) {
      this.#closing = once(this.#socket, 'close');
      this.#socket.close();
    }
    await this.#closing;
  }

  readonly #onMessage = (packet: Buffer, { address, port }: RemoteInfo): void => {
    if (port === 0) {
      this.#unanswerable += 1;
      return;
    }
    this.#source.address = address;
    this.#source.port = port;
    this.#hasSent = false;
    this.#handler.onBatch();
    this.#handler.onPacket(packet, packet.length, this.#source);
    // The socket hands each datagram to the system in a tick of its own: this one comes after them.
    if (this.#hasSent) process.nextTick(this.#onSent);
  };

  readonly #onSent = (): void => {
    this.#handler.onSent();
  };

  readonly #countError = (error: Error | null): void => {
    if (error !== null) this.#errors += 1;
  };
}
