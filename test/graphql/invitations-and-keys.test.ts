import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltOrganization, present, TestServer } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';
import {
  ApiKeysDocument,
  CreateApiKeyDocument,
  CreateInvitationDocument,
  CreateRoleDocument,
  EmailsDocument,
  InvitationsDocument,
  MeDocument,
  RedeemInvitationDocument,
  RevokeApiKeyDocument,
  RevokeInvitationDocument,
  UpdateUserDocument,
} from './generated/graphql.js';

let server: TestServer;
let red: BuiltOrganization;
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
});
afterAll(() => server.stop());

describe('an invitation', () => {
  it('makes a user with its roles, in its channel, as often as it says, and shows its code to nobody later', async () => {
    const { id: organizationId, lobbyId, memberRoleId, ownerToken } = red;
    const input = { organizationId, maxUses: 1, roleIds: [memberRoleId], channelId: lobbyId, reason: 'a new player' };
    const { createInvitation } = await server.execute(CreateInvitationDocument, { input }, ownerToken);
    expect(createInvitation).toMatchObject({
      code: expect.any(String),
      invitation: { maxUses: 1, uses: 0, roles: { nodes: [{ name: 'member' }] }, channel: { name: 'Lobby' } },
      errors: [],
    });
    const code = present(createInvitation?.code);
    const redemption = { code, username: 'nina', password: PASSWORD, email: 'nina@example.org' };
    const { redeemInvitation } = await server.execute(RedeemInvitationDocument, { input: redemption });
    expect(redeemInvitation).toMatchObject({
      ...{ user: { username: 'nina' }, channel: { id: lobbyId }, expiresInS: 900, errors: [] },
      refreshToken: expect.any(String),
    });
    const { me } = await server.execute(MeDocument, {}, present(redeemInvitation?.accessToken));
    expect(me).toMatchObject({ username: 'nina', email: 'nina@example.org', roles: { nodes: [{ name: 'member' }] } });
    const again = await server.ask(RedeemInvitationDocument, { input: { ...redemption, username: 'otto' } });
    expect(again.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    const listed = await server.ask(InvitationsDocument, { organizationId }, ownerToken);
    expect(listed.data?.organization?.invitations.nodes).toMatchObject([{ uses: 1 }]);
    expect(JSON.stringify(listed)).not.toContain(code);
  });

  it('is worthless once it was revoked, and to whoever gives what cannot be a user', async () => {
    const { id: organizationId, ownerToken } = red;
    const { createInvitation } = await server.execute(
      CreateInvitationDocument,
      { input: { organizationId } },
      ownerToken,
    );
    const [code, { id }] = [present(createInvitation?.code), present(createInvitation?.invitation)];
    const refused = async (username: string, password = PASSWORD) =>
      server.execute(RedeemInvitationDocument, { input: { code, username, password } });
    expect((await refused('mike')).redeemInvitation).toMatchObject({
      ...{ accessToken: null, errors: [{ code: 'ALREADY_EXISTS', path: ['input', 'username'] }] },
    });
    expect((await refused('paul', 'short')).redeemInvitation?.errors).toMatchObject([{ code: 'INVALID_INPUT' }]);
    const { revokeInvitation } = await server.execute(RevokeInvitationDocument, { input: { id } }, ownerToken);
    expect(revokeInvitation).toEqual({ revokedId: id, errors: [] });
    const late = await server.ask(RedeemInvitationDocument, { input: { code, username: 'paul', password: PASSWORD } });
    expect(late.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  });

  it.each([
    { maxUses: 0 },
    { maxUses: 10_001 },
    { expiresAt: '2020-01-01T00:00:00.000Z' },
    { roleIds: ['2000000000'] },
  ])('with %j is refused', async (values) => {
    const input = { organizationId: red.id, ...values };
    const { createInvitation } = await server.execute(CreateInvitationDocument, { input }, red.ownerToken);
    expect(createInvitation).toMatchObject({ code: null, invitation: null, errors: [{ code: 'INVALID_INPUT' }] });
  });
});

describe('an API key', () => {
  it('acts as its user within its scopes, is told once, and is revoked', async () => {
    const { ownerToken, ownerId } = red;
    const input = { name: 'dashboard', scopes: ['READ' as const] };
    const { createApiKey } = await server.execute(CreateApiKeyDocument, { input }, ownerToken);
    const [key, { id, keyPrefix }] = [present(createApiKey?.key), present(createApiKey?.apiKey)];
    expect(createApiKey?.apiKey).toMatchObject({ name: 'dashboard', scopes: ['READ'], expiresAt: null });
    expect(key.startsWith(keyPrefix)).toBe(true);
    expect((await server.execute(MeDocument, {}, key)).me?.username).toBe('olga');
    const role = { organizationId: red.id, name: 'by key', permissions: [] };
    expect((await server.ask(CreateRoleDocument, { input: role }, key)).errors).toMatchObject([
      { extensions: { code: 'PERMISSION_DENIED', params: { scope: 'write' } } },
    ]);
    expect((await server.ask(CreateApiKeyDocument, { input }, key)).errors).toMatchObject([
      { extensions: { code: 'PERMISSION_DENIED' } },
    ]);
    const listed = await server.ask(ApiKeysDocument, { userId: ownerId }, ownerToken);
    expect(listed.data?.user?.apiKeys.nodes).toMatchObject([{ id, keyPrefix, lastUsedAt: expect.any(String) }]);
    expect(JSON.stringify(listed)).not.toContain(key);
    const { revokeApiKey } = await server.execute(RevokeApiKeyDocument, { input: { id } }, ownerToken);
    expect(revokeApiKey).toEqual({ revokedId: id, errors: [] });
    expect((await server.ask(MeDocument, {}, key)).status).toBe(401);
  });

  it.each([
    { name: '', scopes: ['READ' as const] },
    { name: 'tool', scopes: [] },
    { name: 'tool', scopes: ['READ' as const], expiresAt: '2020-01-01T00:00:00.000Z' },
  ])('like %j is refused', async (input) => {
    const { createApiKey } = await server.execute(CreateApiKeyDocument, { input }, red.ownerToken);
    expect(createApiKey).toMatchObject({ key: null, apiKey: null, errors: [{ code: 'INVALID_INPUT' }] });
  });
});

describe('an e-mail address', () => {
  it('is shown to its user, and to whoever holds MANAGE, and is null for all others', async () => {
    const blue = await server.buildOrganization();
    const { id: organizationId, memberId, ownerId, memberToken, ownerToken } = blue;
    for (const [id, email] of [
      [memberId, 'mike@example.org'],
      [ownerId, 'olga@example.org'],
    ] as const) {
      await server.execute(UpdateUserDocument, { input: { id, email } }, ownerToken);
    }
    const emailsFor = async (token: string) => {
      const { organization } = await server.execute(EmailsDocument, { organizationId }, token);
      return Object.fromEntries(
        present(organization).users.nodes.map(({ username, email }) => [username, email ?? null]),
      );
    };
    const all = { olga: 'olga@example.org', mike: 'mike@example.org' };
    expect(await emailsFor(memberToken)).toEqual({ olga: null, mike: 'mike@example.org' });
    expect(await emailsFor(ownerToken)).toEqual(all);
    expect(await emailsFor(server.adminToken)).toEqual(all);
  });

  it('is shown to nobody before they have logged in, not even where a login answers with its user', async () => {
    const document = `mutation { login(input: { organizationTag: "${red.tag}", username: "olga", password: "${PASSWORD}" }) { user { username email } errors { code } } }`;
    expect((await server.ask(document, {})).data).toEqual({
      login: { user: { username: 'olga', email: null }, errors: [] },
    });
  });
});
