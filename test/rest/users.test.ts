import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RestWorld } from './rest-world.js';

const PASSWORD = 'correct horse battery';

let world: RestWorld;
beforeAll(async () => {
  world = await RestWorld.create();
});
afterAll(() => world.end());

describe('users', () => {
  it('are added with the role member, and never show their password', async () => {
    const { organization, admin } = await world.tenant();
    const made = await admin.post(`/orgs/${organization.id}/users`, {
      username: 'alice',
      password: PASSWORD,
      email: 'alice@example.org',
    });
    const { id, roles } = Object(made.body);
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`/api/v1/orgs/${organization.id}/users/${id}`);
    expect(made.body).toEqual({
      id,
      org_id: organization.id,
      username: 'alice',
      email: 'alice@example.org',
      roles: [expect.any(Number)],
      created_at: expect.any(String),
      version: 1,
    });
    expect(made.text).not.toMatch(/argon|hash|correct/);
    const other = await admin.post(`/orgs/${organization.id}/users`, {
      username: 'bob',
      password: PASSWORD,
      roles: [],
    });
    expect(other.body).toMatchObject({ roles: [], email: null });
    const third = await admin.post(`/orgs/${organization.id}/users`, { username: 'eve', password: PASSWORD, roles });
    expect(third.body).toMatchObject({ roles });
  });

  it('are refused field by field', async () => {
    const { organization, admin } = await world.tenant();
    const path = `/orgs/${organization.id}/users`;
    const wrong = await admin.post(path, { username: 5, roles: ['x', 0], hash: 'y' });
    expect(wrong.status).toBe(422);
    expect(Object(wrong.body).errors).toEqual(
      ['username', 'password', 'roles.0', 'roles.1', 'hash'].map((field) => ({ field, detail: expect.any(String) })),
    );
    const refused = async (body: object) => Object((await admin.post(path, body)).body).errors;
    expect(await refused({ username: 'a/b', password: PASSWORD })).toMatchObject([{ field: 'username' }]);
    expect(await refused({ username: 'alice', password: 'short' })).toMatchObject([{ field: 'password' }]);
    expect(await refused({ username: 'alice', password: PASSWORD, email: 'x' })).toMatchObject([{ field: 'email' }]);
    expect(await refused({ username: 'alice', password: PASSWORD, roles: [2147483647] })).toMatchObject([
      { field: 'roles' },
    ]);
    expect(await admin.post(path, { username: 'MEMBER', password: PASSWORD })).toMatchObject({
      status: 409,
      body: { code: 'ALREADY_EXISTS', errors: [{ field: 'username' }] },
    });
  });

  it('are removed, and their tokens with them', async () => {
    const { organization, admin, member, memberUser } = await world.tenant();
    const path = `/orgs/${organization.id}/users/${memberUser.id}`;
    expect((await member.delete(path)).status).toBe(403);
    expect((await admin.delete(path)).status).toBe(204);
    expect((await admin.delete(path)).status).toBe(404);
    expect((await member.get(`/orgs/${organization.id}`)).status).toBe(401);
  });

  it('are not removed while they own the organization', async () => {
    const { organization, admin } = await world.tenant();
    const answer = await admin.delete(`/orgs/${organization.id}/users/${organization.ownerId}`);
    expect(answer).toMatchObject({ status: 409, body: { code: 'OWNER_REQUIRED' } });
  });

  it('are found only in their own organization', async () => {
    const [red, blue] = await Promise.all([world.tenant(), world.tenant()]);
    const { platformAdmin } = world;
    const crossed = `/orgs/${red.organization.id}/users/${blue.memberUser.id}`;
    for (const client of [platformAdmin, red.admin, blue.admin]) {
      expect(await client.delete(crossed)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    }
    const theirs = `/orgs/${red.organization.id}/users`;
    expect((await blue.admin.post(theirs, { username: 'spy', password: PASSWORD })).status).toBe(404);
    expect((await blue.admin.delete(`${theirs}/${red.memberUser.id}`)).status).toBe(404);
    expect((await platformAdmin.delete(`${theirs}/${red.memberUser.id}`)).status).toBe(204);
  });
});
