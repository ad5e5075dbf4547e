/** A Mumble client that obeys nobody: it says what the test says, and remembers what comes, by TLS and by UDP. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { CryptState } from '../../src/mumble/crypt-state.js';
import {
  decodeMessage,
  encodeFrame,
  encodeMessage,
  type MumbleInit,
  type MumbleMessage,
  type MumbleMessageName,
  TUNNEL_TYPE,
} from '../../src/mumble/mumble-messages.js';
import { readVarint, writeVarint } from '../../src/mumble/varint.js';
import { eventually } from '../support/eventually.js';

export interface RawMumbleOptions {
  readonly port: number;
  /** The name of the host, as TLS tells it. */
  readonly servername?: string;
  readonly tokens?: readonly string[];
  /** Its own, PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** What somebody said, as a client hears it. */
export interface HeardVoice {
  readonly way: 'udp' | 'tunnel';
  readonly context: number;
  readonly sessionId: number;
  readonly frameNumber: number;
  readonly endOfTalk: boolean;
  readonly opus: string;
}

type Value<Name extends MumbleMessageName> = Extract<MumbleMessage, { readonly name: Name }>['value'];

export class RawMumble {
  readonly received: MumbleMessage[] = [];
  readonly heard: HeardVoice[] = [];
  readonly pongs: string[] = [];
  readonly socket: TLSSocket;
  readonly #options: RawMumbleOptions;
  #udp: Socket | null = null;
  #crypt: CryptState | null = null;
  #bytes: Buffer = Buffer.alloc(0);
  #isClosed = false;

  static async open(options: RawMumbleOptions): Promise<RawMumble> {
    const { port, servername, certificate } = options;
    const socket = connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      ...(servername && { servername }),
      ...certificate,
    });
    await once(socket, 'secureConnect');
    return new RawMumble(socket, options);
  }

  private constructor(socket: TLSSocket, options: RawMumbleOptions) {
    this.socket = socket;
    this.#options = options;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('close', () => {
      this.#isClosed = true;
    });
    // A server that cuts the connection is what some tests are about.
    socket.on('error', () => undefined);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get sessionId(): number {
    return this.all('serverSync').at(0)?.session ?? 0;
  }

  /** The server has given new keys. */
  takeKeys(crypt: CryptState): void {
    this.#crypt = crypt;
  }

  get crypt(): CryptState {
    if (this.#crypt === null) throw new Error('there is no CryptSetup yet');
    return this.#crypt;
  }

  all<Name extends MumbleMessageName>(name: Name): Value<Name>[] {
    return this.received.flatMap((message) => (message.name === name ? [message.value as Value<Name>] : []));
  }

  /** The first message of this name that comes from now on and fits. */
  async next<Name extends MumbleMessageName>(
    name: Name,
    fits: (value: Value<Name>) => boolean = () => true,
  ): Promise<Value<Name>> {
    const before = this.received.length;
    const find = () =>
      this.received.slice(before).flatMap((message) => {
        const value = message.value as Value<Name>;
        return message.name === name && fits(value) ? [value] : [];
      });
    await eventually(() => find().length > 0);
    const [value] = find();
    if (value === undefined) throw new Error('a message is gone');
    return value;
  }

  send<Name extends MumbleMessageName>(name: Name, value: MumbleInit<Name>): void {
    this.socket.write(encodeMessage(name, value));
  }

  sendFrame(type: number, body: Uint8Array): void {
    this.socket.write(encodeFrame(type, body));
  }

  /** Logs in and waits until the session is in the channel that it was brought to. */
  async logIn(username: string, password: string): Promise<void> {
    this.send('version', { versionV1: 0x01_04_00, release: 'raw 1.0' });
    this.send('authenticate', { username, password, tokens: [...(this.#options.tokens ?? [])], opus: true });
    await eventually(() => this.all('serverConfig').length > 0);
    const setup = this.all('cryptSetup')[0];
    this.#crypt = new CryptState(
      setup?.key ?? new Uint8Array(),
      setup?.clientNonce ?? new Uint8Array(),
      setup?.serverNonce ?? new Uint8Array(),
    );
    await eventually(() => this.channelOf(this.sessionId) !== 0);
  }

  /** Where the client has been told that a session is. */
  channelOf(session: number): number {
    return this.stateOf(session).channelId ?? 0;
  }

  /** All that the client has been told of a session, the last word of each field. */
  stateOf(session: number): Partial<Value<'userState'>> {
    const states = this.all('userState').filter((state) => state.session === session);
    const told = states.flatMap((state) => Object.entries(state).filter(([, value]) => value !== undefined));
    return Object.fromEntries(told);
  }

  /** Begins to use UDP, from a new port each time, and waits until the server has answered there. */
  async openUdp(): Promise<void> {
    this.#udp?.close();
    this.pongs.length = 0;
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    this.#udp = socket;
    socket.on('message', (datagram) => this.#onDatagram(datagram));
    this.sendPacket(Buffer.from('2005', 'hex'));
    await eventually(() => this.pongs.includes('2005'));
  }

  /** Seals a packet and sends it by UDP. */
  sendPacket(packet: Uint8Array): void {
    this.sendDatagram(this.crypt.seal(packet));
  }

  sendDatagram(datagram: Uint8Array): void {
    this.#udp?.send(datagram, this.#options.port, '127.0.0.1');
  }

  /** Says one Opus packet, by UDP where that was begun. */
  speak(
    frameNumber: number,
    opus: string,
    { target = 0, endOfTalk = false, way = this.#udp === null ? 'tunnel' : 'udp' } = {},
  ): void {
    const bytes = Buffer.from(opus, 'hex');
    const head = Buffer.alloc(16);
    head[0] = (4 << 5) | target;
    const end = writeVarint(head, writeVarint(head, 1, frameNumber), bytes.length | (endOfTalk ? 0x2000 : 0));
    const packet = Buffer.concat([head.subarray(0, end), bytes]);
    if (way === 'udp') this.sendPacket(packet);
    else this.sendFrame(TUNNEL_TYPE, packet);
  }

  disconnect(): void {
    this.#udp?.close();
    this.#udp = null;
    this.socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 6 && this.#bytes.length >= 6 + this.#bytes.readUInt32BE(2)) {
      const end = 6 + this.#bytes.readUInt32BE(2);
      const [type, body] = [this.#bytes.readUInt16BE(0), this.#bytes.subarray(6, end)];
      this.#bytes = this.#bytes.subarray(end);
      if (type === TUNNEL_TYPE) this.#onPacket(body, 'tunnel');
      else this.received.push(decodeMessage(type, body) ?? fail(type));
    }
  }

  #onDatagram(datagram: Buffer): void {
    const packet = this.crypt.open(datagram);
    if (packet !== undefined) this.#onPacket(packet, 'udp');
  }

  #onPacket(packet: Uint8Array, way: 'udp' | 'tunnel'): void {
    const [header = 0] = packet;
    if (header >> 5 === 1) {
      this.pongs.push(Buffer.from(packet).toString('hex'));
      return;
    }
    const session = readVarint(packet, 1);
    const sequence = session && readVarint(packet, session.end);
    const length = sequence && readVarint(packet, sequence.end);
    if (session === undefined || sequence === undefined || length === undefined)
      throw new Error('a packet is cut short');
    this.heard.push({
      way,
      context: header & 0x1f,
      sessionId: session.value,
      frameNumber: sequence.value,
      endOfTalk: (length.value & 0x2000) !== 0,
      opus: Buffer.from(packet.subarray(length.end, length.end + (length.value & 0x1fff))).toString('hex'),
    });
  }
}

function fail(type: number): never {
  throw new Error(`the server sent a message of type ${type}`);
}
