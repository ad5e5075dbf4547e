/** A network on virtual time that loses, delays, reorders and repeats datagrams, as a seed decides. */
import type { UdpSource } from '../../src/relay/outcome.js';
import type { UdpBackend, UdpBackendCounters, UdpBackendHandler } from '../../src/voice/udp-backend.js';
import type { Random } from './random.js';

export interface NetworkConditions {
  /** Share of datagrams that never arrive. */
  readonly lossRate: number;
  /** Share of datagrams that arrive twice. */
  readonly duplicationRate: number;
  /** The least and the most time that a datagram takes, in milliseconds: a wide range reorders. */
  readonly delayMs: readonly [least: number, most: number];
}

export const PERFECT_NETWORK: NetworkConditions = { lossRate: 0, duplicationRate: 0, delayMs: [0, 0] };

type Receiver = (packet: Uint8Array, from: UdpSource) => void;

interface Flight {
  readonly arrivesAtMs: number;
  readonly deliver: () => void;
}

export class SimulatedNetwork {
  conditions: NetworkConditions;
  readonly #random: Random;
  readonly #receivers = new Map<string, Receiver>();
  readonly #bytesTo = new Map<string, number>();
  #flights: Flight[] = [];
  #nowMs = 0;

  constructor(random: Random, conditions: NetworkConditions = PERFECT_NETWORK) {
    this.#random = random;
    this.conditions = conditions;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Whoever is at this address gets what is sent there. */
  listen(at: UdpSource, receiver: Receiver): void {
    this.#receivers.set(nameOf(at), receiver);
  }

  /** Nobody is at this address any more. */
  silence(at: UdpSource): void {
    this.#receivers.delete(nameOf(at));
  }

  /** Bytes that were sent to this address, whether they arrived or not. */
  bytesSentTo(at: UdpSource): number {
    return this.#bytesTo.get(nameOf(at)) ?? 0;
  }

  send(packet: Uint8Array, from: UdpSource, to: UdpSource): void {
    this.#bytesTo.set(nameOf(to), this.bytesSentTo(to) + packet.length);
    const copies = this.#random.chance(this.conditions.duplicationRate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#random.chance(this.conditions.lossRate)) continue;
      const [least, most] = this.conditions.delayMs;
      const arrivesAtMs = this.#nowMs + least + this.#random.fraction() * (most - least);
      this.#flights.push({ arrivesAtMs, deliver: () => this.#receivers.get(nameOf(to))?.(packet, from) });
    }
  }

  /** Lets time pass, and everything arrive that is due meanwhile, what is sent on arrival too. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (let next = this.#takeNext(untilMs); next !== undefined; next = this.#takeNext(untilMs)) {
      this.#nowMs = next.arrivesAtMs;
      next.deliver();
    }
    this.#nowMs = untilMs;
  }

  #takeNext(untilMs: number): Flight | undefined {
    const due = this.#flights.filter(({ arrivesAtMs }) => arrivesAtMs <= untilMs);
    const next = due.reduce<Flight | undefined>(
      (first, flight) => (first === undefined || flight.arrivesAtMs < first.arrivesAtMs ? flight : first),
      undefined,
    );
    this.#flights = this.#flights.filter((flight) => flight !== next);
    return next;
  }
}

/** The relay's backend on a simulated network. */
export class SimulatedBackend implements UdpBackend {
  readonly name = 'simulated';
  readonly port: number;
  readonly #network: SimulatedNetwork;
  readonly #address: UdpSource;
  readonly #endpoints = new Map<number, UdpSource>();

  constructor(network: SimulatedNetwork, address: UdpSource, handler: UdpBackendHandler) {
    this.#network = network;
    this.#address = address;
    this.port = address.port;
    network.listen(address, (packet, from) => {
      handler.onBatch();
      handler.onPacket(packet, packet.length, from);
      handler.onSent();
    });
  }

  setEndpoint(slot: number, address: string, port: number): void {
    this.#endpoints.set(slot, { kind: 'udp', address, port });
  }

  send(packet: Uint8Array, offset: number, length: number, slots: Uint32Array, slotCount: number, exceptSlot: number) {
    for (const slot of slots.subarray(0, slotCount)) {
      const endpoint = this.#endpoints.get(slot);
      if (slot === exceptSlot || endpoint === undefined) continue;
      this.#network.send(packet.slice(offset, offset + length), this.#address, endpoint);
    }
  }

  sendTo(packet: Uint8Array, address: string, port: number): void {
    this.#network.send(packet.slice(), this.#address, { kind: 'udp', address, port });
  }

  counters(): UdpBackendCounters {
    return { name: this.name, receiveBufferBytes: 0, unanswerable: 0, congested: 0, errors: 0 };
  }

  async close(): Promise<void> {
    this.#network.silence(this.#address);
  }
}

function nameOf({ address, port }: UdpSource): string {
  return `${address} ${port}`;
}
