/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** One line of an ACL that is tried out. */
export type AclLineInput = {
  /** All that it may do. */
  permissions: Array<Permission>;
  /** A role of the organization. */
  roleId: string | number;
};

/** What an API key may be used for. */
export type ApiKeyScope =
  /** Queries. */
  | 'READ'
  /** To log in as a voice client. */
  | 'VOICE'
  /** Mutations. */
  | 'WRITE';

/** Which role to give to whom. */
export type AssignRoleInput = {
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** Which role. */
  roleId: string | number;
  /** A user of the same organization. */
  userId: string | number;
};

/** What was done. */
export type AuditAction =
  /** An API key was made. */
  | 'API_KEY_CREATED'
  /** An API key was revoked. */
  | 'API_KEY_REVOKED'
  /** A ban was issued. */
  | 'BAN_CREATED'
  /** A ban was lifted. */
  | 'BAN_LIFTED'
  /** A client certificate was bound to its user. */
  | 'CERTIFICATE_BOUND'
  /** A client certificate was removed. */
  | 'CERTIFICATE_REMOVED'
  /** A role was taken off a channel's ACL. */
  | 'CHANNEL_ACL_ENTRY_REMOVED'
  /** It was said what a role may do in a channel. */
  | 'CHANNEL_ACL_ENTRY_SET'
  /** A channel was made. */
  | 'CHANNEL_CREATED'
  /** A channel was deleted. */
  | 'CHANNEL_DELETED'
  /** A channel was changed or moved. */
  | 'CHANNEL_UPDATED'
  /** An invitation was made. */
  | 'INVITATION_CREATED'
  /** Somebody became a user by an invitation. */
  | 'INVITATION_REDEEMED'
  /** An invitation was revoked. */
  | 'INVITATION_REVOKED'
  /** A part of the server logs more, or less. */
  | 'LOG_LEVEL_CHANGED'
  /** A node of the cluster takes no new sessions, and moves those that it has. */
  | 'NODE_DRAINED'
  /** A node of the cluster takes sessions again. */
  | 'NODE_OPENED'
  /** An organization was made. */
  | 'ORGANIZATION_CREATED'
  /** An organization was deleted, with all that was in it. */
  | 'ORGANIZATION_DELETED'
  /** An organization was changed. */
  | 'ORGANIZATION_UPDATED'
  /** A role was given to a user. */
  | 'ROLE_ASSIGNED'
  /** A role was made. */
  | 'ROLE_CREATED'
  /** A role was deleted. */
  | 'ROLE_DELETED'
  /** A role was taken from a user. */
  | 'ROLE_UNASSIGNED'
  /** A role was changed. */
  | 'ROLE_UPDATED'
  /** A session was deafened: it hears nobody. */
  | 'SESSION_DEAFENED'
  /** A session was put out. */
  | 'SESSION_KICKED'
  /** A session was moved to another channel. */
  | 'SESSION_MOVED'
  /** A session was muted: nobody hears it. */
  | 'SESSION_MUTED'
  /** A session was made a priority speaker. */
  | 'SESSION_PRIORITIZED'
  /** A session may hear again. */
  | 'SESSION_UNDEAFENED'
  /** A session may be heard again. */
  | 'SESSION_UNMUTED'
  /** A session is no priority speaker any more. */
  | 'SESSION_UNPRIORITIZED'
  /** A user was added. */
  | 'USER_CREATED'
  /** A user was removed. */
  | 'USER_DELETED'
  /** A user got a new password. */
  | 'USER_PASSWORD_CHANGED'
  /** A user was changed. */
  | 'USER_UPDATED';

/** Which audit entries are asked for. What is left out does not matter. */
export type AuditFilterInput = {
  /** Only these actions. */
  actions?: Array<AuditAction> | null | undefined;
  /** Only what this user did. */
  actorId?: string | number | null | undefined;
  /** From this time on. */
  since?: string | null | undefined;
  /** Only what was done to the target with this id. */
  targetId?: string | number | null | undefined;
  /** Only what was done to this kind of target. */
  targetType?: AuditTarget | null | undefined;
  /** Before this time. */
  until?: string | null | undefined;
};

/** What something was done to. */
export type AuditTarget =
  /** An API key. */
  | 'API_KEY'
  /** A ban. */
  | 'BAN'
  /** A client certificate. */
  | 'CERTIFICATE'
  /** A channel. */
  | 'CHANNEL'
  /** An invitation. */
  | 'INVITATION'
  /** A node of the cluster. */
  | 'NODE'
  /** An organization. */
  | 'ORGANIZATION'
  /** A role. */
  | 'ROLE'
  /** The server itself. */
  | 'SERVER'
  /** A session of a voice client. */
  | 'SESSION'
  /** A user. */
  | 'USER';

/** A new password for yourself. */
export type ChangePasswordInput = {
  /** The password until now. */
  currentPassword: string;
  /** The password from now on: 8 to 256 characters. */
  newPassword: string;
};

/** From where a role has what it gives. */
export type ContributionSource =
  /** Its entry in the governing ACL. */
  | 'ACL_ENTRY'
  /** It gives nothing: the governing ACL does not name it. */
  | 'NOT_LISTED'
  /** Its own permissions, since no ACL governs. */
  | 'OWN_MASK'
  /** It gives nothing: the organization has no such role. */
  | 'UNKNOWN_ROLE';

/** A new API key of your own. */
export type CreateApiKeyInput = {
  /** When it is over; left out, never. */
  expiresAt?: string | null | undefined;
  /** What it is for: 1 to 64 characters. */
  name: string;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** What it may be used for, at least one. */
  scopes: Array<ApiKeyScope>;
};

/** A new ban: of either a user or a range of addresses. */
export type CreateBanInput = {
  /** An address or a network: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/48`. Everybody behind it is meant. */
  addressRange?: string | null | undefined;
  /** When it is over; left out, never. */
  expiresAt?: string | null | undefined;
  /** Chosen by you, 1 to 128 visible ASCII characters: the same request with the same key within 24 h gives the first result again. */
  idempotencyKey?: string | null | undefined;
  /** The organization that the ban keeps them out of. */
  organizationId: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** A user of the organization. */
  userId?: string | number | null | undefined;
};

/** A new channel. */
export type CreateChannelInput = {
  /** What the channel is for, as plain text. */
  description?: string | null | undefined;
  /** Chosen by you, 1 to 128 visible ASCII characters: the same request with the same key within 24 h gives the first result again. */
  idempotencyKey?: string | null | undefined;
  /** How many sessions fit in; left out or 0, as many as the server allows. */
  maxUsers?: number | null | undefined;
  /** Unique among siblings: 1 to 255 characters. */
  name: string;
  /** The organization that the channel belongs to. */
  organizationId: string | number;
  /** The channel below which it is; left out, at the root. */
  parentId?: string | number | null | undefined;
  /** What has to be given to join; left out, nothing. */
  password?: string | null | undefined;
  /** The order among siblings, smallest first; left out, 0. */
  position?: number | null | undefined;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** A new invitation. */
export type CreateInvitationInput = {
  /** The channel to land in. */
  channelId?: string | number | null | undefined;
  /** When it is over, at most a year from now; left out, in a week. */
  expiresAt?: string | null | undefined;
  /** How many users it can make: 1 to 10000; left out, any number. */
  maxUses?: number | null | undefined;
  /** The organization that it leads into. */
  organizationId: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** The roles of whoever redeems it; left out, the role `member`. */
  roleIds?: Array<string | number> | null | undefined;
};

/** A new organization. */
export type CreateOrganizationInput = {
  /** Chosen by you, 1 to 128 visible ASCII characters: the same request with the same key within 24 h gives the first result again. */
  idempotencyKey?: string | null | undefined;
  /** How many channels it may have; left out, 50, or the limit of the server. */
  maxChannels?: number | null | undefined;
  /** How many users it may have; left out, 100, or the limit of the server. */
  maxUsers?: number | null | undefined;
  /** What people read: 1 to 255 characters. */
  name: string;
  /** The first user. Without one there is no owner yet. */
  owner?: OrganizationOwnerInput | null | undefined;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** Short and unique on the server: what gamers type to log in. */
  tag: string;
};

/** A new role of an organization. */
export type CreateRoleInput = {
  /** Chosen by you, 1 to 128 visible ASCII characters: the same request with the same key within 24 h gives the first result again. */
  idempotencyKey?: string | null | undefined;
  /** Unique in the organization: 1 to 64 characters. */
  name: string;
  /** The organization that the role belongs to. */
  organizationId: string | number;
  /** What it grants where no ACL governs. MANAGE grants everything in the organization. */
  permissions: Array<Permission>;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** A new user of an organization. */
export type CreateUserInput = {
  /** Where the person can be reached. */
  email?: string | null | undefined;
  /** Chosen by you, 1 to 128 visible ASCII characters: the same request with the same key within 24 h gives the first result again. */
  idempotencyKey?: string | null | undefined;
  /** The organization that the user belongs to. */
  organizationId: string | number;
  /** The first password: 8 to 256 characters. */
  password: string;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** Exactly these roles; left out, the role `member`. */
  roleIds?: Array<string | number> | null | undefined;
  /** What is typed to log in, and what others see: 1 to 64 characters. */
  username: string;
};

/** Which channel to delete. */
export type DeleteChannelInput = {
  /** The `version` that was read: CONFLICT where there is another one now. */
  expectedVersion?: number | null | undefined;
  /** Which channel. */
  id: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** True deletes the channels below it too; otherwise they make it HAS_CHILDREN. */
  recursive?: boolean;
};

/** Which organization to delete, with all that is in it. */
export type DeleteOrganizationInput = {
  /** The `version` that was read: CONFLICT where there is another one now. */
  expectedVersion?: number | null | undefined;
  /** Which organization. */
  id: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** Which role to delete. */
export type DeleteRoleInput = {
  /** The `version` that was read: CONFLICT where there is another one now. */
  expectedVersion?: number | null | undefined;
  /** Which role. */
  id: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** Which user to remove. */
export type DeleteUserInput = {
  /** The `version` that was read: CONFLICT where there is another one now. */
  expectedVersion?: number | null | undefined;
  /** Which user. */
  id: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** Everything that a person can mend. What nobody can mend has its code in `extensions.code`. */
export type ErrorCode =
  /** Another object has this name already. */
  | 'ALREADY_EXISTS'
  /** No further session fits in the channel. */
  | 'CHANNEL_FULL'
  /** The object has been edited since the version that was expected: read it again. */
  | 'CONFLICT'
  /** The channel has channels below it: ask for a recursive deletion, or delete those first. */
  | 'HAS_CHILDREN'
  /** There is no such user, or the password is wrong; which of the two is not told. */
  | 'INVALID_CREDENTIALS'
  /** A value is of the right type and cannot be accepted; `path` says which. */
  | 'INVALID_INPUT'
  /** The session has not joined the channel. */
  | 'NOT_JOINED'
  /** The organization would be without an owner: transfer it first. */
  | 'OWNER_REQUIRED'
  /** The channel has a password and none was given. */
  | 'PASSWORD_REQUIRED'
  /** The limit of the organization or of the server is reached. */
  | 'QUOTA_EXCEEDED'
  /** The ACL of a channel names this role alone: without it the channel would be open to all. */
  | 'ROLE_IN_USE'
  /** The password is wrong. */
  | 'WRONG_PASSWORD';

/** Why a stream begins anew. */
export type GapReason =
  /** You read more slowly than things happened, or were away for too long. */
  | 'BEHIND'
  /** Channels came into what you watch, or went out of it. */
  | 'SCOPE_CHANGED'
  /** The cursor is not of this stream, or of before a restart of the server. */
  | 'UNKNOWN_CURSOR';

/** Whom to kick. */
export type KickSessionsInput = {
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** Which sessions: 1 to 100. */
  sessionIds: Array<string | number>;
};

/** Why a session left a channel or ended. */
export type LeaveReason =
  /** Its user or address was banned. */
  | 'BANNED'
  /** The channel was deleted. */
  | 'CHANNEL_DELETED'
  /** The password was changed, or the API key revoked. */
  | 'CREDENTIALS_CHANGED'
  /** Its client has gone. */
  | 'DISCONNECTED'
  /** A moderator put it out. */
  | 'KICKED'
  /** By its own wish. */
  | 'LEFT'
  /** A moderator took it elsewhere. */
  | 'MOVED'
  /** The organization was deleted. */
  | 'ORGANIZATION_DELETED'
  /** Its user lost JOIN there. */
  | 'PERMISSION_LOST'
  /** It recorded where that is not allowed. */
  | 'RECORDING_FORBIDDEN'
  /** Its user has logged in from somewhere else. */
  | 'REPLACED'
  /** The server ended. */
  | 'SHUTTING_DOWN'
  /** Its client was silent for too long. */
  | 'TIMED_OUT'
  /** Its user was removed. */
  | 'USER_DELETED';

/** Which ban to lift. */
export type LiftBanInput = {
  /** Which ban. */
  id: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** Who logs in. */
export type LoginInput = {
  /** The tag of the organization, in any case; left out for a user of the platform. */
  organizationTag?: string | null | undefined;
  /** The password. */
  password: string;
  /** The username, exactly as it is written. */
  username: string;
};

/** Why a permission is missing. */
export type MissingReason =
  /** The entries of the user's roles in the governing ACL do not have it. */
  | 'ACL_ENTRY_LACKS_BIT'
  /** The governing ACL names none of the user's roles. */
  | 'NOT_ON_ACL'
  /** The user holds no role. */
  | 'NO_ROLES'
  /** No ACL governs, and none of the user's roles has it. */
  | 'ROLES_LACK_BIT'
  /** The channel is gone. */
  | 'UNKNOWN_CHANNEL';

/** Whom to move, and where to. */
export type MoveSessionsInput = {
  /** Take them out of this channel only; left out, out of all that they are in. */
  fromChannelId?: string | number | null | undefined;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** Which sessions: 1 to 100. */
  sessionIds: Array<string | number>;
  /** Put them into this channel; left out, into none. */
  toChannelId?: string | number | null | undefined;
};

/** Whom to mute, or to let speak again. */
export type MuteSessionsInput = {
  /** True lets nobody hear them; false lifts that. */
  muted?: boolean;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** Which sessions: 1 to 100. */
  sessionIds: Array<string | number>;
};

/** What happened to who is in a channel. */
export type OccupancyEventType =
  /** Something else of a session has changed: its name, what it listens to, recording. */
  | 'CHANGED'
  /** A session hears nobody from now on, by its own wish or a moderator’s. */
  | 'DEAFENED'
  /** A session came into `channelId`. */
  | 'JOINED'
  /** A session left `channelId`, for `reason`; whether it spoke there does not matter any more. */
  | 'LEFT'
  /** A moderator took a session from `channelId` to `toChannelId`, where it has joined before. */
  | 'MOVED'
  /** A session is heard by nobody from now on, by its own wish or a moderator’s. */
  | 'MUTED'
  /** A session speaks into `channelId`. At most five of these two in a second. */
  | 'SPEAKING_STARTED'
  /** A session does not speak into `channelId` any more. */
  | 'SPEAKING_STOPPED'
  /** A session hears again. */
  | 'UNDEAFENED'
  /** A session may be heard again. */
  | 'UNMUTED';

/** What happened in an organization. */
export type OrganizationEventType =
  /** A ban was issued. Told to whoever holds MANAGE in the organization. */
  | 'BAN_CREATED'
  /** A ban was lifted. Told to whoever holds MANAGE in the organization. */
  | 'BAN_LIFTED'
  /** Who may do what in a channel was changed. */
  | 'CHANNEL_ACL_CHANGED'
  /** A channel was made. */
  | 'CHANNEL_CREATED'
  /** A channel was deleted. */
  | 'CHANNEL_DELETED'
  /** A channel was changed or moved. */
  | 'CHANNEL_UPDATED'
  /** The organization was deleted: the stream ends. */
  | 'ORGANIZATION_DELETED'
  /** The organization was changed. */
  | 'ORGANIZATION_UPDATED'
  /** `userId` owns it now. */
  | 'OWNER_CHANGED'
  /** `userId` got `roleId`. */
  | 'ROLE_ASSIGNED'
  /** A role was made. */
  | 'ROLE_CREATED'
  /** A role was deleted. */
  | 'ROLE_DELETED'
  /** `userId` lost `roleId`. */
  | 'ROLE_UNASSIGNED'
  /** A role was changed. */
  | 'ROLE_UPDATED'
  /** A user was added. */
  | 'USER_CREATED'
  /** A user was removed. */
  | 'USER_DELETED'
  /** A user was changed. */
  | 'USER_UPDATED';

/** The first user of a new organization, who becomes its owner. */
export type OrganizationOwnerInput = {
  /** Where the person can be reached. */
  email?: string | null | undefined;
  /** The password: 8 to 256 characters. */
  password: string;
  /** What is typed to log in: 1 to 64 characters. */
  username: string;
};

/** What a role may do. */
export type Permission =
  /** Enter a channel and hear it. */
  | 'JOIN'
  /** On a role: everything in the organization. In the ACL of a channel: manage that channel and everything below it. */
  | 'MANAGE'
  /** Speak to a joined channel. */
  | 'SPEAK'
  /** Whisper to users or channels without joining them. */
  | 'WHISPER';

/** Which rule decided. */
export type PermissionBasis =
  /** The ACL of the governing channel. */
  | 'ACL'
  /** A role whose own permissions have MANAGE holds everything in the organization. */
  | 'MANAGER_ROLE'
  /** The owner holds everything in the organization. */
  | 'OWNER'
  /** A platform admin holds everything. */
  | 'PLATFORM_ADMIN'
  /** No channel governs: the roles' own permissions. */
  | 'ROLES'
  /** The channel is gone. */
  | 'UNKNOWN_CHANNEL';

/** How to become a user by an invitation. */
export type RedeemInvitationInput = {
  /** The code. */
  code: string;
  /** Where the person can be reached. */
  email?: string | null | undefined;
  /** The password to log in by: 8 to 256 characters. */
  password: string;
  /** The name to log in by: 1 to 64 characters. */
  username: string;
};

/** A login that goes on. */
export type RefreshInput = {
  /** The refresh token that came with the present access token. */
  refreshToken: string;
};

/** Which client certificate to remove. */
export type RemoveCertificateInput = {
  /** Which certificate. */
  id: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** Which role to take off the ACL of which channel. */
export type RemoveChannelAclEntryInput = {
  /** Which channel. */
  channelId: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** Which role. */
  roleId: string | number;
};

/** Which API key to revoke. */
export type RevokeApiKeyInput = {
  /** Which key. */
  id: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** Which invitation to revoke. */
export type RevokeInvitationInput = {
  /** Which invitation. */
  id: string | number;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** What happened to a session. */
export type SessionEventType =
  /** Muted, deafened, renamed, recording, listening. */
  | 'CHANGED'
  /** It has ended, for `reason`. */
  | 'CLOSED'
  /** Somebody has connected. */
  | 'OPENED';

/** What a role may do in a channel from now on. */
export type SetChannelAclEntryInput = {
  /** Which channel. */
  channelId: string | number;
  /** All that it may do there; an empty list is nothing. */
  permissions: Array<Permission>;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** A role of the same organization. */
  roleId: string | number;
};

/** What kind of change would grant a permission. */
export type SuggestionKind =
  /** Put the role on the ACL of the channel with these permissions. */
  | 'ADD_ACL_ENTRY'
  /** Give the user this role. */
  | 'ASSIGN_ROLE'
  /** Give the role's entry in the ACL of the channel these permissions. */
  | 'CHANGE_ACL_ENTRY'
  /** Give the role these permissions of its own: everywhere where no ACL governs. */
  | 'CHANGE_ROLE';

/** Which role to take from whom. */
export type UnassignRoleInput = {
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** Which role. */
  roleId: string | number;
  /** A user of the same organization. */
  userId: string | number;
};

/** A change of a channel. What is left out stays as it is. */
export type UpdateChannelInput = {
  /** What the channel is for, as plain text; null deletes it. */
  description?: string | null | undefined;
  /** The `version` that was read: CONFLICT where there is another one now. */
  expectedVersion?: number | null | undefined;
  /** Which channel. */
  id: string | number;
  /** How many sessions fit in; 0 is as many as the server allows. */
  maxUsers?: number | null | undefined;
  /** Unique among siblings: 1 to 255 characters. */
  name?: string | null | undefined;
  /** The channel below which it moves; null moves it to the root. */
  parentId?: string | number | null | undefined;
  /** What has to be given to join; null takes the password away. */
  password?: string | null | undefined;
  /** The order among siblings, smallest first. */
  position?: number | null | undefined;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** A change of an organization. What is left out, or null, stays as it is. */
export type UpdateOrganizationInput = {
  /** The `version` that was read: CONFLICT where there is another one now. */
  expectedVersion?: number | null | undefined;
  /** Which organization. */
  id: string | number;
  /** How many channels it may have. Only platform admins set this. */
  maxChannels?: number | null | undefined;
  /** How many users it may have. Only platform admins set this. */
  maxUsers?: number | null | undefined;
  /** What people read: 1 to 255 characters. */
  name?: string | null | undefined;
  /** The new owner, a user of the organization. Only the owner and platform admins set this. */
  ownerId?: string | number | null | undefined;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** Whether voice clients may record. With false, sessions that record end. */
  recordingAllowed?: boolean | null | undefined;
  /** What gamers type to log in. They have to be told. */
  tag?: string | null | undefined;
};

/** A change of a role. What is left out, or null, stays as it is. */
export type UpdateRoleInput = {
  /** The `version` that was read: CONFLICT where there is another one now. */
  expectedVersion?: number | null | undefined;
  /** Which role. */
  id: string | number;
  /** Unique in the organization: 1 to 64 characters. */
  name?: string | null | undefined;
  /** All that it grants from now on where no ACL governs. */
  permissions?: Array<Permission> | null | undefined;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
};

/** A change of a user. What is left out stays as it is. */
export type UpdateUserInput = {
  /** Where the person can be reached; null deletes it. */
  email?: string | null | undefined;
  /** The `version` that was read: CONFLICT where there is another one now. */
  expectedVersion?: number | null | undefined;
  /** Which user. */
  id: string | number;
  /** A new password: 8 to 256 characters. It ends all logins and sessions of the user. */
  password?: string | null | undefined;
  /** Why, for the audit log: 1 to 512 characters. */
  reason?: string | null | undefined;
  /** What is typed to log in, and what others see: 1 to 64 characters. */
  username?: string | null | undefined;
};

export type RefusalFragment = { code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> };

export type WholeOrganizationFragment = { id: string, name: string, tag: string, maxUsers: number, maxChannels: number, createdAt: string, version: number, owner: { id: string, username: string } | null };

export type WholeUserFragment = { id: string, username: string, email: string | null, createdAt: string, version: number, organization: { id: string, tag: string } | null, roles: { nodes: Array<{ id: string, name: string }> } };

export type WholeRoleFragment = { id: string, name: string, permissions: Array<Permission>, version: number, organization: { id: string } | null, users: { nodes: Array<{ id: string, username: string }> } };

export type WholeChannelFragment = { id: string, name: string, description: string | null, hasPassword: boolean, maxUsers: number, position: number, createdAt: string, version: number, organization: { id: string }, parent: { id: string, name: string } | null, children: { nodes: Array<{ id: string, name: string }> }, acl: { nodes: Array<{ permissions: Array<Permission>, role: { id: string, name: string } | null }> } };

export type LoginMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LoginMutation = { login: { accessToken: string | null, refreshToken: string | null, expiresInS: number | null, user: { id: string, username: string } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type RefreshMutationVariables = Exact<{
  input: RefreshInput;
}>;


export type RefreshMutation = { refresh: { accessToken: string | null, refreshToken: string | null, user: { id: string } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type LogoutMutationVariables = Exact<{ [key: string]: never; }>;


export type LogoutMutation = { logout: { errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type ChangePasswordMutationVariables = Exact<{
  input: ChangePasswordInput;
}>;


export type ChangePasswordMutation = { changePassword: { accessToken: string | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { me: { id: string, username: string, email: string | null, createdAt: string, version: number, organization: { id: string, tag: string } | null, roles: { nodes: Array<{ id: string, name: string }> } } | null };

export type OrganizationQueryVariables = Exact<{
  id: string | number;
}>;


export type OrganizationQuery = { organization: { id: string, name: string, tag: string, maxUsers: number, maxChannels: number, createdAt: string, version: number, owner: { id: string, username: string } | null } | null };

export type OrganizationByTagQueryVariables = Exact<{
  tag: string;
}>;


export type OrganizationByTagQuery = { organizationByTag: { id: string, name: string, tag: string, maxUsers: number, maxChannels: number, createdAt: string, version: number, owner: { id: string, username: string } | null } | null };

export type OrganizationsQueryVariables = Exact<{
  first?: number;
  after?: string | null | undefined;
}>;


export type OrganizationsQuery = { organizations: { nodes: Array<{ id: string, name: string, tag: string, maxUsers: number, maxChannels: number, createdAt: string, version: number, owner: { id: string, username: string } | null }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null } } | null };

export type OrganizationTreeQueryVariables = Exact<{
  id: string | number;
}>;


export type OrganizationTreeQuery = { organization: { users: { nodes: Array<{ id: string, username: string }> }, roles: { nodes: Array<{ id: string, name: string, permissions: Array<Permission> }> }, channels: { nodes: Array<{ id: string, name: string, description: string | null, hasPassword: boolean, maxUsers: number, position: number, createdAt: string, version: number, organization: { id: string }, parent: { id: string, name: string } | null, children: { nodes: Array<{ id: string, name: string }> }, acl: { nodes: Array<{ permissions: Array<Permission>, role: { id: string, name: string } | null }> } }> }, sessions: { nodes: Array<{ id: string, clientName: string, user: { username: string } | null, channels: { nodes: Array<{ name: string }> } }> } } | null };

export type UserQueryVariables = Exact<{
  id: string | number;
}>;


export type UserQuery = { user: { id: string, username: string, email: string | null, createdAt: string, version: number, organization: { id: string, tag: string } | null, roles: { nodes: Array<{ id: string, name: string }> } } | null };

export type RoleQueryVariables = Exact<{
  id: string | number;
}>;


export type RoleQuery = { role: { id: string, name: string, permissions: Array<Permission>, version: number, organization: { id: string } | null, users: { nodes: Array<{ id: string, username: string }> } } | null };

export type ChannelQueryVariables = Exact<{
  id: string | number;
}>;


export type ChannelQuery = { channel: { id: string, name: string, description: string | null, hasPassword: boolean, maxUsers: number, position: number, createdAt: string, version: number, organization: { id: string }, parent: { id: string, name: string } | null, children: { nodes: Array<{ id: string, name: string }> }, acl: { nodes: Array<{ permissions: Array<Permission>, role: { id: string, name: string } | null }> } } | null };

export type ChildrenOfChannelQueryVariables = Exact<{
  id: string | number;
  first?: number;
  after?: string | null | undefined;
}>;


export type ChildrenOfChannelQuery = { channel: { children: { edges: Array<{ cursor: string, node: { name: string } }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, endCursor: string | null } } } | null };

export type CreateOrganizationMutationVariables = Exact<{
  input: CreateOrganizationInput;
}>;


export type CreateOrganizationMutation = { createOrganization: { organization: { id: string, name: string, tag: string, maxUsers: number, maxChannels: number, createdAt: string, version: number, owner: { id: string, username: string } | null } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type UpdateOrganizationMutationVariables = Exact<{
  input: UpdateOrganizationInput;
}>;


export type UpdateOrganizationMutation = { updateOrganization: { organization: { id: string, name: string, tag: string, maxUsers: number, maxChannels: number, createdAt: string, version: number, owner: { id: string, username: string } | null } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type DeleteOrganizationMutationVariables = Exact<{
  input: DeleteOrganizationInput;
}>;


export type DeleteOrganizationMutation = { deleteOrganization: { deletedId: string | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type CreateUserMutationVariables = Exact<{
  input: CreateUserInput;
}>;


export type CreateUserMutation = { createUser: { user: { id: string, username: string, email: string | null, createdAt: string, version: number, organization: { id: string, tag: string } | null, roles: { nodes: Array<{ id: string, name: string }> } } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type UpdateUserMutationVariables = Exact<{
  input: UpdateUserInput;
}>;


export type UpdateUserMutation = { updateUser: { user: { id: string, username: string, email: string | null, createdAt: string, version: number, organization: { id: string, tag: string } | null, roles: { nodes: Array<{ id: string, name: string }> } } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type DeleteUserMutationVariables = Exact<{
  input: DeleteUserInput;
}>;


export type DeleteUserMutation = { deleteUser: { deletedId: string | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type CreateRoleMutationVariables = Exact<{
  input: CreateRoleInput;
}>;


export type CreateRoleMutation = { createRole: { role: { id: string, name: string, permissions: Array<Permission>, version: number, organization: { id: string } | null, users: { nodes: Array<{ id: string, username: string }> } } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type UpdateRoleMutationVariables = Exact<{
  input: UpdateRoleInput;
}>;


export type UpdateRoleMutation = { updateRole: { role: { id: string, name: string, permissions: Array<Permission>, version: number, organization: { id: string } | null, users: { nodes: Array<{ id: string, username: string }> } } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type DeleteRoleMutationVariables = Exact<{
  input: DeleteRoleInput;
}>;


export type DeleteRoleMutation = { deleteRole: { deletedId: string | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type AssignRoleMutationVariables = Exact<{
  input: AssignRoleInput;
}>;


export type AssignRoleMutation = { assignRole: { role: { id: string, name: string, permissions: Array<Permission>, version: number, organization: { id: string } | null, users: { nodes: Array<{ id: string, username: string }> } } | null, user: { id: string, username: string, email: string | null, createdAt: string, version: number, organization: { id: string, tag: string } | null, roles: { nodes: Array<{ id: string, name: string }> } } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type UnassignRoleMutationVariables = Exact<{
  input: UnassignRoleInput;
}>;


export type UnassignRoleMutation = { unassignRole: { role: { id: string, name: string, permissions: Array<Permission>, version: number, organization: { id: string } | null, users: { nodes: Array<{ id: string, username: string }> } } | null, user: { id: string, username: string, email: string | null, createdAt: string, version: number, organization: { id: string, tag: string } | null, roles: { nodes: Array<{ id: string, name: string }> } } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type CreateChannelMutationVariables = Exact<{
  input: CreateChannelInput;
}>;


export type CreateChannelMutation = { createChannel: { channel: { id: string, name: string, description: string | null, hasPassword: boolean, maxUsers: number, position: number, createdAt: string, version: number, organization: { id: string }, parent: { id: string, name: string } | null, children: { nodes: Array<{ id: string, name: string }> }, acl: { nodes: Array<{ permissions: Array<Permission>, role: { id: string, name: string } | null }> } } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type UpdateChannelMutationVariables = Exact<{
  input: UpdateChannelInput;
}>;


export type UpdateChannelMutation = { updateChannel: { channel: { id: string, name: string, description: string | null, hasPassword: boolean, maxUsers: number, position: number, createdAt: string, version: number, organization: { id: string }, parent: { id: string, name: string } | null, children: { nodes: Array<{ id: string, name: string }> }, acl: { nodes: Array<{ permissions: Array<Permission>, role: { id: string, name: string } | null }> } } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type DeleteChannelMutationVariables = Exact<{
  input: DeleteChannelInput;
}>;


export type DeleteChannelMutation = { deleteChannel: { deletedId: string | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type SetChannelAclEntryMutationVariables = Exact<{
  input: SetChannelAclEntryInput;
}>;


export type SetChannelAclEntryMutation = { setChannelAclEntry: { channel: { id: string, name: string, description: string | null, hasPassword: boolean, maxUsers: number, position: number, createdAt: string, version: number, organization: { id: string }, parent: { id: string, name: string } | null, children: { nodes: Array<{ id: string, name: string }> }, acl: { nodes: Array<{ permissions: Array<Permission>, role: { id: string, name: string } | null }> } } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type RemoveChannelAclEntryMutationVariables = Exact<{
  input: RemoveChannelAclEntryInput;
}>;


export type RemoveChannelAclEntryMutation = { removeChannelAclEntry: { channel: { id: string, name: string, description: string | null, hasPassword: boolean, maxUsers: number, position: number, createdAt: string, version: number, organization: { id: string }, parent: { id: string, name: string } | null, children: { nodes: Array<{ id: string, name: string }> }, acl: { nodes: Array<{ permissions: Array<Permission>, role: { id: string, name: string } | null }> } } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type WholeBanFragment = { id: string, addressRange: string | null, reason: string | null, expiresAt: string | null, createdAt: string, user: { id: string, username: string } | null, issuedBy: { id: string, username: string } | null };

export type CreateBanMutationVariables = Exact<{
  input: CreateBanInput;
}>;


export type CreateBanMutation = { createBan: { ban: { id: string, addressRange: string | null, reason: string | null, expiresAt: string | null, createdAt: string, user: { id: string, username: string } | null, issuedBy: { id: string, username: string } | null } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type LiftBanMutationVariables = Exact<{
  input: LiftBanInput;
}>;


export type LiftBanMutation = { liftBan: { liftedId: string | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type BansQueryVariables = Exact<{
  organizationId: string | number;
  first?: number;
  after?: string | null | undefined;
}>;


export type BansQuery = { organization: { bans: { nodes: Array<{ id: string, addressRange: string | null, reason: string | null, expiresAt: string | null, createdAt: string, user: { id: string, username: string } | null, issuedBy: { id: string, username: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type WholeInvitationFragment = { id: string, maxUses: number | null, uses: number, expiresAt: string, roles: { nodes: Array<{ name: string }> }, channel: { id: string, name: string } | null };

export type CreateInvitationMutationVariables = Exact<{
  input: CreateInvitationInput;
}>;


export type CreateInvitationMutation = { createInvitation: { code: string | null, invitation: { id: string, maxUses: number | null, uses: number, expiresAt: string, roles: { nodes: Array<{ name: string }> }, channel: { id: string, name: string } | null } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type RevokeInvitationMutationVariables = Exact<{
  input: RevokeInvitationInput;
}>;


export type RevokeInvitationMutation = { revokeInvitation: { revokedId: string | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type RedeemInvitationMutationVariables = Exact<{
  input: RedeemInvitationInput;
}>;


export type RedeemInvitationMutation = { redeemInvitation: { accessToken: string | null, refreshToken: string | null, expiresInS: number | null, user: { id: string, username: string } | null, channel: { id: string, name: string } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type InvitationsQueryVariables = Exact<{
  organizationId: string | number;
}>;


export type InvitationsQuery = { organization: { invitations: { nodes: Array<{ id: string, maxUses: number | null, uses: number, expiresAt: string, roles: { nodes: Array<{ name: string }> }, channel: { id: string, name: string } | null }> } } | null };

export type WholeApiKeyFragment = { id: string, name: string, keyPrefix: string, scopes: Array<ApiKeyScope>, createdAt: string, expiresAt: string | null, lastUsedAt: string | null };

export type CreateApiKeyMutationVariables = Exact<{
  input: CreateApiKeyInput;
}>;


export type CreateApiKeyMutation = { createApiKey: { key: string | null, apiKey: { id: string, name: string, keyPrefix: string, scopes: Array<ApiKeyScope>, createdAt: string, expiresAt: string | null, lastUsedAt: string | null } | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type RevokeApiKeyMutationVariables = Exact<{
  input: RevokeApiKeyInput;
}>;


export type RevokeApiKeyMutation = { revokeApiKey: { revokedId: string | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type ApiKeysQueryVariables = Exact<{
  userId: string | number;
}>;


export type ApiKeysQuery = { user: { apiKeys: { nodes: Array<{ id: string, name: string, keyPrefix: string, scopes: Array<ApiKeyScope>, createdAt: string, expiresAt: string | null, lastUsedAt: string | null }> } } | null };

export type WholeAuditEntryFragment = { id: string, actorId: string | null, actorName: string | null, door: string, action: AuditAction, targetType: AuditTarget, targetId: string | null, before: Record<string, unknown> | null, after: Record<string, unknown> | null, reason: string | null, requestId: string, createdAt: string };

export type AuditLogQueryVariables = Exact<{
  organizationId: string | number;
  filter?: AuditFilterInput | null | undefined;
  first?: number;
  after?: string | null | undefined;
}>;


export type AuditLogQuery = { organization: { auditLog: { nodes: Array<{ id: string, actorId: string | null, actorName: string | null, door: string, action: AuditAction, targetType: AuditTarget, targetId: string | null, before: Record<string, unknown> | null, after: Record<string, unknown> | null, reason: string | null, requestId: string, createdAt: string }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type PlatformAuditLogQueryVariables = Exact<{
  filter?: AuditFilterInput | null | undefined;
}>;


export type PlatformAuditLogQuery = { platformAuditLog: { nodes: Array<{ id: string, actorId: string | null, actorName: string | null, door: string, action: AuditAction, targetType: AuditTarget, targetId: string | null, before: Record<string, unknown> | null, after: Record<string, unknown> | null, reason: string | null, requestId: string, createdAt: string }> } | null };

export type ExplainPermissionsQueryVariables = Exact<{
  userId: string | number;
  channelId: string | number;
}>;


export type ExplainPermissionsQuery = { explainPermissions: { permissions: Array<Permission>, basis: PermissionBasis, governingChannel: { id: string, name: string } | null, roles: Array<{ source: ContributionSource, permissions: Array<Permission>, role: { name: string } | null }>, manageGrants: Array<{ role: { name: string } | null, channel: { name: string } | null }>, missing: Array<{ permission: Permission, reason: MissingReason, suggestions: Array<{ kind: SuggestionKind, permissions: Array<Permission>, role: { name: string } | null, channel: { name: string } | null }> }> } | null };

export type PageOfChangesFragment = { nodes: Array<{ gained: Array<Permission>, lost: Array<Permission>, user: { username: string } | null, channel: { name: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } };

export type SimulateAclQueryVariables = Exact<{
  channelId: string | number;
  acl: Array<AclLineInput> | AclLineInput;
  first?: number;
  after?: string | null | undefined;
}>;


export type SimulateAclQuery = { simulateAcl: { nodes: Array<{ gained: Array<Permission>, lost: Array<Permission>, user: { username: string } | null, channel: { name: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null };

export type SimulateRoleQueryVariables = Exact<{
  roleId: string | number;
  permissions: Array<Permission> | Permission;
}>;


export type SimulateRoleQuery = { simulateRole: { nodes: Array<{ gained: Array<Permission>, lost: Array<Permission>, user: { username: string } | null, channel: { name: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null };

export type ModerationOutcomeFragment = { sessionId: string, done: boolean, code: string | null, message: string | null };

export type KickSessionsMutationVariables = Exact<{
  input: KickSessionsInput;
}>;


export type KickSessionsMutation = { kickSessions: { results: Array<{ sessionId: string, done: boolean, code: string | null, message: string | null }>, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type MuteSessionsMutationVariables = Exact<{
  input: MuteSessionsInput;
}>;


export type MuteSessionsMutation = { muteSessions: { results: Array<{ sessionId: string, done: boolean, code: string | null, message: string | null }>, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type MoveSessionsMutationVariables = Exact<{
  input: MoveSessionsInput;
}>;


export type MoveSessionsMutation = { moveSessions: { results: Array<{ sessionId: string, done: boolean, code: string | null, message: string | null }>, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type OccupancyQueryVariables = Exact<{
  channelId: string | number;
}>;


export type OccupancyQuery = { channel: { occupancy: number, sessions: { nodes: Array<{ id: string, muted: boolean, user: { username: string, email: string | null } | null, channels: { nodes: Array<{ id: string }> } }> } } | null };

export type EmailsQueryVariables = Exact<{
  organizationId: string | number;
}>;


export type EmailsQuery = { organization: { users: { nodes: Array<{ username: string, email: string | null }> } } | null };

export type LiveStateFragment = { id: string, username: string, channelIds: Array<string>, speakingChannelIds: Array<string>, muted: boolean, selfMuted: boolean, deafened: boolean };

export type ChannelOccupancySubscriptionVariables = Exact<{
  channelId?: string | number | null | undefined;
  organizationId?: string | number | null | undefined;
  subtree?: boolean | null | undefined;
  after?: string | null | undefined;
}>;


export type ChannelOccupancySubscription = { channelOccupancy:
    | { __typename: 'Gap', cause: GapReason }
    | { __typename: 'OccupancyEvent', cursor: string, at: string, type: OccupancyEventType, channelId: string | null, toChannelId: string | null, reason: LeaveReason | null, session: { id: string, username: string, channelIds: Array<string>, speakingChannelIds: Array<string>, muted: boolean, selfMuted: boolean, deafened: boolean } }
    | { __typename: 'SessionSnapshot', cursor: string, isLast: boolean, sessions: Array<{ id: string, username: string, channelIds: Array<string>, speakingChannelIds: Array<string>, muted: boolean, selfMuted: boolean, deafened: boolean }> }
   };

export type OrganizationEventsSubscriptionVariables = Exact<{
  organizationId?: string | number | null | undefined;
  types?: Array<OrganizationEventType> | OrganizationEventType | null | undefined;
  after?: string | null | undefined;
}>;


export type OrganizationEventsSubscription = { organizationEvents:
    | { __typename: 'Gap', cause: GapReason }
    | { __typename: 'OrganizationEvent', cursor: string, type: OrganizationEventType, channelId: string | null, userId: string | null, roleId: string | null, channel: { name: string, version: number } | null }
    | { __typename: 'OrganizationSnapshot', cursor: string, isLast: boolean, channels: Array<{ id: string, parentId: string | null, name: string }> }
   };

export type SessionEventsSubscriptionVariables = Exact<{
  organizationId?: string | number | null | undefined;
  after?: string | null | undefined;
}>;


export type SessionEventsSubscription = { sessionEvents:
    | { __typename: 'Gap', cause: GapReason }
    | { __typename: 'SessionEvent', cursor: string, type: SessionEventType, reason: LeaveReason | null, message: string | null, session: { id: string, username: string, channelIds: Array<string>, speakingChannelIds: Array<string>, muted: boolean, selfMuted: boolean, deafened: boolean } }
    | { __typename: 'SessionSnapshot', cursor: string, isLast: boolean, sessions: Array<{ id: string, username: string, channelIds: Array<string>, speakingChannelIds: Array<string>, muted: boolean, selfMuted: boolean, deafened: boolean }> }
   };

export type RemoveCertificateMutationVariables = Exact<{
  input: RemoveCertificateInput;
}>;


export type RemoveCertificateMutation = { removeCertificate: { removedId: string | null, errors: Array<{ code: ErrorCode, message: string, path: Array<string>, params: Array<{ name: string, value: string | null }> }> } | null };

export type CertificatesQueryVariables = Exact<{
  userId: string | number;
}>;


export type CertificatesQuery = { user: { certificates: { nodes: Array<{ id: string, fingerprint: string, createdAt: string, lastUsedAt: string | null }> } } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const RefusalFragmentDoc = new TypedDocumentString(`
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
    `, {"fragmentName":"Refusal"}) as unknown as TypedDocumentString<RefusalFragment, unknown>;
export const WholeOrganizationFragmentDoc = new TypedDocumentString(`
    fragment WholeOrganization on Organization {
  id
  name
  tag
  maxUsers
  maxChannels
  createdAt
  version
  owner {
    id
    username
  }
}
    `, {"fragmentName":"WholeOrganization"}) as unknown as TypedDocumentString<WholeOrganizationFragment, unknown>;
export const WholeUserFragmentDoc = new TypedDocumentString(`
    fragment WholeUser on User {
  id
  username
  email
  createdAt
  version
  organization {
    id
    tag
  }
  roles {
    nodes {
      id
      name
    }
  }
}
    `, {"fragmentName":"WholeUser"}) as unknown as TypedDocumentString<WholeUserFragment, unknown>;
export const WholeRoleFragmentDoc = new TypedDocumentString(`
    fragment WholeRole on Role {
  id
  name
  permissions
  version
  organization {
    id
  }
  users {
    nodes {
      id
      username
    }
  }
}
    `, {"fragmentName":"WholeRole"}) as unknown as TypedDocumentString<WholeRoleFragment, unknown>;
export const WholeChannelFragmentDoc = new TypedDocumentString(`
    fragment WholeChannel on Channel {
  id
  name
  description
  hasPassword
  maxUsers
  position
  createdAt
  version
  organization {
    id
  }
  parent {
    id
    name
  }
  children {
    nodes {
      id
      name
    }
  }
  acl {
    nodes {
      permissions
      role {
        id
        name
      }
    }
  }
}
    `, {"fragmentName":"WholeChannel"}) as unknown as TypedDocumentString<WholeChannelFragment, unknown>;
export const WholeBanFragmentDoc = new TypedDocumentString(`
    fragment WholeBan on Ban {
  id
  addressRange
  reason
  expiresAt
  createdAt
  user {
    id
    username
  }
  issuedBy {
    id
    username
  }
}
    `, {"fragmentName":"WholeBan"}) as unknown as TypedDocumentString<WholeBanFragment, unknown>;
export const WholeInvitationFragmentDoc = new TypedDocumentString(`
    fragment WholeInvitation on Invitation {
  id
  maxUses
  uses
  expiresAt
  roles {
    nodes {
      name
    }
  }
  channel {
    id
    name
  }
}
    `, {"fragmentName":"WholeInvitation"}) as unknown as TypedDocumentString<WholeInvitationFragment, unknown>;
export const WholeApiKeyFragmentDoc = new TypedDocumentString(`
    fragment WholeApiKey on ApiKey {
  id
  name
  keyPrefix
  scopes
  createdAt
  expiresAt
  lastUsedAt
}
    `, {"fragmentName":"WholeApiKey"}) as unknown as TypedDocumentString<WholeApiKeyFragment, unknown>;
export const WholeAuditEntryFragmentDoc = new TypedDocumentString(`
    fragment WholeAuditEntry on AuditEntry {
  id
  actorId
  actorName
  door
  action
  targetType
  targetId
  before
  after
  reason
  requestId
  createdAt
}
    `, {"fragmentName":"WholeAuditEntry"}) as unknown as TypedDocumentString<WholeAuditEntryFragment, unknown>;
export const PageOfChangesFragmentDoc = new TypedDocumentString(`
    fragment PageOfChanges on PermissionChangeConnection {
  nodes {
    user {
      username
    }
    channel {
      name
    }
    gained
    lost
  }
  pageInfo {
    hasNextPage
    endCursor
  }
}
    `, {"fragmentName":"PageOfChanges"}) as unknown as TypedDocumentString<PageOfChangesFragment, unknown>;
export const ModerationOutcomeFragmentDoc = new TypedDocumentString(`
    fragment ModerationOutcome on ModerationResultType {
  sessionId
  done
  code
  message
}
    `, {"fragmentName":"ModerationOutcome"}) as unknown as TypedDocumentString<ModerationOutcomeFragment, unknown>;
export const LiveStateFragmentDoc = new TypedDocumentString(`
    fragment LiveState on LiveSession {
  id
  username
  channelIds
  speakingChannelIds
  muted
  selfMuted
  deafened
}
    `, {"fragmentName":"LiveState"}) as unknown as TypedDocumentString<LiveStateFragment, unknown>;
export const LoginDocument = new TypedDocumentString(`
    mutation Login($input: LoginInput!) {
  login(input: $input) {
    accessToken
    refreshToken
    expiresInS
    user {
      id
      username
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<LoginMutation, LoginMutationVariables>;
export const RefreshDocument = new TypedDocumentString(`
    mutation Refresh($input: RefreshInput!) {
  refresh(input: $input) {
    accessToken
    refreshToken
    user {
      id
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<RefreshMutation, RefreshMutationVariables>;
export const LogoutDocument = new TypedDocumentString(`
    mutation Logout {
  logout {
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<LogoutMutation, LogoutMutationVariables>;
export const ChangePasswordDocument = new TypedDocumentString(`
    mutation ChangePassword($input: ChangePasswordInput!) {
  changePassword(input: $input) {
    accessToken
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<ChangePasswordMutation, ChangePasswordMutationVariables>;
export const MeDocument = new TypedDocumentString(`
    query Me {
  me {
    ...WholeUser
  }
}
    fragment WholeUser on User {
  id
  username
  email
  createdAt
  version
  organization {
    id
    tag
  }
  roles {
    nodes {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<MeQuery, MeQueryVariables>;
export const OrganizationDocument = new TypedDocumentString(`
    query Organization($id: ID!) {
  organization(id: $id) {
    ...WholeOrganization
  }
}
    fragment WholeOrganization on Organization {
  id
  name
  tag
  maxUsers
  maxChannels
  createdAt
  version
  owner {
    id
    username
  }
}`) as unknown as TypedDocumentString<OrganizationQuery, OrganizationQueryVariables>;
export const OrganizationByTagDocument = new TypedDocumentString(`
    query OrganizationByTag($tag: String!) {
  organizationByTag(tag: $tag) {
    ...WholeOrganization
  }
}
    fragment WholeOrganization on Organization {
  id
  name
  tag
  maxUsers
  maxChannels
  createdAt
  version
  owner {
    id
    username
  }
}`) as unknown as TypedDocumentString<OrganizationByTagQuery, OrganizationByTagQueryVariables>;
export const OrganizationsDocument = new TypedDocumentString(`
    query Organizations($first: Int! = 25, $after: String) {
  organizations(first: $first, after: $after) {
    nodes {
      ...WholeOrganization
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
  }
}
    fragment WholeOrganization on Organization {
  id
  name
  tag
  maxUsers
  maxChannels
  createdAt
  version
  owner {
    id
    username
  }
}`) as unknown as TypedDocumentString<OrganizationsQuery, OrganizationsQueryVariables>;
export const OrganizationTreeDocument = new TypedDocumentString(`
    query OrganizationTree($id: ID!) {
  organization(id: $id) {
    users(first: 100) {
      nodes {
        id
        username
      }
    }
    roles(first: 100) {
      nodes {
        id
        name
        permissions
      }
    }
    channels(first: 100) {
      nodes {
        ...WholeChannel
      }
    }
    sessions(first: 20) {
      nodes {
        id
        clientName
        user {
          username
        }
        channels {
          nodes {
            name
          }
        }
      }
    }
  }
}
    fragment WholeChannel on Channel {
  id
  name
  description
  hasPassword
  maxUsers
  position
  createdAt
  version
  organization {
    id
  }
  parent {
    id
    name
  }
  children {
    nodes {
      id
      name
    }
  }
  acl {
    nodes {
      permissions
      role {
        id
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<OrganizationTreeQuery, OrganizationTreeQueryVariables>;
export const UserDocument = new TypedDocumentString(`
    query User($id: ID!) {
  user(id: $id) {
    ...WholeUser
  }
}
    fragment WholeUser on User {
  id
  username
  email
  createdAt
  version
  organization {
    id
    tag
  }
  roles {
    nodes {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<UserQuery, UserQueryVariables>;
export const RoleDocument = new TypedDocumentString(`
    query Role($id: ID!) {
  role(id: $id) {
    ...WholeRole
  }
}
    fragment WholeRole on Role {
  id
  name
  permissions
  version
  organization {
    id
  }
  users {
    nodes {
      id
      username
    }
  }
}`) as unknown as TypedDocumentString<RoleQuery, RoleQueryVariables>;
export const ChannelDocument = new TypedDocumentString(`
    query Channel($id: ID!) {
  channel(id: $id) {
    ...WholeChannel
  }
}
    fragment WholeChannel on Channel {
  id
  name
  description
  hasPassword
  maxUsers
  position
  createdAt
  version
  organization {
    id
  }
  parent {
    id
    name
  }
  children {
    nodes {
      id
      name
    }
  }
  acl {
    nodes {
      permissions
      role {
        id
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<ChannelQuery, ChannelQueryVariables>;
export const ChildrenOfChannelDocument = new TypedDocumentString(`
    query ChildrenOfChannel($id: ID!, $first: Int! = 25, $after: String) {
  channel(id: $id) {
    children(first: $first, after: $after) {
      edges {
        cursor
        node {
          name
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ChildrenOfChannelQuery, ChildrenOfChannelQueryVariables>;
export const CreateOrganizationDocument = new TypedDocumentString(`
    mutation CreateOrganization($input: CreateOrganizationInput!) {
  createOrganization(input: $input) {
    organization {
      ...WholeOrganization
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeOrganization on Organization {
  id
  name
  tag
  maxUsers
  maxChannels
  createdAt
  version
  owner {
    id
    username
  }
}`) as unknown as TypedDocumentString<CreateOrganizationMutation, CreateOrganizationMutationVariables>;
export const UpdateOrganizationDocument = new TypedDocumentString(`
    mutation UpdateOrganization($input: UpdateOrganizationInput!) {
  updateOrganization(input: $input) {
    organization {
      ...WholeOrganization
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeOrganization on Organization {
  id
  name
  tag
  maxUsers
  maxChannels
  createdAt
  version
  owner {
    id
    username
  }
}`) as unknown as TypedDocumentString<UpdateOrganizationMutation, UpdateOrganizationMutationVariables>;
export const DeleteOrganizationDocument = new TypedDocumentString(`
    mutation DeleteOrganization($input: DeleteOrganizationInput!) {
  deleteOrganization(input: $input) {
    deletedId
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<DeleteOrganizationMutation, DeleteOrganizationMutationVariables>;
export const CreateUserDocument = new TypedDocumentString(`
    mutation CreateUser($input: CreateUserInput!) {
  createUser(input: $input) {
    user {
      ...WholeUser
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeUser on User {
  id
  username
  email
  createdAt
  version
  organization {
    id
    tag
  }
  roles {
    nodes {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<CreateUserMutation, CreateUserMutationVariables>;
export const UpdateUserDocument = new TypedDocumentString(`
    mutation UpdateUser($input: UpdateUserInput!) {
  updateUser(input: $input) {
    user {
      ...WholeUser
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeUser on User {
  id
  username
  email
  createdAt
  version
  organization {
    id
    tag
  }
  roles {
    nodes {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<UpdateUserMutation, UpdateUserMutationVariables>;
export const DeleteUserDocument = new TypedDocumentString(`
    mutation DeleteUser($input: DeleteUserInput!) {
  deleteUser(input: $input) {
    deletedId
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<DeleteUserMutation, DeleteUserMutationVariables>;
export const CreateRoleDocument = new TypedDocumentString(`
    mutation CreateRole($input: CreateRoleInput!) {
  createRole(input: $input) {
    role {
      ...WholeRole
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeRole on Role {
  id
  name
  permissions
  version
  organization {
    id
  }
  users {
    nodes {
      id
      username
    }
  }
}`) as unknown as TypedDocumentString<CreateRoleMutation, CreateRoleMutationVariables>;
export const UpdateRoleDocument = new TypedDocumentString(`
    mutation UpdateRole($input: UpdateRoleInput!) {
  updateRole(input: $input) {
    role {
      ...WholeRole
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeRole on Role {
  id
  name
  permissions
  version
  organization {
    id
  }
  users {
    nodes {
      id
      username
    }
  }
}`) as unknown as TypedDocumentString<UpdateRoleMutation, UpdateRoleMutationVariables>;
export const DeleteRoleDocument = new TypedDocumentString(`
    mutation DeleteRole($input: DeleteRoleInput!) {
  deleteRole(input: $input) {
    deletedId
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<DeleteRoleMutation, DeleteRoleMutationVariables>;
export const AssignRoleDocument = new TypedDocumentString(`
    mutation AssignRole($input: AssignRoleInput!) {
  assignRole(input: $input) {
    role {
      ...WholeRole
    }
    user {
      ...WholeUser
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeUser on User {
  id
  username
  email
  createdAt
  version
  organization {
    id
    tag
  }
  roles {
    nodes {
      id
      name
    }
  }
}
fragment WholeRole on Role {
  id
  name
  permissions
  version
  organization {
    id
  }
  users {
    nodes {
      id
      username
    }
  }
}`) as unknown as TypedDocumentString<AssignRoleMutation, AssignRoleMutationVariables>;
export const UnassignRoleDocument = new TypedDocumentString(`
    mutation UnassignRole($input: UnassignRoleInput!) {
  unassignRole(input: $input) {
    role {
      ...WholeRole
    }
    user {
      ...WholeUser
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeUser on User {
  id
  username
  email
  createdAt
  version
  organization {
    id
    tag
  }
  roles {
    nodes {
      id
      name
    }
  }
}
fragment WholeRole on Role {
  id
  name
  permissions
  version
  organization {
    id
  }
  users {
    nodes {
      id
      username
    }
  }
}`) as unknown as TypedDocumentString<UnassignRoleMutation, UnassignRoleMutationVariables>;
export const CreateChannelDocument = new TypedDocumentString(`
    mutation CreateChannel($input: CreateChannelInput!) {
  createChannel(input: $input) {
    channel {
      ...WholeChannel
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeChannel on Channel {
  id
  name
  description
  hasPassword
  maxUsers
  position
  createdAt
  version
  organization {
    id
  }
  parent {
    id
    name
  }
  children {
    nodes {
      id
      name
    }
  }
  acl {
    nodes {
      permissions
      role {
        id
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<CreateChannelMutation, CreateChannelMutationVariables>;
export const UpdateChannelDocument = new TypedDocumentString(`
    mutation UpdateChannel($input: UpdateChannelInput!) {
  updateChannel(input: $input) {
    channel {
      ...WholeChannel
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeChannel on Channel {
  id
  name
  description
  hasPassword
  maxUsers
  position
  createdAt
  version
  organization {
    id
  }
  parent {
    id
    name
  }
  children {
    nodes {
      id
      name
    }
  }
  acl {
    nodes {
      permissions
      role {
        id
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<UpdateChannelMutation, UpdateChannelMutationVariables>;
export const DeleteChannelDocument = new TypedDocumentString(`
    mutation DeleteChannel($input: DeleteChannelInput!) {
  deleteChannel(input: $input) {
    deletedId
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<DeleteChannelMutation, DeleteChannelMutationVariables>;
export const SetChannelAclEntryDocument = new TypedDocumentString(`
    mutation SetChannelAclEntry($input: SetChannelAclEntryInput!) {
  setChannelAclEntry(input: $input) {
    channel {
      ...WholeChannel
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeChannel on Channel {
  id
  name
  description
  hasPassword
  maxUsers
  position
  createdAt
  version
  organization {
    id
  }
  parent {
    id
    name
  }
  children {
    nodes {
      id
      name
    }
  }
  acl {
    nodes {
      permissions
      role {
        id
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<SetChannelAclEntryMutation, SetChannelAclEntryMutationVariables>;
export const RemoveChannelAclEntryDocument = new TypedDocumentString(`
    mutation RemoveChannelAclEntry($input: RemoveChannelAclEntryInput!) {
  removeChannelAclEntry(input: $input) {
    channel {
      ...WholeChannel
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeChannel on Channel {
  id
  name
  description
  hasPassword
  maxUsers
  position
  createdAt
  version
  organization {
    id
  }
  parent {
    id
    name
  }
  children {
    nodes {
      id
      name
    }
  }
  acl {
    nodes {
      permissions
      role {
        id
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<RemoveChannelAclEntryMutation, RemoveChannelAclEntryMutationVariables>;
export const CreateBanDocument = new TypedDocumentString(`
    mutation CreateBan($input: CreateBanInput!) {
  createBan(input: $input) {
    ban {
      ...WholeBan
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeBan on Ban {
  id
  addressRange
  reason
  expiresAt
  createdAt
  user {
    id
    username
  }
  issuedBy {
    id
    username
  }
}`) as unknown as TypedDocumentString<CreateBanMutation, CreateBanMutationVariables>;
export const LiftBanDocument = new TypedDocumentString(`
    mutation LiftBan($input: LiftBanInput!) {
  liftBan(input: $input) {
    liftedId
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<LiftBanMutation, LiftBanMutationVariables>;
export const BansDocument = new TypedDocumentString(`
    query Bans($organizationId: ID!, $first: Int! = 25, $after: String) {
  organization(id: $organizationId) {
    bans(first: $first, after: $after) {
      nodes {
        ...WholeBan
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    fragment WholeBan on Ban {
  id
  addressRange
  reason
  expiresAt
  createdAt
  user {
    id
    username
  }
  issuedBy {
    id
    username
  }
}`) as unknown as TypedDocumentString<BansQuery, BansQueryVariables>;
export const CreateInvitationDocument = new TypedDocumentString(`
    mutation CreateInvitation($input: CreateInvitationInput!) {
  createInvitation(input: $input) {
    code
    invitation {
      ...WholeInvitation
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeInvitation on Invitation {
  id
  maxUses
  uses
  expiresAt
  roles {
    nodes {
      name
    }
  }
  channel {
    id
    name
  }
}`) as unknown as TypedDocumentString<CreateInvitationMutation, CreateInvitationMutationVariables>;
export const RevokeInvitationDocument = new TypedDocumentString(`
    mutation RevokeInvitation($input: RevokeInvitationInput!) {
  revokeInvitation(input: $input) {
    revokedId
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<RevokeInvitationMutation, RevokeInvitationMutationVariables>;
export const RedeemInvitationDocument = new TypedDocumentString(`
    mutation RedeemInvitation($input: RedeemInvitationInput!) {
  redeemInvitation(input: $input) {
    accessToken
    refreshToken
    expiresInS
    user {
      id
      username
    }
    channel {
      id
      name
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<RedeemInvitationMutation, RedeemInvitationMutationVariables>;
export const InvitationsDocument = new TypedDocumentString(`
    query Invitations($organizationId: ID!) {
  organization(id: $organizationId) {
    invitations {
      nodes {
        ...WholeInvitation
      }
    }
  }
}
    fragment WholeInvitation on Invitation {
  id
  maxUses
  uses
  expiresAt
  roles {
    nodes {
      name
    }
  }
  channel {
    id
    name
  }
}`) as unknown as TypedDocumentString<InvitationsQuery, InvitationsQueryVariables>;
export const CreateApiKeyDocument = new TypedDocumentString(`
    mutation CreateApiKey($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    key
    apiKey {
      ...WholeApiKey
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment WholeApiKey on ApiKey {
  id
  name
  keyPrefix
  scopes
  createdAt
  expiresAt
  lastUsedAt
}`) as unknown as TypedDocumentString<CreateApiKeyMutation, CreateApiKeyMutationVariables>;
export const RevokeApiKeyDocument = new TypedDocumentString(`
    mutation RevokeApiKey($input: RevokeApiKeyInput!) {
  revokeApiKey(input: $input) {
    revokedId
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<RevokeApiKeyMutation, RevokeApiKeyMutationVariables>;
export const ApiKeysDocument = new TypedDocumentString(`
    query ApiKeys($userId: ID!) {
  user(id: $userId) {
    apiKeys {
      nodes {
        ...WholeApiKey
      }
    }
  }
}
    fragment WholeApiKey on ApiKey {
  id
  name
  keyPrefix
  scopes
  createdAt
  expiresAt
  lastUsedAt
}`) as unknown as TypedDocumentString<ApiKeysQuery, ApiKeysQueryVariables>;
export const AuditLogDocument = new TypedDocumentString(`
    query AuditLog($organizationId: ID!, $filter: AuditFilterInput, $first: Int! = 25, $after: String) {
  organization(id: $organizationId) {
    auditLog(filter: $filter, first: $first, after: $after) {
      nodes {
        ...WholeAuditEntry
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    fragment WholeAuditEntry on AuditEntry {
  id
  actorId
  actorName
  door
  action
  targetType
  targetId
  before
  after
  reason
  requestId
  createdAt
}`) as unknown as TypedDocumentString<AuditLogQuery, AuditLogQueryVariables>;
export const PlatformAuditLogDocument = new TypedDocumentString(`
    query PlatformAuditLog($filter: AuditFilterInput) {
  platformAuditLog(filter: $filter) {
    nodes {
      ...WholeAuditEntry
    }
  }
}
    fragment WholeAuditEntry on AuditEntry {
  id
  actorId
  actorName
  door
  action
  targetType
  targetId
  before
  after
  reason
  requestId
  createdAt
}`) as unknown as TypedDocumentString<PlatformAuditLogQuery, PlatformAuditLogQueryVariables>;
export const ExplainPermissionsDocument = new TypedDocumentString(`
    query ExplainPermissions($userId: ID!, $channelId: ID!) {
  explainPermissions(userId: $userId, channelId: $channelId) {
    permissions
    basis
    governingChannel {
      id
      name
    }
    roles {
      role {
        name
      }
      source
      permissions
    }
    manageGrants {
      role {
        name
      }
      channel {
        name
      }
    }
    missing {
      permission
      reason
      suggestions {
        kind
        role {
          name
        }
        channel {
          name
        }
        permissions
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ExplainPermissionsQuery, ExplainPermissionsQueryVariables>;
export const SimulateAclDocument = new TypedDocumentString(`
    query SimulateAcl($channelId: ID!, $acl: [AclLineInput!]!, $first: Int! = 25, $after: String) {
  simulateAcl(channelId: $channelId, acl: $acl, first: $first, after: $after) {
    ...PageOfChanges
  }
}
    fragment PageOfChanges on PermissionChangeConnection {
  nodes {
    user {
      username
    }
    channel {
      name
    }
    gained
    lost
  }
  pageInfo {
    hasNextPage
    endCursor
  }
}`) as unknown as TypedDocumentString<SimulateAclQuery, SimulateAclQueryVariables>;
export const SimulateRoleDocument = new TypedDocumentString(`
    query SimulateRole($roleId: ID!, $permissions: [Permission!]!) {
  simulateRole(roleId: $roleId, permissions: $permissions) {
    ...PageOfChanges
  }
}
    fragment PageOfChanges on PermissionChangeConnection {
  nodes {
    user {
      username
    }
    channel {
      name
    }
    gained
    lost
  }
  pageInfo {
    hasNextPage
    endCursor
  }
}`) as unknown as TypedDocumentString<SimulateRoleQuery, SimulateRoleQueryVariables>;
export const KickSessionsDocument = new TypedDocumentString(`
    mutation KickSessions($input: KickSessionsInput!) {
  kickSessions(input: $input) {
    results {
      ...ModerationOutcome
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment ModerationOutcome on ModerationResultType {
  sessionId
  done
  code
  message
}`) as unknown as TypedDocumentString<KickSessionsMutation, KickSessionsMutationVariables>;
export const MuteSessionsDocument = new TypedDocumentString(`
    mutation MuteSessions($input: MuteSessionsInput!) {
  muteSessions(input: $input) {
    results {
      ...ModerationOutcome
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment ModerationOutcome on ModerationResultType {
  sessionId
  done
  code
  message
}`) as unknown as TypedDocumentString<MuteSessionsMutation, MuteSessionsMutationVariables>;
export const MoveSessionsDocument = new TypedDocumentString(`
    mutation MoveSessions($input: MoveSessionsInput!) {
  moveSessions(input: $input) {
    results {
      ...ModerationOutcome
    }
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}
fragment ModerationOutcome on ModerationResultType {
  sessionId
  done
  code
  message
}`) as unknown as TypedDocumentString<MoveSessionsMutation, MoveSessionsMutationVariables>;
export const OccupancyDocument = new TypedDocumentString(`
    query Occupancy($channelId: ID!) {
  channel(id: $channelId) {
    occupancy
    sessions {
      nodes {
        id
        muted
        user {
          username
          email
        }
        channels {
          nodes {
            id
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<OccupancyQuery, OccupancyQueryVariables>;
export const EmailsDocument = new TypedDocumentString(`
    query Emails($organizationId: ID!) {
  organization(id: $organizationId) {
    users(first: 100) {
      nodes {
        username
        email
      }
    }
  }
}
    `) as unknown as TypedDocumentString<EmailsQuery, EmailsQueryVariables>;
export const ChannelOccupancyDocument = new TypedDocumentString(`
    subscription ChannelOccupancy($channelId: ID, $organizationId: ID, $subtree: Boolean, $after: String) {
  channelOccupancy(
    channelId: $channelId
    organizationId: $organizationId
    subtree: $subtree
    after: $after
  ) {
    __typename
    ... on SessionSnapshot {
      cursor
      isLast
      sessions {
        ...LiveState
      }
    }
    ... on OccupancyEvent {
      cursor
      at
      type
      channelId
      toChannelId
      reason
      session {
        ...LiveState
      }
    }
    ... on Gap {
      cause
    }
  }
}
    fragment LiveState on LiveSession {
  id
  username
  channelIds
  speakingChannelIds
  muted
  selfMuted
  deafened
}`) as unknown as TypedDocumentString<ChannelOccupancySubscription, ChannelOccupancySubscriptionVariables>;
export const OrganizationEventsDocument = new TypedDocumentString(`
    subscription OrganizationEvents($organizationId: ID, $types: [OrganizationEventType!], $after: String) {
  organizationEvents(
    organizationId: $organizationId
    types: $types
    after: $after
  ) {
    __typename
    ... on OrganizationSnapshot {
      cursor
      isLast
      channels {
        id
        parentId
        name
      }
    }
    ... on OrganizationEvent {
      cursor
      type
      channelId
      userId
      roleId
      channel {
        name
        version
      }
    }
    ... on Gap {
      cause
    }
  }
}
    `) as unknown as TypedDocumentString<OrganizationEventsSubscription, OrganizationEventsSubscriptionVariables>;
export const SessionEventsDocument = new TypedDocumentString(`
    subscription SessionEvents($organizationId: ID, $after: String) {
  sessionEvents(organizationId: $organizationId, after: $after) {
    __typename
    ... on SessionSnapshot {
      cursor
      isLast
      sessions {
        ...LiveState
      }
    }
    ... on SessionEvent {
      cursor
      type
      reason
      message
      session {
        ...LiveState
      }
    }
    ... on Gap {
      cause
    }
  }
}
    fragment LiveState on LiveSession {
  id
  username
  channelIds
  speakingChannelIds
  muted
  selfMuted
  deafened
}`) as unknown as TypedDocumentString<SessionEventsSubscription, SessionEventsSubscriptionVariables>;
export const RemoveCertificateDocument = new TypedDocumentString(`
    mutation RemoveCertificate($input: RemoveCertificateInput!) {
  removeCertificate(input: $input) {
    removedId
    errors {
      ...Refusal
    }
  }
}
    fragment Refusal on UserError {
  code
  message
  path
  params {
    name
    value
  }
}`) as unknown as TypedDocumentString<RemoveCertificateMutation, RemoveCertificateMutationVariables>;
export const CertificatesDocument = new TypedDocumentString(`
    query Certificates($userId: ID!) {
  user(id: $userId) {
    certificates {
      nodes {
        id
        fingerprint
        createdAt
        lastUsedAt
      }
    }
  }
}
    `) as unknown as TypedDocumentString<CertificatesQuery, CertificatesQueryVariables>;