/** The port that knows who is in which channel now. */
import type { ChannelId, SessionId } from '../ids.js';
import type { Session } from '../sessions/session.js';

/** What became of a join. */
export type JoinOutcome = 'joined' | 'already' | 'full';

/** Who joins: a session, and whose it is. */
export type Member = Pick<Session, 'id' | 'userId'>;

/**
 * Who is where. It knows nothing of rights, sessions and organizations: services do. Each call is atomic; two calls are
 * not. What it throws is a fault of what it is kept in.
 */
export interface Occupancy {
  /** Lets the session in where fewer than `capacity` are there. Of any number who come at once no more than fit get in. */
  join(channelId: ChannelId, member: Member, capacity: number): Promise<JoinOutcome>;
  /** A session of this node is in the channel already, which has this capacity: it has taken the place over from another. */
  adopt(member: Member, channelId: ChannelId, capacity: number): Promise<void>;
  /** True where the session was there. */
  leave(channelId: ChannelId, sessionId: SessionId): Promise<boolean>;
  /** Takes the session out of every channel and returns those that it was in, in the order of joining. */
  leaveAll(sessionId: SessionId): Promise<readonly ChannelId[]>;
  /** Who is in the channel, in the order of joining. */
  members(channelId: ChannelId): Promise<readonly SessionId[]>;
  /** The channels that the session is in, in the order of joining. */
  channelsOf(sessionId: SessionId): Promise<readonly ChannelId[]>;
  /** How many are in each of these channels, 0 for an empty one. */
  counts(channelIds: readonly ChannelId[]): Promise<ReadonlyMap<ChannelId, number>>;
}
