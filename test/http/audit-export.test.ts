import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { userId } from '../../src/ids.js';
import { type BuiltOrganization, TestServer } from '../support/test-server.js';

let server: TestServer;
let red: BuiltOrganization;
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
});
afterAll(() => server.stop());

function get(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Response> {
  return fetch(`${server.url}/export/audit/${path}`, { headers, method });
}

const by = (token: string) => ({ authorization: `Bearer ${token}` });

async function entriesOf(response: Response): Promise<Record<string, unknown>[]> {
  expect(response.status).toBe(200);
  const text = await response.text();
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe('the export of the audit log', () => {
  it('has all entries, one in each line, the newest first, by the names of the columns', async () => {
    const response = await get(red.id, by(red.ownerToken));
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="audit-${red.id}.ndjson"`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const entries = await entriesOf(response);
    expect(entries.at(-1)).toEqual({
      ...{ id: expect.any(Number), org_id: Number(red.id), actor_id: expect.any(Number), actor_name: 'admin' },
      ...{ door: 'graphql', action: 'organization_created', target_type: 'organization', target_id: Number(red.id) },
      ...{ before: null, after: expect.objectContaining({ tag: red.tag }), reason: null },
      ...{ request_id: expect.any(String), created_at: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
    const ids = entries.map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((left, right) => right - left));
  });

  it('is more than is read at once', async () => {
    const { services } = server;
    const blue = await server.buildOrganization();
    await services.test.database.write(services.system, ({ em }) =>
      em.execute(
        `insert into audit_entries (org_id, door, action, target_type, request_id)
         select ?, 'internal', 'role_updated', 'role', 'x' from generate_series(1, 1200)`,
        [Number(blue.id)],
      ),
    );
    const entries = await entriesOf(await get(`${blue.id}?action=role_updated`, by(blue.ownerToken)));
    expect(entries).toHaveLength(1200);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(1200);
  });

  it('is narrowed down by the query', async () => {
    const count = async (query: string) =>
      (await entriesOf(await get(`${red.id}?${query}`, by(red.ownerToken)))).length;
    const all = await count('');
    expect(await count('action=user_created')).toBe(1);
    expect(await count('action=user_created&action=organization_created')).toBe(2);
    expect(await count(`target_type=user&target_id=${red.memberId}`)).toBe(1);
    expect(await count('actor_id=999999')).toBe(0);
    expect(await count('since=2020-01-01T00:00:00Z&until=2999-01-01T00:00:00%2B02:00')).toBe(all);
    expect(await count('until=2020-01-01T00:00:00Z')).toBe(0);
  });

  it.each(['action=nothing', 'actor_id=x', 'target_type=nothing', 'since=yesterday', 'unknown=1', 'target_id=-1'])(
    'is refused for %s',
    async (query) => {
      const response = await get(`${red.id}?${query}`, by(red.ownerToken));
      expect(response.status).toBe(422);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      const [field] = query.split('=');
      const named = expect.stringMatching(new RegExp(`^${field}(\\.0)?$`));
      expect(await response.json()).toMatchObject({ code: 'INVALID_INPUT', errors: [{ field: named }] });
    },
  );

  it('is for whoever holds MANAGE, and for nobody else', async () => {
    const blue = await server.buildOrganization();
    const codeOf = async (response: Response) => [response.status, Object(await response.json()).code];
    expect(await codeOf(await get(red.id))).toEqual([401, 'UNAUTHENTICATED']);
    expect(await codeOf(await get(red.id, by('forged')))).toEqual([401, 'UNAUTHENTICATED']);
    expect(await codeOf(await get(red.id, by(red.memberToken)))).toEqual([403, 'PERMISSION_DENIED']);
    const absent = await Promise.all(
      [red.id, '2000000000', 'x'].map(async (id) => codeOf(await get(id, by(blue.ownerToken)))),
    );
    expect(absent).toEqual(absent.map(() => [404, 'NOT_FOUND']));
    expect(await codeOf(await get('platform', by(red.ownerToken)))).toEqual([403, 'PERMISSION_DENIED']);
    expect((await get('platform', by(server.adminToken))).status).toBe(200);
    expect((await get(red.id, by(server.adminToken))).status).toBe(200);
  });

  it('is read by an API key that may read', async () => {
    const { services } = server;
    const owner = await services.users.get(services.system, userId(Number(red.ownerId)));
    const keyFor = async (scope: 'read' | 'voice') =>
      (await services.apiKeys.create(services.as(owner), { name: scope, scopes: [scope] })).key;
    expect((await get(red.id, { 'x-api-key': await keyFor('read') })).status).toBe(200);
    expect((await get(red.id, { 'x-api-key': await keyFor('voice') })).status).toBe(403);
  });

  it('knows GET and HEAD alone', async () => {
    const head = await get(red.id, by(red.ownerToken), 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
    const posted = await get(red.id, by(red.ownerToken), 'POST');
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET']);
    expect((await fetch(`${server.url}/export/nothing`)).status).toBe(404);
  });
});
