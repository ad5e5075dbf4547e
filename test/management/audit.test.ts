import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditFilter } from '../../src/audit/audit.service.js';
import type { AuditEntry } from '../../src/audit/audit-entry.entity.js';
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

async function entries(filter: AuditFilter = {}): Promise<readonly AuditEntry[]> {
  return (await services.audit.list(admin, red.id, filter, { first: 100, after: null })).items;
}

describe('the audit log', () => {
  it('says who did what to what, why and by which request, as it was and as it is', async () => {
    const because: RequestContext = { ...admin, reason: 'The season is over.', requestId: 'request-7' };
    const games = await services.channels.create(admin, red.id, { name: 'Games', description: 'All of them.' });
    await services.channels.update(because, games.id, { name: 'Old games', password: 'sesame' });
    const [latest] = await entries({ targetType: 'channel', targetId: games.id });
    expect(latest).toMatchObject({
      organizationId: red.id,
      actorName: 'admin',
      door: 'graphql',
      action: 'channel_updated',
      targetType: 'channel',
      targetId: games.id,
      before: { name: 'Games', hasPassword: false },
      after: { name: 'Old games', hasPassword: true },
      reason: 'The season is over.',
      requestId: 'request-7',
    });
  });

  it('has no entry of a change that failed', async () => {
    const before = (await entries()).length;
    await services.channels.create(admin, red.id, { name: 'Twice' });
    await expect(services.channels.create(admin, red.id, { name: 'Twice' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    expect(await entries()).toHaveLength(before + 1);
  });

  it('finds by actor, action and time', async () => {
    const start = new Date(Date.now() - 60_000);
    await services.roles.create(admin, red.id, { name: 'officer', permissions: 3 });
    const actions = (found: readonly AuditEntry[]) => [...new Set(found.map(({ action }) => action))];
    expect(actions(await entries({ actions: ['role_created'], since: start }))).toEqual(['role_created']);
    expect(await entries({ until: start })).toEqual([]);
    const actorId = admin.actor.kind === 'user' ? admin.actor.userId : undefined;
    expect((await entries({ actorId })).every((entry) => entry.actorId === actorId)).toBe(true);
  });

  it('is read page by page, the newest first, and exported whole', async () => {
    const all = (await entries()).map(({ id }) => id);
    expect(all).toEqual(all.toSorted((left, right) => right - left));
    const exported: number[] = [];
    for await (const { id } of services.audit.export(admin, red.id, {})) exported.push(id);
    expect(exported).toEqual(all);
  });

  it('is for whoever holds MANAGE in the organization', async () => {
    const member = services.as(await services.user(red, 'plain member'));
    const { admin: stranger } = await services.admin('blue');
    const page = { first: 1, after: null };
    await expect(services.audit.list(member, red.id, {}, page)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(services.audit.list(stranger, red.id, {}, page)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(services.audit.list(admin, null, {}, page)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('holds no secret of all that were given', async () => {
    const canary = 'canary-4711-secret';
    const user = await services.users.create(admin, red.id, { username: 'canary', password: canary });
    await services.users.update(admin, user.id, { password: `${canary}-2` });
    const vault = await services.channels.create(admin, red.id, { name: 'Vault', password: canary });
    await services.channels.update(admin, vault.id, { password: `${canary}-3` });
    const { code } = await services.invitations.create(admin, red.id, {});
    const ctx = { ...services.system, remoteAddress: '192.0.2.1' };
    await services.invitations.redeem(ctx, { code, username: 'invited', password: canary });
    const { key } = await services.apiKeys.create(admin, { name: 'key', scopes: ['read'] });
    const rows = await services.test.database.read(services.system, (em) => em.execute('select * from audit_entries'));
    const text = JSON.stringify(rows);
    for (const secret of [canary, code, key, '$argon2', 'keyHash', 'codeHash', 'passwordHash']) {
      expect(text).not.toContain(secret);
    }
  });

  it('forgets what is older than it is to be kept', async () => {
    await services.test.database.write(services.system, async ({ em }) => {
      await em.execute(
        "update audit_entries set created_at = localtimestamp - interval '91 days' where action = 'role_created'",
      );
    });
    expect(await services.audit.trim(90, new Date())).toBeGreaterThan(0);
    expect(await entries({ actions: ['role_created'] })).toEqual([]);
    expect((await entries()).length).toBeGreaterThan(0);
  });

  it('goes with its organization, whose end the platform remembers', async () => {
    const { organization } = await services.admin('grey');
    await services.organizations.delete(services.system, organization.id);
    const { items } = await services.audit.list(services.system, null, {}, { first: 100, after: null });
    expect(items[0]).toMatchObject({
      action: 'organization_deleted',
      targetId: organization.id,
      before: { tag: 'grey' },
    });
  });
});
