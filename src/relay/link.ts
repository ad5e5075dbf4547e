/** The layout of what nodes send each other, and what one node knows of its link to another. */
import { HEADER_BYTES, SESSION_TAG_BYTES } from './packet.js';
import { ReplayWindow } from './replay-window.js';
import type { MakeSessionTagKey, SessionTagKey } from './session-tag.js';

/** The first byte of a datagram between nodes. Those of clients begin otherwise. */
export const LinkKind = { voice: 0x58, ping: 0x59, pong: 0x5a } as const;

/** Why a datagram on a link was dropped. */
export const LINK_DROP_REASONS = ['misshapen', 'unknown_link', 'replayed', 'too_old', 'bad_tag', 'unheard'] as const;
export type LinkDropReason = (typeof LINK_DROP_REASONS)[number];

/** A link of a worker of this node to a worker of another, as the control plane knows it. Plain data. */
export interface LinkUpdate {
  /** The number by which routes name it. */
  readonly slot: number;
  /** Where the other worker is: numeric, as text. */
  readonly address: string;
  readonly port: number;
  /** The number of this direction in datagrams, and its key: 16 bytes. */
  readonly out: { readonly id: number; readonly key: Uint8Array };
  /** Those of the other direction. */
  readonly in: { readonly id: number; readonly key: Uint8Array };
}

/** How a link is doing. */
export interface LinkState {
  readonly slot: number;
  /** Of the newest answered ping, in milliseconds; null before the first. */
  readonly roundTripMs: number | null;
  /** How long ago anything came that was genuine, in milliseconds; null where nothing has. */
  readonly heardAgoMs: number | null;
}

const ID_OFFSET = 6;
const COUNTER_OFFSET = 10;
const PING_BYTES = HEADER_BYTES + 8 + SESSION_TAG_BYTES;
const MIN_BYTES = HEADER_BYTES + SESSION_TAG_BYTES;

interface Link {
  readonly update: LinkUpdate;
  readonly outKey: SessionTagKey;
  readonly inKey: SessionTagKey;
  readonly window: ReplayWindow;
  counter: number;
  roundTripMs: number | null;
  heardAtMs: number | null;
}

/** What came on a link. */
export interface Opened {
  readonly slot: number;
  readonly kind: 'voice' | 'ping' | 'pong';
  /** What was inside, of the datagram's own bytes. */
  readonly content: Uint8Array;
}

export interface LinkTableOptions {
  readonly makeTagKey: MakeSessionTagKey;
  /** Counters begin after this number: a worker that comes after another with the same keys must not repeat its nonces. */
  readonly firstCounter: number;
}

/**
 * The links of one worker to those of other nodes. A datagram is `kind (1) | 0 (5) | link (4) | counter (6) | content |
 * tag (12)`, with the tag and the nonce of a session's packets: voice inside is sealed by its sender, so the tag has to
 * prove only that a node has sent it, once. Pure: times are of one monotonic clock, in milliseconds.
 */
export class LinkTable {
  readonly #options: LinkTableOptions;
  readonly #bySlot = new Map<number, Link>();
  readonly #byId = new Map<number, Link>();

  constructor(options: LinkTableOptions) {
    this.#options = options;
  }

  /** Takes the whole truth. A link that stays goes on counting. */
  replace(updates: readonly LinkUpdate[]): void {
    const former = new Map(this.#bySlot);
    this.#bySlot.clear();
    this.#byId.clear();
    for (const update of updates) {
      const known = former.get(update.slot);
      const stays = known !== undefined && known.update.out.id === update.out.id;
      const link = stays ? { ...known, update } : this.#begin(update);
      this.#bySlot.set(update.slot, link);
      this.#byId.set(update.in.id, link);
    }
  }

  /** Where the link leads. */
  find(slot: number): LinkUpdate | undefined {
    return this.#bySlot.get(slot)?.update;
  }

  /** A datagram with the first `length` bytes of `content`, or undefined where there is no such link. */
  seal(slot: number, kind: keyof typeof LinkKind, content: Uint8Array, length: number): Uint8Array | undefined {
    const link = this.#bySlot.get(slot);
    if (link === undefined) return undefined;
    link.counter += 1;
    const datagram = new Uint8Array(HEADER_BYTES + length + SESSION_TAG_BYTES);
    const view = new DataView(datagram.buffer);
    view.setUint8(0, LinkKind[kind]);
    view.setUint32(ID_OFFSET, link.update.out.id);
    view.setUint16(COUNTER_OFFSET, Math.floor(link.counter / 2 ** 32));
    view.setUint32(COUNTER_OFFSET + 2, link.counter % 2 ** 32);
    datagram.set(content.subarray(0, length), HEADER_BYTES);
    link.outKey.write(datagram);
    return datagram;
  }

  /** Judges a datagram. Nothing that comes from the network makes it throw. */
  open(datagram: Uint8Array, length: number, nowMs: number): Opened | LinkDropReason {
    const kind = kindOf(datagram[0]);
    if (kind === undefined || length < MIN_BYTES || length > datagram.length) return 'misshapen';
    if (kind !== 'voice' && length !== PING_BYTES) return 'misshapen';
    const view = new DataView(datagram.buffer, datagram.byteOffset, length);
    const link = this.#byId.get(view.getUint32(ID_OFFSET));
    if (link === undefined) return 'unknown_link';
    const counter = view.getUint16(COUNTER_OFFSET) * 2 ** 32 + view.getUint32(COUNTER_OFFSET + 2);
    const verdict = link.window.check(counter);
    if (verdict !== 'fresh') return verdict;
    if (!link.inKey.verify(datagram, length)) return 'bad_tag';
    link.window.commit(counter);
    link.heardAtMs = nowMs;
    return { slot: link.update.slot, kind, content: datagram.subarray(HEADER_BYTES, length - SESSION_TAG_BYTES) };
  }

  /** A ping for each link, with the slot of each. */
  pings(nowMs: number): readonly { readonly slot: number; readonly datagram: Uint8Array }[] {
    const content = new Uint8Array(8);
    new DataView(content.buffer).setFloat64(0, nowMs);
    return [...this.#bySlot.keys()].flatMap((slot) => {
      const datagram = this.seal(slot, 'ping', content, content.length);
      return datagram === undefined ? [] : [{ slot, datagram }];
    });
  }

  /** The answer to a ping of this node has come. */
  takePong({ slot, content }: Opened, nowMs: number): void {
    const link = this.#bySlot.get(slot);
    const sentAtMs = new DataView(content.buffer, content.byteOffset).getFloat64(0);
    if (link !== undefined) link.roundTripMs = Math.max(0, nowMs - sentAtMs);
  }

  states(nowMs: number): readonly LinkState[] {
    return [...this.#bySlot.values()].map(({ update: { slot }, roundTripMs, heardAtMs }) => ({
      slot,
      roundTripMs,
      heardAgoMs: heardAtMs === null ? null : nowMs - heardAtMs,
    }));
  }

  #begin(update: LinkUpdate): Link {
    const { makeTagKey, firstCounter } = this.#options;
    const [outKey, inKey] = [makeTagKey(update.out.key), makeTagKey(update.in.key)];
    const window = new ReplayWindow();
    return { update, outKey, inKey, window, counter: firstCounter, roundTripMs: null, heardAtMs: null };
  }
}

function kindOf(byte: number | undefined): Opened['kind'] | undefined {
  switch (byte) {
    case LinkKind.voice:
      return 'voice';
    case LinkKind.ping:
      return 'ping';
    case LinkKind.pong:
      return 'pong';
    default:
      return undefined;
  }
}
