import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeSchema } from '../../src/graphql/schema.js';
import { StatementCount } from '../support/statement-count.js';
import { TestServer } from '../support/test-server.js';
import { hostileRequests } from './hostile-documents.js';
import type { HostileRequest } from './hostile-request.js';
import { WorkCount } from './work-count.js';

const requests = hostileRequests(await describeSchema());
const statements = new StatementCount();
const work = new WorkCount();

/** Function calls for all requests of a group, with those of HTTP and of this test itself. Of anything exponential there would be millions. */
const MAX_CALLS = 500_000;
/** To count calls takes longer than to answer a request. */
const GROUP_SIZE = 2;
const MAX_ANSWER_BYTES = 32_768;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

/** By a platform admin, to whom nothing else is forbidden. */
async function post(body: string): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.adminToken}` };
  const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
  return { status: response.status, text: await response.text() };
}

describe('a hostile request', () => {
  it('is one of at least 200, all different', () => {
    expect(new Set(requests.map(({ body }) => body)).size).toBe(requests.length);
    expect(new Set(requests.map(({ name }) => name)).size).toBe(requests.length);
    expect(requests.length).toBeGreaterThanOrEqual(200);
  });

  it.each(requests)('is refused before execution: $name', async ({ body, code }) => {
    const { statements: sent, result } = await statements.of(() => post(body));
    const { status, text } = result;
    const answer = Object(JSON.parse(text));
    expect({ status, code: answer.errors?.[0]?.extensions?.code, hasData: 'data' in answer }).toEqual({
      status: code === 'PERSISTED_QUERY_NOT_SUPPORTED' ? 200 : 400,
      code,
      hasData: false,
    });
    // The only statement is the one that says who asks.
    expect(sent).toBeLessThanOrEqual(1);
    expect(Buffer.byteLength(text)).toBeLessThan(MAX_ANSWER_BYTES);
  });

  it('leaves the server as it was', async () => {
    const { status, text } = await post(JSON.stringify({ query: '{ me { username } }' }));
    expect([status, JSON.parse(text).data]).toEqual([200, { me: { username: 'admin' } }]);
  });
});

describe('the work for hostile requests', () => {
  beforeAll(() => work.start());
  afterAll(() => work.stop());

  it.each(groupsOf(requests))('is little: $names', async ({ bodies }) => {
    const { calls } = await work.of(async () => {
      for (const body of bodies) await post(body);
    });
    expect(calls).toBeLessThan(MAX_CALLS);
  });
});

function groupsOf(all: readonly HostileRequest[]): readonly { readonly names: string; readonly bodies: string[] }[] {
  return Array.from({ length: Math.ceil(all.length / GROUP_SIZE) }, (_, index) => {
    const group = all.slice(index * GROUP_SIZE, (index + 1) * GROUP_SIZE);
    return { names: group.map(({ name }) => name).join(', '), bodies: group.map(({ body }) => body) };
  });
}
