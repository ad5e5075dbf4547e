import { createSecretKey, type KeyObject } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { ChannelKey, Welcome } from '../protocol/generated/control_pb.js';
import type { CertificatePolicy } from './certificate.js';
import { type ClientBody, ControlStream, type ServerBody } from './control-stream.js';
import { Deferred } from './deferred.js';
import type { PathMode } from './path-monitor.js';
import { type Channel, ServerView, type Session } from './server-view.js';
import { UdpPath } from './udp-path.js';
import { VoiceClientError } from './voice-client-error.js';
import { openPong, PacketKind, readHeader, sealPing, sealVoice } from './voice-packet.js';
import { type ReceiveCounts, type ReceivedVoice, VoiceReceiver } from './voice-receiver.js';

const PROTOCOL_VERSION = 1;
const KEY_BYTES = 16;
/** The server ends a session from which nothing came for long; the protocol asks for a ping each 15 s at least. */
const KEEP_ALIVE_INTERVAL_MS = 10_000;
const SYNCHRONIZE_TIMEOUT_MS = 10_000;
/** Voice that would wait behind so much in the tunnel comes too late to be of use. */
const MAX_UNSENT_TUNNEL_BYTES = 65_536;

/** Who logs in: by password in an organization, or by an access token of GraphQL or REST. */
export type Credentials =
  | { readonly organizationTag: string; readonly username: string; readonly password: string }
  | { readonly accessToken: string };

/** Where to connect, and as whom. */
export interface VoiceClientOptions extends CertificatePolicy {
  /** A name or an address. */
  readonly host: string;
  /** The control port. */
  readonly port: number;
  readonly credentials: Credentials;
  /** Name and version of the program, at most 64 bytes. */
  readonly clientName: string;
  /** Another UDP port than the one that the server tells: where a forwarder stands in between. */
  readonly udpPort?: number | undefined;
}

/** Who the session is. */
export interface Identity {
  readonly sessionId: number;
  readonly userId: number;
  readonly username: string;
  readonly organizationId: number;
  readonly organizationName: string;
  readonly organizationTag: string;
  readonly serverName: string;
}

/** What the server allows. */
export interface VoiceLimits {
  /** By voice, in bits per second, counted over whole datagrams. */
  readonly maxBitrate: number;
  /** To be used unless a person chose otherwise, in bits per second of Opus. */
  readonly defaultBitrate: number;
  /** How many channels a session may join at once. */
  readonly maxJoinedChannels: number;
}

/** A voice packet that was heard. */
export interface VoiceEvent {
  readonly sessionId: number;
  readonly channelId: number;
  /** Of the first sample, in units of 10 ms. */
  readonly frameNumber: number;
  /** One Opus packet; empty only with the end of talk. */
  readonly opus: Uint8Array;
  readonly endOfTalk: boolean;
  /** Of the packet, in its sender's session. */
  readonly counter: number;
}

/** The packets of a session since it began. */
export interface VoiceStatistics {
  readonly sentByUdp: number;
  readonly sentByTunnel: number;
  /** Not sent, because the tunnel was congested. */
  readonly notSent: number;
  readonly received: ReceiveCounts;
  /** How long the newest answered ping took by UDP, in milliseconds. */
  readonly roundTripMs: number | undefined;
}

/** The events of a client and what their listeners get. */
export interface VoiceClientEvents {
  voice: [voice: VoiceEvent];
  /** A session is new or has changed; `former` is what it was. */
  session: [session: Session, former: Session | undefined];
  session_removed: [session: Session, reason: string];
  channel: [channel: Channel];
  channel_removed: [channelId: number];
  /** The server took this session out of a channel. */
  channel_left: [channelId: number, reason: string];
  /** Voice takes another way from now on. */
  path: [mode: PathMode];
  /** The connection is gone, other than by `close`. Nothing follows. */
  disconnect: [reason: VoiceClientError];
}

/** A session on a Parley server. It ends with `close`, or with the event `disconnect`. */
export class VoiceClient extends EventEmitter<VoiceClientEvents> {
  readonly identity: Identity;
  readonly limits: VoiceLimits;
  readonly #control: ControlStream;
  readonly #path: UdpPath;
  readonly #view = new ServerView();
  readonly #receiver = new VoiceReceiver();
  readonly #clientKey: KeyObject;
  readonly #keepAlive: NodeJS.Timeout;
  readonly #synchronized = new Deferred();
  #counter = 0;
  #sent = { udp: 0, tunnel: 0, not: 0 };
  #ended: VoiceClientError | undefined;

  /**
   * Logs in and waits until the state of the organization and the way of voice are known: at most 2 s longer where UDP
   * does not pass. Throws VoiceClientError: CANNOT_CONNECT, CERTIFICATE_REFUSED, or the server's refusal.
   */
  static async connect(options: VoiceClientOptions): Promise<VoiceClient> {
    const control = await ControlStream.connect(options);
    try {
      const answer = await control.request(loginRequest(options));
      if (answer.case !== 'welcome') throw protocolError('the login was not answered by a welcome');
      const client = new VoiceClient(control, answer.value, options.udpPort);
      try {
        await client.#untilReady();
      } catch (error) {
        await client.close();
        throw error;
      }
      return client;
    } catch (error) {
      await control.close();
      throw error;
    }
  }

  private constructor(control: ControlStream, welcome: Welcome, udpPort: number | undefined) {
    super();
    const { sessionId, voice, limits } = welcome;
    if (voice === undefined || limits === undefined) throw protocolError('the welcome is not complete');
    const { maxBitrate, defaultBitrate, maxJoinedChannels } = limits;
    const serverKey = toKey(voice.serverKey);
    this.identity = identityOf(welcome);
    this.limits = { maxBitrate, defaultBitrate, maxJoinedChannels };
    this.#control = control;
    this.#clientKey = toKey(voice.clientKey);
    this.#path = new UdpPath({
      address: control.remoteAddress,
      port: udpPort ?? voice.udpPort,
      sealPing: (probe) => sealPing(sessionId, this.#nextCounter(), probe, this.#clientKey),
      openPong: (packet) => openPong(packet, sessionId, serverKey),
      sendTunneled: (packet) => this.#sendTunneled(packet),
      onPacket: (packet) => this.#receivePacket(packet),
      onModeChange: (mode) => this.emit('path', mode),
    });
    this.#keepAlive = setInterval(() => this.#ping(), KEEP_ALIVE_INTERVAL_MS);
    control.listen({ event: (body) => this.#handle(body), lost: (reason) => this.#lose(reason) });
  }

  /** The channels of the organization that the user may see, by id. */
  get channels(): ReadonlyMap<number, Channel> {
    return this.#view.channels;
  }

  /** The connected sessions of the organization, this one too, by id. */
  get sessions(): ReadonlyMap<number, Session> {
    return this.#view.sessions;
  }

  /** The way that voice takes now. */
  get pathMode(): PathMode {
    return this.#path.mode;
  }

  get statistics(): VoiceStatistics {
    return {
      sentByUdp: this.#sent.udp,
      sentByTunnel: this.#sent.tunnel,
      notSent: this.#sent.not,
      received: this.#receiver.counts,
      roundTripMs: this.#path.roundTripMs,
    };
  }

  /** Enters a channel and hears it. `password` is needed where the channel has one. */
  async join(channelId: number, password = ''): Promise<void> {
    await this.#request({ case: 'join', value: { channelId, password } });
  }

  /** Leaves a channel. */
  async leave(channelId: number): Promise<void> {
    await this.#request({ case: 'leave', value: { channelId } });
    this.#receiver.removeTarget(channelId);
  }

  /** Mutes (others do not hear me) and deafens (I hear nobody) this session. */
  async setSelfState(state: { readonly muted: boolean; readonly deafened: boolean }): Promise<void> {
    await this.#request({ case: 'setSelfState', value: state });
  }

  /**
   * Speaks: sends one Opus packet (1 to 1152 bytes, or none with the end of talk) to a joined channel. `frameNumber`
   * counts units of 10 ms. Throws NOT_JOINED, or RangeError for what no packet can hold. Whether it arrives is not told.
   */
  sendVoice(channelId: number, frameNumber: number, opus: Uint8Array, endOfTalk: boolean): void {
    if (this.#ended !== undefined) throw this.#ended;
    const channelKey = this.#receiver.currentKey(channelId);
    if (channelKey === undefined) {
      throw new VoiceClientError('NOT_JOINED', 'Voice can only be sent to a channel that was joined.');
    }
    const { sessionId } = this.identity;
    const { epoch, key } = channelKey;
    const voice = { sessionId, counter: this.#counter + 1, targetId: channelId, epoch, frameNumber, opus, endOfTalk };
    const packet = sealVoice(voice, key, this.#clientKey);
    this.#counter = voice.counter;
    if (this.#path.mode === 'udp') {
      this.#path.send(packet);
      this.#sent.udp++;
    } else if (this.#control.unsentBytes > MAX_UNSENT_TUNNEL_BYTES) {
      this.#sent.not++;
    } else {
      this.#path.send(packet);
      this.#sent.tunnel++;
    }
  }

  /** Ends the session and releases all that it holds. */
  async close(): Promise<void> {
    this.#release(new VoiceClientError('DISCONNECTED', 'The session was closed.'));
    await this.#control.close();
  }

  async #request(body: ClientBody): Promise<void> {
    const answer = await this.#control.request(body);
    if (answer.case !== 'done')
      throw protocolError(`${body.case ?? 'a request'} was answered by ${answer.case ?? 'nothing'}`);
  }

  #handle(body: ServerBody): void {
    switch (body.case) {
      case 'synchronized':
        this.#synchronized.resolve();
        break;
      case 'channelKey':
        this.#takeKey(body.value);
        break;
      case 'channelLeft':
        this.#receiver.removeTarget(body.value.channelId);
        this.emit('channel_left', body.value.channelId, body.value.reason);
        break;
      case 'tunneledVoice':
        // A pong that comes this way says nothing about UDP.
        if (readHeader(body.value.packet)?.kind !== PacketKind.pong) this.#receivePacket(body.value.packet);
        break;
      default:
        this.#applyToView(body);
    }
  }

  #takeKey({ targetId, epoch, key }: ChannelKey): void {
    if (key.length !== KEY_BYTES) {
      this.#lose(protocolError('a channel key is not of 16 bytes'));
      return;
    }
    const held = this.#receiver.setKey(targetId, { epoch, key: toKey(key) }, performance.now());
    for (const voice of held) this.#emitVoice(voice);
  }

  #applyToView(body: ServerBody): void {
    const change = this.#view.apply(body);
    switch (change?.type) {
      case 'channel':
        this.emit('channel', change.channel);
        break;
      case 'channel_removed':
        this.emit('channel_removed', change.channelId);
        break;
      case 'session':
        this.emit('session', change.session, change.former);
        break;
      case 'session_removed':
        this.#receiver.removeSender(change.session.id);
        this.emit('session_removed', change.session, change.reason);
        break;
      case undefined:
        break;
    }
  }

  #receivePacket(packet: Uint8Array): void {
    const voice = this.#receiver.receive(packet, performance.now());
    if (voice !== undefined) this.#emitVoice(voice);
  }

  #emitVoice({ sessionId, targetId, frameNumber, opus, endOfTalk, counter }: ReceivedVoice): void {
    this.emit('voice', { sessionId, channelId: targetId, frameNumber, opus, endOfTalk, counter });
  }

  #sendTunneled(packet: Uint8Array): void {
    if (this.#ended === undefined) this.#control.send({ case: 'tunneledVoice', value: { packet } });
  }

  #nextCounter(): number {
    this.#counter++;
    return this.#counter;
  }

  #ping(): void {
    const timestamp = BigInt(Math.floor(performance.now()));
    this.#control.request({ case: 'ping', value: { timestamp } }).catch((error: unknown) => {
      const reason = error instanceof VoiceClientError ? error : protocolError(String(error));
      this.#lose(
        new VoiceClientError('DISCONNECTED', `The server does not answer: ${reason.message}`, { cause: error }),
      );
    });
  }

  #lose(reason: VoiceClientError): void {
    if (this.#ended !== undefined) return;
    this.#release(reason);
    this.#control.close().finally(() => this.emit('disconnect', reason));
  }

  async #untilReady(): Promise<void> {
    const timer = setTimeout(
      () => this.#synchronized.reject(new VoiceClientError('TIMED_OUT', 'The server did not send its state in time.')),
      SYNCHRONIZE_TIMEOUT_MS,
    );
    try {
      await this.#synchronized.promise;
      await this.#path.settled();
      if (this.#ended !== undefined) throw this.#ended;
    } finally {
      clearTimeout(timer);
    }
  }

  #release(reason: VoiceClientError): void {
    this.#ended ??= reason;
    clearInterval(this.#keepAlive);
    this.#path.close();
    this.#synchronized.reject(reason);
  }
}

function loginRequest({ credentials, clientName }: VoiceClientOptions): ClientBody {
  return {
    case: 'login',
    value: {
      protocolVersion: PROTOCOL_VERSION,
      clientName,
      credentials:
        'accessToken' in credentials
          ? { case: 'accessToken', value: credentials.accessToken }
          : { case: 'password', value: credentials },
    },
  };
}

function identityOf(welcome: Welcome): Identity {
  const { sessionId, userId, username, organizationId, organizationName, organizationTag, serverName } = welcome;
  return { sessionId, userId, username, organizationId, organizationName, organizationTag, serverName };
}

function toKey(bytes: Uint8Array): KeyObject {
  if (bytes.length !== KEY_BYTES) throw protocolError('a key is not of 16 bytes');
  return createSecretKey(bytes);
}

function protocolError(detail: string): VoiceClientError {
  return new VoiceClientError('MALFORMED', `The server does not speak the protocol: ${detail}.`);
}
