import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Channel } from '../../src/channels/channel.entity.js';
import type { NewChannel } from '../../src/channels/channel.service.js';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { ChannelId, RoleId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { VoiceWorld } from './voice-world.js';

let world: VoiceWorld;
let organization: Organization;
let users: readonly User[];
let lobby: ChannelId;
let member: RoleId;
beforeAll(async () => {
  world = await VoiceWorld.open({ maxUsersPerChannel: 3, maxJoinedChannels: 4 });
  ({ organization, users, lobby } = await world.organization('demo', 'alice', 'bob', 'carol', 'dave'));
  member = await world.memberRole(organization);
});
afterAll(() => world.close());
afterEach(() => world.disconnectAll());

describe('a join', () => {
  it('gives the key before it is done, and others see it', async () => {
    const bob = await world.connect('demo', 'bob');
    const raw = await world.raw();
    await raw.login('demo', 'alice', PASSWORD);
    const before = raw.received.length;
    expect(await raw.request({ case: 'join', value: { channelId: lobby } })).toMatchObject({ case: 'done' });
    const kinds = raw.received.slice(before).map(({ body }) => body.case);
    expect(kinds.indexOf('channelKey')).toBeGreaterThanOrEqual(0);
    expect(kinds.indexOf('channelKey')).toBeLessThan(kinds.indexOf('done'));
    const key = raw.received.map(({ body }) => body).find((body) => body.case === 'channelKey');
    expect(key).toMatchObject({ value: { targetId: lobby, epoch: 0 } });
    expect(key?.value).toHaveProperty('key.length', 16);
    await eventually(() => isIn(bob, 'alice', lobby));
  });

  it('of a joined channel is done, and changes nothing', async () => {
    const raw = await world.raw();
    await raw.login('demo', 'alice', PASSWORD);
    for (let count = 0; count < 3; count += 1) await raw.request({ case: 'join', value: { channelId: lobby } });
    expect(raw.cases.filter((kind) => kind === 'channelKey')).toHaveLength(1);
    expect(raw.cases.filter((kind) => kind === 'done')).toHaveLength(3);
    expect(await world.occupancyStore.members(lobby)).toHaveLength(1);
  });

  it('is known to the relay when it is done', async () => {
    const alice = await world.connect('demo', 'alice');
    await alice.join(lobby);
    expect((await world.relay.counters()).routes).toBe(1);
    await alice.leave(lobby);
    expect((await world.relay.counters()).routes).toBe(0);
  });

  it('does not tell a channel of another organization from one that is absent', async () => {
    const other = await world.organization('other');
    const alice = await world.connect('demo', 'alice');
    const refusals: unknown[] = [];
    for (const id of [other.lobby, 2 ** 31 - 1, 0, 2 ** 32 - 1]) {
      refusals.push(await refusalOf(alice.join(id)));
    }
    expect(refusals).toEqual(refusals.map(() => ['NOT_FOUND', 'There is no such channel.', undefined]));
    expect(await world.occupancyStore.counts([other.lobby])).toEqual(new Map([[other.lobby, 0]]));
  });

  it('needs JOIN', async () => {
    const closed = await channel({ name: 'Closed' });
    await world.services.acl.setEntry(world.services.system, closed.id, member, 0);
    const alice = await world.connect('demo', 'alice');
    await expect(alice.join(closed.id)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(alice.leave(closed.id)).rejects.toMatchObject({ code: 'NOT_JOINED' });
  });

  it('needs the password of the channel, and guesses are limited for each user', async () => {
    const vault = await channel({ name: 'Vault', password: 'open sesame' });
    const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
    await expect(alice.join(vault.id)).rejects.toMatchObject({ code: 'PASSWORD_REQUIRED' });
    for (let guess = 0; guess < 5; guess += 1) {
      await expect(alice.join(vault.id, `guess ${guess}`)).rejects.toMatchObject({ code: 'WRONG_PASSWORD' });
    }
    const limited = await refusalOf(alice.join(vault.id, 'open sesame'));
    expect(limited[0]).toBe('RATE_LIMITED');
    expect(Number(limited[2])).toBeGreaterThan(0);
    await bob.join(vault.id, 'open sesame');
    for (let turn = 0; turn < 6; turn += 1) {
      await bob.leave(vault.id);
      await bob.join(vault.id, 'open sesame');
    }
  });

  it('needs no password of whoever manages the channel', async () => {
    const office = await channel({ name: 'Office', password: 'open sesame' });
    const { roles, acl, system } = world.services;
    const manager = await roles.create(system, organization.id, { name: 'manager', permissions: 0 });
    await acl.setEntry(system, office.id, manager.id, 9);
    await roles.assign(system, manager.id, userNamed('carol').id);
    await (await world.connect('demo', 'carol')).join(office.id);
  });

  it('is refused where the channel is full, also below what the channel itself would allow', async () => {
    const pair = await channel({ name: 'Pair', maxUsers: 2 });
    const clients = await everybody();
    const [alice, bob, carol, dave] = clients;
    await Promise.all([alice.join(pair.id), bob.join(pair.id)]);
    await expect(carol.join(pair.id)).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    await alice.leave(pair.id);
    await carol.join(pair.id);
    await Promise.all([alice.join(lobby), bob.join(lobby), carol.join(lobby)]);
    await expect(dave.join(lobby)).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
  });

  it('is refused beyond the channels that a session may have joined', async () => {
    const rooms: Channel[] = [];
    for (const name of ['R1', 'R2', 'R3', 'R4']) rooms.push(await channel({ name }));
    const alice = await world.connect('demo', 'alice');
    for (const { id } of rooms) await alice.join(id);
    await expect(alice.join(lobby)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await alice.leave(rooms[0]?.id ?? lobby);
    await alice.join(lobby);
  });

  it('too often in a short time is refused with the time to wait, and a leave never', async () => {
    const raw = await world.raw();
    await raw.login('demo', 'alice', PASSWORD);
    const joins: number[] = [];
    for (let count = 0; count < 40; count += 1) {
      joins.push(raw.send({ case: 'join', value: { channelId: lobby } }));
      raw.send({ case: 'leave', value: { channelId: lobby } });
      raw.send({ case: 'setSelfState', value: { muted: count % 2 === 0 } });
    }
    await eventually(() => raw.received.filter(({ requestId }) => requestId !== 0).length === 121);
    const refused = raw.received.flatMap(({ body }) => (body.case === 'refused' ? [body.value] : []));
    const limited = refused.filter(({ retryAfterMs }) => retryAfterMs > 0);
    expect(limited.length).toBeGreaterThan(0);
    expect(limited.length).toBeLessThanOrEqual(8);
    expect(new Set(raw.refusals)).toEqual(new Set(['RATE_LIMITED', 'NOT_JOINED']));
    // Answers come in the order of the requests.
    const answered = raw.received.map(({ requestId }) => requestId).filter((id) => id !== 0);
    expect(answered).toEqual([...answered].sort((left, right) => left - right));
    expect(joins).toHaveLength(40);
  });

  it('of one session shows in the list of each channel in the order of joining', async () => {
    const first = await channel({ name: 'First' });
    const alice = await world.connect('demo', 'alice');
    await alice.join(first.id);
    await alice.join(lobby);
    await eventually(() => alice.sessions.get(alice.identity.sessionId)?.channelIds.length === 2);
    expect(alice.sessions.get(alice.identity.sessionId)?.channelIds).toEqual([first.id, lobby]);
  });
});

describe('a leave', () => {
  it('of a channel that was not joined is refused', async () => {
    const alice = await world.connect('demo', 'alice');
    await expect(alice.leave(lobby)).rejects.toMatchObject({ code: 'NOT_JOINED' });
    await expect(alice.leave(0)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('gives those who stay a new key, and nothing to the one who left', async () => {
    const raw = await world.raw();
    await raw.login('demo', 'alice', PASSWORD);
    await raw.request({ case: 'join', value: { channelId: lobby } });
    const bob = await world.connect('demo', 'bob');
    await bob.join(lobby);
    await raw.request({ case: 'leave', value: { channelId: lobby } });
    const carol = await world.connect('demo', 'carol');
    await carol.join(lobby);
    await eventually(() => isIn(bob, 'carol', lobby));
    expect(raw.cases.filter((kind) => kind === 'channelKey')).toHaveLength(1);
  });
});

describe('who is in a channel', () => {
  it('is put out when JOIN is lost, and told so', async () => {
    const den = await channel({ name: 'Den' });
    const [alice, bob] = await everybody();
    await Promise.all([alice.join(den.id), bob.join(den.id)]);
    const left = once(alice, 'channel_left');
    await world.services.acl.setEntry(world.services.system, den.id, member, 0);
    expect(await left).toEqual([den.id, 'permission_lost']);
    await eventually(async () => (await world.occupancyStore.members(den.id)).length === 0);
    await eventually(() => !isIn(bob, 'alice', den.id));
    await expect(alice.join(den.id)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await world.services.acl.removeEntry(world.services.system, den.id, member);
    await alice.join(den.id);
  });

  it('is put out when the channel is deleted, and told so before the channel is gone', async () => {
    const tent = await channel({ name: 'Tent' });
    const alice = await world.connect('demo', 'alice');
    await alice.join(tent.id);
    const events: string[] = [];
    alice.on('channel_left', (_, reason) => events.push(reason));
    alice.on('channel_removed', () => events.push('removed'));
    await world.services.channels.delete(world.services.system, tent.id, { recursive: false });
    await eventually(() => events.length === 2);
    expect(events).toEqual(['channel_deleted', 'removed']);
    expect(await world.occupancyStore.members(tent.id)).toEqual([]);
  });

  it('stays when the channel is made smaller', async () => {
    const hall = await channel({ name: 'Hall', maxUsers: 3 });
    const [alice, bob, carol] = await everybody();
    await Promise.all([alice.join(hall.id), bob.join(hall.id)]);
    await world.services.channels.update(world.services.system, hall.id, { maxUsers: 1 });
    await eventually(() => carol.channels.get(hall.id)?.maxUsers === 1);
    await expect(carol.join(hall.id)).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    expect(await world.occupancyStore.members(hall.id)).toHaveLength(2);
  });

  it('does not stay with a right that was lost while they came', async () => {
    const race = await channel({ name: 'Race' });
    const { acl, system } = world.services;
    const alice = await world.connect('demo', 'alice');
    for (let round = 0; round < 10; round += 1) {
      const joined = alice.join(race.id).then(
        () => true,
        () => false,
      );
      await Promise.all([joined, acl.setEntry(system, race.id, member, 0)]);
      await eventually(async () => (await world.occupancyStore.members(race.id)).length === 0);
      await eventually(() => alice.channels.get(race.id)?.permissions.join === false);
      await acl.removeEntry(system, race.id, member);
      await eventually(() => alice.channels.get(race.id)?.permissions.join === true);
    }
    await alice.join(race.id);
  });
});

async function channel(input: NewChannel): Promise<Channel> {
  return world.services.channels.create(world.services.system, organization.id, input);
}

async function everybody(): Promise<[VoiceClient, VoiceClient, VoiceClient, VoiceClient]> {
  return Promise.all([
    world.connect('demo', 'alice'),
    world.connect('demo', 'bob'),
    world.connect('demo', 'carol'),
    world.connect('demo', 'dave'),
  ]);
}

function isIn(seenBy: VoiceClient, username: string, channelId: number): boolean {
  return [...seenBy.sessions.values()].some(
    (session) => session.username === username && session.channelIds.includes(channelId),
  );
}

function userNamed(name: string): User {
  const found = users.find(({ username }) => username === name);
  if (found === undefined) throw new Error(`no user is called ${name}`);
  return found;
}

async function refusalOf(attempt: Promise<void>): Promise<readonly [unknown, unknown, unknown]> {
  try {
    await attempt;
    throw new Error('not refused');
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    return [error.code, error.message, 'retryAfterMs' in error ? error.retryAfterMs : undefined];
  }
}
