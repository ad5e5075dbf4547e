import type { SessionId } from '../ids.js';
import { isWhisperTarget } from '../ids.js';
import type { MumblePing } from '../protocol/generated/mumble_pb.js';
import { PacketKind } from '../relay/packet.js';
import { CryptoTagKey } from '../relay/session-tag.js';
import { CryptState } from './crypt-state.js';
import { Context, readClientPacket, type SpokenPacket, Target, writeHeardPacket } from './legacy-voice.js';
import { headerOf, MAX_OPUS_BYTES, makePing, sealSpeech } from './sealed-voice.js';
import type { SpeechOpener } from './speech-opener.js';
import type { UdpGateway, UdpPeer } from './udp-gateway.js';
import { VoiceKeys } from './voice-keys.js';

/** Without a datagram that opens for so long, in milliseconds, a client is asked for its nonce: so often at most. */
const RESYNC_INTERVAL_MS = 5000;
/** The relay is not told more often where the session's voice goes, in milliseconds. */
const MIN_ANNOUNCE_INTERVAL_MS = 1000;
/** So many datagrams of which a client says that none has come: UDP does not pass to it. */
const UNHEARD_DATAGRAMS = 5;

/** Where a client speaks: a target of the relay, or nowhere. */
export interface SpeechPlaces {
  /** The channel that the session is in. */
  channel(): number | undefined;
  /** What a voice target of the client stands for. */
  whisperTarget(id: number): number | undefined;
  /** True where the session is in the channel, false where it only listens to it. */
  isIn(channelId: number): boolean;
}

export interface MumbleVoiceOptions {
  readonly sessionId: SessionId;
  /** With it the packets of the session are proven to the relay. */
  readonly clientKey: Uint8Array;
  readonly places: SpeechPlaces;
  readonly opener: SpeechOpener;
  readonly udp: UdpGateway;
  readonly randomBytes: (length: number) => Uint8Array;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** Hands a packet of the session to the relay. */
  readonly toRelay: (packet: Uint8Array) => void;
  /** Sends a packet through the control connection. */
  readonly toTunnel: (packet: Uint8Array) => void;
  /** The client's datagrams do not open: it is to say its nonce. */
  readonly askForNonce: () => void;
  /** The client has been heard by UDP. */
  readonly onHeard: () => void;
}

/** The voice of one Mumble client: its words become packets of a Parley session, and what that session hears is sealed for it. */
export class MumbleVoice implements UdpPeer {
  readonly keys = new VoiceKeys();
  /** The key of its datagrams, and the nonces before the first. */
  readonly setup: { readonly key: Uint8Array; readonly clientNonce: Uint8Array; readonly serverNonce: Uint8Array };
  readonly #options: MumbleVoiceOptions;
  readonly #crypt: CryptState;
  readonly #tagKey: CryptoTagKey;
  #counter = 0;
  #endpoint: { readonly address: string; readonly port: number } | null = null;
  #isTunneled = false;
  #openedAtMs: number;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #sentDatagrams = 0;
  #announcedAtMs = Number.NEGATIVE_INFINITY;
  /** What the client said last of the datagrams to it, and how many were sent by then. */
  #report = { good: 0, sent: 0 };
  #spokeAtMs: number;

  constructor(options: MumbleVoiceOptions) {
    const { randomBytes, clientKey, nowMs } = options;
    this.#options = options;
    this.#tagKey = new CryptoTagKey(clientKey);
    this.setup = { key: randomBytes(16), clientNonce: randomBytes(16), serverNonce: randomBytes(16) };
    this.#crypt = new CryptState(this.setup.key, this.setup.serverNonce, this.setup.clientNonce);
    this.#openedAtMs = nowMs();
    this.#spokeAtMs = nowMs();
  }

  /** The nonce of the last datagram to the client. */
  get serverNonce(): Uint8Array {
    return this.#crypt.sealNonce;
  }

  get isMapped(): boolean {
    return this.#endpoint !== null;
  }

  /** How long the client has said nothing, in milliseconds. */
  idleMs(): number {
    return this.#options.nowMs() - this.#spokeAtMs;
  }

  counters() {
    return this.#crypt.counters();
  }

  /** Tells the relay that the session gets its voice through the host: again and again, because a relay may be a new one. */
  announceTunnel(): void {
    const { sessionId, toRelay, nowMs } = this.#options;
    if (nowMs() - this.#announcedAtMs < MIN_ANNOUNCE_INTERVAL_MS) return;
    this.#announcedAtMs = nowMs();
    toRelay(makePing(sessionId, this.#nextCounter(), this.#tagKey));
  }

  /** The client says which nonce it has used last. Throws RangeError unless it has 16 bytes. */
  resynchronize(nonce: Uint8Array): void {
    this.#crypt.resynchronize(nonce);
  }

  /** The client says what it has received. Where nothing of what was sent has come, it is sent through the tunnel. */
  onReport({ good }: MumblePing): void {
    if (good === undefined) return;
    const sent = this.#sentDatagrams;
    if (good > this.#report.good) this.#report = { good, sent };
    else if (sent - this.#report.sent >= UNHEARD_DATAGRAMS) this.#isTunneled = true;
  }

  /** A voice packet came through the control connection: UDP does not pass, or is not tried. */
  onTunneled(packet: Uint8Array): void {
    const read = readClientPacket(packet);
    if (read?.kind !== 'speech') return;
    this.#isTunneled = true;
    this.#speak(read);
  }

  open(datagram: Uint8Array): Uint8Array | undefined {
    const { nowMs } = this.#options;
    const packet = this.#crypt.open(datagram);
    if (packet !== undefined) this.#openedAtMs = nowMs();
    return packet;
  }

  refused(): void {
    const { nowMs, askForNonce } = this.#options;
    const now = nowMs();
    if (now - this.#openedAtMs < RESYNC_INTERVAL_MS || now - this.#askedAtMs < RESYNC_INTERVAL_MS) return;
    this.#askedAtMs = now;
    askForNonce();
  }

  onPacket(packet: Uint8Array, address: string, port: number): void {
    this.#endpoint = { address, port };
    this.#options.onHeard();
    const read = readClientPacket(packet);
    if (read?.kind === 'ping') this.#sendDatagram(packet);
    if (read?.kind !== 'speech') return;
    this.#isTunneled = false;
    this.#speak(read);
  }

  /** The relay has a packet for the session. */
  onRelayed(packet: Uint8Array): void {
    const { kind, target, epoch, session } = headerOf(packet);
    // Pongs tell nothing here.
    if (kind !== PacketKind.voice) return;
    const key = this.keys.find(target, epoch);
    if (key === undefined) return;
    const heard = this.#options.opener.heardPacket(packet, session, key, this.#contextOf(target));
    if (heard !== undefined) this.#send(heard);
  }

  #contextOf(target: number): Context {
    if (isWhisperTarget(target)) return Context.whisper;
    return this.#options.places.isIn(target) ? Context.normal : Context.listen;
  }

  #speak(spoken: SpokenPacket): void {
    const { sessionId, places, toRelay, nowMs } = this.#options;
    this.#spokeAtMs = nowMs();
    if (spoken.target === Target.loopback) {
      this.#send(writeHeardPacket({ ...spoken, context: Context.normal, sessionId }));
      return;
    }
    const target = spoken.target === Target.normal ? places.channel() : places.whisperTarget(spoken.target);
    const voiceKey = target === undefined ? undefined : this.keys.current(target);
    if (target === undefined || voiceKey === undefined || spoken.opus.length > MAX_OPUS_BYTES) return;
    const at = { target, epoch: voiceKey.epoch, session: sessionId, counter: this.#nextCounter() };
    toRelay(sealSpeech(at, spoken, voiceKey.key, this.#tagKey));
  }

  #send(packet: Uint8Array): void {
    if (this.#endpoint === null || this.#isTunneled) this.#options.toTunnel(packet);
    else this.#sendDatagram(packet);
  }

  #sendDatagram(packet: Uint8Array): void {
    if (this.#endpoint === null) return;
    this.#sentDatagrams += 1;
    this.#options.udp.send(this.#crypt.seal(packet), this.#endpoint.address, this.#endpoint.port);
  }

  #nextCounter(): number {
    this.#counter += 1;
    return this.#counter;
  }
}
