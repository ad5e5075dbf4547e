import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Permission } from '../../src/permissions/bits.js';
import { REST_PATH } from '../../src/rest/rest-door.js';
import { Role } from '../../src/roles/role.entity.js';
import { UserRole } from '../../src/roles/user-role.entity.js';
import { User } from '../../src/users/user.entity.js';
import { type BuiltOrganization, present, TestServer } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';

let server: TestServer;
let red: BuiltOrganization;
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
});
afterAll(() => server.stop());

/** What the next request with this token gets at each HTTP door: `OK` or a code. */
async function knock(token: string): Promise<readonly [graphql: string, rest: string]> {
  const { errors } = await server.ask('{ me { id } }', {}, token);
  const authorization = `Bearer ${token}`;
  const response = await fetch(`${server.url}${REST_PATH}/orgs/${red.id}`, { headers: { authorization } });
  return [errors[0]?.extensions.code ?? 'OK', Object(await response.json()).code ?? 'OK'];
}

const BOTH_OK = ['OK', 'OK'];
const input = (name: string, type: string, selection: string) =>
  `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} errors { code } } }`;

async function mutate(document: string, of: Record<string, unknown>, token?: string): Promise<Record<string, unknown>> {
  const { data, errors } = await server.ask(document, { input: of }, token);
  expect(errors).toEqual([]);
  const [payload] = Object.values(Object(data));
  expect(Object(payload).errors).toEqual([]);
  return Object(payload);
}

/** A new member of red. */
async function member(username: string): Promise<{ readonly id: string; readonly token: string }> {
  const user = { organizationId: red.id, username, password: PASSWORD };
  const { user: made } = await mutate(input('createUser', 'CreateUserInput', 'user { id }'), user, red.ownerToken);
  return { id: Object(made).id, token: await server.login(red.tag, username) };
}

describe('with the very next request', () => {
  it('a token is worth nothing once its login has ended', async () => {
    const { token } = await member('ended');
    const elsewhere = await server.login(red.tag, 'ended');
    expect(await knock(token)).toEqual(BOTH_OK);
    await server.ask('mutation { logout { errors { code } } }', {}, token);
    expect(await knock(token)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
    expect(await knock(elsewhere)).toEqual(BOTH_OK);
  });

  it('a token is worth nothing once the password was changed by whoever holds MANAGE', async () => {
    const { id, token } = await member('changed');
    const document = input('updateUser', 'UpdateUserInput', 'user { id }');
    await mutate(document, { id, password: 'another password' }, red.ownerToken);
    expect(await knock(token)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
  });

  it('a token and an API key are worth nothing once their user was removed', async () => {
    const { id, token } = await member('removed');
    const key = await apiKeyOf(token);
    expect(await knock(key.key)).toEqual(BOTH_OK);
    await mutate(input('deleteUser', 'DeleteUserInput', 'deletedId'), { id }, red.ownerToken);
    for (const secret of [token, key.key]) expect(await knock(secret)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
  });

  it('an API key is worth nothing once it was revoked, and the login goes on', async () => {
    const { token } = await member('revoked');
    const { id, key } = await apiKeyOf(token);
    expect(await knock(key)).toEqual(BOTH_OK);
    await mutate(input('revokeApiKey', 'RevokeApiKeyInput', 'revokedId'), { id }, red.ownerToken);
    expect(await knock(key)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
    expect(await knock(token)).toEqual(BOTH_OK);
  });

  it('a ban shuts out by token, API key, refresh token and password, and lets in again where it is lifted', async () => {
    const { id, token } = await member('banned');
    const { key } = await apiKeyOf(token);
    const login = { organizationTag: red.tag, username: 'banned', password: PASSWORD };
    const { refreshToken } = await mutate(input('login', 'LoginInput', 'refreshToken'), login, token);
    const ban = { organizationId: red.id, userId: id, reason: 'spam' };
    const made = await mutate(input('createBan', 'CreateBanInput', 'ban { id }'), ban, red.ownerToken);
    for (const secret of [token, key]) expect(await knock(secret)).toEqual(['BANNED', 'BANNED']);
    const refused = [
      await server.ask(input('login', 'LoginInput', ''), { input: login }),
      await server.ask(input('refresh', 'RefreshInput', ''), { input: { refreshToken } }),
    ];
    for (const { errors } of refused) expect(errors).toMatchObject([{ extensions: { code: 'BANNED' } }]);
    await mutate(input('liftBan', 'LiftBanInput', 'liftedId'), { id: Object(made.ban).id }, red.ownerToken);
    for (const secret of [token, key]) expect(await knock(secret)).toEqual(BOTH_OK);
  });

  it('whoever lost a role may do no more what it gave', async () => {
    const { id, token } = await member('demoted');
    const rename = input('updateOrganization', 'UpdateOrganizationInput', 'organization { name }');
    const held = { roleId: red.adminRoleId, userId: id };
    await mutate(input('assignRole', 'AssignRoleInput', 'role { id }'), held, red.ownerToken);
    await mutate(rename, { id: red.id, name: 'Renamed' }, token);
    await mutate(input('unassignRole', 'UnassignRoleInput', 'role { id }'), held, red.ownerToken);
    const { errors } = await server.ask(rename, { input: { id: red.id, name: 'Renamed again' } }, token);
    expect(errors).toMatchObject([{ extensions: { code: 'PERMISSION_DENIED' } }]);
  });

  it('a platform admin who is none any more reaches no organization', async () => {
    const { services } = server;
    const { system, auth, test } = services;
    const role = await test.database.write(system, async ({ em }) => {
      const user = em.create(User, {
        organizationId: null,
        username: 'second',
        usernameKey: 'second',
        passwordHash: null,
      });
      const made = em.create(Role, { organizationId: null, name: 'second', permissions: Permission.MANAGE });
      await em.persist([user, made]).flush();
      em.persist(em.create(UserRole, { userId: user.id, roleId: made.id }));
      return { user, made };
    });
    const token = (await auth.loginAs(system, role.user)).accessToken;
    expect(await knock(token)).toEqual(BOTH_OK);
    await test.database.write(system, ({ em }) => em.nativeUpdate(Role, { id: role.made.id }, { permissions: 0 }));
    expect(await knock(token)).toEqual(['OK', 'NOT_FOUND']);
    const { errors } = await server.ask('{ organizations(first: 1) { nodes { id } } }', {}, token);
    expect(errors).toMatchObject([{ extensions: { code: 'PERMISSION_DENIED' } }]);
  });

  it('a refresh token that is used twice ends its login, and no other one', async () => {
    await member('reused');
    const login = { organizationTag: red.tag, username: 'reused', password: PASSWORD };
    const document = input('login', 'LoginInput', 'accessToken refreshToken');
    const [first, other] = [await mutate(document, login), await mutate(document, login)];
    const refresh = input('refresh', 'RefreshInput', 'accessToken refreshToken');
    const second = await mutate(refresh, { refreshToken: first.refreshToken });
    expect(await knock(String(second.accessToken))).toEqual(BOTH_OK);
    const reused = await server.ask(refresh, { input: { refreshToken: first.refreshToken } });
    expect(reused.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    for (const { accessToken } of [first, second]) {
      expect(await knock(String(accessToken))).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
    }
    const later = await server.ask(refresh, { input: { refreshToken: second.refreshToken } });
    expect(later.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(await knock(String(other.accessToken))).toEqual(BOTH_OK);
  });
});

async function apiKeyOf(token: string): Promise<{ readonly id: string; readonly key: string }> {
  const document = input('createApiKey', 'CreateApiKeyInput', 'key apiKey { id }');
  const { key, apiKey } = await mutate(document, { name: 'tool', scopes: ['READ'] }, token);
  return { id: Object(apiKey).id, key: String(present(key)) };
}
