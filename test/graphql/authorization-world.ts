/** An organization with one of each caller, and ids of everything in it. */
import { certificateFingerprints } from '../../src/certificates/certificate-fingerprints.js';
import type { ChannelId, OrganizationId, RoleId, SessionId, UserId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { Permission } from '../../src/permissions/bits.js';
import type { Session } from '../../src/sessions/session.js';
import { User } from '../../src/users/user.entity.js';
import { present, type TestServer } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';
import type { Caller } from './authorization-table.js';

/** What a request can be about, as GraphQL takes it. */
export interface Ids {
  readonly organization: string;
  readonly tag: string;
  readonly owner: string;
  /** A user who asks for nothing: holds the roles of a member and of a keeper. */
  readonly guest: string;
  readonly memberRole: string;
  readonly keeperRole: string;
  /** A channel without an ACL. */
  readonly lobby: string;
  /** A channel whose ACL gives MANAGE to keepers, and JOIN and SPEAK to members. */
  readonly garden: string;
  /** A channel below the garden. */
  readonly bed: string;
}

export const ABSENT_ID = '2000000000';

/** The same of what does not exist. */
export const ABSENT: Ids = {
  organization: ABSENT_ID,
  tag: 'nowhere',
  owner: ABSENT_ID,
  guest: ABSENT_ID,
  memberRole: ABSENT_ID,
  keeperRole: ABSENT_ID,
  lobby: ABSENT_ID,
  garden: ABSENT_ID,
  bed: ABSENT_ID,
};

interface TenantParts {
  readonly organization: Organization;
  readonly users: ReadonlyMap<Caller, User>;
  readonly guest: User;
  readonly ids: Ids;
}

let made = 0;

export class Tenant {
  readonly organizationId: OrganizationId;
  readonly ids: Ids;
  readonly guest: User;
  readonly #server: TestServer;
  readonly #users: ReadonlyMap<Caller, User>;
  readonly #channels: ChannelId[] = [];

  static async create(server: TestServer, stranger: User | undefined): Promise<Tenant> {
    const { system, organizations, roles, channels, acl, users: people } = server.services;
    made += 1;
    const { id, tag } = await server.services.organization(`tenant${made}`);
    const born = (await roles.list(system, id, { first: 2, after: null })).items;
    const [admins, members] = [present(born[0]), present(born[1])];
    const keepers = await roles.create(system, id, { name: 'keepers', permissions: 0 });
    const user = (username: string, ...held: readonly { readonly id: RoleId }[]) =>
      people.create(system, id, {
        ...{ username, password: PASSWORD, email: `${username}@example.org`, roleIds: held.map((role) => role.id) },
      });
    const owner = await user('owner', members);
    const organization = await organizations.update(system, id, { ownerId: owner.id });
    const guest = await user('guest', members, keepers);
    const users = new Map<Caller, User>([
      ['stranger', stranger ?? owner],
      ['member', await user('member', members)],
      ['keeper', await user('keeper', members, keepers)],
      ['admin', await user('admin', admins)],
      ['owner', owner],
      ['platform admin', await platformAdmin(server)],
    ]);
    const lobby = present((await channels.list(system, id, { first: 1, after: null })).items[0]);
    const garden = await channels.create(system, id, { name: 'Garden' });
    const bed = await channels.create(system, id, { name: 'Bed', parentId: garden.id });
    await acl.setEntry(system, garden.id, members.id, Permission.JOIN | Permission.SPEAK);
    await acl.setEntry(system, garden.id, keepers.id, Permission.JOIN | Permission.MANAGE);
    const ids: Ids = {
      organization: `${id}`,
      tag,
      owner: `${owner.id}`,
      guest: `${guest.id}`,
      memberRole: `${members.id}`,
      keeperRole: `${keepers.id}`,
      lobby: `${lobby.id}`,
      garden: `${garden.id}`,
      bed: `${bed.id}`,
    };
    return new Tenant(server, { organization, users, guest, ids });
  }

  private constructor(server: TestServer, { organization, users, guest, ids }: TenantParts) {
    this.#server = server;
    this.#users = users;
    this.organizationId = organization.id;
    this.guest = guest;
    this.ids = ids;
  }

  /** The caller's user; for nobody the guest's, whom they may not be. */
  userOf(caller: Caller): User {
    return this.#users.get(caller) ?? this.guest;
  }

  /** A new login of the caller. */
  async tokenOf(caller: Caller): Promise<string | undefined> {
    if (caller === 'nobody') return undefined;
    const { auth, system } = this.#server.services;
    return (await auth.loginAs(system, this.userOf(caller))).accessToken;
  }

  /** A new channel below another one, or at the root. The one that was made before is gone: an organization has place for few. */
  async channel(parentId?: string): Promise<string> {
    const { channels, system } = this.#server.services;
    made += 1;
    const [former] = await channels.getMany(system, this.#channels.splice(0));
    if (former !== undefined) await channels.delete(system, former.id, { recursive: true });
    const below = parentId === undefined ? undefined : (Number(parentId) as ChannelId);
    const channel = await channels.create(system, this.organizationId, { name: `channel ${made}`, parentId: below });
    this.#channels.push(channel.id);
    return `${channel.id}`;
  }

  async role(): Promise<string> {
    const { roles, system } = this.#server.services;
    made += 1;
    return `${(await roles.create(system, this.organizationId, { name: `role ${made}`, permissions: 1 })).id}`;
  }

  async user(): Promise<string> {
    made += 1;
    const { users, system } = this.#server.services;
    const user = { username: `user ${made}`, password: PASSWORD };
    return `${(await users.create(system, this.organizationId, user)).id}`;
  }

  async ban(): Promise<string> {
    const { bans, system } = this.#server.services;
    return `${(await bans.create(system, this.organizationId, { addressRange: '192.0.2.1' })).id}`;
  }

  async invitation(): Promise<{ readonly id: string; readonly code: string }> {
    const { invitations, system } = this.#server.services;
    const channelId = Number(this.ids.lobby) as ChannelId;
    const { invitation, code } = await invitations.create(system, this.organizationId, { channelId });
    return { id: `${invitation.id}`, code };
  }

  async apiKeyOf(user: User): Promise<string> {
    const { apiKeys } = this.#server.services;
    made += 1;
    const { apiKey } = await apiKeys.create(this.#server.services.as(user), { name: `key ${made}`, scopes: ['read'] });
    return `${apiKey.id}`;
  }

  async certificateOf(user: User): Promise<string> {
    const { certificates } = this.#server.services;
    const ctx = this.#server.services.as(user);
    if (user.organizationId === null) return '2147483647';
    made += 1;
    await certificates.bind(ctx, certificateFingerprints(Buffer.from(`certificate ${made}`)));
    const { items } = await certificates.list(ctx, user.id, { first: 100, after: null });
    return `${items.at(-1)?.id}`;
  }

  async refreshToken(): Promise<string> {
    const { auth, system } = this.#server.services;
    return (await auth.loginAs(system, this.guest)).refreshToken;
  }

  /** Lets the guest connect and join a channel. */
  async session(channelId: string): Promise<string> {
    const { id } = await this.#connect(Number(channelId) as ChannelId);
    return `${id}`;
  }

  async setEntry(channelId: string, roleId: string): Promise<void> {
    const { acl, system } = this.#server.services;
    await acl.setEntry(system, Number(channelId) as ChannelId, Number(roleId) as RoleId, Permission.JOIN);
  }

  /** Keepers hold there what they hold in the garden. */
  async grantKeepers(channelId: string): Promise<void> {
    const { acl, system } = this.#server.services;
    const [channel, role] = [Number(channelId) as ChannelId, Number(this.ids.keeperRole) as RoleId];
    await acl.setEntry(system, channel, role, Permission.JOIN | Permission.MANAGE);
  }

  /** Something in every list. */
  async furnish(): Promise<void> {
    const { bans, roles } = this.#server.services;
    const admin = this.#server.services.as(this.userOf('admin'));
    await bans.create(admin, this.organizationId, { userId: Number(await this.user()) as UserId, reason: 'spam' });
    await roles.create({ ...admin, reason: 'a new team' }, this.organizationId, { name: 'team', permissions: 1 });
    await this.invitation();
    for (const user of [...this.#users.values(), this.guest]) {
      await this.apiKeyOf(user);
      await this.certificateOf(user);
    }
    await this.session(this.ids.garden);
  }

  async #connect(channelId: ChannelId): Promise<Session> {
    const { sessions, occupancy } = this.#server;
    const ctx = this.#server.services.as(this.guest);
    const session = await sessions.open(ctx, { clientName: 'test' });
    const id: SessionId = session.id;
    await occupancy.join(ctx, id, channelId, '');
    return session;
  }
}

async function platformAdmin({ services }: TestServer): Promise<User> {
  return services.test.database.read(services.system, (em) => em.findOneOrFail(User, { organizationId: null }));
}
