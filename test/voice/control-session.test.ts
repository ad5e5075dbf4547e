import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { type ClientBody, loginBody } from './raw-control.js';
import { VoiceWorld } from './voice-world.js';

let world: VoiceWorld;
let alice: User;
beforeAll(async () => {
  world = await VoiceWorld.open({ maxConnections: 5 });
  const demo = await world.organization('demo', 'alice', 'bob', 'carol');
  [alice] = demo.users as [User];
  await world.organization('other', 'mallory');
});
afterAll(() => world.close());
afterEach(() => world.disconnectAll());

describe('a login', () => {
  it('is answered by who one is, the channels, the sessions, and the end of it, in this order', async () => {
    await world.connect('demo', 'bob');
    const raw = await world.raw();
    const welcome = await raw.login('DEMO', 'alice', PASSWORD);
    expect(welcome).toMatchObject({
      case: 'welcome',
      value: {
        userId: alice.id,
        username: 'alice',
        organizationName: 'demo',
        organizationTag: 'demo',
        serverName: 'Parley test',
        voice: { udpPort: world.relay.voicePort },
        limits: { maxFrameBytes: 65_536, maxDatagramBytes: 1200, maxJoinedChannels: 16, idleTimeoutMs: 30_000 },
      },
    });
    expect(raw.cases).toEqual(['welcome', 'channelState', 'sessionState', 'sessionState', 'synchronized']);
  });

  it('tells of channels parents first, with what the user may do there', async () => {
    const { organization, lobby } = await world.organization('tree', 'tim');
    const { channels, acl, system } = world.services;
    const tower = await channels.create(system, organization.id, { name: 'Tower', parentId: lobby, maxUsers: 7 });
    await channels.create(system, organization.id, { name: 'Attic', parentId: tower.id, password: 'open sesame' });
    await acl.setEntry(system, tower.id, await world.memberRole(organization), 1);
    const tim = await world.connect('tree', 'tim');
    const told = [...tim.channels.values()].map(({ name, maxUsers, hasPassword, permissions: { join, speak } }) => ({
      ...{ name, maxUsers, hasPassword, join, speak },
    }));
    expect(told).toEqual([
      { name: 'Lobby', maxUsers: 50, hasPassword: false, join: true, speak: true },
      { name: 'Tower', maxUsers: 7, hasPassword: false, join: true, speak: false },
      { name: 'Attic', maxUsers: 50, hasPassword: true, join: true, speak: false },
    ]);
  });

  it('succeeds by an access token too', async () => {
    const { auth, system } = world.services;
    const login = await auth.login(system, { organizationTag: 'demo', username: 'alice', password: PASSWORD });
    const client = await world.connect('demo', 'alice', { credentials: { accessToken: login.accessToken } });
    expect(client.identity.username).toBe('alice');
  });

  it('does not tell a wrong password from an unknown user or organization, and ends the connection', async () => {
    const wrong: readonly (readonly [string, string, string])[] = [
      ['demo', 'alice', 'not the password'],
      ['demo', 'nobody', PASSWORD],
      ['nowhere', 'alice', PASSWORD],
    ];
    const answers: unknown[] = [];
    for (const credentials of wrong) {
      const raw = await world.raw();
      answers.push((await raw.login(...credentials)).value);
      await eventually(() => raw.isClosed);
      expect(raw.cases).toEqual(['refused']);
      expect(raw.refusals).toEqual(['INVALID_CREDENTIALS']);
    }
    expect(answers).toEqual([answers[0], answers[0], answers[0]]);
  });

  it.each<readonly [what: string, body: () => ClientBody, code: string]>([
    ['of another version', () => withLogin({ protocolVersion: 2 }), 'UNSUPPORTED_VERSION'],
    ['without credentials', () => withLogin({ credentials: { case: undefined } }), 'INVALID_INPUT'],
    [
      'with a token that is none',
      () => withLogin({ credentials: { case: 'accessToken', value: 'x' } }),
      'UNAUTHENTICATED',
    ],
    ['of a program with a long name', () => withLogin({ clientName: 'x'.repeat(65) }), 'INVALID_INPUT'],
    ['of a program with a name that a terminal obeys', () => withLogin({ clientName: '\u001b[2J' }), 'INVALID_INPUT'],
  ])('%s is refused', async (_, body, code) => {
    const raw = await world.raw();
    await raw.request(body());
    expect(raw.refusals).toEqual([code]);
    await eventually(() => raw.isClosed);
    expect(world.registry.size).toBe(0);
  });

  it('of a platform user is refused with a hint', async () => {
    const { test, hasher, system } = world.services;
    const passwordHash = await hasher.hash(PASSWORD);
    await test.database.write(system, async ({ em }) => {
      await em.execute("insert into users (username, username_key, password_hash) values ('root', 'root', ?)", [
        passwordHash,
      ]);
    });
    const raw = await world.raw();
    expect(await raw.login('', 'root', PASSWORD)).toMatchObject({
      value: { message: expect.stringContaining('log in as a user of an organization') },
    });
    expect(raw.refusals).toEqual(['PERMISSION_DENIED']);
  });

  it('of the same user replaces the older session, whose client is told so', async () => {
    const bob = await world.connect('demo', 'bob');
    const removed: unknown[] = [];
    bob.on('session_removed', ({ username }, reason) => removed.push([username, reason]));
    const older = await world.connect('demo', 'alice');
    const gone = once(older, 'disconnect');
    const newer = await world.connect('demo', 'alice');
    expect(await gone).toEqual([expect.objectContaining({ code: 'REPLACED' })]);
    expect(newer.identity.sessionId).not.toBe(older.identity.sessionId);
    await eventually(() => bob.sessions.has(newer.identity.sessionId) && removed.length === 1);
    expect(removed).toEqual([['alice', 'replaced']]);
    expect(bob.sessions.size).toBe(2);
  });

  it('leaves one session however many of a user come at once', async () => {
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => world.connect('demo', 'alice')));
    await eventually(() => world.registry.size === 1);
    await eventually(async () => (await world.relay.counters()).sessions === 1);
    expect(attempts.some(({ status }) => status === 'fulfilled')).toBe(true);
  });

  it('is refused with SERVER_FULL beyond the limit, but not to somebody who replaces their own', async () => {
    await world.organization('crowd', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6');
    for (const name of ['c1', 'c2', 'c3', 'c4', 'c5']) await world.connect('crowd', name);
    await expect(world.connect('crowd', 'c6')).rejects.toMatchObject({ code: 'SERVER_FULL', retryAfterMs: 10_000 });
    await expect(world.connect('crowd', 'c1')).resolves.toBeDefined();
    // Connections that have not logged in take no place.
    for (let count = 0; count < 10; count += 1) await world.raw();
    await expect(world.connect('crowd', 'c2')).resolves.toBeDefined();
  });
});

describe('those who are there', () => {
  it('see who comes and goes, and nobody of another organization', async () => {
    const bob = await world.connect('demo', 'bob');
    const seen = watch(bob);
    const alice = await world.connect('demo', 'alice');
    await world.connect('other', 'mallory');
    await eventually(() => seen.includes('alice'));
    await alice.close();
    await eventually(() => seen.includes('alice: disconnected'));
    const carol = await world.connect('demo', 'carol');
    await eventually(() => seen.includes('carol'));
    expect(seen).toEqual(['alice', 'alice: disconnected', 'carol']);
    expect([...carol.sessions.values()].map(({ username }) => username).sort()).toEqual(['bob', 'carol']);
  });

  it('are told each difference once', async () => {
    const raw = await world.raw();
    await raw.login('demo', 'bob', PASSWORD);
    const before = raw.received.length;
    const alice = await world.connect('demo', 'alice');
    await alice.setSelfState({ muted: true, deafened: false });
    await alice.setSelfState({ muted: true, deafened: false });
    await alice.close();
    await eventually(() => raw.cases.includes('sessionRemoved'));
    const told = raw.received.slice(before).map(({ body }) => body);
    expect(told.map((body) => body.case)).toEqual(['sessionState', 'sessionState', 'sessionRemoved']);
    expect(told[1]).toMatchObject({ value: { username: 'alice', selfMuted: true, selfDeafened: false } });
  });

  it('see channels come, change and go', async () => {
    const { organization, lobby } = await world.organization('garden', 'greg', 'gwen');
    const greg = await world.connect('garden', 'greg');
    const events: string[] = [];
    greg.on('channel', ({ name, maxUsers }) => events.push(`${name} ${maxUsers}`));
    greg.on('channel_removed', (id) => events.push(`removed ${id}`));
    const { channels, system } = world.services;
    const bed = await channels.create(system, organization.id, { name: 'Bed', parentId: lobby });
    await eventually(() => events.length === 1);
    await channels.update(system, bed.id, { maxUsers: 3 });
    await eventually(() => events.length === 2);
    const rose = await channels.create(system, organization.id, { name: 'Rose', parentId: bed.id });
    await eventually(() => events.length === 3);
    await channels.delete(system, bed.id, { recursive: true });
    await eventually(() => events.length === 5);
    expect(events).toEqual(['Bed 50', 'Bed 3', 'Rose 50', `removed ${rose.id}`, `removed ${bed.id}`]);
    expect(greg.channels.size).toBe(1);
  });

  it('are told of their own permissions when these change, and others are not', async () => {
    const { organization, users, lobby } = await world.organization('rights', 'rita', 'rob');
    const { roles, acl, system } = world.services;
    const singer = await roles.create(system, organization.id, { name: 'singer', permissions: 3 });
    await acl.setEntry(system, lobby, await world.memberRole(organization), 1);
    await acl.setEntry(system, lobby, singer.id, 3);
    const [rita, rob] = [await world.connect('rights', 'rita'), await world.connect('rights', 'rob')];
    const heard: string[] = [];
    rita.on('channel', ({ permissions }) => heard.push(`rita ${permissions.speak}`));
    rob.on('channel', ({ permissions }) => heard.push(`rob ${permissions.speak}`));
    expect(rita.channels.get(lobby)?.permissions.speak).toBe(false);
    await roles.assign(system, singer.id, users[0]?.id ?? alice.id);
    await eventually(() => heard.length === 1);
    await acl.setEntry(system, lobby, singer.id, 1);
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['rita true', 'rita false']);
  });

  it('see a user who is called otherwise', async () => {
    const { users } = await world.organization('names', 'nina', 'ned');
    const ned = await world.connect('names', 'ned');
    await world.connect('names', 'nina');
    await world.services.users.update(world.services.system, users[0]?.id ?? alice.id, { username: 'nora' });
    await eventually(() => [...ned.sessions.values()].some(({ username }) => username === 'nora'));
  });
});

describe('a session ends at once', () => {
  it.each<readonly [what: string, act: (user: User) => Promise<unknown>, code: string, reason: string]>([
    ['is removed', (user) => service().users.delete(service().system, user.id), 'UNAUTHENTICATED', 'user_deleted'],
    [
      'gets another password',
      (user) => service().users.update(service().system, user.id, { password: 'a password that is new' }),
      'UNAUTHENTICATED',
      'credentials_changed',
    ],
    [
      'is banned',
      ({ id, organizationId }) => {
        if (organizationId === null) throw new Error('not of an organization');
        return service().bans.create(service().system, organizationId, { userId: id });
      },
      'BANNED',
      'banned',
    ],
  ])('when its user %s', async (what, act, code, reason) => {
    const tag = reason.slice(0, 12);
    const { users, lobby } = await world.organization(tag, 'uma', 'udo');
    const [uma, udo] = [await world.connect(tag, 'uma'), await world.connect(tag, 'udo')];
    await uma.join(lobby);
    await udo.join(lobby);
    const seen = watch(udo);
    const gone = once(uma, 'disconnect');
    await act(users[0] ?? alice);
    expect(await gone).toEqual([expect.objectContaining({ code })]);
    await eventually(() => seen.includes(`uma: ${reason}`));
    expect((await world.relay.counters()).sessions).toBe(1);
    expect(await world.occupancyStore.members(lobby)).toEqual([udo.identity.sessionId]);
    expect(what).not.toBe('');
  });

  it('when its organization is deleted', async () => {
    const { organization } = await world.organization('brief', 'una', 'ulf');
    const clients = [await world.connect('brief', 'una'), await world.connect('brief', 'ulf')];
    const gone = Promise.all(clients.map((client) => once(client, 'disconnect')));
    await service().organizations.delete(service().system, organization.id);
    for (const [reason] of await gone) expect(reason).toMatchObject({ code: 'UNAUTHENTICATED' });
    await eventually(async () => (await world.relay.counters()).sessions === 0);
  });

  it('and its id is never that of another', async () => {
    const ids = new Set<number>();
    for (let count = 0; count < 5; count += 1) {
      const client = await world.connect('demo', 'alice');
      ids.add(client.identity.sessionId);
      await client.close();
    }
    expect(ids.size).toBe(5);
  });
});

describe('an API key', () => {
  it('opens a session where it is for voice, which may join, and which ends when the key is revoked', async () => {
    const { users, lobby } = await world.organization('keys', 'kim');
    const { apiKeys } = service();
    const owner = service().as(users[0] ?? alice);
    const forReading = await apiKeys.create(owner, { name: 'reader', scopes: ['read'] });
    const credentials = { accessToken: forReading.key };
    await expect(world.connect('keys', 'kim', { credentials })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const forVoice = await apiKeys.create(owner, { name: 'bot', scopes: ['voice'] });
    const bot = await world.connect('keys', 'kim', { credentials: { accessToken: forVoice.key } });
    await bot.join(lobby);
    const gone = once(bot, 'disconnect');
    await apiKeys.revoke(owner, forVoice.apiKey.id);
    expect(await gone).toEqual([expect.objectContaining({ code: 'UNAUTHENTICATED' })]);
  });
});

describe('the list of sessions', () => {
  it('has the channels of each, in pages, for members and not for others', async () => {
    const { organization, users, lobby } = await world.organization('list', 'lena', 'lars', 'lou');
    for (const name of ['lena', 'lars', 'lou']) await (await world.connect('list', name)).join(lobby);
    const ctx = service().as(users[0] ?? alice);
    const first = await world.sessions.list(ctx, organization.id, { first: 2, after: null });
    expect(first).toMatchObject({ hasNextPage: true, items: [{ channelIds: [lobby] }, { door: 'voice' }] });
    await expect(
      world.sessions.list(service().as(alice), organization.id, { first: 2, after: null }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

function service() {
  return world.services;
}

/** Who comes, by name, and who goes, with the reason. */
function watch(client: VoiceClient): string[] {
  const seen: string[] = [];
  client.on('session', ({ username }, former) => {
    if (former === undefined) seen.push(username);
  });
  client.on('session_removed', ({ username }, reason) => seen.push(`${username}: ${reason}`));
  return seen;
}

function withLogin(change: object): ClientBody {
  const body = loginBody('demo', 'alice', PASSWORD);
  if (body.case !== 'login') throw new Error('not a login');
  return { case: 'login', value: { ...body.value, ...change } };
}
