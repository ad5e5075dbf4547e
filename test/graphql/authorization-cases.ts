/** How each line of the table is asked. */
import { PASSWORD } from '../support/test-services.js';
import type { Caller } from './authorization-table.js';
import type { Ids, Tenant } from './authorization-world.js';

/** What is asked of whom: an id of `ids`, and what was made for this request alone. */
export interface Subject {
  readonly ids: Ids;
  /** The user who asks. */
  readonly self: string;
  readonly selfName: string;
  /** What {@link Case.prepare} made; an absent id where `ids` are absent. */
  readonly made: string;
  /** Nobody has used it yet. */
  readonly unique: string;
}

type Arguments = Readonly<Record<string, unknown>>;

export interface Case {
  /** Makes what a mutation is about, since a mutation that is done changes it. */
  readonly prepare?: (tenant: Tenant, caller: Caller) => Promise<string>;
  /** The arguments of the field of the query or mutation. */
  readonly ask?: (subject: Subject) => Arguments;
  /** For a field of an object: the query that leads to it. Otherwise it is that of its type in {@link ROOTS}. */
  readonly root?: Root;
  /** True where the organization does not outlive it. */
  readonly isFatal?: boolean;
}

export interface Root {
  readonly query: string;
  readonly ask: (subject: Subject) => Arguments;
}

/** The queries that lead to the objects whose fields need a right of their own. */
export const ROOTS: Readonly<Record<string, Root>> = {
  Organization: { query: 'organization', ask: ({ ids }) => ({ id: ids.organization }) },
  User: { query: 'user', ask: ({ ids }) => ({ id: ids.guest }) },
  Channel: { query: 'channel', ask: ({ ids }) => ({ id: ids.garden }) },
};

const me: Case = { root: { query: 'me', ask: () => ({}) } };

/** A mutation whose one argument is its input. */
function input(of: (subject: Subject) => Arguments, prepare?: Case['prepare']): Case {
  return { ask: (subject) => ({ input: of(subject) }), ...(prepare && { prepare }) };
}

const madeId = ({ made }: Subject) => ({ id: made });
const inTheGarden = (tenant: Tenant) => tenant.channel(tenant.ids.garden);
const elsewhere = (tenant: Tenant) => tenant.channel();
const inGarden = (tenant: Tenant) => tenant.session(tenant.ids.garden);
const inLobby = (tenant: Tenant) => tenant.session(tenant.ids.lobby);
const sessions = ({ made }: Subject) => ({ sessionIds: [made] });

/** Channels with an entry that can be removed. */
async function withEntry(tenant: Tenant, parentId?: string): Promise<string> {
  const channel = await tenant.channel(parentId);
  await tenant.setEntry(channel, tenant.ids.memberRole);
  // Whoever removes the entry must still be able to manage.
  if (parentId !== undefined) await tenant.grantKeepers(channel);
  return channel;
}

export const CASES: Readonly<Record<string, Case>> = {
  'Query.channel': { ask: ({ ids }) => ({ id: ids.garden }) },
  'Query.explainPermissions: of another one in the garden': {
    ask: ({ ids }) => ({ userId: ids.guest, channelId: ids.bed }),
  },
  'Query.explainPermissions: of another one elsewhere': {
    ask: ({ ids }) => ({ userId: ids.guest, channelId: ids.lobby }),
  },
  'Query.explainPermissions: of oneself': { ask: ({ ids, self }) => ({ userId: self, channelId: ids.lobby }) },
  'Query.logModules': {},
  'Query.me': {},
  'Query.organization': { ask: ({ ids }) => ({ id: ids.organization }) },
  'Query.organizationByTag': { ask: ({ ids }) => ({ tag: ids.tag }) },
  'Query.organizations': { ask: () => ({ first: 5 }) },
  'Query.clusterNodes': { ask: () => ({}) },
  'Query.platformAuditLog': { ask: () => ({ first: 5 }) },
  'Query.role': { ask: ({ ids }) => ({ id: ids.memberRole }) },
  'Query.simulateAcl: in the garden': {
    ask: ({ ids }) => ({ channelId: ids.bed, acl: [{ roleId: ids.memberRole, permissions: ['WHISPER'] }], first: 5 }),
  },
  'Query.simulateAcl: elsewhere': {
    ask: ({ ids }) => ({ channelId: ids.lobby, acl: [{ roleId: ids.memberRole, permissions: [] }], first: 5 }),
  },
  'Query.simulateRole': { ask: ({ ids }) => ({ roleId: ids.memberRole, permissions: [], first: 5 }) },
  'Query.user': { ask: ({ ids }) => ({ id: ids.guest }) },

  'Subscription.channelOccupancy: of a channel': { ask: ({ ids }) => ({ channelId: ids.garden, subtree: true }) },
  'Subscription.channelOccupancy: of an organization': { ask: ({ ids }) => ({ organizationId: ids.organization }) },
  'Subscription.organizationEvents': { ask: ({ ids }) => ({ organizationId: ids.organization }) },
  'Subscription.sessionEvents': { ask: ({ ids }) => ({ organizationId: ids.organization }) },

  'Mutation.assignRole': input(
    ({ ids, made }) => ({ roleId: made, userId: ids.guest }),
    (tenant) => tenant.role(),
  ),
  'Mutation.changePassword': input(() => ({ currentPassword: 'not the password', newPassword: 'another password' })),
  'Mutation.createApiKey': input(({ unique }) => ({ name: unique, scopes: ['READ'] })),
  'Mutation.createBan': input(({ ids }) => ({ organizationId: ids.organization, addressRange: '192.0.2.1' })),
  'Mutation.createChannel: at the root': input(({ ids, unique }) => ({
    organizationId: ids.organization,
    name: unique,
  })),
  'Mutation.createChannel: in the garden': input(({ ids, unique }) => ({
    ...{ organizationId: ids.organization, parentId: ids.garden, name: unique },
  })),
  'Mutation.createInvitation': input(({ ids }) => ({ organizationId: ids.organization })),
  'Mutation.drainServer': input(() => ({})),
  'Mutation.createOrganization': input(({ unique }) => ({ name: unique, tag: unique })),
  'Mutation.createRole': input(({ ids, unique }) => ({
    ...{ organizationId: ids.organization, name: unique, permissions: [] },
  })),
  'Mutation.createUser': input(({ ids, unique }) => ({
    ...{ organizationId: ids.organization, username: unique, password: PASSWORD },
  })),
  'Mutation.deafenSessions: in the garden': input(sessions, inGarden),
  'Mutation.deafenSessions: elsewhere': input(sessions, inLobby),
  'Mutation.deleteChannel: in the garden': input(madeId, inTheGarden),
  'Mutation.deleteChannel: elsewhere': input(madeId, elsewhere),
  'Mutation.deleteOrganization': { ...input(({ ids }) => ({ id: ids.organization })), isFatal: true },
  'Mutation.deleteRole': input(madeId, (tenant) => tenant.role()),
  'Mutation.deleteUser': input(madeId, (tenant) => tenant.user()),
  'Mutation.kickSessions: in the garden': input(sessions, inGarden),
  'Mutation.liftBan': input(madeId, (tenant) => tenant.ban()),
  'Mutation.login': input(({ ids }) => ({ organizationTag: ids.tag, username: 'guest', password: PASSWORD })),
  'Mutation.logout': {},
  'Mutation.moveSessions: within the garden': input(
    ({ ids, made }) => ({
      ...{ sessionIds: [made], fromChannelId: ids.garden, toChannelId: ids.bed },
    }),
    inGarden,
  ),
  'Mutation.moveSessions: out of the garden': input(
    ({ ids, made }) => ({
      ...{ sessionIds: [made], fromChannelId: ids.garden, toChannelId: ids.lobby },
    }),
    inGarden,
  ),
  'Mutation.muteSessions: in the garden': input(sessions, inGarden),
  'Mutation.muteSessions: elsewhere': input(sessions, inLobby),
  'Mutation.prioritizeSessions: in the garden': input(sessions, inGarden),
  'Mutation.prioritizeSessions: elsewhere': input(sessions, inLobby),
  'Mutation.redeemInvitation': input(
    ({ made, unique }) => ({ code: made, username: unique, password: PASSWORD }),
    async (tenant) => (await tenant.invitation()).code,
  ),
  'Mutation.refresh': input(
    ({ made }) => ({ refreshToken: made }),
    (tenant) => tenant.refreshToken(),
  ),
  'Mutation.removeCertificate: of another one': input(madeId, (tenant) => tenant.certificateOf(tenant.guest)),
  'Mutation.removeCertificate: of oneself': input(madeId, (tenant, caller) =>
    tenant.certificateOf(tenant.userOf(caller)),
  ),
  'Mutation.removeChannelAclEntry: in the garden': input(
    ({ ids, made }) => ({ channelId: made, roleId: ids.memberRole }),
    (tenant) => withEntry(tenant, tenant.ids.garden),
  ),
  'Mutation.removeChannelAclEntry: elsewhere': input(
    ({ ids, made }) => ({ channelId: made, roleId: ids.memberRole }),
    (tenant) => withEntry(tenant),
  ),
  'Mutation.revokeApiKey: of another one': input(madeId, (tenant) => tenant.apiKeyOf(tenant.guest)),
  'Mutation.revokeApiKey: of oneself': input(madeId, (tenant, caller) => tenant.apiKeyOf(tenant.userOf(caller))),
  'Mutation.revokeInvitation': input(madeId, async (tenant) => (await tenant.invitation()).id),
  'Mutation.setChannelAclEntry: in the garden': input(
    ({ ids, made }) => ({
      ...{ channelId: made, roleId: ids.memberRole, permissions: ['JOIN'] },
    }),
    inTheGarden,
  ),
  'Mutation.setChannelAclEntry: in the garden, more than the keeper holds': input(
    ({ ids, made }) => ({
      ...{ channelId: made, roleId: ids.memberRole, permissions: ['WHISPER'] },
    }),
    inTheGarden,
  ),
  'Mutation.setChannelAclEntry: elsewhere': input(
    ({ ids, made }) => ({
      ...{ channelId: made, roleId: ids.memberRole, permissions: ['JOIN'] },
    }),
    elsewhere,
  ),
  'Mutation.setLogLevel': input(() => ({ module: 'REST', level: 'DEBUG', durationS: 60 })),
  'Mutation.unassignRole': input(
    ({ ids, made }) => ({ roleId: made, userId: ids.guest }),
    (tenant) => tenant.role(),
  ),
  'Mutation.updateChannel: in the garden': input(({ made, unique }) => ({ id: made, name: unique }), inTheGarden),
  'Mutation.updateChannel: out of the garden': input(({ made }) => ({ id: made, parentId: null }), inTheGarden),
  'Mutation.updateChannel: elsewhere': input(({ made, unique }) => ({ id: made, name: unique }), elsewhere),
  'Mutation.updateOrganization': input(({ ids, unique }) => ({ id: ids.organization, name: unique })),
  'Mutation.updateOrganization: its owner': input(({ ids }) => ({ id: ids.organization, ownerId: ids.owner })),
  'Mutation.updateOrganization: its limits': input(({ ids }) => ({ id: ids.organization, maxUsers: 500 })),
  'Mutation.updateRole': input(
    ({ made, unique }) => ({ id: made, name: unique }),
    (tenant) => tenant.role(),
  ),
  'Mutation.updateUser: of another one': input(
    ({ made, unique }) => ({ id: made, username: unique }),
    (tenant) => tenant.user(),
  ),
  'Mutation.updateUser: of the owner': input(({ ids }) => ({ id: ids.owner, username: 'owner' })),
  'Mutation.updateUser: of oneself, the email address': input(({ self }) => ({ id: self, email: 'new@example.org' })),
  'Mutation.updateUser: of oneself, the name': input(({ self, selfName }) => ({ id: self, username: selfName })),

  'Channel.acl': {},
  'Channel.sessions': {},
  'Organization.auditLog': {},
  'Organization.bans': {},
  'Organization.invitations': {},
  'Organization.metrics': {},
  'Organization.sessions': {},
  'User.apiKeys: of another one': {},
  'User.apiKeys: of oneself': me,
  'User.certificates: of another one': {},
  'User.certificates: of oneself': me,
  'User.email: of another one': {},
  'User.email: of oneself': me,
};
