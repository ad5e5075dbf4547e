import { DropReason, type DropReasonName, dropReasonNames } from '../relay/drop-reason.js';
import type { Outcome, Source } from '../relay/outcome.js';

/** What became of one packet. */
export interface TracedPacket {
  /** The id in its header, which may be any number; null where it is too short to have one. */
  readonly session: number | null;
  readonly path: Source['kind'];
  readonly bytes: number;
  /** Why it was dropped, or null. */
  readonly dropped: DropReasonName | null;
  /** How many got a copy. */
  readonly receivers: number;
}

/** The packets of some moment, and how many more there were. */
export interface PacketTraceBatch {
  readonly packets: readonly TracedPacket[];
  readonly leftOut: number;
}

/** How many packets are told of one by one between two batches. */
const MAX_PACKETS = 1000;
const SESSION_AT = 6;

/** Takes down what becomes of packets, without their addresses and contents, while somebody wants to know. */
export class PacketTrace {
  #packets: TracedPacket[] = [];
  #leftOut = 0;

  note(packet: Uint8Array, length: number, source: Source, outcome: Outcome): void {
    if (this.#packets.length >= MAX_PACKETS) {
      this.#leftOut += 1;
      return;
    }
    const { dropReason, forwardBytes, udpSlots, exceptSlot, tunnelReceivers, exceptReceiver } = outcome;
    const own = (udpSlots.includes(exceptSlot) ? 1 : 0) + tunnelReceivers.filter((id) => id === exceptReceiver).length;
    this.#packets.push({
      session: sessionIn(packet, length),
      path: source.kind,
      bytes: length,
      dropped: dropReason === null ? null : nameOf(dropReason),
      receivers: forwardBytes > 0 ? udpSlots.length + tunnelReceivers.length - own : 0,
    });
  }

  /** What was taken down since the last call, or null where nothing was. */
  take(): PacketTraceBatch | null {
    if (this.#packets.length === 0) return null;
    const batch = { packets: this.#packets, leftOut: this.#leftOut };
    this.#packets = [];
    this.#leftOut = 0;
    return batch;
  }
}

function sessionIn(packet: Uint8Array, length: number): number | null {
  if (length < SESSION_AT + 4) return null;
  return new DataView(packet.buffer, packet.byteOffset, packet.byteLength).getUint32(SESSION_AT);
}

function nameOf(reason: DropReason): DropReasonName | null {
  return dropReasonNames().find((name) => DropReason[name] === reason) ?? null;
}
