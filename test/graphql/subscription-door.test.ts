import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { AccessTokens } from '../../src/auth/access-token.js';
import { CostBudget } from '../../src/graphql/cost-budget.js';
import { describeSchema } from '../../src/graphql/schema.js';
import { MAX_OPERATIONS } from '../../src/graphql/subscription-door.js';
import { organizationId, userId } from '../../src/ids.js';
import { eventually } from '../support/eventually.js';
import { RawSubscriber, Subscriber } from '../support/subscriber.js';
import { type BuiltOrganization, present, TestServer } from '../support/test-server.js';
import { JWT_SECRET, PASSWORD } from '../support/test-services.js';
import {
  AssignRoleDocument,
  ChangePasswordDocument,
  DeleteUserDocument,
  LogoutDocument,
  OrganizationEventsDocument,
  SessionEventsDocument,
  UnassignRoleDocument,
} from './generated/graphql.js';
import { hostileRequests } from './hostile-documents.js';
import { INPUT, LARGE, PARSE, VALIDATION } from './hostile-request.js';

const FORBIDDEN = 4403;
const SESSIONS = 'subscription { sessionEvents { __typename ... on SessionEvent { session { muted } } } }';

const schema = await describeSchema();

let server: TestServer;
let org: BuiltOrganization;
const closers: (() => Promise<void>)[] = [];
beforeAll(async () => {
  server = await TestServer.start();
  org = await server.buildOrganization();
});
afterAll(() => server.stop());
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function subscriber(token?: string): Subscriber {
  const made = new Subscriber(server.url, token);
  closers.push(() => made.close());
  return made;
}

async function raw(token: string | null = org.memberToken): Promise<RawSubscriber> {
  const made = await RawSubscriber.open(server.url);
  closers.push(async () => made.socket.terminate());
  if (token !== null) await made.greet(token);
  return made;
}

async function codeOf(client: RawSubscriber, id: string, payload: unknown): Promise<unknown> {
  // Some payloads are nested more deeply than can be written by a stack.
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  client.send(`{"type":"subscribe","id":${JSON.stringify(id)},"payload":${text}}`);
  const answer = await eventually(
    () =>
      client.received.map(Object).find((message) => message.id === id) ??
      (client.socket.readyState === WebSocket.CLOSED && { type: 'closed' }),
  );
  return answer.type === 'error'
    ? answer.payload[0].extensions.code
    : (answer.payload?.errors?.[0].extensions.code ?? answer.type);
}

describe('who is let in', () => {
  it.each([
    ['nobody', undefined, 4401],
    ['a token that is none', 'nonsense', FORBIDDEN],
    ['an API key that is none', 'parley_nonsense', FORBIDDEN],
  ])('not %s', async (_name, token, code) => {
    expect((await subscriber(token).untilEnded()).code).toBe(code);
  });

  it('nobody who subscribes before saying who it is, or says it twice', async () => {
    const early = await raw(null);
    const closed = early.untilClosed();
    early.send({ type: 'subscribe', id: '1', payload: { query: SESSIONS } });
    expect((await closed).code).toBe(4401);
    const twice = await raw();
    const alsoClosed = twice.untilClosed();
    twice.send({ type: 'connection_init' });
    expect((await alsoClosed).code).toBe(4429);
  });

  it('whoever has an API key that may read, not one that may only talk', async () => {
    const owner = { ...server.services.system, actor: await server.services.auth.authenticate(org.ownerToken, null) };
    const keyFor = async (scope: 'read' | 'voice') =>
      (await server.services.apiKeys.create(owner, { name: scope, scopes: [scope] })).key;
    const reader = await raw(await keyFor('read'));
    expect(await codeOf(reader, '1', { query: SESSIONS })).toBe('next');
    const talker = await raw(await keyFor('voice'));
    expect(await codeOf(talker, '1', { query: SESSIONS })).toBe('PERMISSION_DENIED');
  });

  it.each([
    ['at another path', '/elsewhere', {}, 404],
    ['for a page of another origin', '/graphql', { origin: 'https://evil.example' }, 403],
  ])('nobody %s', async (_name, path, headers, status) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, 'graphql-transport-ws', { headers });
    const [error] = await once(socket, 'error');
    expect(String(error)).toContain(`Unexpected server response: ${status}`);
  });

  it('nobody by a protocol that is not spoken here', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-ws');
    await Promise.race([once(socket, 'error'), once(socket, 'close')]);
    expect(socket.readyState).not.toBe(socket.OPEN);
  });
});

describe('a connection ends with 4403', () => {
  async function watched(token: string): Promise<Subscriber> {
    const watcher = subscriber(token);
    await watcher.subscribe(SessionEventsDocument, {}).next();
    return watcher;
  }

  it('when the token expires', async () => {
    const { credential } = await server.services.auth.authenticate(org.memberToken, null);
    const claims = { userId: userId(Number(org.memberId)), organizationId: organizationId(Number(org.id)) };
    const tokens = new AccessTokens({ secret: JWT_SECRET, ttlS: 2 });
    const watcher = await watched(tokens.sign({ ...claims, tokenVersion: 0, loginId: present(credential.loginId) }));
    expect((await watcher.untilEnded()).code).toBe(FORBIDDEN);
  });

  it('when its login is ended, and no other one', async () => {
    const token = await server.login(org.tag, 'mike');
    const [watcher, other] = [await watched(token), await watched(org.memberToken)];
    await server.execute(LogoutDocument, {}, token);
    expect((await watcher.untilEnded()).code).toBe(FORBIDDEN);
    expect(other.ending).toBeNull();
  });

  it('when the password is changed', async () => {
    const other = await server.buildOrganization();
    const watcher = await watched(other.memberToken);
    const input = { currentPassword: PASSWORD, newPassword: 'another password' };
    await server.execute(ChangePasswordDocument, { input }, other.memberToken);
    expect((await watcher.untilEnded()).code).toBe(FORBIDDEN);
  });

  it('when the API key is revoked', async () => {
    const { auth, apiKeys, system } = server.services;
    const owner = { ...system, actor: await auth.authenticate(org.ownerToken, null) };
    const { apiKey, key } = await apiKeys.create(owner, { name: 'revoked', scopes: ['read'] });
    const watcher = await watched(key);
    await apiKeys.revoke(owner, apiKey.id);
    expect((await watcher.untilEnded()).code).toBe(FORBIDDEN);
  });

  it('when its user is removed or banned, before it is told of that', async () => {
    const other = await server.buildOrganization();
    const watcher = subscriber(other.memberToken);
    const stream = watcher.subscribe(OrganizationEventsDocument, {});
    await stream.next();
    await server.execute(DeleteUserDocument, { input: { id: other.memberId } }, other.ownerToken);
    expect((await watcher.untilEnded()).code).toBe(FORBIDDEN);
    expect(stream.answers).toHaveLength(1);
  });
});

describe('a right that is lost', () => {
  it('is lost in mid-stream: who manages no more is not told of bans', async () => {
    const role = { roleId: org.adminRoleId, userId: org.memberId };
    await server.execute(AssignRoleDocument, { input: role }, org.ownerToken);
    const stream = subscriber(org.memberToken).subscribe(OrganizationEventsDocument, {
      types: ['BAN_CREATED', 'USER_CREATED'],
    });
    await stream.next();
    const { bans, users, system } = server.services;
    const of = organizationId(Number(org.id));
    await bans.create(system, of, { addressRange: '192.0.2.1' });
    expect((await stream.next()).organizationEvents).toMatchObject({ type: 'BAN_CREATED' });
    await server.execute(UnassignRoleDocument, { input: role }, org.ownerToken);
    await bans.create(system, of, { addressRange: '192.0.2.2' });
    await users.create(system, of, { username: 'last', password: PASSWORD });
    expect((await stream.next()).organizationEvents).toMatchObject({ type: 'USER_CREATED' });
  });
});

describe('what is too much', () => {
  it('is a query or a mutation', async () => {
    const client = await raw();
    expect(await codeOf(client, '1', { query: '{ me { id } }' })).toBe('BAD_REQUEST');
    expect(await codeOf(client, '2', { query: 'mutation { logout { errors { code } } }' })).toBe('BAD_REQUEST');
  });

  it(`is more than ${MAX_OPERATIONS} subscriptions of one connection`, async () => {
    const client = await raw();
    for (let count = 1; count <= MAX_OPERATIONS; count += 1) {
      expect(await codeOf(client, `${count}`, { query: SESSIONS })).toBe('next');
    }
    expect(await codeOf(client, 'more', { query: SESSIONS })).toBe('RATE_LIMITED');
    client.send({ type: 'complete', id: '1' });
    await eventually(async () => (await codeOf(client, `${Math.random()}`, { query: SESSIONS })) === 'next');
  });

  it('is a frame of more than 64 KiB', async () => {
    const client = await raw();
    const closed = client.untilClosed();
    client.send({ type: 'ping', payload: { text: 'x'.repeat(70_000) } });
    expect((await closed).code).toBe(1009);
  });

  it.each([
    ['what is no JSON', '{', 4400],
    ['what is no message', '{"type":"dance"}', 4400],
    ['what only a server says', '{"type":"next","id":"1","payload":{}}', 4400],
  ])('is %s', async (_name, message, code) => {
    const client = await raw();
    const closed = client.untilClosed();
    client.send(message);
    expect((await closed).code).toBe(code);
  });

  it('is a flood of messages', async () => {
    const client = await raw();
    const closed = client.untilClosed();
    for (let count = 0; count < 200; count += 1) client.send({ type: 'ping' });
    expect((await closed).code).toBe(4429);
  });

  it('is more than the budget, which queries share', async () => {
    const small = await TestServer.start({ budget: new CostBudget({ costPerMinute: 250, now: () => 0 }) });
    try {
      const client = await RawSubscriber.open(small.url);
      await client.greet(small.adminToken);
      const query = 'subscription { sessionEvents(organizationId: 1) { __typename } }';
      expect(await codeOf(client, '1', { query })).toBe('NOT_FOUND');
      expect(await codeOf(client, '2', { query })).toBe('NOT_FOUND');
      expect(await codeOf(client, '3', { query })).toBe('RATE_LIMITED');
      client.socket.terminate();
    } finally {
      await small.stop();
    }
  });

  it('is one connection more than the server has places for', async () => {
    const small = await TestServer.start({ maxConnections: 1 });
    try {
      const first = await RawSubscriber.open(small.url);
      const second = new WebSocket(`${small.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      const [error] = await once(second, 'error');
      expect(String(error)).toContain('503');
      first.socket.terminate();
    } finally {
      await small.stop();
    }
  });

  const requests = hostileRequests(schema).flatMap(({ name, body, code }) => {
    const isShape =
      [PARSE, VALIDATION, LARGE, INPUT].includes(code) && body.startsWith('{"query":"') && body.length < 60_000;
    return isShape ? [{ name, payload: body, code }] : [];
  });

  it('is every hostile document, as in a query', async () => {
    expect(requests.length).toBeGreaterThan(150);
    for (const [index, { name, payload, code }] of requests.entries()) {
      const client = await raw(server.adminToken);
      const given = await codeOf(client, `${index}`, payload);
      client.socket.terminate();
      // What would only be too expensive is no subscription, which is found before; what is no message ends the connection.
      expect({ name, codes: [code, 'BAD_REQUEST', 'closed'] }).toEqual({
        name,
        codes: expect.arrayContaining([given]),
      });
    }
  });
});

describe('a reader that reads nothing', () => {
  it('costs no more than what is on its way, and is told of the gap when it reads again', async () => {
    const { services, sessions } = server;
    const member = { ...services.system, actor: await services.auth.authenticate(org.memberToken, null) };
    const { id } = await sessions.open(member, { clientName: 'test' });
    const client = await raw();
    expect(await codeOf(client, '1', { query: SESSIONS })).toBe('next');
    client.socket.pause();
    const before = server.live.counters();
    let muted = false;
    for (let count = 0; count < 40_000; count += 1) {
      muted = !muted;
      await sessions.setSelfState(member, id, { muted, deafened: false, recording: false });
      if (count % 100 === 0) await setImmediate();
    }
    const { delivered } = server.live.counters();
    expect(delivered - before.delivered).toBeLessThan(39_000);
    client.socket.resume();
    await eventually(() =>
      client.received.some((message) => Object(message).payload?.data.sessionEvents.__typename === 'Gap'),
    );
    await eventually(() => Object(client.received.at(-1)).payload?.data.sessionEvents.__typename === 'SessionSnapshot');
    expect(server.live.counters().dropped).toBeGreaterThan(before.dropped);
  });
});

describe('the end of the server', () => {
  it('is told to everybody as going away', async () => {
    const ending = await TestServer.start();
    const client = await RawSubscriber.open(ending.url);
    await client.greet(ending.adminToken);
    const closed = client.untilClosed();
    await ending.stop();
    expect((await closed).code).toBe(1001);
  });
});
