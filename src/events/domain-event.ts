/** What has happened, told after the commit. Events carry ids, not objects: a listener reads the present state itself, so a late or repeated event does no harm. */

import type { ApiKeyId, BanId, ChannelId, OrganizationId, RoleId, SessionId, UserId } from '../ids.js';
import type { RequestContext } from '../request-context.js';

/** Why a session left a channel or ended. */
export type LeaveReason =
  | 'left'
  | 'moved'
  | 'disconnected'
  | 'timed_out'
  | 'kicked'
  | 'banned'
  | 'recording_forbidden'
  | 'replaced'
  | 'permission_lost'
  | 'channel_deleted'
  | 'user_deleted'
  | 'organization_deleted'
  | 'credentials_changed'
  | 'shutting_down';

interface OfOrganization {
  readonly organizationId: OrganizationId;
}

export type DomainEvent =
  | ({ readonly type: 'organization_created' } & OfOrganization)
  | ({ readonly type: 'organization_updated' } & OfOrganization)
  | ({ readonly type: 'organization_deleted' } & OfOrganization)
  | ({ readonly type: 'owner_changed'; readonly ownerId: UserId } & OfOrganization)
  | ({ readonly type: 'user_created'; readonly userId: UserId } & OfOrganization)
  | ({ readonly type: 'user_updated'; readonly userId: UserId } & OfOrganization)
  | ({ readonly type: 'user_deleted'; readonly userId: UserId } & OfOrganization)
  | ({ readonly type: 'user_credentials_changed'; readonly userId: UserId } & OfOrganization)
  | ({ readonly type: 'login_ended'; readonly userId: UserId; readonly loginId: string } & OfOrganization)
  | ({ readonly type: 'ban_created'; readonly banId: BanId } & OfOrganization)
  | ({ readonly type: 'ban_lifted'; readonly banId: BanId } & OfOrganization)
  | ({ readonly type: 'api_key_revoked'; readonly userId: UserId; readonly apiKeyId: ApiKeyId } & OfOrganization)
  | ({ readonly type: 'role_created'; readonly roleId: RoleId } & OfOrganization)
  | ({ readonly type: 'role_updated'; readonly roleId: RoleId } & OfOrganization)
  | ({ readonly type: 'role_deleted'; readonly roleId: RoleId } & OfOrganization)
  | ({ readonly type: 'role_assigned'; readonly roleId: RoleId; readonly userId: UserId } & OfOrganization)
  | ({ readonly type: 'role_unassigned'; readonly roleId: RoleId; readonly userId: UserId } & OfOrganization)
  | ({ readonly type: 'channel_created'; readonly channelId: ChannelId } & OfOrganization)
  | ({ readonly type: 'channel_updated'; readonly channelId: ChannelId } & OfOrganization)
  | ({ readonly type: 'channel_deleted'; readonly channelId: ChannelId } & OfOrganization)
  | ({ readonly type: 'channel_acl_changed'; readonly channelId: ChannelId } & OfOrganization)
  | ({ readonly type: 'session_opened'; readonly sessionId: SessionId; readonly userId: UserId } & OfOrganization)
  | ({ readonly type: 'session_changed'; readonly sessionId: SessionId; readonly userId: UserId } & OfOrganization)
  | ({
      readonly type: 'session_closed';
      readonly sessionId: SessionId;
      readonly userId: UserId;
      readonly reason: LeaveReason;
      /** What a moderator said about it; empty where nobody said anything. */
      readonly message: string;
    } & OfOrganization)
  | ({
      readonly type: 'channel_joined';
      readonly channelId: ChannelId;
      readonly sessionId: SessionId;
      readonly userId: UserId;
    } & OfOrganization)
  | ({
      readonly type: 'channel_left';
      readonly channelId: ChannelId;
      readonly sessionId: SessionId;
      readonly userId: UserId;
      readonly reason: LeaveReason;
      /** Where a moderator has moved the session to; left out where it was put nowhere. */
      readonly movedTo?: ChannelId | undefined;
    } & OfOrganization)
  | ({
      readonly type: 'speaking_changed';
      readonly channelId: ChannelId;
      readonly sessionId: SessionId;
      readonly userId: UserId;
      readonly isSpeaking: boolean;
    } & OfOrganization);

/** The request that an event comes of: the doors that obey the event tell it to the log, and continue its trace. */
export interface EventCause {
  readonly requestId: string;
  /** See {@link RequestContext.traceParent}. */
  readonly traceParent?: string | undefined;
}

/** What is known of the request in whose context something happens. */
export function causeOf({ requestId, traceParent }: RequestContext): EventCause {
  return { requestId, traceParent };
}

/** The names of all domain events. */
export type DomainEventType = DomainEvent['type'];
