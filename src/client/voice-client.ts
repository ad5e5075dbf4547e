import { EventEmitter } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { ChannelKey, TextMessage, Welcome, WhisperKey } from '../protocol/generated/control_pb.js';
import { ControlLink, type ControlLinkOptions, type WayBack } from './control-link.js';
import type { ClientBody, ServerBody } from './control-stream.js';
import { Deferred } from './deferred.js';
import { type ModerationAction, moderateRequest } from './moderation.js';
import type { PathMode } from './path-monitor.js';
import { type Channel, ServerView, type Session, type ViewChange } from './server-view.js';
import {
  type Identity,
  KEY_BYTES,
  protocolError,
  readWelcome,
  type SessionTerms,
  toKey,
  type VoiceLimits,
} from './session-terms.js';
import { UdpPath } from './udp-path.js';
import { VoiceClientError } from './voice-client-error.js';
import type { SelfState, TextEvent, TextReceiver, VoiceClientEvents, VoiceStatistics } from './voice-client-events.js';
import { VoiceMeter } from './voice-meter.js';
import { isWhisperTarget, openPong, PacketKind, readHeader, sealPing, sealVoice } from './voice-packet.js';
import type { VoiceQuality } from './voice-quality.js';
import { type ReceivedVoice, VoiceReceiver } from './voice-receiver.js';
import { Whispers } from './whispers.js';

const SYNCHRONIZE_TIMEOUT_MS = 10_000;
/** Voice that would wait behind so much in the tunnel comes too late to be of use. */
const MAX_UNSENT_TUNNEL_BYTES = 65_536;

/** Where to connect, and as whom. */
export interface VoiceClientOptions extends ControlLinkOptions {
  /** Another UDP port than the one that the server tells: where a forwarder stands in between. */
  readonly udpPort?: number | undefined;
}

/**
 * A session on a Parley server. It ends with `close`, or with the event `disconnect`. When its connection breaks it
 * comes back by itself, to the same session where the server still has it.
 */
export class VoiceClient extends EventEmitter<VoiceClientEvents> {
  readonly whispers: Whispers;
  readonly #options: VoiceClientOptions;
  readonly #control: ControlLink;
  readonly #view = new ServerView();
  readonly #receiver = new VoiceReceiver();
  readonly #synchronized = new Deferred();
  #meter = new VoiceMeter();
  #terms: SessionTerms;
  #path: UdpPath;
  #counter = 0;
  /** While the state is told again after a broken connection: what was known before, and was not told again yet. */
  #returning: { readonly way: WayBack; readonly targets: Set<number> } | undefined;
  #sent = { udp: 0, tunnel: 0, not: 0 };
  #ended: VoiceClientError | undefined;

  /**
   * Logs in and waits until the state of the organization and the way of voice are known: at most 2 s longer where UDP
   * does not pass. Throws VoiceClientError: CANNOT_CONNECT, CERTIFICATE_REFUSED, or the server's refusal.
   */
  static async connect(options: VoiceClientOptions): Promise<VoiceClient> {
    const control = await ControlLink.open(options);
    try {
      const client = new VoiceClient(control, options);
      try {
        await client.#untilReady();
        control.persist();
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

  private constructor(control: ControlLink, options: VoiceClientOptions) {
    super();
    this.#options = options;
    this.#control = control;
    this.#terms = readWelcome(control.welcome);
    this.whispers = new Whispers({
      request: (body) => this.#control.request(body),
      forget: (target) => this.#receiver.removeTarget(target),
    });
    this.#path = this.#openPath();
    control.listen({
      event: (body) => this.#handle(body),
      voiceReport: () => this.#meter.report(performance.now(), this.#path.roundTripMs),
      alive: (pong) => this.#takePong(pong),
      reconnecting: (reason) => this.emit('reconnecting', reason),
      welcomed: (next, way) => this.#return(next, way),
      settled: () => this.#path.settled(),
      lost: (reason) => this.#lose(reason),
    });
  }

  /** Who the session is. */
  get identity(): Identity {
    return this.#terms.identity;
  }

  /** What the server allows. */
  get limits(): VoiceLimits {
    return this.#terms.limits;
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
      quality: this.#meter.quality(this.#path.roundTripMs),
    };
  }

  /** Finds out how voice goes at this moment. Undefined where the server does not know. Throws as every request. */
  async measureQuality(): Promise<VoiceQuality | undefined> {
    await this.#path.probe();
    const voice = this.#meter.report(performance.now(), this.#path.roundTripMs);
    this.#takePong(await this.#control.request({ case: 'ping', value: { timestamp: 0n, voice } }));
    return this.statistics.quality;
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

  /** Hears a channel without entering it. `password` is needed where the channel has one. */
  async listen(channelId: number, password = ''): Promise<void> {
    await this.#request({ case: 'listen', value: { channelId, password } });
  }

  /** Hears a channel no longer that was not entered. */
  async unlisten(channelId: number): Promise<void> {
    await this.#request({ case: 'unlisten', value: { channelId } });
    this.#receiver.removeTarget(channelId);
  }

  /** Mutes and deafens this session, and says whether it records: all of it each time. */
  async setSelfState(state: SelfState): Promise<void> {
    await this.#request({ case: 'setSelfState', value: state });
  }

  /**
   * Speaks: sends one Opus packet (1 to 1152 bytes, or none with the end of talk) to a joined channel, or to an own
   * whisper target. `frameNumber` counts units of 10 ms. Throws NOT_JOINED, or RangeError for what no packet can hold.
   * Whether it arrives is not told.
   */
  sendVoice(targetId: number, frameNumber: number, opus: Uint8Array, endOfTalk: boolean): void {
    if (this.#ended !== undefined) throw this.#ended;
    const { sessionId } = this.identity;
    const targetKey = this.#receiver.currentKey(targetId);
    const whisperedBy = this.whispers.speakers.get(targetId) ?? sessionId;
    const listensOnly = this.sessions.get(sessionId)?.listeningChannelIds.includes(targetId) === true;
    if (targetKey === undefined || whisperedBy !== sessionId || listensOnly) {
      throw new VoiceClientError('NOT_JOINED', 'Voice can only be sent to a joined channel or an own whisper target.');
    }
    const { epoch, key } = targetKey;
    const voice = { sessionId, counter: this.#counter + 1, targetId, epoch, frameNumber, opus, endOfTalk };
    const packet = sealVoice(voice, key, this.#terms.clientKey);
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

  /** Writes to a channel or a user: 1 to 1000 characters. The sender gets no copy. */
  async sendText(receiver: TextReceiver, text: string): Promise<void> {
    await this.#request({
      case: 'sendText',
      value: {
        receiver:
          'channelId' in receiver
            ? { case: 'channelId', value: receiver.channelId }
            : { case: 'userId', value: receiver.userId },
        text,
      },
    });
  }

  /** Acts as a moderator on another session. `reason` is for the audit log, and told to all where somebody is kicked. */
  async moderate(sessionId: number, action: ModerationAction, reason = ''): Promise<void> {
    await this.#request(moderateRequest(sessionId, action, reason));
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
        this.#synchronize();
        break;
      case 'channelKey':
        this.#takeKey(body.value);
        break;
      case 'whisperKey':
        this.whispers.began(body.value.targetId, body.value.sessionId);
        this.#takeKey(body.value);
        break;
      case 'whisperEnded':
        this.whispers.ended(body.value.targetId);
        break;
      case 'channelLeft':
        this.#receiver.removeTarget(body.value.channelId);
        this.emit('channel_left', body.value.channelId, body.value.reason);
        break;
      case 'textMessage':
        this.emit('text', toTextEvent(body.value));
        break;
      case 'tunneledVoice':
        this.#receiveTunneled(body.value.packet);
        break;
      default:
        this.#tell(this.#view.apply(body));
    }
  }

  #takeKey({ targetId, epoch, key }: ChannelKey | WhisperKey): void {
    if (key.length !== KEY_BYTES) {
      this.#lose(protocolError('a key is not of 16 bytes'));
      return;
    }
    this.#returning?.targets.delete(targetId);
    const held = this.#receiver.setKey(targetId, { epoch, key: toKey(key) }, performance.now());
    for (const voice of held) this.#emitVoice(voice);
  }

  #tell(change: ViewChange | undefined): void {
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
        this.emit('session_removed', change.session, change.reason, change.message);
        break;
      case undefined:
        break;
    }
  }

  #receivePacket(packet: Uint8Array): void {
    const nowMs = performance.now();
    const voice = this.#receiver.receive(packet, nowMs);
    if (voice === undefined) return;
    this.#meter.voiceOpened(voice.sessionId, voice.frameNumber, nowMs);
    this.#emitVoice(voice);
  }

  /** A pong that comes this way says nothing about UDP. */
  #receiveTunneled(packet: Uint8Array): void {
    const header = readHeader(packet);
    if (header?.kind === PacketKind.pong) this.#pongReceived(header.counter);
    else this.#receivePacket(packet);
  }

  #pongReceived(counter: number): void {
    this.#meter.pongReceived(counter, this.#receiver.arrived, performance.now());
  }

  #takePong(answer: ServerBody): void {
    if (answer.case === 'pong' && answer.value.voice !== undefined) this.#meter.told(answer.value.voice);
  }

  #emitVoice({ sessionId, targetId, frameNumber, opus, endOfTalk, counter }: ReceivedVoice): void {
    const channelId = isWhisperTarget(targetId) ? undefined : targetId;
    this.emit('voice', { sessionId, channelId, frameNumber, opus, endOfTalk, counter });
  }

  #sendTunneled(packet: Uint8Array): void {
    if (this.#ended === undefined) this.#control.send({ case: 'tunneledVoice', value: { packet } });
  }

  #nextCounter(): number {
    this.#counter++;
    return this.#counter;
  }

  #openPath(): UdpPath {
    const { identity, voicePort, voiceHost, clientKey, serverKey } = this.#terms;
    const { sessionId } = identity;
    const { remote, local } = this.#control.addresses;
    return new UdpPath({
      address: remote,
      host: voiceHost,
      localAddress: local,
      port: this.#options.udpPort ?? voicePort,
      sealPing: (probe) => sealPing(sessionId, this.#nextCounter(), probe, clientKey),
      openPong: (packet) => openPong(packet, sessionId, serverKey),
      sendTunneled: (packet) => this.#sendTunneled(packet),
      onPacket: (packet) => this.#receivePacket(packet),
      onPong: (counter) => this.#pongReceived(counter),
      onModeChange: (mode) => this.emit('path', mode),
    });
  }

  /** There is another connection. The keys of a resumed session are those of before, and voice goes on by UDP unless the network has changed. */
  #return(welcome: Welcome, way: WayBack): void {
    const { remote, local } = this.#control.addresses;
    this.#terms = readWelcome(welcome);
    this.#view.restart();
    this.#returning = { way, targets: new Set(this.#receiver.targets) };
    if (way === 'resumed' && this.#path.leadsTo(remote, local)) return;
    if (way !== 'resumed') this.#beginAnew();
    const former = this.#path;
    this.#path = this.#openPath();
    if (way !== 'moved') {
      former.close();
      return;
    }
    // Until the new way is open, the former node is still heard.
    former.retire();
    this.#path.settled().then(() => former.close());
  }

  #beginAnew(): void {
    this.#counter = 0;
    this.#meter = new VoiceMeter(this.#receiver.arrived);
  }

  /** The whole state has been told. */
  #synchronize(): void {
    this.#synchronized.resolve();
    const returning = this.#returning;
    if (returning === undefined) return;
    this.#returning = undefined;
    for (const target of returning.targets) this.#forgetTarget(target, returning.way !== 'anew');
    for (const change of this.#view.settle()) this.#tell(change);
    if (returning.way === 'moved') this.emit('moved');
    else this.emit('reconnected', returning.way === 'resumed');
  }

  /** The server gives this session the target no longer. */
  #forgetTarget(target: number, isTold: boolean): void {
    if (isWhisperTarget(target)) this.whispers.ended(target);
    this.#receiver.removeTarget(target);
    if (isTold && !isWhisperTarget(target)) this.emit('channel_left', target, 'disconnected');
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
    this.#path.close();
    this.#synchronized.reject(reason);
  }
}

function toTextEvent({ sessionId, userId, username, channelId, text }: TextMessage): TextEvent {
  return { sessionId, userId, username, channelId: channelId === 0 ? undefined : channelId, text };
}
