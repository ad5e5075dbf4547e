import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP } from 'node:net';
import type { Logger } from 'pino';
import { cannotBind } from '../voice/bind-error.js';
import { NetworkRate } from '../voice/network-rate.js';
import { networkOf } from '../voice/newcomers.js';
import { numericLookup } from '../voice/numeric-lookup.js';
import { SEAL_BYTES } from './crypt-state.js';
import { MAX_LEGACY_BYTES } from './legacy-voice.js';

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** Datagrams of unknown origin are tried with the keys of clients at the same address, so often per second and network. */
const TRIALS = { perSecond: 1000, burst: 2000, maxNetworks: 10_000 };
/** Questions for the server's state that one network gets answered per second. */
const QUESTIONS = { perSecond: 2, burst: 10, maxNetworks: 10_000 };
/** A question for the server's state: four zeros, and eight bytes that come back. */
const QUESTION_BYTES = 12;
const ANSWER_BYTES = 24;

/** A client that may be reached by UDP. */
export interface UdpPeer {
  /** True where its address is known. */
  readonly isMapped: boolean;
  /** The packet of a datagram, or undefined where it is not of this client. */
  open(datagram: Uint8Array): Uint8Array | undefined;
  /** A datagram from the client's own address did not open. */
  refused(): void;
  /** A packet of this client has come from there. */
  onPacket(packet: Uint8Array, address: string, port: number): void;
}

/** What whoever asks is told. */
export interface ServerState {
  /** As in the message Version: major in 16 bits, minor and patch in 8 bits each. */
  readonly version: number;
  readonly users: number;
  readonly maxUsers: number;
  /** In bits per second. */
  readonly maxBitrate: number;
}

export interface UdpGatewayOptions {
  readonly bindAddress: string;
  /** 0 for a free port. */
  readonly port: number;
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** The answer to a question for the server's state, or null where none is given. */
  readonly serverState: (() => ServerState) | null;
}

/** How UDP is doing, since the start. */
export interface UdpGatewayCounters {
  readonly received: number;
  readonly sent: number;
  /** Datagrams that no client has sealed, or that came again. */
  readonly refused: number;
  /** Keys that were tried on datagrams of unknown origin. */
  readonly trials: number;
  readonly errors: number;
}

/** The UDP port of Mumble clients: finds out whose datagrams come, by their source or by the keys of those who are at its address. */
export class UdpGateway {
  readonly #socket: Socket;
  readonly #options: UdpGatewayOptions;
  readonly #byEndpoint = new Map<string, UdpPeer>();
  readonly #byAddress = new Map<string, Set<UdpPeer>>();
  readonly #endpointOf = new Map<UdpPeer, string>();
  readonly #trialRate = new NetworkRate(TRIALS);
  readonly #questionRate = new NetworkRate(QUESTIONS);
  #received = 0;
  #sent = 0;
  #refused = 0;
  #trials = 0;
  #errors = 0;
  #isClosed = false;

  /** Resolves once the port is bound. Throws AppError UNAVAILABLE, with the port and the reason, where it cannot be. */
  static async start(options: UdpGatewayOptions): Promise<UdpGateway> {
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
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
      throw cannotBind('UDP', options, code, String(error));
    }
    return new UdpGateway(socket, options);
  }

  private constructor(socket: Socket, options: UdpGatewayOptions) {
    this.#socket = socket;
    this.#options = options;
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    } catch {
      this.#errors += 1;
    }
    socket.on('error', () => {
      this.#errors += 1;
    });
    socket.on('message', (datagram, source) => this.#onDatagram(datagram, source));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  counters(): UdpGatewayCounters {
    return {
      received: this.#received,
      sent: this.#sent,
      refused: this.#refused,
      trials: this.#trials,
      errors: this.#errors,
    };
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

  send(datagram: Uint8Array, address: string, port: number): void {
    if (this.#isClosed) return;
    this.#sent += 1;
    this.#socket.send(datagram, port, address, (error) => {
      if (error !== null) this.#errors += 1;
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  #onDatagram(datagram: Buffer, { address, port }: RemoteInfo): void {
    this.#received += 1;
    const endpoint = `${address} ${port}`;
    const known = this.#byEndpoint.get(endpoint);
    if (known !== undefined && this.#offer(known, datagram, address, port)) return;
    if (this.#isQuestion(datagram, known)) {
      this.#answer(datagram, address, port);
      return;
    }
    if (datagram.length > SEAL_BYTES && datagram.length <= SEAL_BYTES + MAX_LEGACY_BYTES && port !== 0) {
      const found = this.#tryPeers(known, datagram, address, port);
      if (found !== undefined) {
        this.#map(found, endpoint);
        return;
      }
    }
    this.#refused += 1;
    known?.refused();
  }

  #offer(peer: UdpPeer, datagram: Uint8Array, address: string, port: number): boolean {
    const packet = peer.open(datagram);
    if (packet === undefined) return false;
    peer.onPacket(packet, address, port);
    return true;
  }

  /** Those whose address is not known first; the others may have got a new one. */
  #tryPeers(known: UdpPeer | undefined, datagram: Uint8Array, address: string, port: number): UdpPeer | undefined {
    const plain = plainAddress(address);
    const network = networkOf(plain);
    for (const isMapped of [false, true]) {
      for (const peer of this.#byAddress.get(plain) ?? []) {
        if (peer === known || peer.isMapped !== isMapped) continue;
        if (!this.#trialRate.take(network, this.#options.nowMs())) return undefined;
        this.#trials += 1;
        if (this.#offer(peer, datagram, address, port)) return peer;
      }
    }
    return undefined;
  }

  #map(peer: UdpPeer, endpoint: string): void {
    this.#unmap(peer);
    const former = this.#byEndpoint.get(endpoint);
    if (former !== undefined) this.#endpointOf.delete(former);
    this.#byEndpoint.set(endpoint, peer);
    this.#endpointOf.set(peer, endpoint);
  }

  #unmap(peer: UdpPeer): void {
    const endpoint = this.#endpointOf.get(peer);
    if (endpoint === undefined) return;
    this.#endpointOf.delete(peer);
    this.#byEndpoint.delete(endpoint);
  }

  #isQuestion(datagram: Buffer, known: UdpPeer | undefined): boolean {
    return known === undefined && datagram.length === QUESTION_BYTES && datagram.readUInt32BE(0) === 0;
  }

  /** The answer is twice as long as the question, so there are few for each network. */
  #answer(question: Buffer, address: string, port: number): void {
    const { serverState, nowMs } = this.#options;
    if (serverState === null || port === 0 || !this.#questionRate.take(networkOf(plainAddress(address)), nowMs()))
      return;
    const { version, users, maxUsers, maxBitrate } = serverState();
    const answer = Buffer.alloc(ANSWER_BYTES);
    answer.writeUInt32BE(version, 0);
    question.copy(answer, 4, 4);
    answer.writeUInt32BE(users, 12);
    answer.writeUInt32BE(maxUsers, 16);
    answer.writeUInt32BE(maxBitrate, 20);
    this.send(answer, address, port);
  }
}

/** An IPv4 address as such, however the socket shows it. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
