import type { ChannelId, OrganizationId, SessionId, UserId } from '../ids.js';
import type { Door } from '../request-context.js';

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
  /** True where an API key opened it, and not a password or a login. */
  readonly isByApiKey: boolean;
  /** Others do not hear this session, by its own wish. */
  readonly selfMuted: boolean;
  /** This session hears nobody, by its own wish. */
  readonly selfDeafened: boolean;
  /** Others do not hear this session, because a moderator wants it so. */
  readonly muted: boolean;
  /** This session hears nobody, because a moderator wants it so. */
  readonly deafened: boolean;
}

/** A session with the channels that it has joined, in the order of joining. */
export interface PresentSession extends Session {
  readonly channelIds: readonly ChannelId[];
}

/** What moderators have taken from a user; it outlives the session. */
export interface Restriction {
  readonly muted: boolean;
  readonly deafened: boolean;
}

/** What a session wishes about itself. */
export interface SelfState {
  readonly muted: boolean;
  readonly deafened: boolean;
}
