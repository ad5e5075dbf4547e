import { createServer, type Server } from 'node:http';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { buildSchema, GraphQLError, type GraphQLSchema, getIntrospectionQuery } from 'graphql';
import { pino } from 'pino';
import { AppError } from '../../src/errors.js';
import { CostBudget } from '../../src/graphql/cost-budget.js';
import { startGraphqlServer } from '../../src/graphql/graphql-server.js';
import { createHttpApp } from '../../src/graphql/http-door.js';
import { describeSchema } from '../../src/graphql/schema.js';
import type { UserActor } from '../../src/request-context.js';
import { ask, listen } from '../support/test-server.js';
import { TestServices } from '../support/test-services.js';
import { voiceServices } from '../support/voice-services.js';

const TOKEN = 'token-of-somebody';

/** What has to be ended after a test. */
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** The HTTP door over any schema. `authenticate` is asked for every token. */
async function serve(
  schema: GraphQLSchema,
  environment: 'development' | 'production',
  authenticate: () => Promise<UserActor> = async () => SOMEBODY,
): Promise<{ url: string; log: () => string }> {
  let log = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += String(chunk);
      done();
    },
  });
  const logger = pino({ level: 'info' }, stream);
  const services = await TestServices.create();
  const budget = new CostBudget({ costPerMinute: 1_000_000, now: () => 0 });
  const graphql = await startGraphqlServer({ schema, environment, logger, budget });
  const voice = voiceServices(services);
  const { requests } = voice;
  const context = { authenticate, sources: { ...services, ...voice }, logger };
  const http: Server = createServer(createHttpApp({ graphql, context, mounts: [], requests, tls: false, logger }));
  ends.push(async () => {
    http.closeAllConnections();
    http.close();
    await graphql.stop();
    voice.figures.close();
    await services.drop();
  });
  return { url: await listen(http), log: () => log };
}

/** A schema whose one field throws. */
function throwing(error: unknown): GraphQLSchema {
  const schema = buildSchema('type Query { broken: String, strict: String! }');
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    field.resolve = () => {
      throw error instanceof AppError ? new GraphQLError('', { originalError: error }) : error;
    };
  }
  return schema;
}

const SOMEBODY: UserActor = {
  kind: 'user',
  userId: 1 as UserActor['userId'],
  organizationId: null,
  username: 'somebody',
  platformAdmin: false,
  credential: { tokenVersion: 0, loginId: null, apiKey: null },
  scopes: null,
};

describe('a bug', () => {
  it('is what a resolver gives that does not fit the schema', async () => {
    const schema = buildSchema('type Query { number: Int, strict: String! }');
    const fields = schema.getQueryType()?.getFields() ?? {};
    for (const field of Object.values(fields)) field.resolve = () => (field.name === 'number' ? 'many' : null);
    const { url, log } = await serve(schema, 'development');
    for (const document of ['{ number }', '{ strict }']) {
      expect((await ask(url, document, {})).errors).toMatchObject([{ extensions: { code: 'INTERNAL' } }]);
    }
    expect(log().match(/failed by a bug/g)).toHaveLength(2);
  });

  it.each([
    ['an error', new TypeError('cannot read the password of "admin"')],
    ['text', 'the password of "admin"'],
    ['INTERNAL itself', new AppError('INTERNAL', 'the password of "admin"')],
  ])('shows nothing but the request, by whose id it is in the log: %s', async (_name, thrown) => {
    const { url, log } = await serve(throwing(thrown), 'development');
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'trace-7' },
      body: JSON.stringify({ query: '{ broken }' }),
    });
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      data: { broken: null },
      errors: [{ path: ['broken'], extensions: { code: 'INTERNAL', requestId: 'trace-7' } }],
    });
    expect(text).not.toMatch(/admin|TypeError|stack/);
    expect(log()).toContain('"requestId":"trace-7"');
    expect(log()).toContain('admin');
  });

  it('in the authentication of a caller shows nothing either', async () => {
    const { url, log } = await serve(throwing('x'), 'production', async () => {
      throw new TypeError('a secret of ours');
    });
    const { status, errors } = await ask(url, '{ broken }', {}, TOKEN);
    expect(status).toBe(500);
    expect(errors).toEqual([
      {
        message: 'Something went wrong in the server.',
        extensions: { code: 'INTERNAL', requestId: expect.any(String) },
      },
    ]);
    expect(log()).toContain('a secret of ours');
  });
});

describe('what is away', () => {
  const away = new AppError('UNAVAILABLE', 'The database is not available.', { retryAfterMs: 2000 });

  it('is said to be, and is no bug', async () => {
    const { url, log } = await serve(throwing(new Error('', { cause: away })), 'development');
    const other = await serve(throwing(away), 'development');
    const { errors } = await ask(other.url, '{ broken }', {});
    expect(errors).toMatchObject([{ message: away.message, extensions: { code: 'UNAVAILABLE', retryAfterMs: 2000 } }]);
    expect(other.log()).toBe('');
    expect((await ask(url, '{ broken }', {})).errors).toMatchObject([{ extensions: { code: 'INTERNAL' } }]);
    expect(log()).not.toBe('');
  });

  it('makes it impossible to say who asks: 503', async () => {
    const { url, log } = await serve(throwing('x'), 'production', async () => {
      throw away;
    });
    expect(await ask(url, '{ broken }', {}, TOKEN)).toMatchObject({
      status: 503,
      errors: [{ extensions: { code: 'UNAVAILABLE', retryAfterMs: 2000 } }],
    });
    expect(log()).toBe('');
  });
});

describe('a document that is wrong', () => {
  it.each([
    ['no document', '{ me { ', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ nobody }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a variable without a value', 'query ($id: ID!) { user(id: $id) { id } }', 'BAD_USER_INPUT'],
    ['no operation that was meant', 'query A { __typename } query B { __typename }', 'OPERATION_RESOLUTION_FAILURE'],
  ])('has the code that GraphQL gives it, and HTTP 400: %s', async (_name, document, code) => {
    const { url, log } = await serve(await describeSchema(), 'development');
    const { status, errors } = await ask(url, document, {});
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code } }]);
    expect(log()).toBe('');
  });

  it('has it too where a variable turns out null in the execution', async () => {
    const { url, log } = await serve(await describeSchema(), 'development');
    const { status, errors } = await ask(url, 'query ($id: ID = "1") { user(id: $id) { id } }', { id: null });
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(log()).toBe('');
  });

  it('tells the names of the schema to whoever has logged in alone', async () => {
    const { url } = await serve(await describeSchema(), 'production');
    const variables = { input: { usernam: 'x', username: 'x', password: 'x' } };
    const hints = async (token?: string) => [
      ...(await ask(url, '{ organisation }', {}, token)).errors,
      ...(
        await ask(
          url,
          'mutation { createRole(input: { organizationId: 1, name: "x", permissions: [JOINS] }) { errors { code } } }',
          {},
          token,
        )
      ).errors,
      ...(
        await ask(url, 'mutation ($input: LoginInput!) { login(input: $input) { errors { code } } }', variables, token)
      ).errors,
    ];
    const [nobody, somebody] = [await hints(), await hints(TOKEN)];
    expect(nobody).toHaveLength(3);
    for (const { message } of nobody) expect(message).not.toContain('Did you mean');
    for (const { message } of somebody) expect(message).toContain('Did you mean');
  });
});

describe('the schema', () => {
  it('is shown to everybody in development, and in production to whoever has logged in', async () => {
    const schema = await describeSchema();
    const query = getIntrospectionQuery({ specifiedByUrl: true, inputValueDeprecation: true, oneOf: true });
    const development = await serve(schema, 'development');
    const production = await serve(schema, 'production');
    for (const [{ url }, token] of [
      [development, undefined],
      [production, TOKEN],
    ] as const) {
      expect(await ask(url, query, {}, token)).toMatchObject({ status: 200, errors: [], data: { __schema: {} } });
    }
    for (const document of [
      query,
      '{ __type(name: "User") { name } }',
      '{ ...F } fragment F on Query { __schema { types { name } } }',
    ]) {
      expect(await ask(production.url, document, {})).toMatchObject({
        status: 401,
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
    }
    expect(await ask(production.url, '{ __typename }', {})).toMatchObject({
      data: { __typename: 'Query' },
      errors: [],
    });
  });
});
