import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, type BuiltOrganization, present, TestServer, withoutBudget } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';
import {
  AssignRoleDocument,
  ChannelDocument,
  CreateChannelDocument,
  CreateRoleDocument,
  CreateUserDocument,
  DeleteChannelDocument,
  DeleteOrganizationDocument,
  DeleteRoleDocument,
  DeleteUserDocument,
  OrganizationByTagDocument,
  OrganizationDocument,
  OrganizationsDocument,
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
let red: BuiltOrganization;
let blue: BuiltOrganization;
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
  blue = await server.buildOrganization();
});
afterAll(() => server.stop());

/** What `red`'s owner can ask about another organization's object, or about one that is absent. */
type Ask = (ids: {
  organization: string;
  user: string;
  role: string;
  channel: string;
  tag: string;
}) => Promise<Answer<unknown>>;

const asks: readonly (readonly [string, Ask])[] = [
  ['organization', ({ organization }) => server.ask(OrganizationDocument, { id: organization }, red.ownerToken)],
  ['organizationByTag', ({ tag }) => server.ask(OrganizationByTagDocument, { tag }, red.ownerToken)],
  ['user', ({ user }) => server.ask(UserDocument, { id: user }, red.ownerToken)],
  ['role', ({ role }) => server.ask(RoleDocument, { id: role }, red.ownerToken)],
  ['channel', ({ channel }) => server.ask(ChannelDocument, { id: channel }, red.ownerToken)],
  [
    'updateOrganization',
    ({ organization: id }) => server.ask(UpdateOrganizationDocument, { input: { id, name: 'x' } }, red.ownerToken),
  ],
  [
    'deleteOrganization',
    ({ organization: id }) => server.ask(DeleteOrganizationDocument, { input: { id } }, red.ownerToken),
  ],
  [
    'createUser',
    ({ organization: organizationId }) =>
      server.ask(CreateUserDocument, { input: { organizationId, username: 'x', password: PASSWORD } }, red.ownerToken),
  ],
  ['updateUser', ({ user: id }) => server.ask(UpdateUserDocument, { input: { id, email: null } }, red.ownerToken)],
  ['deleteUser', ({ user: id }) => server.ask(DeleteUserDocument, { input: { id } }, red.ownerToken)],
  [
    'createRole',
    ({ organization: organizationId }) =>
      server.ask(CreateRoleDocument, { input: { organizationId, name: 'x', permissions: [] } }, red.ownerToken),
  ],
  ['updateRole', ({ role: id }) => server.ask(UpdateRoleDocument, { input: { id, name: 'x' } }, red.ownerToken)],
  ['deleteRole', ({ role: id }) => server.ask(DeleteRoleDocument, { input: { id } }, red.ownerToken)],
  [
    'assignRole to a foreign user',
    ({ user: userId }) =>
      server.ask(AssignRoleDocument, { input: { userId, roleId: red.memberRoleId } }, red.ownerToken),
  ],
  [
    'assignRole of a foreign role',
    ({ role: roleId }) => server.ask(AssignRoleDocument, { input: { userId: red.memberId, roleId } }, red.ownerToken),
  ],
  [
    'unassignRole',
    ({ user: userId }) =>
      server.ask(UnassignRoleDocument, { input: { userId, roleId: red.memberRoleId } }, red.ownerToken),
  ],
  [
    'createChannel',
    ({ organization: organizationId }) =>
      server.ask(CreateChannelDocument, { input: { organizationId, name: 'x' } }, red.ownerToken),
  ],
  [
    'createChannel below a foreign one',
    ({ channel: parentId }) =>
      server.ask(CreateChannelDocument, { input: { organizationId: red.id, parentId, name: 'x' } }, red.ownerToken),
  ],
  [
    'updateChannel',
    ({ channel: id }) => server.ask(UpdateChannelDocument, { input: { id, name: 'x' } }, red.ownerToken),
  ],
  [
    'updateChannel to below a foreign one',
    ({ channel: parentId }) =>
      server.ask(UpdateChannelDocument, { input: { id: red.lobbyId, parentId } }, red.ownerToken),
  ],
  [
    'deleteChannel',
    ({ channel: id }) => server.ask(DeleteChannelDocument, { input: { id, recursive: true } }, red.ownerToken),
  ],
  [
    'setChannelAclEntry in a foreign channel',
    ({ channel: channelId }) =>
      server.ask(
        SetChannelAclEntryDocument,
        { input: { channelId, roleId: red.memberRoleId, permissions: [] } },
        red.ownerToken,
      ),
  ],
  [
    'setChannelAclEntry for a foreign role',
    ({ role: roleId }) =>
      server.ask(
        SetChannelAclEntryDocument,
        { input: { channelId: red.lobbyId, roleId, permissions: [] } },
        red.ownerToken,
      ),
  ],
  [
    'removeChannelAclEntry',
    ({ channel: channelId }) =>
      server.ask(RemoveChannelAclEntryDocument, { input: { channelId, roleId: red.memberRoleId } }, red.ownerToken),
  ],
];

const ABSENT = {
  organization: '2000000000',
  user: '2000000000',
  role: '2000000000',
  channel: '2000000000',
  tag: 'nobody',
};

describe('what belongs to another organization cannot be told from what does not exist', () => {
  it.each(asks)('%s', async (_name, ask) => {
    const foreign = await ask({
      organization: blue.id,
      user: blue.memberId,
      role: blue.memberRoleId,
      channel: blue.lobbyId,
      tag: blue.tag,
    });
    expect(foreign).toMatchObject({ status: 200, errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    expect(withoutBudget(foreign)).toEqual(withoutBudget(await ask(ABSENT)));
  });

  it.each(['0', '-1', '1.5', '01', '1e3', '99999999999', 'abc', '', ' 1', '1; drop table users'])(
    'nor from the id "%s", which is none',
    async (id) => {
      const [asked, absent] = [{ id }, { id: ABSENT.user }].map((ids) => server.ask(UserDocument, ids, red.ownerToken));
      expect(withoutBudget(present(await asked))).toEqual(withoutBudget(present(await absent)));
    },
  );

  it('and is in no list', async () => {
    const { organizations } = await server.execute(OrganizationsDocument, { first: 100 }, red.ownerToken);
    expect(organizations?.nodes.map(({ tag }) => tag)).toEqual([red.tag]);
  });

  it('but a platform admin reaches both', async () => {
    for (const { id, tag } of [red, blue]) {
      expect((await server.execute(OrganizationDocument, { id }, server.adminToken)).organization?.tag).toBe(tag);
    }
  });
});
