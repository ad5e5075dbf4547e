import {
  LINK_DROP_REASONS,
  type LinkDropReason,
  type LinkState,
  LinkTable,
  type LinkTableOptions,
  type LinkUpdate,
} from '../relay/link.js';
import type { UdpBackend, UdpBackendHandler } from './udp-backend.js';

/** How the links of a worker are doing. */
export interface LinkCounters {
  /** Voice that came from other nodes, and copies that were sent to them. */
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly drops: Readonly<Record<LinkDropReason, number>>;
  readonly states: readonly LinkState[];
}

export interface RelayLinksOptions extends LinkTableOptions {
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** Forwards a voice packet of another node to who hears it here; false where nobody does. The bytes stay as they are. */
  readonly onVoice: (packet: Uint8Array) => boolean;
}

/** The links of one worker of the relay: one copy of a packet to each node where somebody hears it. */
export class RelayLinks implements UdpBackendHandler {
  readonly #options: RelayLinksOptions;
  readonly #table: LinkTable;
  readonly #drops = new Map<LinkDropReason, number>();
  #backend: UdpBackend | null = null;
  #packetsIn = 0;
  #packetsOut = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(options: RelayLinksOptions) {
    this.#options = options;
    this.#table = new LinkTable(options);
  }

  /** Sends by this backend from now on. */
  use(backend: UdpBackend): void {
    this.#backend = backend;
  }

  /** Takes the whole truth. */
  replace(links: readonly LinkUpdate[]): void {
    this.#table.replace(links);
  }

  /** Sends the first `length` bytes of a packet over each of these links. */
  forward(packet: Uint8Array, length: number, slots: Uint32Array): void {
    for (const slot of slots) {
      const datagram = this.#table.seal(slot, 'voice', packet, length);
      if (datagram === undefined) continue;
      this.#packetsOut += 1;
      this.#bytesOut += datagram.length;
      this.#send(slot, datagram);
    }
  }

  /** Asks each link whether it is there. To be called every second. */
  ping(): void {
    for (const { slot, datagram } of this.#table.pings(this.#options.nowMs())) this.#send(slot, datagram);
  }

  counters(): LinkCounters {
    const drops = Object.fromEntries(LINK_DROP_REASONS.map((reason) => [reason, this.#drops.get(reason) ?? 0]));
    return {
      ...{ packetsIn: this.#packetsIn, packetsOut: this.#packetsOut, bytesIn: this.#bytesIn, bytesOut: this.#bytesOut },
      drops: { misshapen: 0, unknown_link: 0, replayed: 0, too_old: 0, bad_tag: 0, unheard: 0, ...drops },
      states: this.#table.states(this.#options.nowMs()),
    };
  }

  onBatch(): void {
    // Each datagram is judged by its own time.
  }

  onSent(): void {
    // How long the way through two nodes takes is not measured here.
  }

  onPacket(datagram: Uint8Array, length: number): void {
    const nowMs = this.#options.nowMs();
    const opened = this.#table.open(datagram, length, nowMs);
    if (typeof opened === 'string') {
      this.#drop(opened);
      return;
    }
    switch (opened.kind) {
      case 'voice':
        this.#packetsIn += 1;
        this.#bytesIn += length;
        if (!this.#options.onVoice(opened.content)) this.#drop('unheard');
        break;
      case 'ping': {
        const pong = this.#table.seal(opened.slot, 'pong', opened.content, opened.content.length);
        if (pong !== undefined) this.#send(opened.slot, pong);
        break;
      }
      case 'pong':
        this.#table.takePong(opened, nowMs);
        break;
    }
  }

  #send(slot: number, datagram: Uint8Array): void {
    const to = this.#table.find(slot);
    if (to !== undefined) this.#backend?.sendTo(datagram, to.address, to.port);
  }

  #drop(reason: LinkDropReason): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
  }
}
