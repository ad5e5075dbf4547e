import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { channelId } from '../../src/ids.js';
import { Permission } from '../../src/permissions/bits.js';
import type { RestClient } from './rest-client.js';
import { RestWorld } from './rest-world.js';

let world: RestWorld;
beforeAll(async () => {
  world = await RestWorld.create();
});
afterAll(() => world.end());

/** Makes a channel and returns its id. */
async function make(client: RestClient, organizationId: number, body: object): Promise<number> {
  const made = await client.post(`/orgs/${organizationId}/channels`, body);
  expect(made.status).toBe(201);
  return Object(made.body).id;
}

describe('channels', () => {
  it('are made with all their fields, and never show their password', async () => {
    const { organization, admin } = await world.tenant();
    const parent = await make(admin, organization.id, { name: 'Games' });
    const made = await admin.post(`/orgs/${organization.id}/channels`, {
      name: 'Squad',
      parent_id: parent,
      description: 'Five at most.',
      password: 'sesame',
      max_users: 5,
      position: -3,
    });
    expect(made.status).toBe(201);
    const { id } = Object(made.body);
    expect(made.headers.get('location')).toBe(`/api/v1/channels/${id}`);
    expect(made.headers.get('etag')).toBe('"1"');
    expect(made.body).toEqual({
      id,
      org_id: organization.id,
      parent_id: parent,
      name: 'Squad',
      description: 'Five at most.',
      has_password: true,
      max_users: 5,
      position: -3,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      version: 1,
    });
    expect(made.text).not.toMatch(/argon|hash|sesame/);
  });

  it('are changed in the fields that are given, and in no other', async () => {
    const { organization, admin } = await world.tenant();
    const games = await make(admin, organization.id, { name: 'Games' });
    const squad = await make(admin, organization.id, { name: 'Squad', description: 'Ours.', password: 'sesame' });
    const path = `/channels/${squad}`;
    const moved = await admin.put(path, { parent_id: games });
    expect(moved.body).toMatchObject({ parent_id: games, name: 'Squad', description: 'Ours.', has_password: true });
    const opened = await admin.put(path, { password: null, description: null, parent_id: null });
    expect(opened.body).toMatchObject({ parent_id: null, name: 'Squad', description: null, has_password: false });
    const unchanged = await admin.put(path, {});
    expect(unchanged).toMatchObject({ status: 200, body: { name: 'Squad' } });
    expect((await admin.put(path, { parent_id: squad })).body).toMatchObject({ errors: [{ field: 'parent_id' }] });
    expect((await admin.put(path, { max_users: 51 })).body).toMatchObject({
      code: 'INVALID_INPUT',
      errors: [{ field: 'max_users' }],
      params: { min: 0, max: 50 },
    });
  });

  it('with channels below them are deleted only where that is asked for', async () => {
    const { organization, admin } = await world.tenant();
    const games = await make(admin, organization.id, { name: 'Games' });
    await make(admin, organization.id, { name: 'Squad', parent_id: games });
    for (const path of [`/channels/${games}`, `/channels/${games}?recursive=false`]) {
      expect(await admin.delete(path)).toMatchObject({ status: 409, body: { code: 'HAS_CHILDREN' } });
    }
    expect((await admin.delete(`/channels/${games}?recursive=1`)).status).toBe(422);
    expect((await admin.delete(`/channels/${games}?recursively=true`)).status).toBe(422);
    expect((await admin.delete(`/channels/${games}?recursive=true`)).status).toBe(204);
    expect((await admin.delete(`/channels/${games}?recursive=true`)).status).toBe(404);
  });

  it('are listed page by page through the links', async () => {
    const { organization, admin, member } = await world.tenant();
    for (const name of ['A', 'B', 'C', 'D']) await make(admin, organization.id, { name });
    const names: string[] = [];
    let path: string | undefined = `/orgs/${organization.id}/channels?limit=2`;
    while (path !== undefined) {
      const { body, headers } = await member.get(path);
      names.push(...Object.values(Object(body)).map((channel) => Object(channel).name));
      const link = headers.get('link') ?? '';
      expect(link).toContain(`</api/v1/orgs/${organization.id}/channels?limit=2>; rel="first"`);
      path = /<\/api\/v1([^>]+)>; rel="next"/.exec(link)?.[1];
    }
    expect(names).toEqual(['Lobby', 'A', 'B', 'C', 'D']);
    const all = await member.get(`/orgs/${organization.id}/channels`);
    expect(all.body).toHaveLength(5);
    expect(all.headers.get('link')).not.toContain('next');
  });

  it.each([
    ['limit', ['limit=0', 'limit=101', 'limit=-1', 'limit=1.5', 'limit=0x10', 'limit=', 'limit=1&limit=2']],
    ['after', ['after=nonsense', 'after=']],
    ['first', ['first=1']],
  ])('are not listed by a wrong %s', async (field, queries) => {
    const { organization, member } = await world.tenant();
    for (const query of queries) {
      const answer = await member.get(`/orgs/${organization.id}/channels?${query}`);
      expect(answer).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT', errors: [{ field }] } });
    }
  });

  it('are managed below a channel by whoever holds MANAGE there', async () => {
    const { organization, admin, member } = await world.tenant();
    const games = await make(admin, organization.id, { name: 'Games' });
    const { services } = world;
    const { items } = await services.roles.list(services.system, organization.id, { first: 100, after: null });
    for (const { id, name } of items) {
      if (name === 'member') await services.acl.setEntry(services.system, channelId(games), id, Permission.MANAGE);
    }
    const squad = await make(member, organization.id, { name: 'Squad', parent_id: games });
    expect((await member.put(`/channels/${squad}`, { name: 'Squad 1' })).status).toBe(200);
    expect((await member.post(`/orgs/${organization.id}/channels`, { name: 'Root' })).status).toBe(403);
    expect((await member.put(`/channels/${squad}`, { parent_id: null })).status).toBe(403);
  });

  it('of others are answered like those that do not exist', async () => {
    const [red, blue] = await Promise.all([world.tenant(), world.tenant()]);
    const theirs = await make(red.admin, red.organization.id, { name: 'Secret' });
    for (const id of [theirs, 2147483647, 2147483648, 'x', '%00']) {
      const answers = [
        await blue.admin.put(`/channels/${id}`, { name: 'x' }),
        await blue.admin.delete(`/channels/${id}`),
        await blue.admin.get(`/channels/${id}/users`),
      ];
      for (const { status, body } of answers) {
        expect(status).toBe(404);
        expect(body).toMatchObject({ code: 'NOT_FOUND', detail: 'There is no such channel.' });
      }
    }
    const ours = await make(blue.admin, blue.organization.id, { name: 'Games' });
    expect((await blue.admin.put(`/channels/${ours}`, { parent_id: theirs })).status).toBe(404);
    const path = `/orgs/${red.organization.id}/channels`;
    expect((await blue.admin.get(path)).status).toBe(404);
    expect((await blue.admin.post(path, { name: 'x' })).status).toBe(404);
  });

  it('cannot be mistaken for one beside them', async () => {
    const { organization, admin } = await world.tenant();
    const answer = await admin.post(`/orgs/${organization.id}/channels`, { name: 'LOBBY' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'ALREADY_EXISTS', errors: [{ field: 'name' }] } });
  });
});
