/**
 * Who may do what by GraphQL. Everything in `schema.graphql` is here: what needs a right in TABLE, with the answer that
 * each caller gets, and what is open to whoever has reached the object in OPEN. `authorization.test.ts` fails where
 * something is missing, and asks all of it.
 */
import type { ErrorCode } from '../../src/errors.js';

/** What a caller gets: it is done, it is refused, or (HIDDEN) there is null where somebody else sees a value. */
export type Verdict = 'OK' | 'HIDDEN' | ErrorCode;

/** In the order of the columns. */
export const CALLERS = ['nobody', 'stranger', 'member', 'keeper', 'admin', 'owner', 'platform admin'] as const;

/**
 * - `nobody`: without a token.
 * - `stranger`: the owner of another organization.
 * - `member`: holds the role `member`.
 * - `keeper`: holds MANAGE by the ACL of one channel, the garden.
 * - `admin`: holds the role `admin`, with MANAGE in the organization.
 */
export type Caller = (typeof CALLERS)[number];

export type Row = readonly [Verdict, Verdict, Verdict, Verdict, Verdict, Verdict, Verdict];

const [OK, NO, NONE, HID, WHO] = ['OK', 'PERMISSION_DENIED', 'NOT_FOUND', 'HIDDEN', 'UNAUTHENTICATED'] as const;

//                   nobody stranger member keeper admin owner platform admin
const EVERYBODY: Row = [OK, OK, OK, OK, OK, OK, OK];
const LOGGED_IN: Row = [WHO, OK, OK, OK, OK, OK, OK];
const INSIDE: Row = [WHO, NONE, OK, OK, OK, OK, OK];
const MANAGERS: Row = [WHO, NONE, NO, NO, OK, OK, OK];
const IN_THE_GARDEN: Row = [WHO, NONE, NO, OK, OK, OK, OK];
const OWNER: Row = [WHO, NONE, NO, NO, NO, OK, OK];
const PLATFORM_INSIDE: Row = [WHO, NONE, NO, NO, NO, NO, OK];
const PLATFORM: Row = [WHO, NO, NO, NO, NO, NO, OK];

/** By field, and after a colon the circumstances where they matter. */
export const TABLE: Readonly<Record<string, Row>> = {
  'Query.channel': INSIDE,
  'Query.clusterNodes': PLATFORM,
  'Query.explainPermissions: of another one in the garden': IN_THE_GARDEN,
  'Query.explainPermissions: of another one elsewhere': MANAGERS,
  // A platform admin is no user of the organization, and does not need to be explained to.
  'Query.explainPermissions: of oneself': [WHO, NONE, OK, OK, OK, OK, NONE],
  'Query.logModules': PLATFORM,
  'Query.me': LOGGED_IN,
  'Query.organization': INSIDE,
  'Query.organizationByTag': INSIDE,
  'Query.organizations': LOGGED_IN,
  'Query.platformAuditLog': PLATFORM,
  'Query.role': INSIDE,
  'Query.simulateAcl: in the garden': IN_THE_GARDEN,
  'Query.simulateAcl: elsewhere': MANAGERS,
  'Query.simulateRole': MANAGERS,
  'Query.user': INSIDE,

  'Mutation.assignRole': MANAGERS,
  'Mutation.changePassword': [WHO, ...repeated('WRONG_PASSWORD')],
  'Mutation.createApiKey': LOGGED_IN,
  'Mutation.createBan': MANAGERS,
  'Mutation.createChannel: at the root': MANAGERS,
  'Mutation.createChannel: in the garden': IN_THE_GARDEN,
  'Mutation.createInvitation': MANAGERS,
  'Mutation.createOrganization': PLATFORM,
  'Mutation.createRole': MANAGERS,
  'Mutation.createUser': MANAGERS,
  'Mutation.deafenSessions: in the garden': IN_THE_GARDEN,
  'Mutation.deafenSessions: elsewhere': MANAGERS,
  'Mutation.deleteChannel: in the garden': IN_THE_GARDEN,
  'Mutation.deleteChannel: elsewhere': MANAGERS,
  'Mutation.deleteOrganization': OWNER,
  'Mutation.deleteRole': MANAGERS,
  'Mutation.deleteUser': MANAGERS,
  // There is no other node.
  'Mutation.drainServer': [WHO, NO, NO, NO, NO, NO, 'CONFLICT'],
  'Mutation.kickSessions: in the garden': MANAGERS,
  'Mutation.liftBan': MANAGERS,
  'Mutation.login': EVERYBODY,
  'Mutation.logout': LOGGED_IN,
  'Mutation.moveSessions: within the garden': IN_THE_GARDEN,
  'Mutation.moveSessions: out of the garden': MANAGERS,
  'Mutation.muteSessions: in the garden': IN_THE_GARDEN,
  'Mutation.muteSessions: elsewhere': MANAGERS,
  'Mutation.prioritizeSessions: in the garden': IN_THE_GARDEN,
  'Mutation.prioritizeSessions: elsewhere': MANAGERS,
  'Mutation.redeemInvitation': EVERYBODY,
  'Mutation.refresh': EVERYBODY,
  'Mutation.removeCertificate: of another one': MANAGERS,
  // Users of the platform have none.
  'Mutation.removeCertificate: of oneself': [WHO, OK, OK, OK, OK, OK, NONE],
  'Mutation.removeChannelAclEntry: in the garden': IN_THE_GARDEN,
  'Mutation.removeChannelAclEntry: elsewhere': MANAGERS,
  'Mutation.revokeApiKey: of another one': MANAGERS,
  'Mutation.revokeApiKey: of oneself': LOGGED_IN,
  'Mutation.revokeInvitation': MANAGERS,
  'Mutation.setChannelAclEntry: in the garden': IN_THE_GARDEN,
  'Mutation.setChannelAclEntry: in the garden, more than the keeper holds': MANAGERS,
  'Mutation.setChannelAclEntry: elsewhere': MANAGERS,
  'Mutation.setLogLevel': PLATFORM,
  'Mutation.unassignRole': MANAGERS,
  'Mutation.updateChannel: in the garden': IN_THE_GARDEN,
  'Mutation.updateChannel: out of the garden': MANAGERS,
  'Mutation.updateChannel: elsewhere': MANAGERS,
  'Mutation.updateOrganization': MANAGERS,
  'Mutation.updateOrganization: its owner': OWNER,
  'Mutation.updateOrganization: its limits': PLATFORM_INSIDE,
  'Mutation.updateRole': MANAGERS,
  'Mutation.updateUser: of another one': MANAGERS,
  'Mutation.updateUser: of the owner': OWNER,
  'Mutation.updateUser: of oneself, the email address': LOGGED_IN,
  'Mutation.updateUser: of oneself, the name': [WHO, OK, NO, NO, OK, OK, OK],

  'Subscription.channelOccupancy: of a channel': INSIDE,
  'Subscription.channelOccupancy: of an organization': INSIDE,
  'Subscription.organizationEvents': INSIDE,
  'Subscription.sessionEvents': INSIDE,

  'Channel.acl': INSIDE,
  'Channel.sessions': INSIDE,
  'Organization.auditLog': MANAGERS,
  'Organization.bans': MANAGERS,
  'Organization.invitations': MANAGERS,
  'Organization.metrics': MANAGERS,
  'Organization.sessions': INSIDE,
  'User.apiKeys: of another one': MANAGERS,
  'User.apiKeys: of oneself': LOGGED_IN,
  'User.certificates: of another one': MANAGERS,
  'User.certificates: of oneself': LOGGED_IN,
  'User.email: of another one': [WHO, NONE, HID, HID, OK, OK, OK],
  'User.email: of oneself': LOGGED_IN,
};

/** What whoever has reached the object may read. Payloads and the parts of lists are open as a whole. */
export const OPEN: Readonly<Record<string, readonly string[]>> = {
  ApiKey: ['createdAt', 'expiresAt', 'id', 'keyPrefix', 'lastUsedAt', 'name', 'scopes'],
  AuditEntry: [
    ...['action', 'actorId', 'actorName', 'after', 'before', 'createdAt', 'door', 'id', 'reason', 'requestId'],
    ...['targetId', 'targetType'],
  ],
  Ban: ['addressRange', 'createdAt', 'expiresAt', 'id', 'issuedBy', 'reason', 'user'],
  Channel: [
    ...['children', 'createdAt', 'description', 'hasPassword', 'id', 'maxUsers', 'name', 'occupancy', 'organization'],
    ...['parent', 'position', 'version'],
  ],
  ChannelAclEntry: ['permissions', 'role'],
  ClientCertificate: ['createdAt', 'fingerprint', 'id', 'lastUsedAt'],
  ClusterNode: ['apiUrl', 'draining', 'id', 'name', 'sessions', 'startedAt', 'version', 'voiceHost'],
  Invitation: ['channel', 'createdAt', 'expiresAt', 'id', 'maxUses', 'roles', 'uses'],
  LogModuleState: ['level', 'module', 'until'],
  ManageGrant: ['channel', 'role'],
  MissingPermission: ['permission', 'reason', 'suggestions'],
  ModerationResultType: ['code', 'done', 'message', 'sessionId'],
  Organization: [
    ...['channels', 'createdAt', 'id', 'maxChannels', 'maxUsers', 'name', 'owner', 'recordingAllowed', 'roles', 'tag'],
    ...['users', 'version'],
  ],
  OrganizationMetrics: [
    ...['activeUsers', 'bytesInPerS', 'bytesOutPerS', 'channelMembers', 'droppedPerS', 'errorRate', 'occupiedChannels'],
    ...['packetsInPerS', 'packetsOutPerS', 'requests', 'windowS'],
  ],
  PermissionChange: ['channel', 'gained', 'lost', 'user'],
  PermissionExplanation: ['basis', 'governingChannel', 'manageGrants', 'missing', 'permissions', 'roles'],
  PermissionSuggestion: ['channel', 'kind', 'permissions', 'role'],
  RequestFigures: ['answered', 'failed', 'refused', 'unavailable'],
  Role: ['id', 'name', 'organization', 'permissions', 'users', 'version'],
  RolePermissions: ['permissions', 'role', 'source'],
  Session: [
    ...['channels', 'clientName', 'connectedAt', 'deafened', 'door', 'id', 'listeningChannelIds', 'muted'],
    ...['prioritySpeaker', 'recording', 'selfDeafened', 'selfMuted', 'user', 'voiceQuality'],
  ],
  User: ['createdAt', 'id', 'organization', 'roles', 'username', 'version'],
  VoiceFlow: ['expected', 'jitterMs', 'lost'],
  VoiceQuality: ['clientRoundTripMs', 'down', 'serverRoundTripMs', 'up'],
};

function repeated(verdict: Verdict): readonly [Verdict, Verdict, Verdict, Verdict, Verdict, Verdict] {
  return [verdict, verdict, verdict, verdict, verdict, verdict];
}
