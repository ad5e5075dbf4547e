import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltOrganization, present, TestServer } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';
import {
  AssignRoleDocument,
  ChangePasswordDocument,
  CreateChannelDocument,
  CreateOrganizationDocument,
  CreateRoleDocument,
  CreateUserDocument,
  DeleteChannelDocument,
  DeleteRoleDocument,
  DeleteUserDocument,
  LoginDocument,
  MeDocument,
  OrganizationDocument,
  OrganizationsDocument,
  RefreshDocument,
  SetChannelAclEntryDocument,
  UpdateChannelDocument,
  UpdateOrganizationDocument,
  UpdateRoleDocument,
  UpdateUserDocument,
} from './generated/graphql.js';

let server: TestServer;
let red: BuiltOrganization;
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
});
afterAll(() => server.stop());

/** Makes a channel of red's and returns its id. */
async function channel(name: string, parentId?: string): Promise<string> {
  const input = { organizationId: red.id, name, parentId };
  const { createChannel } = await server.execute(CreateChannelDocument, { input }, red.ownerToken);
  return present(createChannel?.channel).id;
}

describe('a mutation answers in its payload', () => {
  it('INVALID_INPUT, with the field and the bounds', async () => {
    const input = { organizationId: red.id, username: 'short', password: 'seven77' };
    const { createUser } = await server.execute(CreateUserDocument, { input }, red.ownerToken);
    expect(createUser).toMatchObject({ user: null, errors: [{ code: 'INVALID_INPUT', path: ['input', 'password'] }] });
    expect(createUser?.errors[0]?.params).toContainEqual({ name: 'min', value: '8' });
  });

  it('INVALID_CREDENTIALS, the same whatever is wrong', async () => {
    const wrong = [
      { organizationTag: red.tag, username: 'mike', password: 'not the password' },
      { organizationTag: red.tag, username: 'nobody', password: PASSWORD },
      { organizationTag: 'nowhere', username: 'mike', password: PASSWORD },
      { username: 'mike', password: PASSWORD },
    ];
    const answers = await Promise.all(wrong.map((input) => server.execute(LoginDocument, { input })));
    for (const { login } of answers) expect(login).toEqual(answers[0]?.login);
    expect(answers[0]?.login).toMatchObject({
      accessToken: null,
      errors: [{ code: 'INVALID_CREDENTIALS', path: [], params: [] }],
    });
  });

  it('ALREADY_EXISTS for a tag, a username, a role and a sibling channel', async () => {
    const { id: organizationId, tag, ownerToken } = red;
    const organization = { name: 'Red', tag: tag.toUpperCase() };
    const user = { organizationId, username: 'Mike', password: PASSWORD };
    const role = { organizationId, name: 'member', permissions: [] };
    const { createOrganization } = await server.execute(
      CreateOrganizationDocument,
      { input: organization },
      server.adminToken,
    );
    const { createUser } = await server.execute(CreateUserDocument, { input: user }, ownerToken);
    const { createRole } = await server.execute(CreateRoleDocument, { input: role }, ownerToken);
    const { createChannel } = await server.execute(
      CreateChannelDocument,
      { input: { organizationId, name: 'LOBBY' } },
      ownerToken,
    );
    expect(createOrganization?.errors).toMatchObject([{ code: 'ALREADY_EXISTS', path: ['input', 'tag'] }]);
    expect(createUser?.errors).toMatchObject([{ code: 'ALREADY_EXISTS', path: ['input', 'username'] }]);
    for (const payload of [createRole, createChannel]) {
      expect(payload?.errors).toMatchObject([{ code: 'ALREADY_EXISTS', path: ['input', 'name'] }]);
    }
  });

  it('CONFLICT, with the present version, for an edit and a deletion of what has changed since', async () => {
    const id = await channel('Moving');
    await server.execute(UpdateChannelDocument, { input: { id, name: 'Moved', expectedVersion: 1 } }, red.ownerToken);
    const conflict = {
      code: 'CONFLICT',
      path: ['input', 'expectedVersion'],
      params: [
        { name: 'expectedVersion', value: '1' },
        { name: 'currentVersion', value: '2' },
      ],
    };
    const late = { input: { id, name: 'Late', expectedVersion: 1 } };
    const { updateChannel } = await server.execute(UpdateChannelDocument, late, red.ownerToken);
    expect(updateChannel).toMatchObject({ channel: null, errors: [conflict] });
    const { deleteChannel } = await server.execute(
      DeleteChannelDocument,
      { input: { id, expectedVersion: 1 } },
      red.ownerToken,
    );
    expect(deleteChannel).toMatchObject({ deletedId: null, errors: [conflict] });
  });

  it('HAS_CHILDREN for a channel with channels below it', async () => {
    const id = await channel('Parent');
    await channel('Child', id);
    const { deleteChannel } = await server.execute(DeleteChannelDocument, { input: { id } }, red.ownerToken);
    expect(deleteChannel).toMatchObject({
      deletedId: null,
      errors: [{ code: 'HAS_CHILDREN', params: [{ name: 'channels', value: '1' }] }],
    });
  });

  it('OWNER_REQUIRED for the removal of the owner', async () => {
    const { deleteUser } = await server.execute(DeleteUserDocument, { input: { id: red.ownerId } }, red.ownerToken);
    expect(deleteUser?.errors).toMatchObject([{ code: 'OWNER_REQUIRED' }]);
  });

  it('QUOTA_EXCEEDED for one channel too many', async () => {
    const { id, ownerToken } = await server.buildOrganization();
    await server.execute(UpdateOrganizationDocument, { input: { id, maxChannels: 1 } }, server.adminToken);
    const { createChannel } = await server.execute(
      CreateChannelDocument,
      { input: { organizationId: id, name: 'Two' } },
      ownerToken,
    );
    expect(createChannel?.errors).toMatchObject([{ code: 'QUOTA_EXCEEDED' }]);
    expect(createChannel?.errors[0]?.params).toContainEqual({ name: 'max', value: '1' });
  });

  it('WRONG_PASSWORD for a password that is not the present one', async () => {
    const input = { currentPassword: 'not the password', newPassword: 'another password' };
    const { changePassword } = await server.execute(ChangePasswordDocument, { input }, red.memberToken);
    expect(changePassword).toMatchObject({
      accessToken: null,
      errors: [{ code: 'WRONG_PASSWORD', path: ['input', 'currentPassword'] }],
    });
  });

  it('ROLE_IN_USE for a role without which a channel would be open to all', async () => {
    const role = { organizationId: red.id, name: 'alone', permissions: [] };
    const { createRole } = await server.execute(CreateRoleDocument, { input: role }, red.ownerToken);
    const { id } = present(createRole?.role);
    const entry = { channelId: await channel('Private'), roleId: id, permissions: ['JOIN' as const] };
    await server.execute(SetChannelAclEntryDocument, { input: entry }, red.ownerToken);
    const { deleteRole } = await server.execute(DeleteRoleDocument, { input: { id } }, red.ownerToken);
    expect(deleteRole?.errors).toMatchObject([{ code: 'ROLE_IN_USE' }]);
  });

  it('INVALID_INPUT for a channel below itself, a role of nobody, and an owner from elsewhere', async () => {
    const blue = await server.buildOrganization();
    const id = await channel('Loop');
    const below = await channel('Below', id);
    const loop = await server.execute(UpdateChannelDocument, { input: { id, parentId: below } }, red.ownerToken);
    expect(loop.updateChannel?.errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'parentId'] }]);
    const user = { organizationId: red.id, username: 'roland', password: PASSWORD, roleIds: [blue.memberRoleId] };
    const role = await server.execute(CreateUserDocument, { input: user }, red.ownerToken);
    expect(role.createUser?.errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'roleIds'] }]);
    const change = { id: red.id, ownerId: blue.ownerId };
    const owner = await server.execute(UpdateOrganizationDocument, { input: change }, red.ownerToken);
    expect(owner.updateOrganization?.errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'ownerId'] }]);
  });
});

describe('beside the payload, in extensions.code, is answered', () => {
  it('UNAUTHENTICATED to nobody, for every query and mutation but a login', async () => {
    const asked = await Promise.all([
      server.ask(MeDocument, {}),
      server.ask(OrganizationDocument, { id: red.id }),
      server.ask(OrganizationsDocument, { first: 1 }),
      server.ask(UpdateUserDocument, { input: { id: red.memberId, email: null } }),
      server.ask(ChangePasswordDocument, { input: { currentPassword: PASSWORD, newPassword: PASSWORD } }),
      server.ask(RefreshDocument, { input: { refreshToken: 'none' } }),
    ]);
    for (const { status, errors } of asked) {
      expect(status).toBe(200);
      expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    }
  });

  it('PERMISSION_DENIED to a member without MANAGE, with the permission that is missing', async () => {
    const { id: organizationId, memberToken, memberId, memberRoleId, lobbyId } = red;
    const asked = await Promise.all([
      server.ask(CreateUserDocument, { input: { organizationId, username: 'x', password: PASSWORD } }, memberToken),
      server.ask(CreateRoleDocument, { input: { organizationId, name: 'x', permissions: [] } }, memberToken),
      server.ask(CreateChannelDocument, { input: { organizationId, name: 'x' } }, memberToken),
      server.ask(UpdateChannelDocument, { input: { id: lobbyId, name: 'x' } }, memberToken),
      server.ask(UpdateRoleDocument, { input: { id: memberRoleId, permissions: ['MANAGE'] } }, memberToken),
      server.ask(AssignRoleDocument, { input: { roleId: red.adminRoleId, userId: memberId } }, memberToken),
      server.ask(DeleteUserDocument, { input: { id: red.ownerId } }, memberToken),
      server.ask(UpdateOrganizationDocument, { input: { id: organizationId, name: 'x' } }, memberToken),
    ]);
    for (const { errors } of asked) {
      expect(errors).toMatchObject([{ extensions: { code: 'PERMISSION_DENIED', params: { permission: 'MANAGE' } } }]);
    }
  });

  it('PERMISSION_DENIED to an owner who makes an organization or raises the limits', async () => {
    const { id, ownerToken } = red;
    const make = await server.ask(CreateOrganizationDocument, { input: { name: 'x', tag: 'xx' } }, ownerToken);
    const raise = await server.ask(UpdateOrganizationDocument, { input: { id, maxUsers: 999 } }, ownerToken);
    for (const { errors } of [make, raise])
      expect(errors).toMatchObject([{ extensions: { code: 'PERMISSION_DENIED' } }]);
  });

  it('RATE_LIMITED, with the time to wait, to too many wrong passwords, also if they come in one document', async () => {
    const { tag } = await server.buildOrganization();
    const login = `login(input: { organizationTag: "${tag}", username: "olga", password: "wrong" }) { errors { code } }`;
    const many = `mutation { ${Array.from({ length: 15 }, (_, index) => `try${index}: ${login}`).join(' ')} }`;
    const { errors } = await server.ask(many, {});
    expect(errors.length).toBeGreaterThanOrEqual(5);
    expect(errors[0]).toMatchObject({ extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } });
    const right = { organizationTag: tag, username: 'olga', password: PASSWORD };
    expect((await server.ask(LoginDocument, { input: right })).errors).toMatchObject([
      { extensions: { code: 'RATE_LIMITED' } },
    ]);
  });

  it('TOO_LARGE to eighty passwords in one document, none of which is tried', async () => {
    const { tag } = await server.buildOrganization();
    const login = (index: number) =>
      `a${index}: login(input: { organizationTag: "${tag}", username: "olga", password: "${index}" }) { expiresInS }`;
    const many = `mutation { ${Array.from({ length: 80 }, (_, index) => login(index)).join(' ')} }`;
    expect(await server.ask(many, {})).toMatchObject({ status: 400, errors: [{ extensions: { code: 'TOO_LARGE' } }] });
    expect(await server.login(tag, 'olga')).toEqual(expect.any(String));
  });

  it('the refusal of one field beside the answer of another one', async () => {
    const document = `query { me { username } organization(id: "999999") { id } }`;
    expect(await server.ask(document, {}, red.memberToken)).toMatchObject({
      status: 200,
      data: { me: { username: 'mike' }, organization: null },
      errors: [{ path: ['organization'], extensions: { code: 'NOT_FOUND', params: { noun: 'organization' } } }],
    });
  });
});
