import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type NativeAddon, type NativeUdpSocket, ROW_WORDS, RowWord } from './native-addon.js';
import { SourceCache } from './source-cache.js';
import type { UdpBackend, UdpBackendCounters, UdpBackendHandler, UdpBackendOptions } from './udp-backend.js';

/** What is asked for; the operating system may grant less. It holds what arrives during a garbage collection. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
/** What waits for the network card; voice beyond it is dropped. */
const SEND_BUFFER_BYTES = 4 * 1024 * 1024;

/** UDP by the addon of `native/`: many datagrams with one call to the system, and nothing allocated for any of them. */
export class NativeBackend implements UdpBackend {
  readonly name = 'native';
  readonly #handler: UdpBackendHandler;
  /** The addon's own. */
  readonly socket: NativeUdpSocket;
  readonly #rows: Uint32Array;
  /** A view of each datagram's place, made once. */
  readonly #packets: readonly Uint8Array[];
  readonly #sources: SourceCache;
  #hasSent = false;
  #isClosed = false;
  #unanswerable = 0;

  /** See {@link StartUdpBackend}. */
  static async start(
    addon: NativeAddon,
    options: UdpBackendOptions,
    handler: UdpBackendHandler,
  ): Promise<NativeBackend> {
    const { bindAddress, port } = options;
    const address = isIP(bindAddress) === 0 ? (await lookup(bindAddress)).address : bindAddress;
    return new NativeBackend(addon, address, port, handler);
  }

  private constructor(addon: NativeAddon, address: string, port: number, handler: UdpBackendHandler) {
    this.#handler = handler;
    this.socket = addon.open(address, port, RECEIVE_BUFFER_BYTES, SEND_BUFFER_BYTES, this.#onBatch);
    const { rows, packets } = this.socket;
    this.#rows = new Uint32Array(rows);
    const batch = this.#rows.length / ROW_WORDS;
    const packetBytes = packets.byteLength / batch;
    this.#packets = Array.from(
      { length: batch },
      (_, index) => new Uint8Array(packets, index * packetBytes, packetBytes),
    );
    this.#sources = new SourceCache(this.#rows, (index) => this.socket.sourceAddress(index));
  }

  get port(): number {
    return this.socket.port;
  }

  setEndpoint(slot: number, address: string, port: number): void {
    this.socket.setEndpoint(slot, address, port);
  }

  send(
    packet: Uint8Array,
    offset: number,
    length: number,
    slots: Uint32Array,
    slotCount: number,
    exceptSlot: number,
  ): void {
    this.socket.send(packet, offset, length, slots, slotCount, exceptSlot);
    this.#hasSent = true;
  }

  sendTo(packet: Uint8Array, address: string, port: number): void {
    this.socket.sendTo(packet, address, port);
    this.#hasSent = true;
  }

  counters(): UdpBackendCounters {
    const [, , congested, errors, receiveBufferBytes] = this.socket.counters();
    return { name: this.name, receiveBufferBytes, unanswerable: this.#unanswerable, congested, errors };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.socket.close();
  }

  readonly #onBatch = (count: number): void => {
    this.#handler.onBatch();
    for (let index = 0; index < count && !this.#isClosed; index += 1) this.#onPacket(index);
  };

  #onPacket(index: number): void {
    const packet = this.#packets[index];
    const source = this.#sources.of(index);
    const length = this.#rows[index * ROW_WORDS + RowWord.length];
    if (packet === undefined || length === undefined) return;
    if (source.port === 0) {
      this.#unanswerable += 1;
      return;
    }
    this.#hasSent = false;
    this.#handler.onPacket(packet, length, source);
    if (this.#hasSent) this.#handler.onSent();
  }
}
