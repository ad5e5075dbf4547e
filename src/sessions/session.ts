import type { ChannelId, OrganizationId, SessionId, UserId } from '../ids.js';
import type { Credential, Door } from '../request-context.js';

/** How many channels a session listens to at most without being in them. */
export const MAX_LISTENED_CHANNELS = 16;

/** One login of a voice client, from the moment it is authenticated to the end of its connection. */
export interface Session {
  readonly id: SessionId;
  readonly userId: UserId;
  readonly organizationId: OrganizationId;
  readonly username: string;
  /** The door through which the client is connected. */
  readonly door: Door;
  /** Name and version of the client program, as it says itself; may be empty. */
  readonly clientName: string;
  readonly connectedAt: Date;
  /** The address of the client, or null where there is none. Not for logs. */
  readonly remoteAddress: string | null;
  /** What its user had proved themselves by: the session ends when that does not hold any more. */
  readonly credential: Credential;
  /** Others do not hear this session, by its own wish. */
  readonly selfMuted: boolean;
  /** This session hears nobody, by its own wish. */
  readonly selfDeafened: boolean;
  /** This session says that it records what it hears. */
  readonly recording: boolean;
  /** The channels that this session hears without being in them, in the order of its wishes. */
  readonly listeningChannelIds: readonly ChannelId[];
  /** Others do not hear this session, because a moderator wants it so. */
  readonly muted: boolean;
  /** This session hears nobody, because a moderator wants it so. */
  readonly deafened: boolean;
  /** This session is to be heard above others, because a moderator wants it so. */
  readonly prioritySpeaker: boolean;
}

/** A session with the channels that it has joined, in the order of joining. */
export interface PresentSession extends Session {
  readonly channelIds: readonly ChannelId[];
}

/** What moderators have taken from a user, or given; it outlives the session. */
export interface Standing {
  readonly muted: boolean;
  readonly deafened: boolean;
  readonly prioritySpeaker: boolean;
}

/** What a session wishes and says about itself. */
export interface SelfState {
  readonly recording: boolean;
  readonly muted: boolean;
  readonly deafened: boolean;
}
