import type { SessionId } from '../ids.js';
import type { DropReason } from './drop-reason.js';

/** Where a packet came from: a UDP address, or the control connection of a session. Addresses are numeric, as text. */
export type Source = UdpSource | TunnelSource;

export interface UdpSource {
  readonly kind: 'udp';
  readonly address: string;
  readonly port: number;
}

export interface TunnelSource {
  readonly kind: 'tunnel';
  readonly sessionId: SessionId;
}

/** In place of a slot where there is none. */
export const NO_SLOT = -1;

/** What is to be done after a packet. The relay has one and fills it for each packet: it must be read before the next. */
export interface Outcome {
  /** Why the packet was dropped, or null where it was accepted. The fields below hold all the same. */
  dropReason: DropReason | null;
  /** How many bytes from the packet's beginning go to the receivers, 0 for none. */
  forwardBytes: number;
  /** The slots of the receivers by UDP. The array is never changed, a later outcome has another. */
  udpSlots: Uint32Array;
  /** The one slot that gets nothing even where it is listed: the sender's. */
  exceptSlot: number;
  /** The receivers by the tunnel. The array is never changed, and stays the same while the route does. */
  tunnelReceivers: readonly SessionId[];
  /** The one session that gets nothing even where it is listed: the sender, or null. */
  exceptReceiver: SessionId | null;
  /** The links to other nodes that get a copy. The array is never changed, a later outcome has another. */
  linkSlots: Uint32Array;
  /** To be sent to where the packet came from, a buffer of its own, or null. */
  reply: Uint8Array | null;
  /** The slot whose packets go from now on to where this packet came from, or {@link NO_SLOT}. It holds before anything is sent. */
  provenSlot: number;
}

/** An outcome that asks for nothing. */
export function emptyOutcome(): Outcome {
  return {
    dropReason: null,
    forwardBytes: 0,
    udpSlots: NO_SLOTS,
    exceptSlot: NO_SLOT,
    tunnelReceivers: NO_RECEIVERS,
    exceptReceiver: null,
    linkSlots: NO_SLOTS,
    reply: null,
    provenSlot: NO_SLOT,
  };
}

/** Makes an outcome ask for nothing again. */
export function clearOutcome(outcome: Outcome): void {
  outcome.dropReason = null;
  outcome.forwardBytes = 0;
  outcome.udpSlots = NO_SLOTS;
  outcome.exceptSlot = NO_SLOT;
  outcome.tunnelReceivers = NO_RECEIVERS;
  outcome.exceptReceiver = null;
  outcome.linkSlots = NO_SLOTS;
  outcome.reply = null;
  outcome.provenSlot = NO_SLOT;
}

const NO_SLOTS = new Uint32Array(0);
const NO_RECEIVERS: readonly SessionId[] = [];
