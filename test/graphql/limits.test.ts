import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { LIMITS } from '../../src/graphql/limits.js';
import { type BuiltOrganization, TestServer } from '../support/test-server.js';

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
    const { status, errors } = await server.ask(`{ me { ${many(LIMITS.tokens, () => 'id')} } }`, {});
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
    expect(small.extensions).toEqual({ cost: { requested: 2, max: LIMITS.cost } });
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

describe('a list costs the same number of statements', () => {
  it.each([
    [
      'the roles of users',
      `users(first: N) { nodes { roles { nodes { name organization { tag } } } organization { name } } }`,
    ],
    [
      'the tree and the ACLs of channels',
      `channels(first: N) { nodes { parent { name } children { nodes { name } } acl { nodes { permissions role { name } } } } }`,
    ],
    ['roles', `roles(first: N) { nodes { name permissions organization { tag } } }`],
  ])('whatever its length: %s', async (_name, fields) => {
    const { services } = server;
    const { system, users, channels, acl, roles } = services;
    const organization = await services.organization(`many${statements.mock.calls.length}`);
    const [role] = (await roles.list(system, organization.id, { first: 1, after: null })).items;
    for (let count = 0; count < 6; count += 1) {
      await users.create(system, organization.id, { username: `user${count}`, password: 'a password' });
      const channel = await channels.create(system, organization.id, { name: `channel${count}` });
      await channels.create(system, organization.id, { name: 'below', parentId: channel.id });
      if (role !== undefined) await acl.setEntry(system, channel.id, role.id, 1);
    }
    const count = async (first: number) => {
      const before = statements.mock.calls.length;
      const document = `{ organization(id: ${organization.id}) { ${fields.replace('N', String(first))} } }`;
      const { errors } = await server.ask(document, {}, server.adminToken);
      expect(errors).toEqual([]);
      return statements.mock.calls.length - before;
    };
    const one = await count(3);
    expect(await count(12)).toBe(one);
    expect(one).toBeLessThanOrEqual(8);
  });
});
