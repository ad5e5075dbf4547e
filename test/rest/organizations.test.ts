import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RestWorld } from './rest-world.js';

let world: RestWorld;
beforeAll(async () => {
  world = await RestWorld.create();
});
afterAll(() => world.end());

describe('organizations', () => {
  it('are made, shown, changed and deleted by a platform admin', async () => {
    const { platformAdmin } = world;
    const made = await platformAdmin.post('/orgs', { name: 'Blue Team', tag: 'blue', max_users: 10, max_channels: 5 });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      name: 'Blue Team',
      tag: 'blue',
      owner_id: null,
      max_users: 10,
      max_channels: 5,
      version: 1,
    });
    const location = made.headers.get('location') ?? '';
    expect(location).toMatch(/^\/api\/v1\/orgs\/[0-9]+$/);
    const path = location.replace('/api/v1', '');
    const shown = await platformAdmin.get(path);
    expect(shown.body).toEqual(made.body);
    const changed = await platformAdmin.put(path, { max_users: 20 });
    expect(changed.body).toEqual({ ...Object(made.body), max_users: 20, version: 2 });
    expect((await platformAdmin.delete(path)).status).toBe(204);
    expect((await platformAdmin.get(path)).status).toBe(404);
  });

  it('are born with a channel that counts, and with an owner where one is given', async () => {
    const { platformAdmin, anonymous } = world;
    const owner = { username: 'olga', password: 'a long password', email: 'olga@example.org' };
    const made = await platformAdmin.post('/orgs', { name: 'Small', tag: 'small', max_channels: 1, owner });
    const { id, owner_id } = Object(made.body);
    expect(owner_id).toEqual(expect.any(Number));
    const channels = await platformAdmin.get(`/orgs/${id}/channels`);
    expect(channels.body).toMatchObject([{ name: 'Lobby', parent_id: null, org_id: id }]);
    const full = await platformAdmin.post(`/orgs/${id}/channels`, { name: 'Games' });
    expect(full).toMatchObject({ status: 409, body: { code: 'QUOTA_EXCEEDED', params: { max: 1 } } });
    const login = await anonymous.post('/auth/token', { org_tag: 'small', username: 'olga', password: owner.password });
    expect(login.status).toBe(200);
  });

  it('are led by their owner, who may give them away but not change their maxima', async () => {
    const { organization, owner, admin, member, memberUser } = await world.tenant();
    const path = `/orgs/${organization.id}`;
    expect((await owner.put(path, { name: 'New name' })).body).toMatchObject({ name: 'New name' });
    expect((await owner.put(path, { max_users: 500 })).status).toBe(403);
    expect((await admin.put(path, { owner_id: memberUser.id })).status).toBe(403);
    expect((await member.put(path, { name: 'Mine' })).status).toBe(403);
    expect((await member.delete(path)).status).toBe(403);
    expect((await owner.put(path, { owner_id: memberUser.id })).body).toMatchObject({ owner_id: memberUser.id });
    expect((await member.delete(path)).status).toBe(204);
  });

  it('of others are answered like those that do not exist', async () => {
    const [red, blue] = await Promise.all([world.tenant(), world.tenant()]);
    const body = { name: 'x' };
    for (const path of [
      `/orgs/${red.organization.id}`,
      '/orgs/2147483647',
      '/orgs/0',
      '/orgs/-1',
      '/orgs/1x',
      '/orgs/01',
    ]) {
      const answers = [await blue.owner.get(path), await blue.owner.put(path, body), await blue.owner.delete(path)];
      for (const { status, body: problem } of answers) {
        expect(status).toBe(404);
        expect(problem).toMatchObject({ code: 'NOT_FOUND', detail: 'There is no such organization.' });
      }
    }
  });

  it('have a tag that nobody else has', async () => {
    const { platformAdmin } = world;
    await platformAdmin.post('/orgs', { name: 'First', tag: 'taken' });
    const second = await platformAdmin.post('/orgs', { name: 'Second', tag: 'TAKEN' });
    expect(second).toMatchObject({ status: 409, body: { code: 'ALREADY_EXISTS', errors: [{ field: 'tag' }] } });
  });

  it('are made once for one idempotency key', async () => {
    const { platformAdmin } = world;
    const once = { 'idempotency-key': 'one-and-only' };
    const first = await platformAdmin.post('/orgs', { name: 'Once', tag: 'once' }, once);
    const again = await platformAdmin.post('/orgs', { name: 'Once', tag: 'once' }, once);
    expect(again).toMatchObject({ status: 201, body: first.body });
    const other = await platformAdmin.post('/orgs', { name: 'Other', tag: 'other' }, once);
    expect(other).toMatchObject({ status: 409, body: { code: 'CONFLICT', errors: [{ field: 'Idempotency-Key' }] } });
  });

  it('are not for everybody to make', async () => {
    const { owner } = await world.tenant();
    expect((await owner.post('/orgs', { name: 'Mine', tag: 'mine' })).status).toBe(403);
    expect((await world.anonymous.post('/orgs', { name: 'Mine', tag: 'mine' })).status).toBe(401);
  });
});
