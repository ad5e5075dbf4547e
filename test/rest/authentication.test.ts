import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD } from '../support/test-services.js';
import { RestWorld } from './rest-world.js';

let world: RestWorld;
beforeAll(async () => {
  world = await RestWorld.create();
});
afterAll(() => world.end());

describe('a token', () => {
  it('is given for a password, and opens the door', async () => {
    const { organization } = await world.tenant();
    const { anonymous } = world;
    const credentials = { org_tag: organization.tag.toUpperCase(), username: 'member', password: PASSWORD };
    const { status, body, headers } = await anonymous.post('/auth/token', credentials);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900 });
    expect(headers.get('cache-control')).toBe('no-store');
    const { access_token: token } = Object(body);
    expect((await anonymous.with(token).get(`/orgs/${organization.id}`)).status).toBe(200);
  });

  it('is given to a platform admin, whose org_tag is null', async () => {
    const credentials = { username: 'admin', password: PASSWORD };
    for (const body of [{ org_tag: null, ...credentials }, credentials]) {
      const answer = await world.anonymous.post('/auth/token', body);
      expect(answer.status).toBe(200);
      const admin = world.anonymous.with(Object(answer.body).access_token);
      expect((await admin.post('/orgs', {})).status).toBe(422);
    }
  });

  it('is given for a refresh token, once', async () => {
    const { organization } = await world.tenant();
    const { anonymous } = world;
    const credentials = { org_tag: organization.tag, username: 'member', password: PASSWORD };
    const first = Object((await anonymous.post('/auth/token', credentials)).body);
    const stale = anonymous.with('stale');
    const second = await stale.post('/auth/token', { refresh_token: first.refresh_token });
    expect(second.status).toBe(200);
    const path = `/orgs/${organization.id}`;
    expect((await anonymous.with(Object(second.body).access_token).get(path)).status).toBe(200);
    const reused = await anonymous.post('/auth/token', { refresh_token: first.refresh_token });
    expect(reused).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    expect((await anonymous.with(Object(second.body).access_token).get(path)).status).toBe(401);
  });

  it.each([
    { org_tag: 'nowhere', username: 'member', password: PASSWORD },
    { org_tag: null, username: 'member', password: PASSWORD },
    { org_tag: 'nowhere', username: 'mem\u0000ber', password: 'p\u0000' },
    { org_tag: '\ud800', username: '\ud800', password: '\ud800' },
  ])('is not given for wrong credentials, %j', async (credentials) => {
    const { status, body, headers } = await world.anonymous.post('/auth/token', credentials);
    expect(status).toBe(401);
    expect(body).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    expect(headers.get('www-authenticate')).toBe('Bearer realm="parley"');
  });

  it.each([
    [{}, ['username', 'password']],
    [{ username: 5 }, ['username', 'password']],
    [{ org_tag: 'x', username: 'u' }, ['password']],
    [{ refresh_token: 5 }, ['refresh_token']],
    [{ refresh_token: 'x', password: 'y' }, ['password']],
    [[], ['']],
  ])('is not given for %j', async (body, fields) => {
    const answer = await world.anonymous.post('/auth/token', body);
    expect(answer.status).toBe(422);
    expect(Object.values(Object(answer.body).errors).map((error) => Object(error).field)).toEqual(
      expect.arrayContaining(fields),
    );
  });

  it('that was tried too often is told to wait', async () => {
    const credentials = { org_tag: 'nowhere', username: 'guessed', password: 'a guess' };
    const answers = [];
    for (let attempt = 0; attempt < 11; attempt += 1)
      answers.push(await world.anonymous.post('/auth/token', credentials));
    const { status, body, headers } = answers.at(-1) ?? Object();
    expect(status).toBe(429);
    expect(body).toMatchObject({ code: 'RATE_LIMITED' });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('the door', () => {
  it.each([
    ['GET', '/orgs/1'],
    ['POST', '/orgs'],
    ['PUT', '/orgs/1'],
    ['DELETE', '/orgs/x'],
    ['POST', '/orgs/1/channels'],
    ['GET', '/orgs/1/channels'],
    ['PUT', '/channels/1'],
    ['DELETE', '/channels/1'],
    ['POST', '/orgs/1/users'],
    ['DELETE', '/orgs/1/users/1'],
    ['GET', '/orgs/1/sessions'],
    ['GET', '/channels/1/users'],
  ] as const)('is closed to nobody: %s %s', async (method, path) => {
    const { anonymous } = world;
    const nobody = await anonymous.request(method, path, {});
    expect(nobody).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    expect(nobody.headers.get('www-authenticate')).toBe('Bearer realm="parley"');
    const forger = await anonymous.with('forged').request(method, path, {});
    expect(forger.headers.get('www-authenticate')).toBe('Bearer realm="parley", error="invalid_token"');
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer a b', 'bearer'])('takes no %j', async (authorization) => {
    const answer = await world.anonymous.withHeaders({ authorization }).get('/orgs/1');
    expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
  });

  it('takes an API key as a bearer token and as x-api-key, but not beside another token', async () => {
    const { organization, adminUser } = await world.tenant();
    const { services, anonymous } = world;
    const { key } = await services.apiKeys.create(services.as(adminUser), { name: 'tool', scopes: ['read'] });
    const path = `/orgs/${organization.id}`;
    expect((await anonymous.with(key).get(path)).status).toBe(200);
    const tool = anonymous.withHeaders({ 'x-api-key': key });
    expect((await tool.get(path)).status).toBe(200);
    expect((await tool.put(path, { name: 'Beyond its scope' })).status).toBe(403);
    const both = anonymous.withHeaders({ 'x-api-key': key, authorization: `Bearer ${key}` });
    expect((await both.get(path)).status).toBe(401);
    expect((await anonymous.withHeaders({ 'x-api-key': 'parley_forged' }).get(path)).status).toBe(401);
  });

  it('tells whoever is banned', async () => {
    const { organization, member, memberUser } = await world.tenant();
    const { services } = world;
    await services.bans.create(services.system, organization.id, { userId: memberUser.id, reason: 'spam' });
    expect(await member.get(`/orgs/${organization.id}`)).toMatchObject({ status: 403, body: { code: 'BANNED' } });
  });
});
