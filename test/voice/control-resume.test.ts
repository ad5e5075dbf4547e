import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChannelId, sessionId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import type { Welcome } from '../../src/protocol/generated/control_pb.js';
import { systemContext } from '../../src/request-context.js';
import { ModerationService } from '../../src/sessions/moderation.service.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import type { RawControl } from './raw-control.js';
import { VoiceWorld } from './voice-world.js';

const RESUME_TIMEOUT_MS = 30_000;

let world: VoiceWorld;
let organization: Organization;
let lobby: ChannelId;
beforeAll(async () => {
  world = await VoiceWorld.open({ maxConnections: 3 });
  ({ organization, lobby } = await world.organization('demo', 'alice', 'bob', 'carol', 'dave'));
});
afterEach(async () => {
  for (const { id } of world.registry.ofOrganization(organization.id)) {
    await world.sessions.close(systemContext('test'), id, 'disconnected');
  }
  await world.disconnectAll();
});
afterAll(() => world.close());

describe('a session whose connection is lost', () => {
  it('waits for its client, who finds the same session, the present state and the keys of its channels', async () => {
    const { raw: bob } = await present('bob');
    const { raw, welcome } = await present('alice');
    expect(welcome.limits?.resumeTimeoutMs).toBe(RESUME_TIMEOUT_MS);
    const key = raw.received.find(({ body }) => body.case === 'channelKey')?.body;
    await lost(raw);
    const { channels, system } = world.services;
    const tower = await channels.create(system, organization.id, { name: 'Tower' });
    await eventually(() => bob.received.some(({ body }) => body.case === 'channelState' && body.value.id === tower.id));
    const back = await resume(welcome);
    expect(back.cases).toEqual([
      ...['welcome', 'channelState', 'channelState', 'sessionState', 'sessionState', 'channelKey', 'synchronized'],
    ]);
    expect(welcomeOf(back)).toMatchObject({
      sessionId: welcome.sessionId,
      voice: { clientKey: welcome.voice?.clientKey, serverKey: welcome.voice?.serverKey },
    });
    expect(back.received[5]?.body).toEqual(key);
    expect(stateOf(back, welcome.sessionId)?.channelIds).toEqual([lobby]);
    expect(await back.request({ case: 'leave', value: { channelId: lobby } })).toMatchObject({ case: 'done' });
    await channels.delete(system, tower.id, { recursive: false });
  });

  it('is there for the others all the while', async () => {
    const { raw: bob } = await present('bob');
    const { raw, welcome } = await present('alice');
    await eventually(() => stateOf(bob, welcome.sessionId)?.channelIds.length === 1);
    const told = bob.received.length;
    await lost(raw);
    const back = await resume(welcome);
    await lost(back);
    await resume(welcomeOf(back));
    // What they would have been told comes before this.
    const { raw: carol, welcome: next } = await present('carol');
    await eventually(() => stateOf(bob, next.sessionId) !== undefined);
    const since = bob.received.slice(told).filter(({ requestId }) => requestId === 0);
    const about = since.flatMap(({ body }) => (body.case === 'sessionState' ? [body.value.username] : [body.case]));
    expect(new Set(about)).toEqual(new Set(['carol']));
    await carol.close();
  });

  it('is resumed though the server does not know yet that the connection is lost', async () => {
    const { raw, welcome } = await present('alice');
    const back = await resume(welcome);
    expect(await raw.lastWords()).toBe('REPLACED');
    expect(world.registry.size).toBe(1);
    expect(await back.request({ case: 'ping', value: {} })).toMatchObject({ case: 'pong' });
  });

  it('ends when nobody comes back in time, and others are told then', async () => {
    const impatient = await VoiceWorld.open({ resumeTimeoutMs: 200 });
    try {
      await impatient.organization('brief', 'alice', 'bob');
      const bob = await impatient.connect('brief', 'bob');
      const alice = await impatient.raw();
      const welcome = await alice.login('brief', 'alice', PASSWORD);
      if (welcome.case !== 'welcome') throw new Error('not let in');
      const removed = once(bob, 'session_removed');
      await alice.cut();
      expect(await removed).toEqual([expect.objectContaining({ username: 'alice' }), 'disconnected', '']);
      const late = await impatient.raw();
      await late.request(resumeBody(welcome.value));
      expect(late.refusals).toEqual(['UNAUTHENTICATED']);
      await eventually(() => late.isClosed);
    } finally {
      await impatient.close();
    }
  });

  it('does not wait where the server does not want it to', async () => {
    const strict = await VoiceWorld.open({ resumeTimeoutMs: 0 });
    try {
      await strict.organization('strict', 'alice');
      const alice = await strict.raw();
      const welcome = await alice.login('strict', 'alice', PASSWORD);
      expect(welcome).toMatchObject({ value: { resumeToken: new Uint8Array(0), limits: { resumeTimeoutMs: 0 } } });
      await alice.cut();
      await eventually(() => strict.registry.size === 0);
    } finally {
      await strict.close();
    }
  });

  it('takes a place on the server, which a client that comes back always has', async () => {
    const { raw, welcome } = await present('alice');
    await present('bob');
    await present('carol');
    await lost(raw);
    await expect(world.connect('demo', 'dave')).rejects.toMatchObject({ code: 'SERVER_FULL' });
    const back = await resume(welcome);
    expect(back.cases[0]).toBe('welcome');
  });

  it('gives way to a new login of its user', async () => {
    const { raw, welcome } = await present('alice');
    await lost(raw);
    const { welcome: next } = await present('alice');
    expect(next.sessionId).not.toBe(welcome.sessionId);
    expect(await refusalOf(welcome)).toBe('REPLACED');
    expect(world.registry.size).toBe(1);
  });

  it('ends with the server', async () => {
    const other = await VoiceWorld.open();
    await other.organization('closing', 'alice');
    const alice = await other.raw();
    await alice.login('closing', 'alice', PASSWORD);
    await alice.cut();
    await eventually(() => other.door.counters().waiting === 1);
    await other.close();
    expect(other.registry.size).toBe(0);
  });
});

describe('a session that waits', () => {
  it.each<readonly [what: string, act: (id: number, user: User) => Promise<unknown>, code: string]>([
    ['is kicked', (id) => moderation().kick(service().system, [sessionId(id)]), 'KICKED'],
    ['is banned', (_, { id }) => service().bans.create(service().system, organization.id, { userId: id }), 'BANNED'],
    [
      'gets another password',
      (_, { id }) => service().users.update(service().system, id, { password: PASSWORD }),
      'UNAUTHENTICATED',
    ],
    ['is removed', (_, { id }) => service().users.delete(service().system, id), 'UNAUTHENTICATED'],
  ])('and %s ends at once, and its client is told why', async (what, act, code) => {
    const name = `victim ${what}`;
    const user = await service().user(organization, name);
    const { raw: bob } = await present('bob');
    const { raw, welcome } = await present(name);
    await lost(raw);
    await act(welcome.sessionId, user);
    await eventually(() => bob.received.some(({ body }) => body.case === 'sessionRemoved'));
    expect(await refusalOf(welcome)).toBe(code);
    expect(world.registry.size).toBe(1);
  });

  it('and is moved finds itself there, with the key', async () => {
    const { channels, system } = service();
    const tower = await channels.create(system, organization.id, { name: 'Tower' });
    const { raw, welcome } = await present('alice');
    await lost(raw);
    await moderation().move(system, [sessionId(welcome.sessionId)], { to: tower.id });
    const back = await resume(welcome);
    expect(stateOf(back, welcome.sessionId)?.channelIds).toEqual([tower.id]);
    const keys = () => back.received.flatMap(({ body }) => (body.case === 'channelKey' ? [body.value.targetId] : []));
    // As after any move: who comes back faster than the keys are made gets theirs right afterwards.
    await eventually(() => keys().length > 0);
    expect(keys()).toEqual([tower.id]);
    await channels.delete(system, tower.id, { recursive: false });
  });

  it('finds a new epoch where somebody has left, and the texts that were written to it', async () => {
    const { raw: bob, welcome: bobs } = await present('bob');
    const { raw: carol } = await present('carol');
    const { raw, welcome } = await present('alice');
    const before = raw.received.find(({ body }) => body.case === 'channelKey')?.body;
    await lost(raw);
    await carol.close();
    await bob.request({ case: 'sendText', value: { receiver: { case: 'channelId', value: lobby }, text: 'Hello?' } });
    await eventually(() => bob.received.some(({ body }) => body.case === 'channelKey' && body.value.epoch > 0));
    const back = await resume(welcome);
    await eventually(() => back.cases.includes('textMessage'));
    const after = back.received.find(({ body }) => body.case === 'channelKey')?.body;
    expect(before).toMatchObject({ value: { epoch: expect.any(Number) } });
    expect(after).not.toEqual(before);
    expect(back.received.at(-1)?.body).toMatchObject({ value: { sessionId: bobs.sessionId, text: 'Hello?' } });
  });
});

describe('whispers', () => {
  it('go on over a resume, on both ends', async () => {
    const { raw: bob, welcome: bobs } = await present('bob');
    const { raw: alice, welcome } = await present('alice');
    const set = await alice.request({ case: 'setWhisperTarget', value: { userIds: [bobs.userId] } });
    if (set.case !== 'whisperTargetSet') throw new Error('no whisper target');
    await eventually(() => bob.cases.includes('whisperKey'));
    for (const [raw, from] of [
      [alice, welcome],
      [bob, bobs],
    ] as const) {
      await lost(raw);
      const back = await resume(from);
      const keys = back.received.flatMap(({ body }) => (body.case === 'whisperKey' ? [body.value] : []));
      expect(keys).toMatchObject([{ targetId: set.value.targetId, sessionId: welcome.sessionId }]);
      expect(back.cases.lastIndexOf('whisperKey')).toBeLessThan(back.cases.indexOf('synchronized'));
    }
  });
});

describe('a resume token', () => {
  it('is random, another one each time, and good once', async () => {
    const { raw, welcome } = await present('alice');
    expect(welcome.resumeToken).toHaveLength(32);
    await lost(raw);
    const back = await resume(welcome);
    const next = welcomeOf(back);
    expect(Buffer.from(next.resumeToken).equals(welcome.resumeToken)).toBe(false);
    expect(await refusalOf(welcome)).toBe('UNAUTHENTICATED');
    // The refused attempt has disturbed nobody.
    expect(await back.request({ case: 'ping', value: {} })).toMatchObject({ case: 'pong' });
    await lost(back);
    await resume(next);
  });

  it('is of no use for another session, in another version, or made up', async () => {
    const { welcome } = await present('alice');
    const { welcome: bobs } = await present('bob');
    expect(await refusalOf({ ...welcome, resumeToken: bobs.resumeToken })).toBe('UNAUTHENTICATED');
    for (const token of [new Uint8Array(0), new Uint8Array(32), new Uint8Array(4000)]) {
      expect(await refusalOf({ ...welcome, resumeToken: token })).toBe('UNAUTHENTICATED');
    }
    for (const id of [0, 1, 0xffff_ffff]) {
      expect(await refusalOf({ ...welcome, sessionId: id })).toBe('UNAUTHENTICATED');
    }
    const raw = await world.raw();
    const { sessionId: id, resumeToken: token } = welcome;
    await raw.request({ case: 'resume', value: { protocolVersion: 2, sessionId: id, token } });
    expect(raw.refusals).toEqual(['UNSUPPORTED_VERSION']);
    await resume(welcome);
  });

  it('is of no use after a logout', async () => {
    const { raw, welcome } = await present('alice');
    await raw.close();
    await eventually(() => world.registry.size === 0);
    expect(await refusalOf(welcome)).toBe('UNAUTHENTICATED');
  });
});

describe('a client that logs out', () => {
  it('is gone at once, and is answered', async () => {
    const { raw: bob } = await present('bob');
    const { raw } = await present('alice');
    expect(await raw.request({ case: 'logout', value: {} })).toMatchObject({ case: 'done' });
    await eventually(() => raw.isClosed);
    await eventually(() => bob.received.some(({ body }) => body.case === 'sessionRemoved'));
    expect(world.registry.size).toBe(1);
  });

  it.each([
    ['before it has logged in', 'logout' as const],
    ['by a resume after the login', 'resume' as const],
  ])('breaks the protocol %s', async (_, kind) => {
    const raw = kind === 'resume' ? (await present('alice')).raw : await world.raw();
    raw.send(kind === 'resume' ? { case: 'resume', value: {} } : { case: 'logout', value: {} });
    expect(await raw.lastWords()).toBe('UNEXPECTED_MESSAGE');
    // Whoever breaks the protocol is not waited for.
    await eventually(() => world.registry.size === 0);
  });
});

function service() {
  return world.services;
}

function moderation(): ModerationService {
  const { services, sessions, occupancy } = world;
  return new ModerationService(services.test.database, services.permissions, sessions, occupancy);
}

/** Somebody in the lobby. */
async function present(name: string): Promise<{ readonly raw: RawControl; readonly welcome: Welcome }> {
  const raw = await world.raw();
  const answer = await raw.login('demo', name, PASSWORD);
  if (answer.case !== 'welcome') throw new Error(`${name} is not let in`);
  await raw.request({ case: 'join', value: { channelId: lobby } });
  return { raw, welcome: answer.value };
}

/** Breaks the connection, and waits until the server has seen it. */
async function lost(raw: RawControl): Promise<void> {
  const { waiting } = world.door.counters();
  await raw.cut();
  await eventually(() => world.door.counters().waiting === waiting + 1);
}

/** Comes back, and waits for the whole state. */
async function resume(welcome: Welcome): Promise<RawControl> {
  const raw = await world.raw();
  const answer = await raw.request(resumeBody(welcome));
  if (answer.case !== 'welcome') throw new Error(`not resumed: ${raw.refusals}`);
  await eventually(() => raw.cases.includes('synchronized'));
  return raw;
}

async function refusalOf(welcome: Pick<Welcome, 'sessionId' | 'resumeToken'>): Promise<string | undefined> {
  const raw = await world.raw();
  await raw.request(resumeBody(welcome));
  await eventually(() => raw.isClosed);
  return raw.refusals[0];
}

function resumeBody({ sessionId: id, resumeToken }: Pick<Welcome, 'sessionId' | 'resumeToken'>) {
  return { case: 'resume', value: { protocolVersion: 1, sessionId: id, token: resumeToken } } as const;
}

function welcomeOf({ received }: RawControl): Welcome {
  const body = received[0]?.body;
  if (body?.case !== 'welcome') throw new Error('no welcome came first');
  return body.value;
}

/** What was told last of a session. */
function stateOf({ received }: RawControl, id: number) {
  const states = received.flatMap(({ body }) => (body.case === 'sessionState' ? [body.value] : []));
  return states.findLast((state) => state.sessionId === id);
}
