import type { SessionId } from '../ids.js';
import type { MumblePing } from '../protocol/generated/mumble_pb.js';
import type { CryptCounters } from './crypt-state.js';
import type { GatewayLink, LinkedVoice } from './gateway-link.js';
import type { CryptSetup, PeerState, TargetKey, VoicePlaces } from './gateway-messages.js';

export interface MumbleVoiceOptions {
  readonly sessionId: SessionId;
  /** With it the packets of the session are proven to the relay. */
  readonly clientKey: Uint8Array;
  readonly remoteAddress: string;
  readonly gateway: GatewayLink;
  /** True where the relay that serves the session is in the gateway's own thread. */
  readonly isLocal: boolean;
  /** Where the client speaks and hears now. */
  readonly places: () => VoicePlaces;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Hands a packet of the session to the relay. */
  readonly toRelay: (packet: Uint8Array) => void;
  /** Sends a packet through the control connection. */
  readonly toTunnel: (packet: Uint8Array) => void;
  /** The client's datagrams do not open: it is to say its nonce. */
  readonly askForNonce: () => void;
  /** The client is to use this from now on. Not called for the first. */
  readonly tellSetup: (setup: CryptSetup) => void;
  /** The client has been heard by UDP. */
  readonly onHeard: () => void;
}

/** The voice of one Mumble client, as the door knows it: keeps the gateway at what it needs for it. */
export class MumbleVoice implements LinkedVoice {
  readonly sessionId: SessionId;
  readonly #options: MumbleVoiceOptions;
  readonly #keys = new Map<number, TargetKey>();
  #setup: CryptSetup;
  /** What the gateway knows of where the client is, as text. */
  #told = '';
  #isBegun = false;
  /** What was counted of its datagrams at the last ping; null where that holds no more. */
  #seen: CryptCounters | null = null;

  constructor(options: MumbleVoiceOptions) {
    this.#options = options;
    this.sessionId = options.sessionId;
    this.#setup = this.#makeSetup();
  }

  /** The key of its datagrams, and the nonces before the first. */
  get setup(): CryptSetup {
    return this.#setup;
  }

  begin(firstCounter: number): void {
    const { gateway, sessionId, clientKey, remoteAddress, isLocal, tellSetup } = this.#options;
    if (this.#isBegun) {
      // Nobody knows any more how far the nonces had come.
      this.#setup = this.#makeSetup();
      tellSetup(this.#setup);
    }
    this.#isBegun = true;
    this.#seen = null;
    gateway.tell({ type: 'add_peer', sessionId, clientKey, remoteAddress, isLocal, firstCounter, crypt: this.#setup });
    for (const key of this.#keys.values()) gateway.tell({ type: 'put_key', sessionId, ...key });
    this.#told = '';
    this.updatePlaces();
  }

  putKey(key: TargetKey): void {
    this.#keys.set(key.target, key);
    if (this.#isBegun) this.#options.gateway.tell({ type: 'put_key', sessionId: this.sessionId, ...key });
    this.updatePlaces();
  }

  /** The session does not hear the target any more. */
  removeKey(target: number): void {
    if (!this.#keys.delete(target) || !this.#isBegun) return;
    this.#options.gateway.tell({ type: 'remove_key', sessionId: this.sessionId, target });
  }

  /** The client may be somewhere else: the gateway is told where it is not so already. */
  updatePlaces(): void {
    const { gateway, places: placesNow, sessionId } = this.#options;
    if (!this.#isBegun) return;
    const places = placesNow();
    const told = JSON.stringify(places);
    if (told === this.#told) return;
    this.#told = told;
    gateway.tell({ type: 'set_places', sessionId, places });
  }

  /** The client says which nonce it has used last: 16 bytes. */
  resynchronize(nonce: Uint8Array): void {
    this.#seen = null;
    this.#options.gateway.tell({ type: 'resynchronize', sessionId: this.sessionId, nonce: Uint8Array.from(nonce) });
  }

  /**
   * The client has pinged, and says what it has received. Resolves with what was counted of its datagrams: as it was at
   * the ping before where that is known, since the answer tells how long the way is and is not to wait for a thread.
   */
  async onPing({ good }: MumblePing): Promise<CryptCounters | undefined> {
    this.#options.gateway.pinged(this.sessionId, good ?? null);
    // Who is told that nothing has come gives UDP up, so that is never said of before.
    if (this.#seen !== null && this.#seen.good > 0) return this.#seen;
    return (await this.state())?.counters;
  }

  onSeen(counters: CryptCounters): void {
    this.#seen = counters;
  }

  /** Null where the gateway is away. */
  state(): Promise<PeerState | null> {
    return this.#options.gateway.stateOf(this.sessionId);
  }

  /** A voice packet came through the control connection. */
  receiveTunneled(packet: Uint8Array): void {
    this.#options.gateway.tell({ type: 'tunneled', sessionId: this.sessionId, packet: Uint8Array.from(packet) });
  }

  /** The relay of another thread than the gateway's has a packet for the session. */
  onRelayed(packet: Uint8Array): void {
    this.#options.gateway.relayed(this.sessionId, packet);
  }

  onTunneled(packet: Uint8Array): void {
    this.#options.toTunnel(packet);
  }

  onToRelay(packet: Uint8Array): void {
    this.#options.toRelay(packet);
  }

  onAskForNonce(): void {
    this.#options.askForNonce();
  }

  onHeard(): void {
    this.#options.onHeard();
  }

  #makeSetup(): CryptSetup {
    // Copies of their own, because what is posted takes the whole buffer behind it along.
    const random = () => Uint8Array.from(this.#options.randomBytes(16));
    return { key: random(), clientNonce: random(), serverNonce: random() };
  }
}
