import type { KeyObject } from 'node:crypto';
import { ReplayWindow } from './replay-window.js';
import { openVoice, type PacketHeader, PacketKind, readHeader, type VoicePayload } from './voice-packet.js';

/** How long the key before the present one still opens packets, in milliseconds. */
const FORMER_EPOCH_MS = 2000;
/** How long a packet waits for the key of its epoch, in milliseconds: the key comes by TLS, and the packet may overtake it. */
const HOLD_MS = 500;
const MAX_HELD_PACKETS = 64;
const MAX_SENDERS = 4096;

/** The key of a target in one epoch. */
export interface EpochKey {
  readonly epoch: number;
  readonly key: KeyObject;
}

/** A voice packet that has been opened. */
export interface ReceivedVoice extends VoicePayload {
  readonly sessionId: number;
  readonly targetId: number;
  readonly counter: number;
}

/** What became of the packets that came, in packets. */
export interface ReceiveCounts {
  /** Opened and handed on. */
  readonly opened: number;
  /** Seen before, or too far behind to tell. */
  readonly duplicate: number;
  /** Not a packet of the protocol, or the seal did not hold. */
  readonly refused: number;
  /** The key of their epoch did not come in time. */
  readonly withoutKey: number;
  /** Waiting for the key of their epoch now. */
  readonly waiting: number;
}

interface TargetKeys {
  readonly current: EpochKey;
  readonly former: (EpochKey & { readonly untilMs: number }) | undefined;
}

interface HeldPacket {
  readonly packet: Uint8Array;
  readonly header: PacketHeader;
  readonly untilMs: number;
}

/** Opens the voice packets that a session receives: the keys of its targets, each packet once, two epochs at a change. Pure: times are arguments, in milliseconds of any steady clock. */
export class VoiceReceiver {
  readonly #keys = new Map<number, TargetKeys>();
  readonly #windows = new Map<number, ReplayWindow>();
  #held: HeldPacket[] = [];
  #counts = { opened: 0, duplicate: 0, refused: 0, withoutKey: 0 };

  get counts(): ReceiveCounts {
    return { ...this.#counts, waiting: this.#held.length };
  }

  /** How many packets have come, but for those that were repetitions. */
  get arrived(): number {
    const { opened, refused, withoutKey } = this.#counts;
    return opened + refused + withoutKey + this.#held.length;
  }

  /** The targets whose keys it has. */
  get targets(): Iterable<number> {
    return this.#keys.keys();
  }

  /** The key under which to send to a target; undefined where it is not joined. */
  currentKey(targetId: number): EpochKey | undefined {
    return this.#keys.get(targetId)?.current;
  }

  /** A new key of a target. Returns the packets that have waited for it. */
  setKey(targetId: number, next: EpochKey, nowMs: number): ReceivedVoice[] {
    this.#keys.set(targetId, { current: next, former: formerOf(this.#keys.get(targetId), next, nowMs) });
    this.#dropOverdue(nowMs);
    const fits = ({ header }: HeldPacket) => header.targetId === targetId && this.#keyFor(header, nowMs) !== undefined;
    const released = this.#held.filter(fits);
    this.#held = this.#held.filter((held) => !fits(held));
    return released.flatMap(({ packet, header }) => this.#open(packet, header, nowMs) ?? []);
  }

  /** The session has left the target: nothing of it is opened any more. */
  removeTarget(targetId: number): void {
    this.#keys.delete(targetId);
  }

  /** The sender's session has ended. */
  removeSender(sessionId: number): void {
    this.#windows.delete(sessionId);
  }

  /** Opens a packet from the server. Returns undefined for one that is refused, counted under its reason, or waits for its key. */
  receive(packet: Uint8Array, nowMs: number): ReceivedVoice | undefined {
    this.#dropOverdue(nowMs);
    const header = readHeader(packet);
    if (header?.kind !== PacketKind.voice) {
      this.#counts.refused++;
      return undefined;
    }
    return this.#open(packet, header, nowMs);
  }

  #open(packet: Uint8Array, header: PacketHeader, nowMs: number): ReceivedVoice | undefined {
    const window = this.#windows.get(header.sessionId) ?? new ReplayWindow();
    if (!window.accepts(header.counter)) {
      this.#counts.duplicate++;
      return undefined;
    }
    const key = this.#keyFor(header, nowMs);
    if (key === undefined) {
      this.#hold(packet, header, nowMs);
      return undefined;
    }
    const payload = openVoice(packet, key);
    if (payload === undefined) {
      this.#counts.refused++;
      return undefined;
    }
    window.commit(header.counter);
    this.#remember(header.sessionId, window);
    this.#counts.opened++;
    return { ...payload, sessionId: header.sessionId, targetId: header.targetId, counter: header.counter };
  }

  #keyFor(header: PacketHeader, nowMs: number): KeyObject | undefined {
    const keys = this.#keys.get(header.targetId);
    if (keys === undefined) return undefined;
    if (isEpoch(header, keys.current)) return keys.current.key;
    const { former } = keys;
    return former !== undefined && nowMs < former.untilMs && isEpoch(header, former) ? former.key : undefined;
  }

  #hold(packet: Uint8Array, header: PacketHeader, nowMs: number): void {
    if (this.#held.length === MAX_HELD_PACKETS) {
      this.#held.shift();
      this.#counts.withoutKey++;
    }
    this.#held.push({ packet, header, untilMs: nowMs + HOLD_MS });
  }

  #dropOverdue(nowMs: number): void {
    const waiting = this.#held.filter(({ untilMs }) => nowMs < untilMs);
    this.#counts.withoutKey += this.#held.length - waiting.length;
    this.#held = waiting;
  }

  /** Keeps the windows of the senders heard last, so that memory stays bounded however many come and go. */
  #remember(sessionId: number, window: ReplayWindow): void {
    if (this.#windows.has(sessionId)) return;
    if (this.#windows.size === MAX_SENDERS) {
      const oldest = this.#windows.keys().next();
      if (oldest.done !== true) this.#windows.delete(oldest.value);
    }
    this.#windows.set(sessionId, window);
  }
}

/** What still opens packets beside the next key. A key that is told again, after a broken connection, changes nothing. */
function formerOf(known: TargetKeys | undefined, next: EpochKey, nowMs: number): TargetKeys['former'] {
  if (known === undefined) return undefined;
  return known.current.epoch === next.epoch ? known.former : { ...known.current, untilMs: nowMs + FORMER_EPOCH_MS };
}

function isEpoch(header: PacketHeader, { epoch }: EpochKey): boolean {
  return header.epoch === (epoch & 0xff);
}
