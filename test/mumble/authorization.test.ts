import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TUNNEL_TYPE } from '../../src/mumble/mumble-messages.js';
import { MumblePermission } from '../../src/mumble/mumble-permissions.js';
import { networkToBytes } from '../../src/mumble/network-bytes.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { file_mumble } from '../../src/protocol/generated/mumble_pb.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { CALLERS, type Caller, TABLE, type Verdict } from './authorization-table.js';
import { MumbleWorld } from './mumble-world.js';
import type { RawMumble } from './raw-mumble.js';

/** Of `red`. Its names begin with a word that nobody else has. */
interface Subject {
  readonly channel: number;
  readonly target: RawMumble;
  readonly targetUser: number;
  readonly spareUser: number;
  readonly unique: string;
}

type Send = (raw: RawMumble, subject: Subject) => void;

const { enter } = MumblePermission;

const CASES: Readonly<Record<string, Send>> = {
  version: (raw) => raw.send('version', { versionV1: 0x01_04_00 }),
  authenticate: (raw) => raw.send('authenticate', { tokens: ['open sesame'] }),
  ping: (raw) => raw.send('ping', { timestamp: 1n }),
  reject: (raw) => raw.send('reject', { reason: 'x' }),
  serverSync: (raw) => raw.send('serverSync', { session: 1 }),
  channelRemove: (raw, { channel }) => raw.send('channelRemove', { channelId: channel }),
  'channelState: make': (raw, { channel, unique }) => raw.send('channelState', { parent: channel, name: unique }),
  'channelState: rename': (raw, { channel, unique }) => raw.send('channelState', { channelId: channel, name: unique }),
  'channelState: move': (raw, { channel }) => raw.send('channelState', { channelId: channel, parent: lobby }),
  'channelState: link': (raw, { channel }) => raw.send('channelState', { channelId: channel, linksAdd: [lobby] }),
  'channelState: temporary': (raw, { channel, unique }) =>
    raw.send('channelState', { parent: channel, name: unique, temporary: true }),
  'userRemove: kick': (raw, { target }) => raw.send('userRemove', { session: target.sessionId }),
  'userRemove: ban': (raw, { target }) => raw.send('userRemove', { session: target.sessionId, ban: true }),
  'userState: enter': (raw, { channel }) => raw.send('userState', { session: raw.sessionId, channelId: channel }),
  'userState: listen': (raw, { channel }) => raw.send('userState', { listeningChannelAdd: [channel] }),
  'userState: mute oneself': (raw) => raw.send('userState', { selfMute: true }),
  'userState: mute another': (raw, { target }) => raw.send('userState', { session: target.sessionId, mute: true }),
  'userState: deafen another': (raw, { target }) => raw.send('userState', { session: target.sessionId, deaf: true }),
  'userState: prioritize another': (raw, { target }) =>
    raw.send('userState', { session: target.sessionId, prioritySpeaker: true }),
  'userState: move another': (raw, { target, channel }) =>
    raw.send('userState', { session: target.sessionId, channelId: channel }),
  'userState: speak for another': (raw, { target }) =>
    raw.send('userState', { session: target.sessionId, selfMute: true }),
  'userState: comment of another': (raw, { target }) =>
    raw.send('userState', { session: target.sessionId, comment: 'x' }),
  'userState: register': (raw, { target }) => raw.send('userState', { session: target.sessionId, userId: 0 }),
  'banList: read': (raw) => raw.send('banList', { query: true }),
  'banList: write': (raw) => raw.send('banList', { bans: [networkToBytes('192.0.2.0/24')] }),
  'banList: of a user': (raw) => raw.send('banList', { bans: [{ name: 'red-spare' }] }),
  'textMessage: to a channel': (raw) => raw.send('textMessage', { channelId: [lobby], message: 'hello' }),
  'textMessage: to a user': (raw, { target }) =>
    raw.send('textMessage', { session: [target.sessionId], message: 'hello' }),
  permissionDenied: (raw) => raw.send('permissionDenied', { reason: 'x' }),
  'acl: read': (raw, { channel }) => raw.send('acl', { channelId: channel, query: true }),
  'acl: write': (raw, { channel }) =>
    raw.send('acl', {
      ...{ channelId: channel, inheritAcls: false },
      acls: [{ group: 'member', grant: enter, applyHere: true, applySubs: true }],
    }),
  queryUsers: (raw, { targetUser }) => raw.send('queryUsers', { ids: [targetUser], names: ['red-target'] }),
  cryptSetup: (raw) => raw.send('cryptSetup', {}),
  'userList: read': (raw) => raw.send('userList', {}),
  'userList: rename': (raw, { spareUser, unique }) =>
    raw.send('userList', { users: [{ userId: spareUser, name: unique }] }),
  'userList: remove': (raw, { spareUser }) => raw.send('userList', { users: [{ userId: spareUser }] }),
  'voiceTarget: a channel': (raw) => raw.send('voiceTarget', { id: 1, targets: [{ channelId: lobby }] }),
  'voiceTarget: a user': (raw, { target }) =>
    raw.send('voiceTarget', { id: 1, targets: [{ session: [target.sessionId] }] }),
  permissionQuery: (raw, { channel }) => raw.send('permissionQuery', { channelId: channel }),
  codecVersion: (raw) => raw.send('codecVersion', { alpha: 1, beta: 1, preferAlpha: true }),
  userStats: (raw, { target }) => raw.send('userStats', { session: target.sessionId }),
  requestBlob: (raw, { channel }) => raw.send('requestBlob', { channelDescription: [channel] }),
  serverConfig: (raw) => raw.send('serverConfig', { maxUsers: 1 }),
};

let world: MumbleWorld;
let red: Organization;
let lobby: number;
let subject: Subject;
let target: RawMumble | undefined;
let spare: User | undefined;
let count = 0;
const callers = new Map<Caller, RawMumble>();
beforeAll(async () => {
  world = await MumbleWorld.open();
  const made = await world.voice.organization('red', 'red-target', 'red-member');
  ({ organization: red, lobby } = made);
  const { organization: blue } = await world.voice.organization('blue');
  const { roles, users, system } = world.voice.services;
  for (const [organization, username] of [
    [red, 'red-manager'],
    [blue, 'eve'],
  ] as const) {
    const { items } = await roles.list(system, organization.id, { first: 10, after: null });
    const roleIds = items.filter(({ name }) => name === 'admin').map(({ id }) => id);
    await users.create(system, organization.id, { username, password: 'a password of somebody', roleIds });
  }
});
beforeEach(async () => {
  const { bans, channels, users, system } = world.voice.services;
  const { items } = await bans.list(system, red.id, { first: 100, after: null });
  for (const { id } of items) await bans.lift(system, id);
  for (const { id, parentId } of await channels.tree(system, red.id)) {
    if (parentId === null && id !== lobby) await channels.delete(system, id, { recursive: true });
  }
  // Whoever was kicked or moved comes anew.
  if (target?.isClosed !== false || target.channelOf(target.sessionId) !== lobby)
    target = await world.loggedIn('red', 'red-target');
  count += 1;
  const description = `what is in red ${count}`.repeat(20);
  const channel = await channels.create(system, red.id, { name: `red-${count}`, description });
  if (spare === undefined || (await users.getMany(system, [spare.id]))[0] === undefined) {
    spare = await users.create(system, red.id, { username: `red-spare-${count}`, password: 'a password of somebody' });
  }
  await users.update(system, spare.id, { username: 'red-spare' });
  const targetUser = target.stateOf(target.sessionId).userId ?? 0;
  subject = { channel: channel.id, target, targetUser, spareUser: spare.id, unique: `red-new-${count}` };
});
afterAll(() => world.close());

/** Somebody who is there already where that makes no difference: a session may do what it does a number of times. */
async function comeAs(caller: Caller): Promise<RawMumble> {
  const present = callers.get(caller);
  if (present !== undefined && !present.isClosed) return present;
  const raw = await arrive(caller);
  if (caller !== 'nobody yet') callers.set(caller, raw);
  return raw;
}

function arrive(caller: Caller): Promise<RawMumble> {
  switch (caller) {
    case 'nobody yet':
      return world.raw();
    case 'manager of another organization':
      return world.loggedIn('blue', 'eve');
    case 'member':
      return world.loggedIn('red', 'red-member');
    case 'manager':
      return world.loggedIn('red', 'red-manager');
  }
}

/** All of `red` that a message could change, and what was written to the target. */
async function stateOfRed() {
  const { acl, bans, channels, users, system } = world.voice.services;
  const tree = await channels.tree(system, red.id);
  const page = { first: 100, after: null };
  await ponged(subject.target);
  const sessions = [...(world.voice.host.feed.viewOf(red.id)?.sessions.values() ?? [])];
  return JSON.stringify([
    tree.map(({ id, name, parentId }) => [id, name, parentId]),
    [...(await acl.entriesOf(system, tree)).entries.values()],
    (await bans.list(system, red.id, page)).items.map(({ id }) => id),
    (await users.listOfMany(system, [red.id], page)).get(red.id)?.items.map(({ username }) => username),
    sessions.map(({ session, channelIds }) => [session, channelIds]),
    [subject.target.isClosed, subject.target.all('textMessage').length],
  ]);
}

/** Everything that was sent to a client before has come. */
async function ponged(raw: RawMumble): Promise<void> {
  count += 1;
  const timestamp = BigInt(1_000_000 + count);
  raw.send('ping', { timestamp });
  await eventually(() => raw.isClosed || raw.all('ping').some((pong) => pong.timestamp === timestamp));
}

/** What was asked for in turn has been carried out. */
async function carriedOut(raw: RawMumble): Promise<number> {
  count += 1;
  const channelId = 1_000_000 + count;
  raw.send('permissionQuery', { channelId });
  await eventually(() => raw.isClosed || raw.all('permissionQuery').some((answer) => answer.channelId === channelId));
  return channelId;
}

async function verdictOn(send: Send, caller: Caller): Promise<{ readonly verdict: Verdict; readonly told: string }> {
  const raw = await comeAs(caller);
  if (caller === 'nobody yet') {
    await eventually(() => raw.all('version').length > 0);
    const before = raw.received.length;
    send(raw, subject);
    if (send === CASES.authenticate) await eventually(() => raw.isClosed);
    else await ponged(raw);
    const own = raw.received.slice(before).filter(({ name, value }) => name !== 'ping' || isAsked(value));
    return { verdict: raw.isClosed ? 'CUT' : own.length > 0 ? 'TOLD' : 'NOTHING', told: '' };
  }
  await carriedOut(raw);
  const before = await stateOfRed();
  const seen = raw.received.length;
  send(raw, subject);
  const mark = await carriedOut(raw);
  const after = await stateOfRed();
  const answers = raw.received
    .slice(seen)
    .filter(({ name, value }) => !(name === 'permissionQuery' && 'channelId' in value && value.channelId === mark));
  const told = JSON.stringify(answers, (_key, value) => (typeof value === 'bigint' ? `${value}` : value));
  const verdict = judged(raw, answers, before !== after);
  if (isOfOneself(send)) {
    raw.disconnect();
    await eventually(() => raw.isClosed);
  }
  return { verdict, told };
}

/** What a session does to itself would be seen in what it does next. */
function isOfOneself(send: Send): boolean {
  return [CASES['userState: enter'], CASES['userState: listen'], CASES['userState: mute oneself']].includes(send);
}

function isAsked(value: object): boolean {
  return 'timestamp' in value && value.timestamp === 1n;
}

function judged(raw: RawMumble, answers: RawMumble['received'], isChanged: boolean): Verdict {
  const isDenied = answers.some(({ name }) => name === 'permissionDenied');
  if (isDenied) return isChanged ? 'DONE' : 'DENIED';
  if (isChanged) return 'DONE';
  if (raw.isClosed) return 'CUT';
  return answers.length > 0 ? 'TOLD' : 'NOTHING';
}

describe('every message of a Mumble client', () => {
  it('is in the table', () => {
    const known = file_mumble.messages.map(({ name }) => name.replace(/^Mumble/, ''));
    const listed = new Set(Object.keys(TABLE).map((line) => line.replace(/:.*/, '')));
    const named = known.map((name) => `${name.charAt(0).toLowerCase()}${name.slice(1)}`);
    expect(named.sort()).toEqual([...listed].sort());
    expect(Object.keys(CASES)).toEqual(Object.keys(TABLE));
  });

  const lines = Object.entries(TABLE).flatMap(([line, row]) =>
    CALLERS.map((caller, index) => ({ line, caller, expected: row[index] })),
  );

  it.each(lines)('$line by the $caller is $expected', async ({ line, caller, expected }) => {
    const send = CASES[line];
    if (send === undefined) throw new Error('there is no such case');
    const { verdict, told } = await verdictOn(send, caller);
    expect(verdict).toBe(expected);
    if (caller === 'manager of another organization') expect(told).not.toMatch(/\bred\b/);
  });

  it.each([TUNNEL_TYPE, 16, 17, 25, 26])(
    'of type %i, which is none to be carried out, changes nothing',
    async (type) => {
      for (const caller of ['member', 'manager'] as const) {
        const { verdict } = await verdictOn((raw) => raw.sendFrame(type, Buffer.from('0a00', 'hex')), caller);
        expect(verdict).toBe('NOTHING');
      }
    },
  );
});
