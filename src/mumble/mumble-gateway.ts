import { unreachable } from '../errors.js';
import type { SessionId } from '../ids.js';
import { NO_SLOT } from '../relay/outcome.js';
import { PacketKind, readHeader } from '../relay/packet.js';
import type { MakeSessionTagKey } from '../relay/session-tag.js';
import type { RelayGateway } from '../voice/relay-gateway.js';
import type {
  GatewayCounters,
  MessageFromGateway,
  MessageToGateway,
  PacketDelivery,
  PeerCounters,
  PeerPing,
  PeerSetup,
} from './gateway-messages.js';
import { GatewayPeer } from './gateway-peer.js';
import { Context, writeHeardPacket } from './legacy-voice.js';
import type { SealedBackend, StartSealedBackend } from './sealed-backend.js';
import { openSpeech, type Speech } from './sealed-voice.js';
import { UdpGateway } from './udp-gateway.js';
import type { MakeVoiceKey, VoiceKey } from './voice-key.js';

const CONTEXTS = Object.values(Context);
/** No session has this id. */
const NOBODY = 0 as SessionId;
/** The door is not told more often who was heard, in milliseconds. */
const HEARD_INTERVAL_MS = 1000;

export interface MumbleGatewayOptions {
  readonly startBackend: StartSealedBackend;
  readonly makeTagKey: MakeSessionTagKey;
  readonly makeVoiceKey: MakeVoiceKey;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** Hands a packet of a session to the relay of this thread. Returns false where it drops it. */
  readonly toRelay: (sessionId: SessionId, packet: Uint8Array) => boolean;
  /** Tells the main thread. The message is copied before this returns. */
  readonly post: (message: MessageFromGateway) => void;
  /** Runs the task once, after the packets that are at hand. */
  readonly defer: (task: () => void) => void;
}

/** Receivers who hear a packet in the same context, by the way that it takes to them. */
interface Group {
  readonly context: Context;
  readonly slots: Uint32Array;
  readonly tunnelIds: readonly SessionId[];
}

/** Who of a list of the relay's hears a target. */
interface Audience {
  readonly version: number;
  readonly target: number;
  readonly epoch: number;
  /** Those whom the gateway does not serve. */
  readonly others: readonly SessionId[];
  /** Null where none of them has it. */
  readonly key: VoiceKey | null;
  readonly groups: readonly Group[];
}

/**
 * The voice of Mumble's clients, in a relay worker's thread and outside the relay's core, which takes them for sessions
 * with a tunnel: opens and seals their datagrams, and holds the keys of the channels that each was given.
 */
export class MumbleGateway implements RelayGateway {
  readonly #options: MumbleGatewayOptions;
  readonly #udp: UdpGateway;
  readonly #peers = new Map<SessionId, GatewayPeer>();
  readonly #freeSlots: number[] = [];
  #slotCount = 0;
  #backend: SealedBackend | null = null;
  /** By the list of the relay's. */
  readonly #audiences = new WeakMap<readonly SessionId[], Audience>();
  /** Counts up whenever an audience may have become another one. */
  #version = 0;
  readonly #header = { kind: 0, epoch: 0, target: 0, session: 0, counter: 0 };
  /** What a client of this very gateway says with the packet that the relay has now. */
  #atHand: { readonly packet: Uint8Array; readonly speech: Speech } | null = null;
  readonly #deliveries: PacketDelivery[] = [];
  #sent = 0;
  /** Who was heard by UDP, of whom the door has not been told yet. */
  readonly #heard: SessionId[] = [];
  #heardToldAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: MumbleGatewayOptions) {
    this.#options = options;
    const { nowMs, post } = options;
    this.#udp = new UdpGateway({
      nowMs,
      onQuestion: (packet, address, port) => post({ type: 'question', packet, address, port }),
    });
  }

  onMessage(message: MessageToGateway): void {
    switch (message.type) {
      case 'open':
        this.#bind(message.requestId, message.bindAddress, message.port);
        break;
      case 'close':
        this.#close(message.requestId);
        break;
      case 'add_peer':
        this.#addPeer(message);
        break;
      case 'remove_peer':
        this.#removePeer(message.sessionId);
        break;
      case 'put_key':
        this.#peers.get(message.sessionId)?.keys.put(message.target, message.epoch, message.key);
        this.#version += 1;
        break;
      case 'remove_key':
        this.#peers.get(message.sessionId)?.keys.remove(message.target);
        this.#version += 1;
        break;
      case 'set_places':
        this.#peers.get(message.sessionId)?.setPlaces(message.places);
        this.#version += 1;
        break;
      case 'tunneled':
        this.#peers.get(message.sessionId)?.onTunneled(message.packet);
        break;
      case 'relayed':
        for (const { sessionIds, packet } of message.deliveries) this.deliver(sessionIds, null, packet, packet.length);
        break;
      case 'resynchronize':
        this.#resynchronize(message.sessionId, message.nonce);
        break;
      case 'pinged':
        this.#onPings(message.pings);
        break;
      case 'get_state':
        this.#tellState(message.requestId, message.sessionId);
        break;
      case 'get_counters':
        this.#options.post({ type: 'counters', requestId: message.requestId, counters: this.#counters() });
        break;
      case 'answer':
        this.#sent += 1;
        this.#backend?.sendTo(message.packet, message.address, message.port);
        break;
      default:
        unreachable(message);
    }
  }

  /** A session may be new to the relay, and is to be told that its voice goes here. */
  relayUpdated(): void {
    for (const peer of this.#peers.values()) if (!peer.isAnnounced) peer.announce();
  }

  deliver(
    sessionIds: readonly SessionId[],
    except: SessionId | null,
    packet: Uint8Array,
    bytes: number,
  ): readonly SessionId[] {
    if (this.#peers.size === 0) return sessionIds;
    const header = this.#header;
    readHeader(packet, header);
    // Pongs tell nothing here.
    if (header.kind !== PacketKind.voice) return sessionIds.filter((id) => !this.#peers.has(id));
    const audience = this.#audienceOf(sessionIds, header.target, header.epoch);
    if (audience.key === null) return audience.others;
    const speech = this.#atHand?.packet === packet ? this.#atHand.speech : this.#open(packet, bytes, audience.key);
    if (speech !== undefined) this.#tell(speech, header.session, audience.groups, except);
    return audience.others;
  }

  #open(packet: Uint8Array, bytes: number, key: VoiceKey): Speech | undefined {
    return openSpeech(packet.subarray(0, bytes), key);
  }

  /** Who hears a target is worked out once, and again when the relay has another list or something of a client has changed. */
  #audienceOf(sessionIds: readonly SessionId[], target: number, epoch: number): Audience {
    const known = this.#audiences.get(sessionIds);
    if (known?.version === this.#version && known.target === target && known.epoch === epoch) return known;
    const peers = sessionIds.flatMap((id) => this.#peers.get(id) ?? []);
    const holders = peers.filter(({ keys }) => keys.find(target, epoch) !== undefined);
    const audience = {
      ...{ version: this.#version, target, epoch },
      others: sessionIds.filter((id) => !this.#peers.has(id)),
      key: holders[0]?.keys.find(target, epoch) ?? null,
      groups: CONTEXTS.flatMap((context) => groupOf(context, target, holders) ?? []),
    };
    this.#audiences.set(sessionIds, audience);
    return audience;
  }

  /** Each group hears the packet with its context in it. */
  #tell(speech: Speech, sessionId: number, groups: readonly Group[], except: SessionId | null): void {
    const exceptSlot = (except === null ? undefined : this.#peers.get(except)?.slot) ?? NO_SLOT;
    for (const { context, slots, tunnelIds } of groups) {
      const heard = writeHeardPacket({ ...speech, context, sessionId });
      if (slots.length > 0 && this.#backend !== null) {
        this.#sent += this.#backend.sendSealed(heard, heard.length, slots, slots.length, exceptSlot);
      }
      const receivers = tunnelIds.includes(except ?? NOBODY) ? tunnelIds.filter((id) => id !== except) : tunnelIds;
      if (receivers.length > 0) this.#toTunnel(receivers, heard);
    }
  }

  #toTunnel(sessionIds: readonly SessionId[], packet: Uint8Array): void {
    const { defer, post } = this.#options;
    // A copy of its own, because what is posted takes the whole buffer behind it along.
    this.#deliveries.push({ sessionIds, packet: Uint8Array.from(packet) });
    if (this.#deliveries.length > 1) return;
    defer(() => post({ type: 'tunneled', deliveries: this.#deliveries.splice(0) }));
  }

  #toRelay(peer: GatewayPeer, packet: Uint8Array, speech: Speech | null): boolean {
    const { toRelay, post } = this.#options;
    if (!peer.isLocal) {
      post({ type: 'to_relay', sessionId: peer.sessionId, packet: Uint8Array.from(packet) });
      return true;
    }
    this.#atHand = speech === null ? null : { packet, speech };
    const isTaken = toRelay(peer.sessionId, packet);
    this.#atHand = null;
    return isTaken;
  }

  #addPeer(setup: PeerSetup): void {
    this.#removePeer(setup.sessionId);
    const { makeTagKey, makeVoiceKey, nowMs, post } = this.#options;
    const { sessionId, clientKey, crypt, remoteAddress } = setup;
    const backend = this.#backend;
    if (backend === null) return;
    const slot = this.#freeSlots.pop() ?? this.#slotCount;
    if (slot === this.#slotCount) this.#slotCount += 1;
    backend.setSeal(slot, crypt);
    const peer: GatewayPeer = new GatewayPeer({
      ...{ setup, slot, backend, makeVoiceKey, nowMs },
      tagKey: makeTagKey(clientKey),
      toRelay: (packet, speech) => this.#toRelay(peer, packet, speech),
      toTunnel: (packet) => this.#toTunnel([sessionId], packet),
      askForNonce: () => post({ type: 'ask_nonce', sessionId }),
      onWayChanged: () => {
        this.#version += 1;
      },
      onHeard: () => this.#onHeard(sessionId),
    });
    this.#peers.set(sessionId, peer);
    this.#version += 1;
    this.#udp.add(peer, remoteAddress);
    peer.announce();
  }

  /** Together, so that the main thread is woken once. */
  #onHeard(sessionId: SessionId): void {
    const { nowMs, post } = this.#options;
    this.#heard.push(sessionId);
    if (nowMs() - this.#heardToldAtMs < HEARD_INTERVAL_MS) return;
    this.#heardToldAtMs = nowMs();
    post({ type: 'heard', sessionIds: this.#heard.splice(0) });
  }

  #removePeer(sessionId: SessionId): void {
    const peer = this.#peers.get(sessionId);
    if (peer === undefined) return;
    this.#peers.delete(sessionId);
    this.#version += 1;
    this.#udp.remove(peer, peer.remoteAddress);
    this.#backend?.removeSeal(peer.slot);
    this.#freeSlots.push(peer.slot);
  }

  #resynchronize(sessionId: SessionId, nonce: Uint8Array): void {
    const peer = this.#peers.get(sessionId);
    if (peer !== undefined) this.#backend?.resynchronize(peer.slot, nonce);
  }

  #onPings(pings: readonly PeerPing[]): void {
    const seen: PeerCounters[] = [];
    for (const { sessionId, good } of pings) {
      const peer = this.#peers.get(sessionId);
      if (peer === undefined) continue;
      if (good !== null) peer.onReport(good);
      peer.announce();
      seen.push({ sessionId, counters: peer.state().counters });
    }
    this.#options.post({ type: 'seen', peers: seen });
  }

  #tellState(requestId: number, sessionId: SessionId): void {
    this.#options.post({ type: 'state', requestId, state: this.#peers.get(sessionId)?.state() ?? null });
  }

  #counters(): GatewayCounters {
    return { ...this.#udp.counters(), sent: this.#sent, backend: this.#backend?.counters() ?? null };
  }

  async #bind(requestId: number, bindAddress: string, port: number): Promise<void> {
    const { startBackend, post } = this.#options;
    try {
      this.#backend = await startBackend({ bindAddress, port }, this.#udp);
      post({ type: 'opened', requestId, port: this.#backend.port, backend: this.#backend.name });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
      post({ type: 'open_failed', requestId, code, reason: String(error) });
    }
  }

  async #close(requestId: number): Promise<void> {
    for (const sessionId of [...this.#peers.keys()]) this.#removePeer(sessionId);
    await this.#backend?.close();
    this.#backend = null;
    this.#options.post({ type: 'closed', requestId });
  }
}

/** Undefined where nobody hears the target in this context. */
function groupOf(context: Context, target: number, peers: readonly GatewayPeer[]): Group | undefined {
  const members = peers.filter((peer) => peer.contextOf(target) === context);
  if (members.length === 0) return undefined;
  return {
    context,
    slots: Uint32Array.from(members.filter(({ isByUdp }) => isByUdp).map(({ slot }) => slot)),
    tunnelIds: members.filter(({ isByUdp }) => !isByUdp).map(({ sessionId }) => sessionId),
  };
}
