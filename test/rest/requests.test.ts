import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RestWorld, type Tenant } from './rest-world.js';

let world: RestWorld;
let tenant: Tenant;
let channels: string;
beforeAll(async () => {
  world = await RestWorld.create();
  tenant = await world.tenant();
  channels = `/orgs/${tenant.organization.id}/channels`;
});
afterAll(() => world.end());

const JSON_TYPE = { 'content-type': 'application/json' };

describe('a request', () => {
  it.each(['{', '{"name":"x"', 'null', '"x"', '5', '{"name":"x"}}', "{'name':'x'}", '\u0000'])(
    'whose body is %j is not read',
    async (body) => {
      const answer = await tenant.admin.request('POST', channels, { body });
      expect(answer).toMatchObject({ status: 400, body: { code: 'MALFORMED' } });
    },
  );

  it.each([
    ['[]', ''],
    ['{}', 'name'],
    ['{"name":null}', 'name'],
    ['{"name":{}}', 'name'],
    ['{"name":"x","NAME":"y"}', 'NAME'],
    ['{"name":"x","id":1}', 'id'],
    ['{"name":"x","org_id":1}', 'org_id'],
    ['{"name":"x","password_hash":"y"}', 'password_hash'],
    ['{"name":"x","__proto__":{"admin":true}}', '__proto__'],
    ['{"name":"x","constructor":1}', 'constructor'],
    ['{"name":"x","max_users":"5"}', 'max_users'],
    ['{"name":"x","max_users":1.5}', 'max_users'],
    ['{"name":"x","max_users":1e400}', 'max_users'],
    ['{"name":"x","max_users":-1}', 'max_users'],
    ['{"name":"x","max_users":9007199254740993}', 'max_users'],
    ['{"name":"x","position":2147483648}', 'position'],
    ['{"name":"x","parent_id":0}', 'parent_id'],
    ['{"name":"x","parent_id":"1"}', 'parent_id'],
    ['{"name":"x","parent_id":2147483648}', 'parent_id'],
    ['{"name":"x","description":["y"]}', 'description'],
    ['{"name":"x\\u0000"}', 'name'],
    ['{"name":"\\ud800"}', 'name'],
    ['{"name":""}', 'name'],
    ['{"name":"x","password":""}', 'password'],
  ])('with %s is refused for %j', async (body, field) => {
    const answer = await tenant.admin.request('POST', channels, { body });
    expect(answer).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
    expect(Object(answer.body).errors).toContainEqual({ field, detail: expect.stringMatching(/\S/) });
  });

  it('is told of many wrong fields, but not of all that there may be', async () => {
    const body = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`${index}${'x'.repeat(200)}`, 1]));
    const { errors } = Object((await tenant.admin.post(channels, body)).body);
    expect(errors).toHaveLength(50);
    for (const { field } of errors) expect(field.length).toBeLessThanOrEqual(100);
  });

  it('never sees its values again in what is refused', async () => {
    const secret = 'a-secret-in-the-wrong-place';
    for (const body of [
      { name: 5, password: [secret] },
      { name: secret.repeat(20), password: secret },
    ]) {
      expect((await tenant.admin.post(channels, body)).text).not.toContain(secret);
    }
    const login = await world.anonymous.post('/auth/token', { org_tag: secret, username: secret, password: [secret] });
    expect(login.text).not.toContain(secret);
  });

  it('that is too large is refused, packed or not', async () => {
    const body = JSON.stringify({ name: 'x', description: 'y'.repeat(300_000) });
    expect(await tenant.admin.request('POST', channels, { body })).toMatchObject({
      status: 413,
      body: { code: 'TOO_LARGE' },
    });
    const packed = new Uint8Array(gzipSync(body));
    const headers = { 'content-encoding': 'gzip' };
    expect((await tenant.admin.request('POST', channels, { body: packed, headers })).status).toBe(413);
  });

  it.each([
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'application/json; charset=latin1' },
    { ...JSON_TYPE, 'content-encoding': 'compress' },
  ])('with %j is refused as no JSON', async (headers) => {
    const answer = await tenant.admin.request('POST', channels, { body: '{"name":"x"}', headers });
    expect(answer.status).toBe(415);
  });

  it('that is no UTF-8 is refused, and not read with its wrong bytes replaced', async () => {
    const body = new Uint8Array(Buffer.from('{"name":"caf\xe9"}', 'latin1'));
    const answer = await tenant.admin.request('POST', channels, { body, headers: JSON_TYPE });
    expect(answer).toMatchObject({ status: 400, body: { code: 'MALFORMED' } });
  });

  it('without a body where one is needed is refused as no JSON', async () => {
    expect((await tenant.admin.request('POST', channels, {})).status).toBe(415);
  });

  it('whose path cannot be read is not done', async () => {
    expect((await tenant.admin.get('/orgs/%E0%A4%A')).status).toBe(400);
  });

  it('with a parameter that nobody knows is refused', async () => {
    const answer = await tenant.admin.get(`/orgs/${tenant.organization.id}?verbose=true`);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'verbose' }] } });
  });

  it.each([
    ['/orgs', 'POST, OPTIONS'],
    ['/orgs/1', 'GET, PUT, DELETE, HEAD, OPTIONS'],
    ['/orgs/1/channels', 'POST, GET, HEAD, OPTIONS'],
    ['/channels/1', 'PUT, DELETE, OPTIONS'],
    ['/channels/1/users', 'GET, HEAD, OPTIONS'],
    ['/orgs/1/users', 'POST, OPTIONS'],
    ['/orgs/1/users/1', 'DELETE, OPTIONS'],
    ['/orgs/1/sessions', 'GET, HEAD, OPTIONS'],
    ['/auth/token', 'POST, OPTIONS'],
    ['/openapi.json', 'GET, HEAD, OPTIONS'],
  ])('by a method that %s does not have is told those that it has', async (path, allow) => {
    const refused = await tenant.admin.request('PATCH', path, { body: '{}' });
    expect(refused.headers.get('allow')).toBe(allow);
    const options = await world.anonymous.request('OPTIONS', path, {});
    expect(options.status).toBe(204);
    expect(options.headers.get('allow')).toBe(allow);
  });

  it.each(['/', '/org', '/orgs/1/users/1/roles', '/channels', '/orgs/1/channels/2', '/openapi.yaml'])(
    'for %s is told that there is no such path',
    async (path) => {
      const answer = await tenant.admin.get(path);
      expect(answer).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    },
  );

  it('keeps its own id', async () => {
    const answer = await tenant.admin.get('/orgs/x', { 'x-request-id': 'mine-1' });
    expect(answer.body).toMatchObject({ request_id: 'mine-1' });
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
  });

  it('of HEAD is answered as one of GET, without the body', async () => {
    const path = `/orgs/${tenant.organization.id}`;
    const [head, get] = [await tenant.member.request('HEAD', path, {}), await tenant.member.get(path)];
    expect(head.status).toBe(200);
    expect(head.headers.get('etag')).toBe(get.headers.get('etag'));
  });
});
