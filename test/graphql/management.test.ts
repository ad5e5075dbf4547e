import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DemoApi } from '../../scripts/demo-api.js';
import { present, TestServer } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';
import {
  AssignRoleDocument,
  ChangePasswordDocument,
  ChannelDocument,
  ChildrenOfChannelDocument,
  CreateChannelDocument,
  CreateOrganizationDocument,
  CreateRoleDocument,
  CreateUserDocument,
  DeleteChannelDocument,
  DeleteOrganizationDocument,
  DeleteRoleDocument,
  DeleteUserDocument,
  LoginDocument,
  LogoutDocument,
  MeDocument,
  OrganizationByTagDocument,
  OrganizationDocument,
  OrganizationsDocument,
  OrganizationTreeDocument,
  RefreshDocument,
  RemoveChannelAclEntryDocument,
  RoleDocument,
  SetChannelAclEntryDocument,
  UnassignRoleDocument,
  UpdateChannelDocument,
  UpdateOrganizationDocument,
  UpdateRoleDocument,
  UpdateUserDocument,
  UserDocument,
} from './generated/graphql.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

describe('by GraphQL', () => {
  it('an organization is made with its roles, its first channel and its owner, found, changed and deleted', async () => {
    const { adminToken } = server;
    const input = { name: 'Red Team', tag: 'Red', maxUsers: 7, owner: { username: 'rita', password: PASSWORD } };
    const { createOrganization } = await server.execute(CreateOrganizationDocument, { input }, adminToken);
    expect(createOrganization).toMatchObject({
      organization: {
        name: 'Red Team',
        tag: 'Red',
        maxUsers: 7,
        maxChannels: 50,
        version: 2,
        owner: { username: 'rita' },
      },
      errors: [],
    });
    const { id, version, createdAt } = present(createOrganization?.organization);
    expect(Math.abs(Date.parse(createdAt) - Date.now())).toBeLessThan(3_600_000);
    const token = await server.login('red', 'rita');
    const { organization } = await server.execute(OrganizationTreeDocument, { id }, token);
    expect(organization).toMatchObject({
      users: { nodes: [{ username: 'rita' }] },
      roles: {
        nodes: [
          { name: 'admin', permissions: ['JOIN', 'SPEAK', 'WHISPER', 'MANAGE'] },
          { name: 'member', permissions: ['JOIN', 'SPEAK', 'WHISPER'] },
        ],
      },
      channels: { nodes: [{ name: 'Lobby', parent: null, children: { nodes: [] }, acl: { nodes: [] } }] },
      sessions: { nodes: [] },
    });
    const change = { id, name: 'Crimson Team', expectedVersion: version };
    const { updateOrganization } = await server.execute(UpdateOrganizationDocument, { input: change }, token);
    expect(updateOrganization?.organization).toMatchObject({ name: 'Crimson Team', tag: 'Red', version: version + 1 });
    const found = await server.execute(OrganizationByTagDocument, { tag: 'RED' }, token);
    expect(found.organizationByTag?.id).toBe(id);
    const { deleteOrganization } = await server.execute(DeleteOrganizationDocument, { input: { id } }, token);
    expect(deleteOrganization).toEqual({ deletedId: id, errors: [] });
    const { data, errors } = await server.ask(OrganizationDocument, { id }, adminToken);
    expect(data).toEqual({ organization: null });
    expect(errors).toMatchObject([{ path: ['organization'], extensions: { code: 'NOT_FOUND' } }]);
  });

  it('a user is made, renamed, given another role, and removed', async () => {
    const { id: organizationId, ownerToken, memberRoleId, adminRoleId } = await server.buildOrganization();
    const input = {
      organizationId,
      username: 'anna',
      password: PASSWORD,
      email: 'anna@example.org',
      roleIds: [memberRoleId],
    };
    const { createUser } = await server.execute(CreateUserDocument, { input }, ownerToken);
    expect(createUser).toMatchObject({
      user: {
        username: 'anna',
        email: 'anna@example.org',
        organization: { id: organizationId },
        roles: { nodes: [{ name: 'member' }] },
      },
      errors: [],
    });
    const { id } = present(createUser?.user);
    const change = { id, username: 'annika', email: null };
    const { updateUser } = await server.execute(UpdateUserDocument, { input: change }, ownerToken);
    expect(updateUser?.user).toMatchObject({ username: 'annika', email: null });
    const assignment = { userId: id, roleId: adminRoleId };
    const { assignRole } = await server.execute(AssignRoleDocument, { input: assignment }, ownerToken);
    expect(assignRole?.user?.roles.nodes.map(({ name }) => name)).toEqual(['admin', 'member']);
    expect(assignRole?.role?.users.nodes.map(({ username }) => username)).toEqual(['olga', 'annika']);
    const { unassignRole } = await server.execute(UnassignRoleDocument, { input: assignment }, ownerToken);
    expect(unassignRole?.user?.roles.nodes.map(({ name }) => name)).toEqual(['member']);
    const { deleteUser } = await server.execute(DeleteUserDocument, { input: { id } }, ownerToken);
    expect(deleteUser).toEqual({ deletedId: id, errors: [] });
    expect((await server.ask(UserDocument, { id }, ownerToken)).errors).toMatchObject([
      { extensions: { code: 'NOT_FOUND' } },
    ]);
  });

  it('a role is made, changed and deleted', async () => {
    const { id: organizationId, ownerToken } = await server.buildOrganization();
    const input = { organizationId, name: 'speaker', permissions: ['SPEAK' as const, 'JOIN' as const] };
    const { createRole } = await server.execute(CreateRoleDocument, { input }, ownerToken);
    expect(createRole).toMatchObject({
      role: { name: 'speaker', permissions: ['JOIN', 'SPEAK'], version: 1 },
      errors: [],
    });
    const { id } = present(createRole?.role);
    const change = { id, permissions: [], expectedVersion: 1 };
    const { updateRole } = await server.execute(UpdateRoleDocument, { input: change }, ownerToken);
    expect(updateRole?.role).toMatchObject({ name: 'speaker', permissions: [], version: 2 });
    expect((await server.execute(RoleDocument, { id }, ownerToken)).role).toMatchObject({
      organization: { id: organizationId },
    });
    const { deleteRole } = await server.execute(DeleteRoleDocument, { input: { id } }, ownerToken);
    expect(deleteRole).toEqual({ deletedId: id, errors: [] });
  });

  it('a channel is made, put below another one, given an ACL, and deleted with what is below it', async () => {
    const { id: organizationId, ownerToken, memberRoleId } = await server.buildOrganization();
    const make = async (input: { name: string; parentId?: string; password?: string; maxUsers?: number }) => {
      const { createChannel } = await server.execute(
        CreateChannelDocument,
        { input: { organizationId, ...input } },
        ownerToken,
      );
      return present(createChannel?.channel);
    };
    const games = await make({ name: 'Games' });
    const squad = await make({ name: 'Squad', parentId: games.id, password: 'sesame', maxUsers: 5 });
    expect(squad).toMatchObject({ parent: { name: 'Games' }, hasPassword: true, maxUsers: 5, position: 0, version: 1 });
    const change = { id: squad.id, parentId: null, password: null, description: 'For five.', position: -3 };
    const { updateChannel } = await server.execute(UpdateChannelDocument, { input: change }, ownerToken);
    expect(updateChannel?.channel).toMatchObject({
      name: 'Squad',
      parent: null,
      hasPassword: false,
      maxUsers: 5,
      description: 'For five.',
      position: -3,
    });
    const back = { id: squad.id, parentId: games.id, name: 'Squad 1' };
    await server.execute(UpdateChannelDocument, { input: back }, ownerToken);
    const entry = { channelId: games.id, roleId: memberRoleId, permissions: ['JOIN' as const] };
    const { setChannelAclEntry } = await server.execute(SetChannelAclEntryDocument, { input: entry }, ownerToken);
    expect(setChannelAclEntry?.channel).toMatchObject({
      children: { nodes: [{ name: 'Squad 1' }] },
      acl: { nodes: [{ permissions: ['JOIN'], role: { name: 'member' } }] },
    });
    const which = { channelId: games.id, roleId: memberRoleId };
    const { removeChannelAclEntry } = await server.execute(RemoveChannelAclEntryDocument, { input: which }, ownerToken);
    expect(removeChannelAclEntry?.channel?.acl.nodes).toEqual([]);
    const deletion = { id: games.id, recursive: true };
    const { deleteChannel } = await server.execute(DeleteChannelDocument, { input: deletion }, ownerToken);
    expect(deleteChannel).toEqual({ deletedId: games.id, errors: [] });
    expect((await server.ask(ChannelDocument, { id: squad.id }, ownerToken)).errors).toMatchObject([
      { extensions: { code: 'NOT_FOUND' } },
    ]);
  });

  it('a login is refreshed once, given a new password, and ended', async () => {
    const { tag } = await server.buildOrganization();
    const credentials = { organizationTag: tag, username: 'mike', password: PASSWORD };
    const { login } = await server.execute(LoginDocument, { input: credentials });
    expect(login).toMatchObject({ expiresInS: 900, user: { username: 'mike' }, errors: [] });
    const { refresh } = await server.execute(RefreshDocument, {
      input: { refreshToken: present(login?.refreshToken) },
    });
    const token = present(refresh?.accessToken);
    expect((await server.execute(MeDocument, {}, token)).me).toMatchObject({ username: 'mike', organization: { tag } });
    const passwords = { currentPassword: PASSWORD, newPassword: 'another password' };
    const { changePassword } = await server.execute(ChangePasswordDocument, { input: passwords }, token);
    const newToken = present(changePassword?.accessToken);
    expect((await server.ask(MeDocument, {}, token)).status).toBe(401);
    expect((await server.execute(LogoutDocument, {}, newToken)).logout).toEqual({ errors: [] });
    expect(await server.ask(MeDocument, {}, newToken)).toMatchObject({
      status: 401,
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it('who is connected by voice is listed with their user', async () => {
    const { id, memberId, tag, ownerToken } = await server.buildOrganization();
    const actor = await server.services.auth.verifyPassword(server.services.system, {
      organizationTag: tag,
      username: 'mike',
      password: PASSWORD,
    });
    const session = await server.sessions.open(
      { ...server.services.system, actor, door: 'voice' },
      { clientName: 'test 1' },
    );
    const { organization } = await server.execute(OrganizationTreeDocument, { id }, ownerToken);
    expect(organization?.sessions.nodes).toEqual([
      { id: String(session.id), clientName: 'test 1', user: { username: 'mike' }, channels: { nodes: [] } },
    ]);
    expect(String(actor.userId)).toBe(memberId);
  });

  it('the demo gets what it asks for', async () => {
    const api = new DemoApi(server.url);
    await api.login('admin', PASSWORD);
    const organizationId = await api.createOrganization('Demo', 'demo');
    const roleId = await api.createSpeakerRole(organizationId, 'speaker');
    await api.createUser(organizationId, 'alice', PASSWORD, roleId);
    await api.createChannel(organizationId, 'Campfire');
    await api.createChannel(organizationId, 'Tent', 'sesame');
    const { organization } = await server.execute(OrganizationTreeDocument, { id: organizationId }, server.adminToken);
    expect(organization?.channels.nodes).toMatchObject([
      { name: 'Lobby' },
      { name: 'Campfire' },
      { hasPassword: true },
    ]);
  });
});

describe('a list', () => {
  it('comes in pages that follow each other without a gap', async () => {
    for (let count = 0; count < 3; count += 1) await server.buildOrganization();
    const names: string[] = [];
    let after: string | null | undefined;
    for (let more = true; more; ) {
      const { organizations } = await server.execute(
        OrganizationsDocument,
        { first: 2, after: after ?? null },
        server.adminToken,
      );
      const { nodes, pageInfo } = present(organizations);
      expect(pageInfo.hasPreviousPage).toBe(after !== undefined);
      names.push(...nodes.map(({ tag }) => tag));
      ({ endCursor: after, hasNextPage: more } = pageInfo);
    }
    const all = await server.execute(OrganizationsDocument, { first: 100 }, server.adminToken);
    expect(names).toEqual(all.organizations?.nodes.map(({ tag }) => tag));
    expect(names.length).toBeGreaterThanOrEqual(3);
  });

  it('of channels below another one is in their order, page by page', async () => {
    const { id: organizationId, ownerToken, lobbyId } = await server.buildOrganization();
    for (const [name, position] of [
      ['c', 2],
      ['a', 0],
      ['b', 1],
    ] as const) {
      const input = { organizationId, parentId: lobbyId, name, position };
      await server.execute(CreateChannelDocument, { input }, ownerToken);
    }
    const first = await server.execute(ChildrenOfChannelDocument, { id: lobbyId, first: 2 }, ownerToken);
    expect(first.channel?.children.edges.map(({ node }) => node.name)).toEqual(['a', 'b']);
    expect(first.channel?.children.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const after = present(first.channel?.children.pageInfo.endCursor);
    const second = await server.execute(ChildrenOfChannelDocument, { id: lobbyId, first: 2, after }, ownerToken);
    expect(second.channel?.children.edges.map(({ node }) => node.name)).toEqual(['c']);
    expect(second.channel?.children.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  });

  it.each([0, -1, 101, 1_000_000])('of %i items is refused', async (first) => {
    const { errors } = await server.ask(OrganizationsDocument, { first }, server.adminToken);
    expect(errors).toMatchObject([
      { extensions: { code: 'INVALID_INPUT', path: ['first'], params: { min: 1, max: 100 } } },
    ]);
  });

  it.each(['nonsense', ''])('is refused after the cursor "%s", which is none', async (after) => {
    const { errors } = await server.ask(OrganizationsDocument, { first: 1, after }, server.adminToken);
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['after'] } }]);
  });
});
