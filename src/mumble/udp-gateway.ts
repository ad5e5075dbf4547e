import type { UdpSource } from '../relay/outcome.js';
import { NetworkRate } from '../voice/network-rate.js';
import { networkOf } from '../voice/newcomers.js';
import type { UdpBackendHandler } from '../voice/udp-backend.js';
import { SEAL_BYTES } from './crypt-state.js';
import { MAX_LEGACY_BYTES } from './legacy-voice.js';

/** Datagrams of unknown origin are tried with the keys of clients at the same address, so often per second and network. */
const TRIALS = { perSecond: 1000, burst: 2000, maxNetworks: 10_000 };
/** Questions for the server's state that one network gets answered per second. */
const QUESTIONS = { perSecond: 2, burst: 10, maxNetworks: 10_000 };
/** A question for the server's state: four zeros, and eight bytes that come back. */
const QUESTION_BYTES = 12;

/** A client that may be reached by UDP. */
export interface UdpPeer {
  /** True where its address is known. */
  readonly isMapped: boolean;
  /** The packet that the first `length` bytes hold, or undefined where they are not of this client. It holds until the next call of any peer's. */
  open(datagram: Uint8Array, length: number): Uint8Array | undefined;
  /** A datagram from the client's own address did not open. */
  refused(): void;
  /** A packet of this client has come from there. */
  onPacket(packet: Uint8Array, address: string, port: number): void;
}

export interface UdpGatewayOptions {
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** Somebody asks for the server's state. The answer is twice as long as the question, so there are few for each network. */
  readonly onQuestion: (question: Uint8Array, address: string, port: number) => void;
}

/** What has come to the port of Mumble clients, since it was opened. */
export interface UdpGatewayCounters {
  readonly received: number;
  /** Datagrams that no client has sealed, or that came again. */
  readonly refused: number;
  /** Keys that were tried on datagrams of unknown origin. */
  readonly trials: number;
}

/** Finds out whose datagrams come to the port of Mumble clients, by their source or by the keys of those who are at its address. */
export class UdpGateway implements UdpBackendHandler {
  readonly #options: UdpGatewayOptions;
  /** By address and port. */
  readonly #byEndpoint = new Map<string, Map<number, UdpPeer>>();
  readonly #byAddress = new Map<string, Set<UdpPeer>>();
  readonly #endpointOf = new Map<UdpPeer, { readonly address: string; readonly port: number }>();
  readonly #trialRate = new NetworkRate(TRIALS);
  readonly #questionRate = new NetworkRate(QUESTIONS);
  #received = 0;
  #refused = 0;
  #trials = 0;

  constructor(options: UdpGatewayOptions) {
    this.#options = options;
  }

  counters(): UdpGatewayCounters {
    return { received: this.#received, refused: this.#refused, trials: this.#trials };
  }

  /** Datagrams may come from this client, whose control connection comes from this address. */
  add(peer: UdpPeer, remoteAddress: string): void {
    const address = plainAddress(remoteAddress);
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? new Set<UdpPeer>()).add(peer));
  }

  remove(peer: UdpPeer, remoteAddress: string): void {
    const address = plainAddress(remoteAddress);
    const peers = this.#byAddress.get(address);
    peers?.delete(peer);
    if (peers?.size === 0) this.#byAddress.delete(address);
    this.#unmap(peer);
  }

  onBatch(): void {
    // Each peer looks at the clock itself.
  }

  onPacket(datagram: Uint8Array, length: number, { address, port }: UdpSource): void {
    this.#received += 1;
    const known = this.#byEndpoint.get(address)?.get(port);
    if (known !== undefined && offer(known, datagram, length, address, port)) return;
    if (known === undefined && isQuestion(datagram, length)) {
      this.#onQuestion(datagram, address, port);
      return;
    }
    if (length > SEAL_BYTES && length <= SEAL_BYTES + MAX_LEGACY_BYTES) {
      const found = this.#tryPeers(known, datagram, length, address, port);
      if (found !== undefined) {
        this.#map(found, address, port);
        return;
      }
    }
    this.#refused += 1;
    known?.refused();
  }

  onSent(): void {
    // How long voice takes through this door is not measured here.
  }

  /** Those whose address is not known first; the others may have got a new one. */
  #tryPeers(
    known: UdpPeer | undefined,
    datagram: Uint8Array,
    length: number,
    address: string,
    port: number,
  ): UdpPeer | undefined {
    const plain = plainAddress(address);
    const network = networkOf(plain);
    for (const isMapped of [false, true]) {
      for (const peer of this.#byAddress.get(plain) ?? []) {
        if (peer === known || peer.isMapped !== isMapped) continue;
        if (!this.#trialRate.take(network, this.#options.nowMs())) return undefined;
        this.#trials += 1;
        if (offer(peer, datagram, length, address, port)) return peer;
      }
    }
    return undefined;
  }

  #map(peer: UdpPeer, address: string, port: number): void {
    this.#unmap(peer);
    const former = this.#byEndpoint.get(address)?.get(port);
    if (former !== undefined) this.#unmap(former);
    const byPort = this.#byEndpoint.get(address) ?? new Map<number, UdpPeer>();
    this.#byEndpoint.set(address, byPort.set(port, peer));
    this.#endpointOf.set(peer, { address, port });
  }

  #unmap(peer: UdpPeer): void {
    const endpoint = this.#endpointOf.get(peer);
    if (endpoint === undefined) return;
    const { address, port } = endpoint;
    const byPort = this.#byEndpoint.get(address);
    this.#endpointOf.delete(peer);
    byPort?.delete(port);
    if (byPort?.size === 0) this.#byEndpoint.delete(address);
  }

  #onQuestion(question: Uint8Array, address: string, port: number): void {
    const { onQuestion, nowMs } = this.#options;
    if (!this.#questionRate.take(networkOf(plainAddress(address)), nowMs())) return;
    onQuestion(Uint8Array.from(question.subarray(0, QUESTION_BYTES)), address, port);
  }
}

function offer(peer: UdpPeer, datagram: Uint8Array, length: number, address: string, port: number): boolean {
  const packet = peer.open(datagram, length);
  if (packet === undefined) return false;
  peer.onPacket(packet, address, port);
  return true;
}

function isQuestion(datagram: Uint8Array, length: number): boolean {
  return length === QUESTION_BYTES && datagram.subarray(0, 4).every((byte) => byte === 0);
}

/** An IPv4 address as such, however the socket shows it. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
