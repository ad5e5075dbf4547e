import { NO_SLOT } from '../relay/outcome.js';
import { DgramBackend } from '../voice/dgram-backend.js';
import type { UdpBackendCounters, UdpBackendHandler, UdpBackendOptions } from '../voice/udp-backend.js';
import { CryptState } from './crypt-state.js';
import type { CryptSetup } from './gateway-messages.js';
import { MAX_SEALED_BYTES, type SealCounters, type SealedBackend } from './sealed-backend.js';

/** By Node's own UDP and ciphers: always there. */
export class NodeSealedBackend implements SealedBackend {
  readonly #udp: DgramBackend;
  readonly #states: (CryptState | undefined)[] = [];
  readonly #isReached: boolean[] = [];
  readonly #slot = new Uint32Array(1);

  /** See `StartSealedBackend`. */
  static async start(options: UdpBackendOptions, handler: UdpBackendHandler): Promise<NodeSealedBackend> {
    return new NodeSealedBackend(await DgramBackend.start(options, handler));
  }

  private constructor(udp: DgramBackend) {
    this.#udp = udp;
  }

  get name(): string {
    return this.#udp.name;
  }

  get port(): number {
    return this.#udp.port;
  }

  setSeal(slot: number, { key, clientNonce, serverNonce }: CryptSetup): void {
    this.#states[slot] = new CryptState(key, serverNonce, clientNonce);
    this.#isReached[slot] = false;
  }

  removeSeal(slot: number): void {
    this.#states[slot] = undefined;
    this.#isReached[slot] = false;
  }

  setEndpoint(slot: number, address: string, port: number): void {
    this.#udp.setEndpoint(slot, address, port);
    this.#isReached[slot] = true;
  }

  open(slot: number, datagram: Uint8Array, length: number): Uint8Array | undefined {
    return this.#stateOf(slot).open(datagram.subarray(0, length));
  }

  sendSealed(packet: Uint8Array, length: number, slots: Uint32Array, slotCount: number, exceptSlot: number): number {
    if (length > MAX_SEALED_BYTES) throw new RangeError('the packet is too long');
    let copies = 0;
    const bytes = packet.subarray(0, length);
    for (let index = 0; index < slotCount; index += 1) {
      const slot = slots[index] ?? 0;
      const state = this.#states[slot];
      if (state === undefined || slot === exceptSlot || this.#isReached[slot] !== true) continue;
      const datagram = state.seal(bytes);
      this.#slot[0] = slot;
      this.#udp.send(datagram, 0, datagram.length, this.#slot, 1, NO_SLOT);
      copies += 1;
    }
    return copies;
  }

  sendTo(packet: Uint8Array, address: string, port: number): void {
    this.#udp.sendTo(packet, address, port);
  }

  resynchronize(slot: number, nonce: Uint8Array): void {
    this.#stateOf(slot).resynchronize(nonce);
  }

  sealNonce(slot: number): Uint8Array {
    return this.#stateOf(slot).sealNonce;
  }

  sealCounters(slot: number): SealCounters {
    const state = this.#stateOf(slot);
    return { received: state.counters(), sealed: state.sealed };
  }

  counters(): UdpBackendCounters {
    return this.#udp.counters();
  }

  close(): Promise<void> {
    return this.#udp.close();
  }

  #stateOf(slot: number): CryptState {
    const state = this.#states[slot];
    if (state === undefined) throw new TypeError('the slot has no seal');
    return state;
  }
}
