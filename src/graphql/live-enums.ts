/** What streams tell of, as GraphQL enums: upper-case names for the words of the events. */
import { registerEnumType } from 'type-graphql';
import type { LeaveReason } from '../events/domain-event.js';
import type { GapReason, OccupancyEventType, OrganizationEventType, SessionChange } from '../live/live-event.js';

/** The type of a field or argument: `@Field(() => LeaveReasonType)`. */
export const LeaveReasonType = {
  LEFT: 'left',
  MOVED: 'moved',
  DISCONNECTED: 'disconnected',
  TIMED_OUT: 'timed_out',
  KICKED: 'kicked',
  BANNED: 'banned',
  RECORDING_FORBIDDEN: 'recording_forbidden',
  REPLACED: 'replaced',
  PERMISSION_LOST: 'permission_lost',
  CHANNEL_DELETED: 'channel_deleted',
  USER_DELETED: 'user_deleted',
  ORGANIZATION_DELETED: 'organization_deleted',
  CREDENTIALS_CHANGED: 'credentials_changed',
  SHUTTING_DOWN: 'shutting_down',
} as const satisfies Record<Uppercase<LeaveReason>, LeaveReason>;

/** The type of a field: `@Field(() => OccupancyEventTypeEnum)`. */
export const OccupancyEventTypeEnum = {
  JOINED: 'joined',
  LEFT: 'left',
  MOVED: 'moved',
  MUTED: 'muted',
  UNMUTED: 'unmuted',
  DEAFENED: 'deafened',
  UNDEAFENED: 'undeafened',
  CHANGED: 'changed',
  SPEAKING_STARTED: 'speaking_started',
  SPEAKING_STOPPED: 'speaking_stopped',
} as const satisfies Record<Uppercase<OccupancyEventType>, OccupancyEventType>;

/** The type of a field: `@Field(() => SessionEventTypeEnum)`. */
export const SessionEventTypeEnum = {
  OPENED: 'opened',
  CHANGED: 'changed',
  CLOSED: 'closed',
} as const satisfies Record<Uppercase<SessionChange['type']>, SessionChange['type']>;

/** The type of a field or argument: `@Field(() => OrganizationEventTypeEnum)`. */
export const OrganizationEventTypeEnum = {
  ORGANIZATION_UPDATED: 'organization_updated',
  ORGANIZATION_DELETED: 'organization_deleted',
  OWNER_CHANGED: 'owner_changed',
  USER_CREATED: 'user_created',
  USER_UPDATED: 'user_updated',
  USER_DELETED: 'user_deleted',
  BAN_CREATED: 'ban_created',
  BAN_LIFTED: 'ban_lifted',
  ROLE_CREATED: 'role_created',
  ROLE_UPDATED: 'role_updated',
  ROLE_DELETED: 'role_deleted',
  ROLE_ASSIGNED: 'role_assigned',
  ROLE_UNASSIGNED: 'role_unassigned',
  CHANNEL_CREATED: 'channel_created',
  CHANNEL_UPDATED: 'channel_updated',
  CHANNEL_DELETED: 'channel_deleted',
  CHANNEL_ACL_CHANGED: 'channel_acl_changed',
} as const satisfies Record<Uppercase<OrganizationEventType>, OrganizationEventType>;

/** The type of a field: `@Field(() => GapReasonType)`. */
export const GapReasonType = {
  BEHIND: 'behind',
  UNKNOWN_CURSOR: 'unknown_cursor',
  SCOPE_CHANGED: 'scope_changed',
} as const satisfies Record<Uppercase<GapReason>, GapReason>;

registerEnumType(LeaveReasonType, {
  name: 'LeaveReason',
  description: 'Why a session left a channel or ended.',
  valuesConfig: {
    LEFT: { description: 'By its own wish.' },
    MOVED: { description: 'A moderator took it elsewhere.' },
    DISCONNECTED: { description: 'Its client has gone.' },
    TIMED_OUT: { description: 'Its client was silent for too long.' },
    KICKED: { description: 'A moderator put it out.' },
    BANNED: { description: 'Its user or address was banned.' },
    RECORDING_FORBIDDEN: { description: 'It recorded where that is not allowed.' },
    REPLACED: { description: 'Its user has logged in from somewhere else.' },
    PERMISSION_LOST: { description: 'Its user lost JOIN there.' },
    CHANNEL_DELETED: { description: 'The channel was deleted.' },
    USER_DELETED: { description: 'Its user was removed.' },
    ORGANIZATION_DELETED: { description: 'The organization was deleted.' },
    CREDENTIALS_CHANGED: { description: 'The password was changed, or the API key revoked.' },
    SHUTTING_DOWN: { description: 'The server ended.' },
  },
});

registerEnumType(OccupancyEventTypeEnum, {
  name: 'OccupancyEventType',
  description: 'What happened to who is in a channel.',
  valuesConfig: {
    JOINED: { description: 'A session came into `channelId`.' },
    LEFT: { description: 'A session left `channelId`, for `reason`; whether it spoke there does not matter any more.' },
    MOVED: { description: 'A moderator took a session from `channelId` to `toChannelId`, where it has joined before.' },
    MUTED: { description: 'A session is heard by nobody from now on, by its own wish or a moderator’s.' },
    UNMUTED: { description: 'A session may be heard again.' },
    DEAFENED: { description: 'A session hears nobody from now on, by its own wish or a moderator’s.' },
    UNDEAFENED: { description: 'A session hears again.' },
    CHANGED: { description: 'Something else of a session has changed: its name, what it listens to, recording.' },
    SPEAKING_STARTED: { description: 'A session speaks into `channelId`. At most five of these two in a second.' },
    SPEAKING_STOPPED: { description: 'A session does not speak into `channelId` any more.' },
  },
});

registerEnumType(SessionEventTypeEnum, {
  name: 'SessionEventType',
  description: 'What happened to a session.',
  valuesConfig: {
    OPENED: { description: 'Somebody has connected.' },
    CHANGED: { description: 'Muted, deafened, renamed, recording, listening.' },
    CLOSED: { description: 'It has ended, for `reason`.' },
  },
});

registerEnumType(OrganizationEventTypeEnum, {
  name: 'OrganizationEventType',
  description: 'What happened in an organization.',
  valuesConfig: {
    ORGANIZATION_UPDATED: { description: 'The organization was changed.' },
    ORGANIZATION_DELETED: { description: 'The organization was deleted: the stream ends.' },
    OWNER_CHANGED: { description: '`userId` owns it now.' },
    USER_CREATED: { description: 'A user was added.' },
    USER_UPDATED: { description: 'A user was changed.' },
    USER_DELETED: { description: 'A user was removed.' },
    BAN_CREATED: { description: 'A ban was issued. Told to whoever holds MANAGE in the organization.' },
    BAN_LIFTED: { description: 'A ban was lifted. Told to whoever holds MANAGE in the organization.' },
    ROLE_CREATED: { description: 'A role was made.' },
    ROLE_UPDATED: { description: 'A role was changed.' },
    ROLE_DELETED: { description: 'A role was deleted.' },
    ROLE_ASSIGNED: { description: '`userId` got `roleId`.' },
    ROLE_UNASSIGNED: { description: '`userId` lost `roleId`.' },
    CHANNEL_CREATED: { description: 'A channel was made.' },
    CHANNEL_UPDATED: { description: 'A channel was changed or moved.' },
    CHANNEL_DELETED: { description: 'A channel was deleted.' },
    CHANNEL_ACL_CHANGED: { description: 'Who may do what in a channel was changed.' },
  },
});

registerEnumType(GapReasonType, {
  name: 'GapReason',
  description: 'Why a stream begins anew.',
  valuesConfig: {
    BEHIND: { description: 'You read more slowly than things happened, or were away for too long.' },
    UNKNOWN_CURSOR: { description: 'The cursor is not of this stream, or of before a restart of the server.' },
    SCOPE_CHANGED: { description: 'Channels came into what you watch, or went out of it.' },
  },
});
