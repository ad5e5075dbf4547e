import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { CostBudget } from '../../src/graphql/cost-budget.js';
import { LIMITS } from '../../src/graphql/limits.js';
import { ask, type BuiltOrganization, TestServer, withoutBudget } from '../support/test-server.js';

let server: TestServer;
let red: BuiltOrganization;
const statements = jest.spyOn(Client.prototype, 'query');
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
});
afterAll(() => server.stop());

const many = (count: number, field: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => field(index)).join(' ');
const nested = (depth: number) => `${'{ parent '.repeat(depth)}{ id }${' }'.repeat(depth)}`;
const page = (name: string, inner: string) => `${name}(first: 100) { nodes { ${inner} } }`;

const hostile: readonly (readonly [limit: string, document: string])[] = [
  ['depth', `{ channel(id: 1) ${nested(30)} }`],
  [
    'depth',
    `fragment A on Channel { parent { ...B } } fragment B on Channel ${nested(15)} { channel(id: 1) { ...A } }`,
  ],
  ['aliases', `{ ${many(16, (index) => `a${index}: me { id }`)} }`],
  ['aliases', `fragment A on User { ${many(8, (index) => `a${index}: id`)} } { x: me { ...A } y: me { ...A } }`],
  ['directives', `{ me { ${many(60, () => 'id @include(if: true)')} } }`],
  ['cost', `{ ${page('organizations', page('users', page('roles', 'id')))} }`],
  ['cost', `{ ${page('organizations', page('channels', 'id parent { id }'))} }`],
  ['cost', `query ($n: Int!) { organizations(first: $n) { nodes { ${page('users', page('roles', 'id'))} } } }`],
  [
    'cost',
    `fragment F on Channel { ${page('children', 'id parent { id }')} } { channel(id: 1) { ${page('children', '...F')} } }`,
  ],
];

describe('a document is refused before anything of it is executed', () => {
  it.each(hostile)('for its %s: case %#', async (limit, document) => {
    const { adminToken } = server;
    await server.ask('{ __typename }', {}, adminToken);
    const before = statements.mock.calls.length;
    const { status, data, errors } = await server.ask(document, { n: 100 }, adminToken);
    expect({ status, data }).toEqual({ status: 400, data: undefined });
    expect(errors).toMatchObject([{ extensions: { code: 'TOO_LARGE', params: { limit } } }]);
    // One statement says who asks.
    expect(statements.mock.calls.length - before).toBe(1);
  });

  it('for its tokens', async () => {
    const { status, errors } = await server.ask(`{ me { ${many(LIMITS.tokens, (index) => `f${index}`)} } }`, {});
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }]);
  });

  it('for an introspection that goes in circles', async () => {
    const circle =
      '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }';
    expect((await server.ask(circle, {})).errors).toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
  });

  it('for a fragment within itself', async () => {
    const loop = 'fragment A on User { roles { nodes { users { nodes { ...A } } } } } { me { ...A } }';
    const { status, errors } = await server.ask(loop, {});
    expect(status).toBe(400);
    expect(errors.map(({ extensions }) => extensions.code)).toContain('GRAPHQL_VALIDATION_FAILED');
  });

  it('also where it comes as a GET', async () => {
    const headers = { accept: 'application/json', 'apollo-require-preflight': 'true' };
    const query = `{ me { ${many(LIMITS.repetitions + 1, () => 'id')} } }`;
    const response = await fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, { headers });
    expect(response.status).toBe(400);
    const limit = { extensions: { code: 'TOO_LARGE', params: { limit: 'repetitions' } } };
    expect(await response.json()).toMatchObject({ errors: [limit] });
  });

  it('and a number of items out of bounds does not make it cheaper', async () => {
    for (const first of [-1, 0, 2_000_000_000]) {
      const document = `{ organizations(first: ${first}) { nodes { ${page('users', 'organization { id }')} } } }`;
      expect((await server.ask(document, {}, server.adminToken)).errors).toMatchObject([
        { extensions: { code: 'TOO_LARGE' } },
      ]);
    }
  });
});

describe('the cost', () => {
  it('is in extensions.cost, of what was done and of what was too much', async () => {
    const small = await server.ask('{ me { id username organization { id } } }', {}, red.memberToken);
    expect(withoutBudget(small).extensions).toEqual({ cost: { requested: 2, max: LIMITS.cost } });
    const large = await server.ask(hostile[5]?.[1] ?? '', {}, red.memberToken);
    expect(large.extensions).toMatchObject({ cost: { max: LIMITS.cost } });
    expect(large.errors[0]?.extensions).toMatchObject({ params: { cost: 1_020_201 } });
  });

  it('is that of the operation that is meant', async () => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: `query Small { __typename } query Large ${hostile[5]?.[1]}`,
        operationName: 'Small',
      }),
    });
    expect(await response.json()).toMatchObject({
      data: { __typename: 'Query' },
      extensions: { cost: { requested: 0 } },
    });
  });
});

describe('the budget', () => {
  const COST_PER_MINUTE = 25;
  let nowMs = 0;
  let poor: TestServer;
  beforeAll(async () => {
    poor = await TestServer.start({ budget: new CostBudget({ costPerMinute: COST_PER_MINUTE, now: () => nowMs }) });
  });
  afterAll(() => poor.stop());

  const costOf = ({ extensions }: { readonly extensions: Readonly<Record<string, unknown>> }) =>
    Object(extensions.cost);

  it('is told with every answer, and refuses what it does not cover with 429, before anything is executed', async () => {
    const { adminToken, url } = poor;
    const document = '{ a: me { id } b: me { organization { id } } me { roles(first: 10) { nodes { id } } } }';
    const first = await poor.ask(document, {}, adminToken);
    expect(first).toMatchObject({ status: 200, errors: [] });
    const { requested, remaining, resetAfterMs } = costOf(first);
    expect(remaining).toBe(COST_PER_MINUTE - requested);
    expect(resetAfterMs).toBe(Math.ceil((requested * 60_000) / COST_PER_MINUTE));

    const before = statements.mock.calls.length;
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` },
      body: JSON.stringify({ query: document }),
    });
    expect(statements.mock.calls.length - before).toBe(1);
    expect(response.status).toBe(429);
    const refused = Object(await response.json());
    expect(refused).toMatchObject({
      errors: [{ extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number), params: { cost: requested } } }],
      extensions: { cost: { requested, max: LIMITS.cost, remaining: expect.any(Number) } },
    });
    const { retryAfterMs } = refused.errors[0].extensions;
    expect(Number(response.headers.get('retry-after'))).toBe(Math.ceil(retryAfterMs / 1000));
    // What is refused spends nothing, so what is cheaper is done.
    expect(await poor.ask('{ me { id } }', {}, adminToken)).toMatchObject({ status: 200, errors: [] });
    nowMs += 60_000;
    expect(await poor.ask(document, {}, adminToken)).toMatchObject({ status: 200, errors: [] });
  });

  it('is the own of each user, whatever the token, and of each address where it is nobody', async () => {
    const { services, url } = poor;
    const organization = await services.organization('red');
    const [anna, bert] = [await services.user(organization, 'anna'), await services.user(organization, 'bert')];
    const tokenOf = async (user: typeof anna) => (await services.auth.loginAs(services.system, user)).accessToken;
    const { key } = await services.apiKeys.create(services.as(anna), { name: 'tool', scopes: ['read'] });
    const leftOf = async (token?: string) => costOf(await poor.ask('{ me { id } }', {}, token)).remaining;
    const left = [await leftOf(await tokenOf(anna)), await leftOf(await tokenOf(anna)), await leftOf(key)];
    expect(left).toEqual([COST_PER_MINUTE - 1, COST_PER_MINUTE - 2, COST_PER_MINUTE - 3]);
    expect(await leftOf(await tokenOf(bert))).toBe(COST_PER_MINUTE - 1);
    for (let asked = 0; asked <= COST_PER_MINUTE; asked += 1) await leftOf();
    const nobody = await ask(url, '{ __typename }', {});
    expect(nobody).toMatchObject({ status: 429, errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
    expect(await leftOf(await tokenOf(bert))).toBe(COST_PER_MINUTE - 2);
  });
});
