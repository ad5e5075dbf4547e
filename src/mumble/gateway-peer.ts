import { isWhisperTarget, type SessionId } from '../ids.js';
import { NO_SLOT } from '../relay/outcome.js';
import type { SessionTagKey } from '../relay/session-tag.js';
import type { PeerSetup, PeerState, VoicePlaces } from './gateway-messages.js';
import { Context, readClientPacket, type SpokenPacket, Target, writeHeardPacket } from './legacy-voice.js';
import type { SealedBackend } from './sealed-backend.js';
import { MAX_OPUS_BYTES, makePing, type Speech, sealSpeech } from './sealed-voice.js';
import type { UdpPeer } from './udp-gateway.js';
import type { MakeVoiceKey } from './voice-key.js';
import { VoiceKeys } from './voice-keys.js';

/** Without a datagram that opens for so long, in milliseconds, a client is asked for its nonce: so often at most. */
const RESYNC_INTERVAL_MS = 5000;
/** The relay is not told more often where the session's voice goes, in milliseconds. */
const MIN_ANNOUNCE_INTERVAL_MS = 1000;
/** The door is not told more often that the client has been heard, in milliseconds. */
const HEARD_INTERVAL_MS = 1000;
/** So many datagrams of which a client says that none has come: UDP does not pass to it. */
const UNHEARD_DATAGRAMS = 5;

const NOWHERE: VoicePlaces = { channel: null, channels: [], voiceTargets: [] };

export interface GatewayPeerOptions {
  readonly setup: PeerSetup;
  /** Of its own among the peers. */
  readonly slot: number;
  readonly backend: SealedBackend;
  readonly tagKey: SessionTagKey;
  readonly makeVoiceKey: MakeVoiceKey;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** Hands a packet of the session to the relay; what it says is told with it, where it says something. Returns false where the relay does not take it. */
  readonly toRelay: (packet: Uint8Array, speech: Speech | null) => boolean;
  /** Sends a packet through the control connection. */
  readonly toTunnel: (packet: Uint8Array) => void;
  /** The client's datagrams do not open: it is to say its nonce. */
  readonly askForNonce: () => void;
  /** It may hear by another way from now on. */
  readonly onWayChanged: () => void;
  /** The client has been heard by UDP. Called seldom. */
  readonly onHeard: () => void;
}

/** The voice of one Mumble client in the gateway: its words become packets of a Parley session, and it knows by which way it hears. */
export class GatewayPeer implements UdpPeer {
  readonly sessionId: SessionId;
  readonly slot: number;
  readonly isLocal: boolean;
  readonly remoteAddress: string;
  readonly keys: VoiceKeys;
  readonly #options: GatewayPeerOptions;
  #channel: number | null = null;
  #channels: ReadonlySet<number> = new Set();
  #voiceTargets: ReadonlyMap<number, number> = new Map();
  #counter: number;
  #address: string | null = null;
  #port = 0;
  #isTunneled = false;
  #isAnnounced = false;
  #openedAtMs: number;
  #spokeAtMs: number;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #announcedAtMs = Number.NEGATIVE_INFINITY;
  /** What the client said last of the datagrams to it, and how many were sent by then. */
  #report = { good: 0, sent: 0 };
  /** How many were sent by the report before. */
  #sentAtReport = 0;

  constructor(options: GatewayPeerOptions) {
    const { setup, slot, makeVoiceKey, nowMs } = options;
    this.#options = options;
    this.sessionId = setup.sessionId;
    this.slot = slot;
    this.isLocal = setup.isLocal;
    this.remoteAddress = setup.remoteAddress;
    this.keys = new VoiceKeys(makeVoiceKey);
    this.#counter = setup.firstCounter;
    this.#openedAtMs = nowMs();
    this.#spokeAtMs = nowMs();
    this.setPlaces(NOWHERE);
  }

  get isMapped(): boolean {
    return this.#address !== null;
  }

  /** True where it hears by UDP. */
  get isByUdp(): boolean {
    return this.#address !== null && !this.#isTunneled;
  }

  /** True where the relay knows that the session's voice goes here. */
  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  setPlaces({ channel, channels, voiceTargets }: VoicePlaces): void {
    this.#channel = channel;
    this.#channels = new Set(channels);
    this.#voiceTargets = new Map(voiceTargets);
  }

  /** How the client comes to hear what is said to a target. */
  contextOf(target: number): Context {
    if (isWhisperTarget(target)) return Context.whisper;
    return this.#channels.has(target) ? Context.normal : Context.listen;
  }

  state(): PeerState {
    const { backend, nowMs } = this.#options;
    return {
      counters: backend.sealCounters(this.slot).received,
      idleMs: nowMs() - this.#spokeAtMs,
      serverNonce: backend.sealNonce(this.slot),
    };
  }

  /** Tells the relay that the session gets its voice here: again and again, because a relay may be a new one. */
  announce(): void {
    const { toRelay, tagKey, nowMs } = this.#options;
    if (this.#isAnnounced && nowMs() - this.#announcedAtMs < MIN_ANNOUNCE_INTERVAL_MS) return;
    this.#announcedAtMs = nowMs();
    this.#isAnnounced = toRelay(makePing(this.sessionId, this.#nextCounter(), tagKey), null);
  }

  /**
   * The client says how many datagrams have come. Where nothing has come of what was sent by the report before, it is
   * sent through the tunnel: what was sent since then may be on its way.
   */
  onReport(good: number): void {
    const { sealed: sent } = this.#options.backend.sealCounters(this.slot);
    if (good > this.#report.good) this.#report = { good, sent };
    else if (this.#sentAtReport - this.#report.sent >= UNHEARD_DATAGRAMS) this.#useTunnel(true);
    this.#sentAtReport = sent;
  }

  /** A voice packet came through the control connection: UDP does not pass, or is not tried. */
  onTunneled(packet: Uint8Array): void {
    const read = readClientPacket(packet);
    if (read?.kind !== 'speech') return;
    this.#useTunnel(true);
    this.#speak(read);
  }

  open(datagram: Uint8Array, length: number): Uint8Array | undefined {
    const { backend, nowMs } = this.#options;
    const packet = backend.open(this.slot, datagram, length);
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
    const { backend, onHeard, onWayChanged } = this.#options;
    if (address !== this.#address || port !== this.#port) {
      this.#address = address;
      this.#port = port;
      backend.setEndpoint(this.slot, address, port);
      onWayChanged();
    }
    if (this.#openedAtMs - this.#heardAtMs >= HEARD_INTERVAL_MS) {
      this.#heardAtMs = this.#openedAtMs;
      onHeard();
    }
    const read = readClientPacket(packet);
    if (read?.kind === 'ping') this.#sendDatagram(packet);
    if (read?.kind !== 'speech') return;
    this.#useTunnel(false);
    this.#speak(read);
  }

  #useTunnel(isTunneled: boolean): void {
    if (this.#isTunneled === isTunneled) return;
    this.#isTunneled = isTunneled;
    this.#options.onWayChanged();
  }

  #speak(spoken: SpokenPacket): void {
    const { toRelay, tagKey, nowMs } = this.#options;
    this.#spokeAtMs = nowMs();
    if (spoken.target === Target.loopback) {
      this.#send(writeHeardPacket({ ...spoken, context: Context.normal, sessionId: this.sessionId }));
      return;
    }
    const target = spoken.target === Target.normal ? this.#channel : this.#voiceTargets.get(spoken.target);
    const voiceKey = target === null || target === undefined ? undefined : this.keys.current(target);
    if (!target || voiceKey === undefined || spoken.opus.length > MAX_OPUS_BYTES) return;
    const at = { target, epoch: voiceKey.epoch, session: this.sessionId, counter: this.#nextCounter() };
    toRelay(sealSpeech(at, spoken, voiceKey.key, tagKey), spoken);
  }

  #send(packet: Uint8Array): void {
    if (this.isByUdp) this.#sendDatagram(packet);
    else this.#options.toTunnel(packet);
  }

  #sendDatagram(packet: Uint8Array): void {
    this.#options.backend.sendSealed(packet, packet.length, Uint32Array.of(this.slot), 1, NO_SLOT);
  }

  #nextCounter(): number {
    this.#counter += 1;
    return this.#counter;
  }
}
