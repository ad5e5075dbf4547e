import type { StartUdpBackend, UdpBackend } from '../voice/udp-backend.js';
import type { CryptCounters } from './crypt-state.js';
import type { CryptSetup } from './gateway-messages.js';

/** The longest packet that is sealed, in bytes. */
export const MAX_SEALED_BYTES = 1216;

/** What was counted of the datagrams from a slot, and how many went to it. */
export interface SealCounters {
  readonly received: CryptCounters;
  readonly sealed: number;
}

/** UDP whose datagrams are sealed for each slot with a key of its own, and opened with it. The relay knows nothing of it. */
export interface SealedBackend extends Omit<UdpBackend, 'send'> {
  /** From now on the slot has this key and these nonces, and no endpoint. Throws RangeError unless all have 16 bytes. */
  setSeal(slot: number, setup: CryptSetup): void;
  /** Nothing is sent to the slot any more. */
  removeSeal(slot: number): void;
  /**
   * The packet that the first `length` bytes of `datagram` hold, or undefined where they are not of this slot, were
   * replayed, or come too late. It holds until the next call. The datagram is not changed.
   */
  open(slot: number, datagram: Uint8Array, length: number): Uint8Array | undefined;
  /** Seals the first `length` bytes of `packet`, {@link MAX_SEALED_BYTES} at most, for each of the first `slotCount` of `slots` that has a key and an endpoint, except for `exceptSlot`. Returns to how many it goes. The packet may be changed afterwards. */
  sendSealed(packet: Uint8Array, length: number, slots: Uint32Array, slotCount: number, exceptSlot: number): number;
  /** The other side says which nonce it has used last. Throws RangeError unless it has 16 bytes. */
  resynchronize(slot: number, nonce: Uint8Array): void;
  /** The nonce of the last datagram to the slot. */
  sealNonce(slot: number): Uint8Array;
  /** What was counted of the datagrams of the slot. */
  sealCounters(slot: number): SealCounters;
}

/** As {@link StartUdpBackend}. */
export type StartSealedBackend = (...parameters: Parameters<StartUdpBackend>) => Promise<SealedBackend>;
