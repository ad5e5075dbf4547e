import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RestWorld, type Tenant } from './rest-world.js';

let world: RestWorld;
let tenant: Tenant;
let path: string;
beforeAll(async () => {
  world = await RestWorld.create();
  tenant = await world.tenant();
  path = `/orgs/${tenant.organization.id}`;
});
afterAll(() => world.end());

describe('an entity tag', () => {
  it('is that of the version, and saves sending what is known', async () => {
    const { owner, member } = tenant;
    const { headers, body } = await member.get(path);
    const etag = headers.get('etag') ?? '';
    expect(etag).toBe(`"${Object(body).version}"`);
    for (const tag of [etag, `W/${etag}`, '*', `"x", ${etag}`]) {
      const known = await member.get(path, { 'if-none-match': tag });
      expect(known).toMatchObject({ status: 304, text: '' });
      expect(known.headers.get('etag')).toBe(etag);
    }
    const changed = await owner.put(path, { name: 'Changed' });
    expect(changed.headers.get('etag')).not.toBe(etag);
    expect(await member.get(path, { 'if-none-match': etag })).toMatchObject({ status: 200, body: changed.body });
  });

  it('of a list changes with what is in it', async () => {
    const { admin, member } = tenant;
    const { headers } = await member.get(`${path}/channels`);
    const known = { 'if-none-match': headers.get('etag') ?? '' };
    expect(await member.get(`${path}/channels`, known)).toMatchObject({ status: 304, text: '' });
    await admin.post(`${path}/channels`, { name: 'Another' });
    expect(await member.get(`${path}/channels`, known)).toMatchObject({ status: 200, body: expect.any(Array) });
    expect((await member.get(`${path}/channels?limit=1`, known)).status).toBe(200);
  });

  it('shows nothing to whoever may not see it', async () => {
    const other = await world.tenant();
    expect((await other.owner.get(path, { 'if-none-match': '*' })).status).toBe(404);
    expect((await world.anonymous.get(path, { 'if-none-match': '*' })).status).toBe(401);
  });

  it('protects a change from being made over that of somebody else', async () => {
    const { owner } = tenant;
    const { headers } = await owner.get(path);
    const etag = headers.get('etag') ?? '';
    const first = await owner.put(path, { name: 'First' }, { 'if-match': etag });
    expect(first.status).toBe(200);
    const second = await owner.put(path, { name: 'Second' }, { 'if-match': etag });
    expect(second).toMatchObject({
      status: 412,
      body: { code: 'CONFLICT', params: { current_version: Object(first.body).version } },
    });
    expect((await owner.get(path)).body).toMatchObject({ name: 'First' });
    expect((await owner.put(path, { name: 'Third' }, { 'if-match': '*' })).status).toBe(200);
  });

  it('of another kind never matches', async () => {
    const { owner, member } = tenant;
    const { headers } = await owner.get(path);
    for (const tag of [`W/${headers.get('etag')}`, '"x"', 'x', '', '""', '"01"']) {
      expect((await owner.put(path, { name: 'No' }, { 'if-match': tag })).status).toBe(412);
      expect((await owner.delete(path, { 'if-match': tag })).status).toBe(412);
      expect((await member.get(path, { 'if-match': tag })).status).toBe(412);
    }
    expect((await owner.put(path, { name: 'No' }, { 'if-match': '"1", "2"' })).status).toBe(400);
    expect((await owner.put(path, { name: 'No' }, { 'if-none-match': '*' })).status).toBe(400);
  });

  it('protects deletions of channels and users', async () => {
    const { admin, organization } = tenant;
    const channel = Object((await admin.post(`${path}/channels`, { name: 'Short-lived' })).body);
    expect((await admin.delete(`/channels/${channel.id}`, { 'if-match': '"7"' })).status).toBe(412);
    expect((await admin.put(`/channels/${channel.id}`, { name: 'x' }, { 'if-match': '"7"' })).status).toBe(412);
    expect((await admin.delete(`/channels/${channel.id}`, { 'if-match': '"1"' })).status).toBe(204);
    const user = await world.services.user(organization, 'short-lived');
    expect((await admin.delete(`${path}/users/${user.id}`, { 'if-match': '"7"' })).status).toBe(412);
    expect((await admin.delete(`${path}/users/${user.id}`, { 'if-match': '"1"' })).status).toBe(204);
  });

  it('is not asked before the right to change', async () => {
    expect((await tenant.member.put(path, { name: 'No' }, { 'if-match': '"999"' })).status).toBe(403);
  });
});
