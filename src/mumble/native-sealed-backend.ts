import type { NativeAddon } from '../voice/native-addon.js';
import { NativeBackend } from '../voice/native-backend.js';
import type { UdpBackendCounters, UdpBackendHandler, UdpBackendOptions } from '../voice/udp-backend.js';
import type { CryptSetup } from './gateway-messages.js';
import { BLOCK_BYTES } from './ocb2-cipher.js';
import { MAX_SEALED_BYTES, type SealCounters, type SealedBackend } from './sealed-backend.js';

/** By the addon of `native/`: one call seals a packet for all its receivers and hands it to the system. */
export class NativeSealedBackend implements SealedBackend {
  readonly #udp: NativeBackend;
  readonly #isPlain: boolean;
  readonly #opened = new Uint8Array(MAX_SEALED_BYTES);

  /** See `StartSealedBackend`. Where `isPlain` is true the processor's own AES is not used, as where it has none. */
  static async start(
    addon: NativeAddon,
    options: UdpBackendOptions,
    handler: UdpBackendHandler,
    isPlain = false,
  ): Promise<NativeSealedBackend> {
    return new NativeSealedBackend(await NativeBackend.start(addon, options, handler), isPlain);
  }

  private constructor(udp: NativeBackend, isPlain: boolean) {
    this.#udp = udp;
    this.#isPlain = isPlain;
  }

  get name(): string {
    return this.#udp.name;
  }

  get port(): number {
    return this.#udp.port;
  }

  setSeal(slot: number, { key, clientNonce, serverNonce }: CryptSetup): void {
    for (const bytes of [key, clientNonce, serverNonce]) requireBlock(bytes);
    this.#udp.socket.setSeal(slot, key, serverNonce, clientNonce, this.#isPlain);
  }

  removeSeal(slot: number): void {
    this.#udp.socket.removeSeal(slot);
  }

  setEndpoint(slot: number, address: string, port: number): void {
    this.#udp.setEndpoint(slot, address, port);
  }

  open(slot: number, datagram: Uint8Array, length: number): Uint8Array | undefined {
    const opened = this.#udp.socket.open(slot, datagram, Math.min(length, datagram.length), this.#opened);
    return opened < 0 ? undefined : this.#opened.subarray(0, opened);
  }

  sendSealed(packet: Uint8Array, length: number, slots: Uint32Array, slotCount: number, exceptSlot: number): number {
    return this.#udp.socket.sendSealed(packet, length, slots, slotCount, exceptSlot);
  }

  sendTo(packet: Uint8Array, address: string, port: number): void {
    this.#udp.sendTo(packet, address, port);
  }

  resynchronize(slot: number, nonce: Uint8Array): void {
    requireBlock(nonce);
    this.#udp.socket.resynchronize(slot, nonce);
  }

  sealNonce(slot: number): Uint8Array {
    const nonce = new Uint8Array(BLOCK_BYTES);
    this.#udp.socket.sealNonce(slot, nonce);
    return nonce;
  }

  sealCounters(slot: number): SealCounters {
    const [good, late, lost, resync, sealed] = this.#udp.socket.sealCounters(slot);
    return { received: { good, late, lost, resync }, sealed };
  }

  counters(): UdpBackendCounters {
    return this.#udp.counters();
  }

  close(): Promise<void> {
    return this.#udp.close();
  }
}

function requireBlock(bytes: Uint8Array): void {
  if (bytes.length !== BLOCK_BYTES) throw new RangeError(`a key and a nonce have ${BLOCK_BYTES} bytes`);
}
