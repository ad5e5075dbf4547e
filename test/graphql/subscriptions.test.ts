import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { channelId, organizationId, type SessionId, type UserId, userId } from '../../src/ids.js';
import type { RequestContext } from '../../src/request-context.js';
import { Subscriber } from '../support/subscriber.js';
import { type BuiltOrganization, present, TestServer } from '../support/test-server.js';
import {
  AssignRoleDocument,
  ChannelOccupancyDocument,
  CreateChannelDocument,
  DeleteChannelDocument,
  OrganizationEventsDocument,
  SessionEventsDocument,
} from './generated/graphql.js';

let server: TestServer;
let org: BuiltOrganization;
let watcher: Subscriber;
const subscribers: Subscriber[] = [];

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  org = await server.buildOrganization();
  watcher = subscriber(org.ownerToken);
});
afterEach(async () => {
  for (const each of subscribers.splice(0)) await each.close();
});

function subscriber(token: string | undefined): Subscriber {
  const made = new Subscriber(server.url, token);
  subscribers.push(made);
  return made;
}

function memberContext(): RequestContext {
  return contextOf(userId(Number(org.memberId)), 'mike');
}

function contextOf(id: UserId, username: string): RequestContext {
  const member = { userId: id, organizationId: organizationId(Number(org.id)), username };
  const actor = {
    kind: 'user',
    ...member,
    platformAdmin: false,
    credential: { tokenVersion: 0, loginId: null, apiKey: null },
    scopes: null,
  } as const;
  return { ...server.services.system, door: 'graphql', actor };
}

async function connect(): Promise<SessionId> {
  return (await server.sessions.open(memberContext(), { clientName: 'test' })).id;
}

async function createChannel(name: string, parentId?: string): Promise<string> {
  const input = { organizationId: org.id, name, parentId: parentId ?? null };
  const { createChannel: made } = await server.execute(CreateChannelDocument, { input }, org.ownerToken);
  return present(made?.channel).id;
}

const lobby = () => channelId(Number(org.lobbyId));
const join = (id: SessionId, channel = lobby()) => server.occupancy.join(memberContext(), id, channel, '');

describe('channelOccupancy', () => {
  it('begins with who is there, and goes on with who comes, and who leaves for what reason', async () => {
    const session = await connect();
    await join(session);
    const stream = watcher.subscribe(ChannelOccupancyDocument, { channelId: org.lobbyId });
    const snapshot = (await stream.next()).channelOccupancy;
    expect(snapshot).toMatchObject({
      __typename: 'SessionSnapshot',
      isLast: true,
      sessions: [{ id: `${session}`, username: 'mike', channelIds: [org.lobbyId], speakingChannelIds: [] }],
    });
    await server.occupancy.leave(memberContext(), session, lobby());
    await join(session);
    await server.sessions.close(memberContext(), session, 'timed_out');
    const told = [await stream.next(), await stream.next(), await stream.next()].map((each) => each.channelOccupancy);
    const at = { __typename: 'OccupancyEvent', channelId: org.lobbyId, toChannelId: null };
    expect(told).toMatchObject([
      { ...at, type: 'LEFT', reason: 'LEFT', session: { channelIds: [] } },
      { ...at, type: 'JOINED', reason: null, session: { channelIds: [org.lobbyId] } },
      { ...at, type: 'LEFT', reason: 'TIMED_OUT' },
    ]);
  });

  it('tells where a moderator moves somebody to, and who is muted and deafened', async () => {
    const [session, tower] = [await connect(), await createChannel('Tower')];
    await join(session);
    const stream = watcher.subscribe(ChannelOccupancyDocument, { organizationId: org.id });
    await stream.next();
    const { moderation, sessions, services } = server;
    const to = channelId(Number(tower));
    await moderation.move(services.system, [session], { to });
    await sessions.setSelfState(memberContext(), session, { muted: true, deafened: true, recording: false });
    await moderation.setMuted(services.system, [session], true);
    await sessions.setSelfState(memberContext(), session, { muted: false, deafened: false, recording: false });
    await moderation.setMuted(services.system, [session], false);
    const told: unknown[] = [];
    for (let count = 0; count < 7; count += 1) {
      const { channelOccupancy: message } = await stream.next();
      if (message.__typename === 'OccupancyEvent') told.push([message.type, message.channelId, message.toChannelId]);
    }
    expect(told).toEqual([
      ['JOINED', tower, null],
      ['MOVED', org.lobbyId, tower],
      ['MUTED', null, null],
      ['DEAFENED', null, null],
      ['CHANGED', null, null],
      ['UNDEAFENED', null, null],
      ['UNMUTED', null, null],
    ]);
  });

  it('tells who begins and ends to speak', async () => {
    const session = await connect();
    await join(session);
    const stream = watcher.subscribe(ChannelOccupancyDocument, { channelId: org.lobbyId });
    await stream.next();
    const { organizationId: of, userId: speaker } = server.sessions.get(server.services.system, session);
    const talk = {
      type: 'speaking_changed',
      organizationId: of,
      channelId: lobby(),
      sessionId: session,
      userId: speaker,
    } as const;
    server.services.test.events.publish({ ...talk, isSpeaking: true });
    const first = await stream.next();
    server.services.test.events.publish({ ...talk, isSpeaking: false });
    expect([first, await stream.next()].map((each) => each.channelOccupancy)).toMatchObject([
      { type: 'SPEAKING_STARTED', channelId: org.lobbyId, session: { speakingChannelIds: [org.lobbyId] } },
      { type: 'SPEAKING_STOPPED', channelId: org.lobbyId, session: { speakingChannelIds: [] } },
    ]);
  });

  it('of a channel tells nothing of those below it, unless it is asked to', async () => {
    const below = await createChannel('Below', org.lobbyId);
    const session = await connect();
    const alone = watcher.subscribe(ChannelOccupancyDocument, { channelId: org.lobbyId });
    const whole = watcher.subscribe(ChannelOccupancyDocument, { channelId: org.lobbyId, subtree: true });
    await Promise.all([alone.next(), whole.next()]);
    await join(session, channelId(Number(below)));
    expect((await whole.next()).channelOccupancy).toMatchObject({ type: 'JOINED', channelId: below });
    await server.execute(DeleteChannelDocument, { input: { id: below } }, org.ownerToken);
    const { system, permissions } = server.services;
    const { organizationId: of } = server.sessions.get(system, session);
    await server.occupancy.reconcile(system, of, await permissions.policyOf(system, of, 'all'));
    expect((await whole.next()).channelOccupancy).toMatchObject({ type: 'LEFT', reason: 'CHANNEL_DELETED' });
    await join(session);
    expect((await alone.next()).channelOccupancy).toMatchObject({ type: 'JOINED', channelId: org.lobbyId });
  });
});

describe('organizationEvents', () => {
  it('begins with the channels, and tells of what is changed, as it is now', async () => {
    const stream = watcher.subscribe(OrganizationEventsDocument, {});
    expect((await stream.next()).organizationEvents).toMatchObject({
      __typename: 'OrganizationSnapshot',
      channels: [{ id: org.lobbyId, parentId: null, name: 'Lobby' }],
    });
    const tower = await createChannel('Tower');
    expect((await stream.next()).organizationEvents).toMatchObject({
      type: 'CHANNEL_CREATED',
      channelId: tower,
      channel: { name: 'Tower', version: 1 },
    });
    await server.execute(DeleteChannelDocument, { input: { id: tower } }, org.ownerToken);
    expect((await stream.next()).organizationEvents).toMatchObject({
      type: 'CHANNEL_DELETED',
      channelId: tower,
      channel: null,
    });
  });

  it('tells only of the types that were asked for', async () => {
    const stream = watcher.subscribe(OrganizationEventsDocument, { types: ['ROLE_ASSIGNED'] });
    await stream.next();
    await createChannel('Tower');
    const input = { roleId: org.adminRoleId, userId: org.memberId };
    await server.execute(AssignRoleDocument, { input }, org.ownerToken);
    expect((await stream.next()).organizationEvents).toMatchObject({ type: 'ROLE_ASSIGNED', userId: org.memberId });
  });
});

describe('sessionEvents', () => {
  it('begins with the sessions, and tells who connects, changes and ends', async () => {
    const stream = watcher.subscribe(SessionEventsDocument, {});
    expect((await stream.next()).sessionEvents).toMatchObject({ __typename: 'SessionSnapshot', sessions: [] });
    const session = await connect();
    await server.moderation.setMuted(server.services.system, [session], true);
    await server.moderation.kick({ ...server.services.system, reason: 'too loud' }, [session]);
    await server.moderation.setMuted(server.services.system, [session], false);
    const told = [await stream.next(), await stream.next(), await stream.next()].map((each) => each.sessionEvents);
    expect(told).toMatchObject([
      { type: 'OPENED', session: { id: `${session}`, muted: false } },
      { type: 'CHANGED', session: { muted: true } },
      { type: 'CLOSED', reason: 'KICKED', message: 'too loud' },
    ]);
  });

  it('tells a snapshot of many in parts, each of at most fifty', async () => {
    for (let index = 0; index < 101; index += 1) {
      await server.sessions.open(contextOf(userId(1_000_000 + index), `user ${index}`), { clientName: '' });
    }
    const stream = watcher.subscribe(SessionEventsDocument, {});
    const parts = [await stream.next(), await stream.next(), await stream.next()].map((each) => each.sessionEvents);
    expect(parts.map((part) => part.__typename === 'SessionSnapshot' && [part.sessions.length, part.isLast])).toEqual([
      [50, false],
      [50, false],
      [1, true],
    ]);
  });
});

describe('a subscriber that comes back', () => {
  it('is told what happened meanwhile, and no snapshot', async () => {
    const session = await connect();
    const stream = watcher.subscribe(ChannelOccupancyDocument, { channelId: org.lobbyId });
    const { channelOccupancy: snapshot } = await stream.next();
    await watcher.close();
    await join(session);
    await server.occupancy.leave(memberContext(), session, lobby());
    const after = snapshot.__typename === 'SessionSnapshot' ? snapshot.cursor : '';
    const again = subscriber(org.ownerToken).subscribe(ChannelOccupancyDocument, { channelId: org.lobbyId, after });
    expect([(await again.next()).channelOccupancy, (await again.next()).channelOccupancy]).toMatchObject([
      { type: 'JOINED' },
      { type: 'LEFT' },
    ]);
  });

  it('is told that there is a gap, and a new snapshot, where too much has happened', async () => {
    const session = await connect();
    const stream = watcher.subscribe(ChannelOccupancyDocument, { channelId: org.lobbyId });
    const { channelOccupancy: snapshot } = await stream.next();
    await watcher.close();
    for (let count = 0; count < 520; count += 1) {
      await join(session);
      await server.occupancy.leave(memberContext(), session, lobby());
    }
    const after = snapshot.__typename === 'SessionSnapshot' ? snapshot.cursor : '';
    const again = subscriber(org.ownerToken).subscribe(ChannelOccupancyDocument, { channelId: org.lobbyId, after });
    expect([(await again.next()).channelOccupancy, (await again.next()).channelOccupancy]).toMatchObject([
      { __typename: 'Gap', cause: 'BEHIND' },
      { __typename: 'SessionSnapshot', sessions: [] },
    ]);
  });

  it('with a cursor of another stream is told so, and with one that is none is refused', async () => {
    const other = await server.buildOrganization();
    const foreign = subscriber(other.ownerToken).subscribe(SessionEventsDocument, {});
    const { sessionEvents } = await foreign.next();
    const after = sessionEvents.__typename === 'SessionSnapshot' ? sessionEvents.cursor : '';
    const stream = watcher.subscribe(SessionEventsDocument, { after });
    expect((await stream.next()).sessionEvents).toMatchObject({ __typename: 'Gap', cause: 'UNKNOWN_CURSOR' });
    expect((await stream.next()).sessionEvents).toMatchObject({ __typename: 'SessionSnapshot' });
    const { errors } = await watcher.subscribe(SessionEventsDocument, { after: 'nonsense' }).answer();
    expect(errors[0]?.extensions).toMatchObject({ code: 'INVALID_INPUT', path: ['after'] });
  });
});
