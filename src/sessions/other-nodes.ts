import { notFound } from '../errors.js';
import type { LeaveReason } from '../events/domain-event.js';
import type { ChannelId, SessionId } from '../ids.js';
import type { Session, Standing } from './session.js';

/** Why a session leaves a channel, and for which other one a moderator takes it out. */
export interface Departure {
  readonly reason: LeaveReason;
  readonly movedTo?: ChannelId | undefined;
}

/** The port to the other nodes of a cluster, as far as sessions are concerned. What it throws is what the other node has refused, or UNAVAILABLE. */
export interface OtherNodes {
  /** Makes a session of this node the one of its user in all nodes. Returns the channels that it has taken over from the session that it inherits. Throws REPLACED where that is gone. */
  claim(session: Session, inherits: SessionId | null): Promise<readonly ChannelId[]>;
  /** Ends a session of another node. */
  close(id: SessionId, reason: LeaveReason, message: string): Promise<void>;
  setStanding(id: SessionId, change: Partial<Standing>): Promise<void>;
  bring(id: SessionId, channelId: ChannelId): Promise<void>;
  takeOut(id: SessionId, channelId: ChannelId, departure: Departure): Promise<void>;
}

/** Where there is this node alone. */
export const NO_OTHER_NODES: OtherNodes = {
  claim: async () => [],
  close: nobodyThere,
  setStanding: nobodyThere,
  bring: nobodyThere,
  takeOut: nobodyThere,
};

async function nobodyThere(): Promise<void> {
  throw notFound('session');
}
