import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Organization } from '../../src/organizations/organization.entity.js';
import type { RequestContext } from '../../src/request-context.js';
import { TestServices } from '../support/test-services.js';

let services: TestServices;
let red: Organization;
let admin: RequestContext;
beforeAll(async () => {
  services = await TestServices.create();
  ({ organization: red, admin } = await services.admin('red'));
});
afterAll(() => services.drop());

async function as(key: string): Promise<RequestContext> {
  return { ...admin, actor: await services.auth.authenticate(key, null) };
}

describe('an API key', () => {
  it('speaks for its user within its scopes', async () => {
    const { key, apiKey } = await services.apiKeys.create(admin, { name: 'rank bot', scopes: ['read'] });
    expect(key.startsWith(apiKey.keyPrefix)).toBe(true);
    const bot = await as(key);
    expect(bot.actor).toMatchObject({ username: 'admin', scopes: ['read'] });
    expect(await services.channels.tree(bot, red.id)).toHaveLength(1);
    await expect(services.channels.create(bot, red.id, { name: 'Bot' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      params: { scope: 'write' },
    });
    const writer = await as((await services.apiKeys.create(admin, { name: 'writer', scopes: ['read', 'write'] })).key);
    await services.channels.create(writer, red.id, { name: 'Bot' });
  });

  it('is kept as a hash, and shown by its beginning', async () => {
    const { key } = await services.apiKeys.create(admin, { name: 'secret', scopes: ['read'] });
    const rows = await services.test.database.read(services.system, (em) => em.execute('select * from api_keys'));
    expect(JSON.stringify(rows)).not.toContain(key);
  });

  it('is refused once it is revoked, over, or its user is gone', async () => {
    const revoked = await services.apiKeys.create(admin, { name: 'revoked', scopes: ['read'] });
    await services.apiKeys.revoke(admin, revoked.apiKey.id);
    const over = await services.apiKeys.create(admin, {
      name: 'over',
      scopes: ['read'],
      expiresAt: new Date(Date.now() + 60_000),
    });
    await services.test.database.write(services.system, async ({ em }) => {
      const past = "update api_keys set expires_at = localtimestamp - interval '1 second' where id = ?";
      await em.execute(past, [over.apiKey.id]);
    });
    const leaver = await services.user(red, 'leaver');
    const orphan = await services.apiKeys.create(services.as(leaver), { name: 'orphan', scopes: ['read'] });
    await services.users.delete(admin, leaver.id);
    for (const key of [revoked.key, over.key, orphan.key, 'parley_nonsense']) {
      await expect(services.auth.authenticate(key, null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });

  it('cannot make another key', async () => {
    const { key } = await services.apiKeys.create(admin, { name: 'parent', scopes: ['read', 'write'] });
    await expect(services.apiKeys.create(await as(key), { name: 'child', scopes: ['read'] })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('is seen and revoked by its user, and by whoever manages the user', async () => {
    const carol = await services.user(red, 'carol');
    const dave = services.as(await services.user(red, 'dave'));
    const { admin: stranger } = await services.admin('blue');
    const { apiKey } = await services.apiKeys.create(services.as(carol), { name: 'mine', scopes: ['voice'] });
    const page = { first: 10, after: null };
    expect((await services.apiKeys.list(services.as(carol), carol.id, page)).items).toHaveLength(1);
    expect((await services.apiKeys.list(admin, carol.id, page)).items).toHaveLength(1);
    await expect(services.apiKeys.list(dave, carol.id, page)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(services.apiKeys.list(stranger, carol.id, page)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(services.apiKeys.revoke(dave, apiKey.id)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(services.apiKeys.revoke(stranger, apiKey.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await services.apiKeys.revoke(admin, apiKey.id);
  });

  it('notes when it was last used', async () => {
    const { key, apiKey } = await services.apiKeys.create(admin, { name: 'used', scopes: ['read'] });
    expect(apiKey.lastUsedAt).toBeNull();
    await services.auth.authenticate(key, null);
    const { items } = await services.apiKeys.list(admin, apiKey.userId, { first: 100, after: null });
    expect(items.find(({ id }) => id === apiKey.id)?.lastUsedAt).toBeInstanceOf(Date);
  });

  it('has at least one scope, a name and an end in the future', async () => {
    const wrong = [
      { name: 'x', scopes: [] },
      { name: ' x', scopes: ['read' as const] },
      { name: 'x', scopes: ['read' as const], expiresAt: new Date(0) },
    ];
    for (const input of wrong) {
      await expect(services.apiKeys.create(admin, input)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
  });
});
