/** The port between the relay worker and the operating system's UDP. */
import type { UdpSource } from '../relay/outcome.js';

export interface UdpBackendOptions {
  /** The local address, numeric or a name; one with a colon is IPv6, and `::` takes IPv4 too. */
  readonly bindAddress: string;
  /** 0 for a free port. */
  readonly port: number;
}

/** `auto` is the native backend where its addon is there, else `dgram`. */
export type BackendChoice = 'auto' | 'dgram' | 'native';

/** The code of the error where `native` was chosen and its addon cannot be loaded. */
export const NATIVE_BACKEND_MISSING = 'NATIVE_BACKEND_MISSING';

/** What a backend calls. None of it may throw. */
export interface UdpBackendHandler {
  /** Datagrams have been read, and follow one by one: this is when they came in. */
  onBatch(): void;
  /**
   * A datagram of `length` bytes, which are the first of `packet` and stay as they are until the call returns, or until
   * {@link onSent} where something is sent. One that is longer than any packet may be cut: `length` is what it had.
   * `source` may be reused for another.
   */
  onPacket(packet: Uint8Array, length: number, source: UdpSource): void;
  /** All that was sent because of the packet before has been handed to the operating system. Not called where nothing was sent. */
  onSent(): void;
}

/** Sends to slots, because a backend in native code keeps their addresses on its own side. */
export interface UdpBackend {
  /** For the log and the metrics: `dgram`, `native`. */
  readonly name: string;
  /** The port that is bound. */
  readonly port: number;
  /** From now on the slot is reached here. Addresses are numeric, as {@link UdpBackendHandler.onPacket} gave them. */
  setEndpoint(slot: number, address: string, port: number): void;
  /**
   * Sends `length` bytes of `packet` from `offset` on to the first `slotCount` of `slots`, except to `exceptSlot` and to
   * slots without an endpoint. The bytes may be read after the call has returned: they must not be changed.
   */
  send(
    packet: Uint8Array,
    offset: number,
    length: number,
    slots: Uint32Array,
    slotCount: number,
    exceptSlot: number,
  ): void;
  /** Sends a whole packet, which must not be changed afterwards, to an address that need not be a slot's. */
  sendTo(packet: Uint8Array, address: string, port: number): void;
  counters(): UdpBackendCounters;
  /** Frees the port. Calls after it do nothing. */
  close(): Promise<void>;
}

export interface UdpBackendCounters {
  readonly name: string;
  /** What the operating system granted for datagrams that wait to be read, in bytes. */
  readonly receiveBufferBytes: number;
  /** Datagrams whose sender's port is 0, so that nothing could be answered: dropped before the relay. */
  readonly unanswerable: number;
  /** Copies that were not sent because too many waited: voice that comes late is worth nothing. */
  readonly congested: number;
  /** Errors that the operating system told, as far as the backend can learn of them. */
  readonly errors: number;
}

/** Begins to receive. Rejects with the system's error (`EADDRINUSE`, …) where the port cannot be bound. */
export type StartUdpBackend = (options: UdpBackendOptions, handler: UdpBackendHandler) => Promise<UdpBackend>;
