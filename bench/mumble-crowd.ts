import { once } from 'node:events';
import { connect as connectPlainly } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { MumbleFrameReader } from '../src/mumble/mumble-frame-reader.js';
import { decodeMessage, encodeMessage, type MumbleMessage } from '../src/mumble/mumble-messages.js';
import { inParallel } from './bench-town.js';

/** Logins in flight, as of many who come at once. */
const LOGINS_IN_PARALLEL = 16;
const MOVES_IN_PARALLEL = 32;
const PING_INTERVAL_MS = 5000;
const MAX_FRAME_BYTES = 8 * 1024 * 1024;
/** So many bytes has a client in the file of the load. */
const CLIENT_BYTES = 64;

/** Types of frames that a crowd looks into; the others are what a storm of logins is made of. */
const Type = { reject: 4, serverSync: 5, channelState: 7, userState: 9, permissionDenied: 12, cryptSetup: 15 } as const;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface MumbleCrowdOptions {
  readonly port: number;
  readonly credentials: readonly Credentials[];
  /** The names of the channels among which they are spread. */
  readonly channels: readonly string[];
}

/** Mumble clients that have logged in and gone to their channels. Their voice is for a program in C to send. */
export class MumbleCrowd {
  readonly loginsPerSecond: number;
  readonly #clients: readonly BenchMumble[];
  readonly #channelCount: number;
  readonly #pinging: NodeJS.Timeout;

  /** Throws where somebody is refused. */
  static async enter({ port, credentials, channels }: MumbleCrowdOptions): Promise<MumbleCrowd> {
    const clients: BenchMumble[] = [];
    const startMs = performance.now();
    await inParallel(credentials.length, LOGINS_IN_PARALLEL, async (index) => {
      clients[index] = await BenchMumble.logIn(port, addressOf(index), credentials[index], index === 0);
    });
    const loginsPerSecond = (1000 * credentials.length) / (performance.now() - startMs);
    const ids = channels.map((name) => clients[0]?.channelNamed(name) ?? 0);
    await inParallel(clients.length, MOVES_IN_PARALLEL, async (index) => {
      await clients[index]?.enter(ids[index % ids.length] ?? 0);
    });
    return new MumbleCrowd(clients, channels.length, loginsPerSecond);
  }

  private constructor(clients: readonly BenchMumble[], channelCount: number, loginsPerSecond: number) {
    this.#clients = clients;
    this.#channelCount = channelCount;
    this.loginsPerSecond = loginsPerSecond;
    let next = 0;
    this.#pinging = setInterval(() => {
      clients[next]?.ping();
      next = (next + 1) % clients.length;
    }, PING_INTERVAL_MS / clients.length);
  }

  /** As `c-mumble/load.c` reads it. */
  clientFile(): Uint8Array {
    const file = Buffer.alloc(CLIENT_BYTES * this.#clients.length);
    for (const [index, { session, key, clientNonce, serverNonce }] of this.#clients.entries()) {
      const at = CLIENT_BYTES * index;
      file.writeUInt32LE(session, at);
      file.set(addressOf(index).split('.').map(Number), at + 4);
      file.writeUInt32LE(index % this.#channelCount, at + 8);
      file.writeUInt32LE(Math.floor(index / this.#channelCount), at + 12);
      file.set(key, at + 16);
      file.set(clientNonce, at + 32);
      file.set(serverNonce, at + 48);
    }
    return file;
  }

  /** Throws where somebody was put out meanwhile. */
  async leave(): Promise<void> {
    clearInterval(this.#pinging);
    const lost = this.#clients.filter(({ isLost }) => isLost).length;
    await Promise.all(this.#clients.map((client) => client.leave()));
    if (lost > 0) throw new Error(`${lost} clients were put out`);
  }
}

/** One control connection. */
export class BenchMumble {
  session = 0;
  key: Uint8Array = new Uint8Array();
  clientNonce: Uint8Array = new Uint8Array();
  serverNonce: Uint8Array = new Uint8Array();
  readonly #socket: TLSSocket;
  readonly #reader = new MumbleFrameReader();
  readonly #channels: Map<string, number> | null;
  #waiter: { readonly fits: (message: MumbleMessage) => boolean; readonly settle: (error?: Error) => void } | null =
    null;
  #isLost = false;

  /** Resolves when the server has told all that there is. Throws what it refuses the login with. */
  static async logIn(
    port: number,
    localAddress: string,
    credentials: Credentials | undefined,
    keepsChannels = false,
  ): Promise<BenchMumble> {
    const connection = connectPlainly({ host: '127.0.0.1', port, localAddress });
    const socket = connect({ socket: connection, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const client = new BenchMumble(socket, keepsChannels);
    socket.write(encodeMessage('version', { versionV1: 0x01_03_04, release: 'bench', os: 'Linux' }));
    const synchronized = client.#until(({ name }) => name === 'serverSync');
    socket.write(encodeMessage('authenticate', { ...credentials, opus: true }));
    await synchronized;
    return client;
  }

  private constructor(socket: TLSSocket, keepsChannels: boolean) {
    this.#socket = socket;
    this.#channels = keepsChannels ? new Map() : null;
    this.#reader.maxBodyBytes = MAX_FRAME_BYTES;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('close', () => {
      this.#isLost = true;
      this.#settle(new Error('the server has closed the connection'));
    });
    socket.on('error', () => undefined);
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  channelNamed(name: string): number {
    const id = this.#channels?.get(name);
    if (id === undefined) throw new Error(`there is no channel ${name}`);
    return id;
  }

  async enter(channelId: number): Promise<void> {
    const isThere = this.#until(
      ({ name, value }) => name === 'userState' && value.session === this.session && value.channelId === channelId,
    );
    this.#socket.write(encodeMessage('userState', { session: this.session, channelId }));
    await isThere;
  }

  /** Makes a channel below the root. */
  async makeChannel(name: string): Promise<void> {
    const isMade = this.#until((message) => message.name === 'channelState' && message.value.name === name);
    this.#socket.write(encodeMessage('channelState', { parent: 0, name }));
    await isMade;
  }

  ping(): void {
    this.#socket.write(encodeMessage('ping', { timestamp: 1n, good: 100 }));
  }

  async leave(): Promise<void> {
    if (this.#isLost) return;
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }

  #until(fits: (message: MumbleMessage) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiter = { fits, settle: (error) => (error === undefined ? resolve() : reject(error)) };
    });
  }

  #settle(error?: Error): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.settle(error);
  }

  #onData(chunk: Buffer): void {
    this.#reader.push(chunk);
    for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
      if (this.#isOfInterest(frame.type)) this.#onMessage(decodeMessage(frame.type, frame.body));
    }
  }

  #isOfInterest(type: number): boolean {
    switch (type) {
      case Type.reject:
      case Type.serverSync:
      case Type.cryptSetup:
      case Type.permissionDenied:
        return true;
      case Type.channelState:
        return this.#channels !== null;
      case Type.userState:
        return this.session !== 0 && this.#waiter !== null;
      default:
        return false;
    }
  }

  #onMessage(message: MumbleMessage | undefined): void {
    if (message === undefined) return;
    const { name, value } = message;
    if (name === 'serverSync') this.session = value.session ?? 0;
    if (name === 'channelState' && value.name !== undefined) this.#channels?.set(value.name, value.channelId ?? 0);
    if (name === 'cryptSetup' && value.key !== undefined) {
      this.key = value.key;
      this.clientNonce = value.clientNonce ?? new Uint8Array();
      this.serverNonce = value.serverNonce ?? new Uint8Array();
    }
    if (name === 'reject' || name === 'permissionDenied') this.#settle(new Error(`refused: ${value.reason}`));
    else if (this.#waiter?.fits(message) === true) this.#settle();
  }
}

/** Each client has a loopback address of its own. */
function addressOf(index: number): string {
  return `127.3.${Math.floor(index / 200)}.${1 + (index % 200)}`;
}
