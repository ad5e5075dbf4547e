import type { UdpBackend, UdpBackendCounters } from '../../src/voice/udp-backend.js';

/** What was sent, and where to. */
export interface SentDatagram {
  readonly address: string;
  readonly bytes: Uint8Array;
}

/** A backend that sends nothing and remembers what it was asked to send. */
export class RecordingBackend implements UdpBackend {
  readonly name = 'recording';
  readonly port = 9001;
  readonly #endpoints = new Map<number, string>();
  #sent: SentDatagram[] = [];

  /** What was sent since this was asked last. */
  takeSent(): readonly SentDatagram[] {
    const sent = this.#sent;
    if (sent.length > 0) this.#sent = [];
    return sent;
  }

  setEndpoint(slot: number, address: string, port: number): void {
    this.#endpoints.set(slot, `${address} ${port}`);
  }

  send(
    packet: Uint8Array,
    offset: number,
    length: number,
    slots: Uint32Array,
    slotCount: number,
    exceptSlot: number,
  ): void {
    for (const slot of slots.subarray(0, slotCount)) {
      const address = this.#endpoints.get(slot);
      if (slot === exceptSlot || address === undefined) continue;
      this.#sent.push({ address, bytes: packet.slice(offset, offset + length) });
    }
  }

  sendTo(packet: Uint8Array, address: string, port: number): void {
    this.#sent.push({ address: `${address} ${port}`, bytes: packet });
  }

  counters(): UdpBackendCounters {
    return { name: this.name, receiveBufferBytes: 0, unanswerable: 0, congested: 0, errors: 0 };
  }

  async close(): Promise<void> {}
}
