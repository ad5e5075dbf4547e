import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { Channel } from '../channels/channel.entity.js';
import { channelId, organizationId, roleId, sessionId, type UserId, userId } from '../ids.js';
import type { PermissionMask } from '../permissions/bits.js';
import { type ServerMessage, ServerMessageSchema } from '../protocol/generated/control_pb.js';
import type { Session } from '../sessions/session.js';
import { ControlEvents } from './control-events.js';
import { encodeServerMessage, FrameReader, MAX_FRAME_BYTES, type ServerBody } from './control-frames.js';
import { OrganizationFacts } from './organization-facts.js';
import { isSameRoute, OrganizationView } from './organization-view.js';

const [LOBBY, TOWER] = [channelId(1), channelId(2)];
const [ALICE, BOB, CAROL] = [userId(1), userId(2), userId(3)];
const MEMBER = roleId(1);

describe('the events of an organization', () => {
  it('tell a newcomer the present state and everybody else the difference', () => {
    const { view, events, enter, told } = world();
    const first = enter(1, ALICE);
    expect(first.map(({ case: kind }) => kind)).toEqual([
      'channelState',
      'channelState',
      'sessionState',
      'synchronized',
    ]);
    events.publish(view);
    expect(told(1)).toEqual([]);
    expect(enter(2, BOB).map(({ case: kind }) => kind)).toEqual([
      'channelState',
      'channelState',
      'sessionState',
      'sessionState',
      'synchronized',
    ]);
    events.publish(view);
    expect(told(1)).toMatchObject([{ case: 'sessionState', value: { sessionId: 2 } }]);
    expect(told(2)).toEqual([]);
    events.publish(view);
    expect([told(1), told(2)]).toEqual([[], []]);
  });

  it('tell what has changed several times once', () => {
    const { view, events, enter, told } = world();
    enter(1, ALICE);
    enter(2, BOB);
    events.publish(view);
    told(1);
    view.addMember(LOBBY, sessionId(2));
    view.addMember(TOWER, sessionId(2));
    view.removeMember(LOBBY, sessionId(2));
    events.publish(view);
    expect(told(1)).toMatchObject([{ case: 'sessionState', value: { sessionId: 2, channelIds: [TOWER] } }]);
  });

  it('tell only those who have heard of a session that it is gone', () => {
    const { view, events, enter, leave, told } = world();
    enter(1, ALICE);
    events.publish(view);
    enter(2, BOB);
    enter(3, CAROL);
    leave(2);
    events.publish(view);
    // Carol was told of Bob at her login, Alice has never heard of him.
    expect(told(1)).toMatchObject([{ case: 'sessionState', value: { sessionId: 3 } }]);
    expect(told(3)).toMatchObject([{ case: 'sessionRemoved', value: { sessionId: 2, reason: 'disconnected' } }]);
  });

  it('tell each client its own permissions, and only who is concerned', () => {
    const { view, events, enter, told } = world();
    enter(1, ALICE);
    enter(2, BOB);
    events.publish(view);
    told(1);
    view.facts = facts({ [ALICE]: 1, [BOB]: 3 });
    events.publish(view);
    expect(told(1)).toMatchObject([
      { case: 'channelState', value: { id: LOBBY, permissions: 1 } },
      { case: 'channelState', value: { id: TOWER, permissions: 1 } },
    ]);
    expect(told(2)).toEqual([]);
  });

  it('tell new channels parents first and removed ones children first', () => {
    const { view, events, enter, told } = world();
    enter(1, ALICE);
    events.publish(view);
    view.facts = facts({ [ALICE]: 3 }, []);
    events.publish(view);
    expect(told(1)).toMatchObject([
      { case: 'channelRemoved', value: { id: TOWER } },
      { case: 'channelRemoved', value: { id: LOBBY } },
    ]);
    view.facts = facts({ [ALICE]: 3 });
    events.publish(view);
    expect(told(1)).toMatchObject([
      { case: 'channelState', value: { id: LOBBY, parentId: 0 } },
      { case: 'channelState', value: { id: TOWER, parentId: LOBBY } },
    ]);
  });
});

describe('a client that is away', () => {
  const text: ServerBody = { case: 'textMessage', value: { text: 'x' } };
  const key: ServerBody = { case: 'channelKey', value: { targetId: LOBBY } };

  it('is told nothing, and then the state with its keys, and what is in no state', () => {
    const { view, events, enter, comeIn, told } = world();
    enter(1, ALICE);
    enter(2, BOB);
    events.publish(view);
    told(1);
    events.pause(sessionId(1));
    view.putSession({ ...session(2, BOB), selfMuted: true });
    events.publish(view);
    events.send([sessionId(1), sessionId(2)], key);
    events.sendLasting([sessionId(1), sessionId(2)], encodeServerMessage(0, text));
    expect(told(1)).toEqual([]);
    expect(told(2).map(({ case: kind }) => kind)).toEqual(['sessionState', 'channelKey', 'textMessage']);
    const state = comeIn(1, [key]);
    expect(state.map(({ case: kind }) => kind)).toEqual([
      ...['channelState', 'channelState', 'sessionState', 'sessionState'],
      ...['channelKey', 'synchronized', 'textMessage'],
    ]);
    expect(state[3]).toMatchObject({ value: { userId: BOB, selfMuted: true } });
    events.publish(view);
    expect([told(1), told(2)]).toEqual([[], []]);
    view.putSession(session(2, BOB));
    events.publish(view);
    expect(told(1).map(({ case: kind }) => kind)).toEqual(['sessionState']);
  });

  it('finds a few of what came meanwhile, not any number', () => {
    const { events, enter, comeIn } = world();
    enter(1, ALICE);
    events.pause(sessionId(1));
    for (let count = 0; count < 1000; count += 1) events.sendLasting([sessionId(1)], encodeServerMessage(0, text));
    expect(comeIn(1).filter(({ case: kind }) => kind === 'textMessage')).toHaveLength(64);
    expect(comeIn(1).filter(({ case: kind }) => kind === 'textMessage')).toHaveLength(0);
  });

  it('and whose session ends is gone for all', () => {
    const { view, events, enter, leave, told } = world();
    enter(1, ALICE);
    enter(2, BOB);
    events.publish(view);
    events.pause(sessionId(1));
    told(2);
    leave(1);
    events.publish(view);
    expect(told(2).map(({ case: kind }) => kind)).toEqual(['sessionRemoved']);
  });
});

describe('the view of an organization', () => {
  it('lets hear and speak by right, mute and deafness', () => {
    const { view, enter } = world({ [ALICE]: 3, [BOB]: 1, [CAROL]: 2 });
    for (const [id, user] of [
      [1, ALICE],
      [2, BOB],
      [3, CAROL],
    ] as const) {
      enter(id, user);
      view.addMember(LOBBY, sessionId(id));
    }
    expect([...view.hearers(LOBBY)]).toEqual([1, 2]);
    expect(view.route(LOBBY, 5)).toEqual({ target: LOBBY, epoch: 5, listeners: [1, 2], speakers: [1] });
    view.putSession({ ...session(1, ALICE), selfMuted: true, selfDeafened: true });
    expect(view.route(LOBBY, 5)).toEqual({ target: LOBBY, epoch: 5, listeners: [2], speakers: [] });
    expect([...view.hearers(LOBBY)]).toEqual([1, 2]);
  });

  it('lets nobody hear a channel that is gone', () => {
    const { view, enter } = world();
    enter(1, ALICE);
    view.addMember(LOBBY, sessionId(1));
    view.facts = facts({ [ALICE]: 3 }, []);
    expect(view.hearers(LOBBY).size).toBe(0);
  });

  it('knows nothing of a session that has ended', () => {
    const { view, enter } = world();
    enter(1, ALICE);
    view.addMember(LOBBY, sessionId(1));
    expect(view.removeSession(sessionId(1))).toEqual([LOBBY]);
    expect(view.addMember(LOBBY, sessionId(1))).toBe(false);
    expect(view.occupiedChannels()).toEqual([]);
    expect(view.removeSession(sessionId(1))).toBeUndefined();
  });

  it('tells routes apart by what the relay would do', () => {
    const route = { target: 1, epoch: 0, listeners: [sessionId(1)], speakers: [sessionId(1)] };
    expect(isSameRoute(route, { ...route, listeners: [sessionId(1)] })).toBe(true);
    for (const change of [{ epoch: 1 }, { listeners: [] }, { speakers: [sessionId(2)] }, { target: 2 }]) {
      expect(isSameRoute(route, { ...route, ...change })).toBe(false);
    }
  });
});

/** An organization of two channels, one below the other, whose clients remember what they are told. */
function world(rights: Readonly<Record<number, PermissionMask>> = { [ALICE]: 3, [BOB]: 3, [CAROL]: 3 }) {
  const view = new OrganizationView(organizationId(1));
  const events = new ControlEvents();
  const inboxes = new Map<number, Uint8Array[]>();
  view.facts = facts(rights);
  const enter = (id: number, user: UserId) => {
    view.putSession(session(id, user));
    return comeIn(id);
  };
  const comeIn = (id: number, keys: readonly ServerBody[] = []) => {
    const inbox: Uint8Array[] = [];
    inboxes.set(id, inbox);
    return bodiesOf([events.enter(view, sessionId(id), { send: (frames) => inbox.push(frames) }, keys)]);
  };
  const leave = (id: number) => {
    view.removeSession(sessionId(id));
    events.leave(view, sessionId(id), { reason: 'disconnected', message: '' });
  };
  const told = (id: number) => bodiesOf(inboxes.get(id)?.splice(0) ?? []);
  return { view, events, enter, comeIn, leave, told };
}

/** Each user holds one role, which holds what is given. */
function facts(rights: Readonly<Record<number, PermissionMask>>, channels = [lobby(), tower()]): OrganizationFacts {
  const roles = new Map(Object.entries(rights).map(([id, mask]) => [roleId(MEMBER + Number(id)), mask]));
  const subjects = new Map(
    Object.keys(rights).map((id) => {
      const user = userId(Number(id));
      return [user, { userId: user, platformAdmin: false, roleIds: [roleId(MEMBER + Number(id))] }];
    }),
  );
  const nodes = new Map(channels.map(({ id, parentId }) => [id, { parentId, acl: new Map() }]));
  const loaded = { policy: { ownerId: null, roles, channels: nodes }, subjects };
  return new OrganizationFacts({ name: 'Demo', tag: 'demo', recordingAllowed: true }, channels, loaded, () => 50);
}

function lobby(): Channel {
  return Object.assign(new Channel(), { id: LOBBY, parentId: null, name: 'Lobby', passwordHash: null });
}

function tower(): Channel {
  return Object.assign(new Channel(), { id: TOWER, parentId: LOBBY, name: 'Tower', passwordHash: null });
}

function session(id: number, user: UserId): Session {
  return {
    id: sessionId(id),
    userId: user,
    organizationId: organizationId(1),
    username: `user ${user}`,
    door: 'voice',
    clientName: '',
    connectedAt: new Date(0),
    remoteAddress: null,
    credential: { tokenVersion: 0, loginId: null, apiKey: null },
    selfMuted: false,
    selfDeafened: false,
    recording: false,
    listeningChannelIds: [],
    muted: false,
    deafened: false,
    prioritySpeaker: false,
  };
}

function bodiesOf(chunks: readonly Uint8Array[]): ServerMessage['body'][] {
  const reader = new FrameReader(MAX_FRAME_BYTES);
  reader.push(Buffer.concat(chunks));
  const bodies: ServerMessage['body'][] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    bodies.push(fromBinary(ServerMessageSchema, frame).body);
  }
  return bodies;
}
