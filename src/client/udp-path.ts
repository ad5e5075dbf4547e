import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Deferred } from './deferred.js';
import { type PathMode, PathMonitor } from './path-monitor.js';
import { ReplayWindow } from './replay-window.js';
import { PacketKind, type Probe, readHeader } from './voice-packet.js';

/** How long a pong is waited for that is asked for beside the others, in milliseconds. */
const PROBE_TIMEOUT_MS = 1000;

/** What a path needs of the session that it serves. */
export interface UdpPathOptions {
  /** The address of the server's end of the control connection, IPv4 or IPv6. */
  readonly address: string;
  /** Where voice goes, a name or an address; empty where that is `address`. */
  readonly host: string;
  /** The address of the client's end of it. */
  readonly localAddress: string;
  readonly port: number;
  sealPing(probe: Probe): Uint8Array;
  openPong(packet: Uint8Array): Probe | undefined;
  /** Sends a packet through the control connection. */
  sendTunneled(packet: Uint8Array): void;
  /** Takes a packet other than a pong from the server. */
  onPacket(packet: Uint8Array): void;
  /** A new pong of the server has come. */
  onPong(counter: number): void;
  onModeChange(mode: PathMode): void;
}

/** The UDP socket of a session: pings, proof of the address, and the change to the tunnel and back. */
export class UdpPath {
  readonly #options: UdpPathOptions;
  readonly #socket: Socket;
  readonly #monitor = new PathMonitor(performance.now());
  readonly #pongs = new ReplayWindow();
  #knownMode: PathMode = 'probing';
  #connected = false;
  #closed = false;
  #isRetired = false;
  #timer: NodeJS.Timeout | undefined;
  #advanceAtMs = Number.POSITIVE_INFINITY;
  readonly #settled = new Deferred();
  #probe: Deferred | undefined;

  /** Opens a socket that takes datagrams of the server only, and begins to ping. */
  constructor(options: UdpPathOptions) {
    this.#options = options;
    const host = options.host || options.address;
    // A name is looked for among the addresses of the kind by which the server was reached.
    this.#socket = createSocket((isIP(host) === 0 ? options.address : host).includes(':') ? 'udp6' : 'udp4');
    // An unreachable port or network shows itself as pings without an answer, which is what the monitor looks at.
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (packet) => this.#receive(packet));
    this.#socket.connect(options.port, host, (error?: Error) => {
      this.#connected = error === undefined;
      this.#advance();
    });
  }

  /** True where it goes between these addresses: a socket does not follow a client into another network. */
  leadsTo(address: string, localAddress: string): boolean {
    return this.#options.address === address && this.#options.localAddress === localAddress;
  }

  /** The way that voice takes now. */
  get mode(): PathMode {
    return this.#monitor.mode;
  }

  /** How long the newest answered ping took, in milliseconds. */
  get roundTripMs(): number | undefined {
    return this.#monitor.roundTripMs;
  }

  /** Resolves when the way is known: at once where UDP is open, otherwise within 2 s. */
  settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Sends a voice packet by the way that is open now. */
  send(packet: Uint8Array): void {
    if (this.mode !== 'udp') {
      this.#options.sendTunneled(packet);
      return;
    }
    this.#sendDatagram(packet);
    this.#voicePassed();
  }

  /** Asks for a pong by UDP where voice goes there, and resolves when one has come, or none will. */
  async probe(): Promise<void> {
    if (this.#closed || this.mode !== 'udp') return;
    const probe = new Deferred();
    this.#probe = probe;
    const timer = setTimeout(() => probe.resolve(), PROBE_TIMEOUT_MS);
    this.#sendDatagram(this.#options.sealPing(this.#monitor.nextPing(performance.now())));
    await probe.promise;
    clearTimeout(timer);
  }

  /** Pings no more and sends nothing, but takes what still comes. */
  retire(): void {
    clearTimeout(this.#timer);
    this.#isRetired = true;
    this.#settled.resolve();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket.close();
    this.#settled.resolve();
    this.#probe?.resolve();
  }

  #receive(packet: Uint8Array): void {
    const header = readHeader(packet);
    if (header?.kind !== PacketKind.pong) {
      this.#options.onPacket(packet);
      this.#voicePassed();
      return;
    }
    const pong = this.#options.openPong(packet);
    if (pong === undefined || !this.#pongs.accepts(header.counter)) return;
    this.#pongs.commit(header.counter);
    this.#options.onPong(header.counter);
    this.#monitor.pongReceived(pong, performance.now());
    this.#probe?.resolve();
    this.#advance();
  }

  #voicePassed(): void {
    this.#monitor.voicePassed(performance.now());
    if (this.#monitor.nextDueMs() < this.#advanceAtMs) this.#advance();
  }

  /** Sends what is due, and sets the timer for what comes next. */
  #advance(): void {
    if (this.#closed || this.#isRetired) return;
    const nowMs = performance.now();
    const due = this.#monitor.due(nowMs);
    if (due.udp) this.#sendDatagram(this.#options.sealPing(this.#monitor.nextPing(nowMs)));
    if (due.tunnel) this.#options.sendTunneled(this.#options.sealPing(this.#monitor.nextPing(nowMs)));
    clearTimeout(this.#timer);
    this.#advanceAtMs = this.#monitor.nextDueMs();
    this.#timer = setTimeout(() => this.#advance(), Math.max(0, this.#advanceAtMs - nowMs));
    this.#tellMode();
  }

  #tellMode(): void {
    const { mode } = this;
    if (mode === this.#knownMode) return;
    this.#knownMode = mode;
    this.#settled.resolve();
    this.#options.onModeChange(mode);
  }

  #sendDatagram(packet: Uint8Array): void {
    if (this.#connected && !this.#closed) this.#socket.send(packet, () => undefined);
  }
}
