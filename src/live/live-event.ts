/** What streams tell. Plain data, made once for all readers, never changed afterwards. */
import type { DomainEventType, LeaveReason } from '../events/domain-event.js';
import type { BanId, ChannelId, OrganizationId, RoleId, SessionId, UserId } from '../ids.js';
import type { PresentSession } from '../sessions/session.js';

/** A session as it was when something happened. */
export interface LiveSession
  extends Pick<
    PresentSession,
    | 'id'
    | 'userId'
    | 'username'
    | 'clientName'
    | 'connectedAt'
    | 'selfMuted'
    | 'selfDeafened'
    | 'muted'
    | 'deafened'
    | 'prioritySpeaker'
    | 'recording'
    | 'channelIds'
    | 'listeningChannelIds'
  > {
  /** The channels into which it speaks at this moment. */
  readonly speakingChannelIds: readonly ChannelId[];
}

/** What happens to who is in a channel. */
export type OccupancyEventType =
  | 'joined'
  | 'left'
  | 'moved'
  | 'muted'
  | 'unmuted'
  | 'deafened'
  | 'undeafened'
  | 'changed'
  | 'speaking_started'
  | 'speaking_stopped';

export interface OccupancyChange {
  readonly kind: 'occupancy';
  readonly type: OccupancyEventType;
  /** Null where it concerns every channel that the session is in. */
  readonly channelId: ChannelId | null;
  /** Where a moderator has moved the session to. */
  readonly toChannelId: ChannelId | null;
  readonly reason: LeaveReason | null;
  readonly session: LiveSession;
}

export interface SessionChange {
  readonly kind: 'session';
  readonly type: 'opened' | 'changed' | 'closed';
  readonly reason: LeaveReason | null;
  /** What a moderator said about the end; null where nobody said anything. */
  readonly message: string | null;
  readonly session: LiveSession;
}

/** The domain events of which `organizationEvents` tells. */
export type OrganizationEventType = Exclude<
  DomainEventType,
  | 'organization_created'
  | 'session_opened'
  | 'session_changed'
  | 'session_closed'
  | 'channel_joined'
  | 'channel_left'
  | 'speaking_changed'
  | 'user_credentials_changed'
  | 'login_ended'
  | 'api_key_revoked'
>;

export interface OrganizationChange {
  readonly kind: 'organization';
  readonly type: OrganizationEventType;
  readonly channelId: ChannelId | null;
  readonly userId: UserId | null;
  readonly roleId: RoleId | null;
  readonly banId: BanId | null;
}

/** What has happened, before it has a place in a log. */
export type LiveChange = OccupancyChange | SessionChange | OrganizationChange;

/** What has happened, when, and where it stands in the log of its organization. */
export interface LiveEvent<Change extends LiveChange = LiveChange> {
  /** Counts up from 1. Of what is not in the log (who speaks) that of the event before. */
  readonly sequence: number;
  readonly at: Date;
  /** The same on the monotonic clock of this node, in milliseconds. */
  readonly atMs: number;
  readonly change: Change;
}

/** A channel as administrators see it in a stream. */
export interface LiveChannel {
  readonly id: ChannelId;
  readonly parentId: ChannelId | null;
  readonly name: string;
  readonly position: number;
  readonly maxUsers: number | null;
  readonly hasPassword: boolean;
  readonly version: number;
}

/** What of an organization somebody wants to be told. */
export type LiveScope =
  | { readonly kind: 'occupancy'; readonly channelId: ChannelId | null; readonly subtree: boolean }
  | { readonly kind: 'session' }
  /** Null: all types. */
  | { readonly kind: 'organization'; readonly types: ReadonlySet<OrganizationEventType> | null };

/** Why a stream begins anew. */
export type GapReason = 'behind' | 'unknown_cursor' | 'scope_changed';

/** What a reader gets, one after the other. */
export type LiveMessage =
  /** A part of the present state. `isLast` says that no other part follows. */
  | {
      readonly message: 'session_snapshot';
      readonly organizationId: OrganizationId;
      readonly cursor: string;
      readonly isLast: boolean;
      readonly sessions: readonly LiveSession[];
    }
  | {
      readonly message: 'organization_snapshot';
      readonly organizationId: OrganizationId;
      readonly cursor: string;
      readonly isLast: boolean;
      readonly channels: readonly LiveChannel[];
    }
  | {
      readonly message: 'event';
      readonly cursor: string;
      readonly event: LiveEvent;
      readonly channel: LiveChannel | null;
    }
  /** Something was left out: a new snapshot follows. */
  | { readonly message: 'gap'; readonly cause: GapReason };

/** A talk of a session into a channel: which of the two it is about. */
export interface Talk {
  readonly sessionId: SessionId;
  readonly channelId: ChannelId;
}
