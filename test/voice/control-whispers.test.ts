import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { ChannelId, RoleId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { Permission } from '../../src/permissions/bits.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { framesHeard, gapsIn, SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

const ENOUGH_FRAMES = 30;
const ALL_BUT_WHISPER = Permission.JOIN | Permission.SPEAK;
const MEMBER = ALL_BUT_WHISPER | Permission.WHISPER;

let world: VoiceWorld;
let organization: Organization;
let users: readonly User[];
let lobby: ChannelId;
let member: RoleId;
beforeAll(async () => {
  world = await VoiceWorld.open();
  ({ organization, users, lobby } = await world.organization('demo', 'alice', 'bob', 'carol', 'dave'));
  member = await world.memberRole(organization);
});
const talks: SteadyTalk[] = [];
afterEach(async () => {
  for (const talk of talks.splice(0)) talk.stop();
  await world.disconnectAll();
});
afterAll(() => world.close());

describe('a whisper', () => {
  it('to users is heard by them alone, from the first word on, as a whisper and from whom', async () => {
    const [alice, bob, carol] = await connected('alice', 'bob', 'carol');
    for (const client of [alice, bob, carol]) await client.join(lobby);
    const target = await alice.whispers.set({ userIds: [userNamed('bob').id] });
    expect(target).toBeGreaterThanOrEqual(2 ** 31);
    const [byBob, byCarol] = [framesHeard(bob, alice), framesHeard(carol, alice)];
    const channels: unknown[] = [];
    bob.on('voice', ({ channelId }) => channels.push(channelId));
    const talk = talkTo(alice, target);
    await eventually(() => byBob.length >= ENOUGH_FRAMES);
    talk.stop();
    await eventually(() => byBob.at(-1) === talk.lastFrame);
    expect([byBob[0], gapsIn(byBob)]).toEqual([1, []]);
    expect(channels.every((channel) => channel === undefined)).toBe(true);
    expect(bob.whispers.speakers).toEqual(new Map([[target, alice.identity.sessionId]]));
    expect(byCarol).toEqual([]);
    expect([carol.whispers.speakers.size, carol.statistics.received]).toMatchObject([0, { opened: 0, refused: 0 }]);
  });

  it('goes through the control connection where UDP does not pass, both ways', async () => {
    const alice = await world.connect('demo', 'alice', { udpPort: 9 });
    const bob = await world.connect('demo', 'bob', { udpPort: 9 });
    const byBob = framesHeard(bob, alice);
    const byAlice = framesHeard(alice, bob);
    talkTo(alice, await alice.whispers.set({ userIds: [userNamed('bob').id] }));
    talkTo(bob, await bob.whispers.set({ userIds: [userNamed('alice').id] }));
    await eventually(() => byBob.length >= ENOUGH_FRAMES && byAlice.length >= ENOUGH_FRAMES);
    expect([alice.pathMode, bob.pathMode, gapsIn(byBob), gapsIn(byAlice)]).toEqual(['tunnel', 'tunnel', [], []]);
  });

  it('reaches a user who logs in later, and one who is nowhere, by what the roles say', async () => {
    const [alice] = await connected('alice');
    const target = await alice.whispers.set({ userIds: [userNamed('bob').id] });
    talkTo(alice, target);
    const [bob] = await connected('bob');
    const heard = framesHeard(bob, alice);
    await eventually(() => heard.length >= ENOUGH_FRAMES);
    await world.services.roles.update(system(), member, { permissions: ALL_BUT_WHISPER });
    await eventually(() => bob.whispers.speakers.size === 0);
    const heardAtLoss = heard.length;
    await expect(alice.whispers.set({ userIds: [userNamed('bob').id] })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    expect(heard.length).toBe(heardAtLoss);
    await world.services.roles.update(system(), member, { permissions: MEMBER });
    await eventually(() => heard.length > heardAtLoss);
  });

  it('to a channel follows who comes and goes, and needs neither SPEAK nor to be there', async () => {
    const squad = await channel('Squad');
    await world.services.acl.setEntry(system(), squad, member, Permission.JOIN | Permission.WHISPER);
    const [alice, bob, carol] = await connected('alice', 'bob', 'carol');
    await bob.join(squad);
    const target = await alice.whispers.set({ places: [{ channelId: squad }] });
    const [byBob, byCarol] = [framesHeard(bob, alice), framesHeard(carol, alice)];
    const talk = talkTo(alice, target);
    await eventually(() => byBob.length >= ENOUGH_FRAMES);
    expect(byCarol).toEqual([]);
    await carol.join(squad);
    await eventually(() => byCarol.length >= ENOUGH_FRAMES);
    await bob.leave(squad);
    const lastOfBob = talk.lastFrame;
    await eventually(() => bob.whispers.speakers.size === 0);
    await eventually(() => Math.max(...byCarol) >= lastOfBob + ENOUGH_FRAMES);
    expect(Math.max(...byBob)).toBeLessThanOrEqual(lastOfBob + 1);
    expect([gapsIn(byBob), gapsIn(byCarol)]).toEqual([[], []]);
  });

  it('to a subtree leaves out the channels in which WHISPER is lacking, and follows the tree', async () => {
    const base = await channel('Base');
    const [open, closed] = [await channel('Open', base), await channel('Closed', base)];
    await world.services.acl.setEntry(system(), closed, member, ALL_BUT_WHISPER);
    const [alice, bob, carol] = await connected('alice', 'bob', 'carol');
    await bob.join(open);
    await carol.join(closed);
    const target = await alice.whispers.set({ places: [{ channelId: base, subtree: true }] });
    const [byBob, byCarol] = [framesHeard(bob, alice), framesHeard(carol, alice)];
    talkTo(alice, target);
    await eventually(() => byBob.length >= ENOUGH_FRAMES);
    expect(byCarol).toEqual([]);
    await world.services.acl.removeEntry(system(), closed, member);
    await eventually(() => byCarol.length >= ENOUGH_FRAMES);
    await world.services.channels.update(system(), closed, { parentId: null });
    await eventually(() => carol.whispers.speakers.size === 0);
    expect(bob.whispers.speakers.size).toBe(1);
    await expect(alice.whispers.set({ places: [{ channelId: base }] })).resolves.toBeDefined();
  });

  it('to the holders of a role reaches those in the named channels, as the role is given and taken', async () => {
    const { roles } = world.services;
    const medic = await roles.create(system(), organization.id, { name: 'medic', permissions: 0 });
    await roles.assign(system(), medic.id, userNamed('bob').id);
    await roles.assign(system(), medic.id, userNamed('dave').id);
    const [alice, bob, carol, dave] = await connected('alice', 'bob', 'carol', 'dave');
    for (const client of [bob, carol]) await client.join(lobby);
    const target = await alice.whispers.set({ places: [{ roleId: medic.id }] });
    const heard = [bob, carol, dave].map((client) => framesHeard(client, alice));
    talkTo(alice, target);
    await eventually(() => count(heard[0]) >= ENOUGH_FRAMES);
    // Carol is no medic, and Dave is in no channel.
    expect([count(heard[1]), count(heard[2])]).toEqual([0, 0]);
    await roles.assign(system(), medic.id, userNamed('carol').id);
    await roles.unassign(system(), medic.id, userNamed('bob').id);
    await eventually(() => count(heard[1]) >= ENOUGH_FRAMES && bob.whispers.speakers.size === 0);
  });

  it('is cut off in mid-sentence by a right that is taken, and others hear it on without a gap', async () => {
    const stage = await channel('Stage');
    const [alice, bob, carol] = await connected('alice', 'bob', 'carol');
    await bob.join(stage);
    await carol.join(lobby);
    const places = [{ channelId: stage }, { channelId: lobby }];
    const [byBob, byCarol] = [framesHeard(bob, alice), framesHeard(carol, alice)];
    const talk = talkTo(alice, await alice.whispers.set({ places }));
    await eventually(() => byBob.length >= ENOUGH_FRAMES && byCarol.length >= ENOUGH_FRAMES);
    await world.services.acl.setEntry(system(), stage, member, ALL_BUT_WHISPER);
    const saidAtCommit = talk.lastFrame;
    await eventually(() => talk.lastFrame >= saidAtCommit + 3 * ENOUGH_FRAMES);
    // 200 ms are twenty frames of 10 ms.
    expect(Math.max(...byBob) - saidAtCommit).toBeLessThanOrEqual(20);
    talk.stop();
    await eventually(() => byCarol.at(-1) === talk.lastFrame);
    expect(gapsIn(byCarol)).toEqual([]);
  });

  it('is not heard from who is muted, nor by who is deafened, and nobody is rekeyed for that', async () => {
    const [alice, bob] = await connected('alice', 'bob');
    const raw = await world.raw();
    await raw.login('demo', 'carol', PASSWORD);
    const target = await alice.whispers.set({ userIds: ['bob', 'carol'].map((name) => userNamed(name).id) });
    const heard = framesHeard(bob, alice);
    const talk = talkTo(alice, target);
    await eventually(() => heard.length >= ENOUGH_FRAMES);
    await alice.setSelfState({ muted: true, deafened: false });
    await expectSilence(heard, talk);
    await alice.setSelfState({ muted: false, deafened: false });
    await eventually(() => heard.at(-1) === talk.lastFrame);
    await bob.setSelfState({ muted: false, deafened: true });
    await expectSilence(heard, talk);
    await bob.setSelfState({ muted: false, deafened: false });
    await eventually(() => heard.at(-1) === talk.lastFrame);
    expect(raw.cases.filter((kind) => kind === 'whisperKey')).toHaveLength(1);
  });
});

describe('a whisper target', () => {
  it('gives its key before it is answered, to its speaker and to its receivers, and another one when somebody is left out', async () => {
    const [bob, carol] = await connected('bob', 'carol');
    const raw = await world.raw();
    const welcome = await raw.login('demo', 'alice', PASSWORD);
    expect(welcome).toMatchObject({ value: { limits: { maxWhisperTargets: 16, maxWhisperReceivers: 256 } } });
    const before = raw.received.length;
    const userIds = ['bob', 'carol'].map((name) => userNamed(name).id);
    const answer = await raw.request({ case: 'setWhisperTarget', value: { userIds } });
    expect(raw.cases.slice(before)).toEqual(['whisperKey', 'whisperTargetSet']);
    const targetId = answer.case === 'whisperTargetSet' ? answer.value.targetId : 0;
    const sessionId = welcome.case === 'welcome' ? welcome.value.sessionId : 0;
    expect(raw.received[before]?.body).toMatchObject({ value: { targetId, epoch: 0, sessionId } });
    expect(raw.received[before]?.body.value).toHaveProperty('key.length', 16);
    await eventually(() => bob.whispers.speakers.has(targetId) && carol.whispers.speakers.has(targetId));

    await raw.request({ case: 'setWhisperTarget', value: { targetId, userIds: userIds.slice(0, 1) } });
    await eventually(() => !carol.whispers.speakers.has(targetId));
    await eventually(() => raw.cases.filter((kind) => kind === 'whisperKey').length === 2);
    expect(raw.received.filter(({ body }) => body.case === 'whisperKey').at(-1)?.body).toMatchObject({
      value: { targetId, epoch: 1, sessionId },
    });
    expect(bob.whispers.speakers.has(targetId)).toBe(true);
  });

  it('that is removed is heard by nobody, and cannot be set again', async () => {
    const [alice, bob] = await connected('alice', 'bob');
    const userIds = [userNamed('bob').id];
    const target = await alice.whispers.set({ userIds });
    await eventually(() => bob.whispers.speakers.size === 1);
    await alice.whispers.remove(target);
    expect((await world.relay.counters()).routes).toBe(0);
    await eventually(() => bob.whispers.speakers.size === 0);
    expect(() => alice.sendVoice(target, 1, Uint8Array.of(1), false)).toThrow('own whisper target');
    await expect(alice.whispers.remove(target)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(alice.whispers.set({ userIds }, target)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('ends with the session of its speaker', async () => {
    const [alice, bob] = await connected('alice', 'bob');
    await alice.whispers.set({ userIds: [userNamed('bob').id] });
    await eventually(() => bob.whispers.speakers.size === 1);
    await alice.close();
    await eventually(() => bob.whispers.speakers.size === 0);
    expect((await world.relay.counters()).routes).toBe(0);
  });

  it('is its speaker’s alone: a receiver can neither speak to it nor change it', async () => {
    const [alice, bob] = await connected('alice', 'bob');
    const target = await alice.whispers.set({ userIds: [userNamed('bob').id] });
    await eventually(() => bob.whispers.speakers.has(target));
    expect(() => bob.sendVoice(target, 1, Uint8Array.of(1), false)).toThrow('own whisper target');
    const userIds = [userNamed('carol').id];
    await expect(bob.whispers.set({ userIds }, target)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(bob.whispers.remove(target)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await world.relay.counters()).routes).toBe(1);
  });

  it('names what is there: a channel and a role of the organization, and not of another', async () => {
    const other = await world.organization('other', 'mallory');
    const [alice] = await connected('alice');
    const foreignRole = await world.memberRole(other.organization);
    for (const places of [[{ channelId: other.lobby }], [{ channelId: 2 ** 31 }], [{ roleId: foreignRole }]]) {
      await expect(alice.whispers.set({ places })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    await expect(alice.whispers.set({ userIds: [0] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(alice.whispers.set({})).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    const many = Array.from({ length: 65 }, (_, index) => index + 1);
    await expect(alice.whispers.set({ userIds: many })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    // A user of another organization cannot be told from one who is away.
    const mallory = await world.connect('other', 'mallory');
    const foreigner = other.users.map(({ id }) => id);
    talkTo(alice, await alice.whispers.set({ userIds: foreigner }));
    const bob = await world.connect('demo', 'bob');
    const heard = framesHeard(bob, alice);
    talkTo(alice, await alice.whispers.set({ userIds: [userNamed('bob').id] }));
    await eventually(() => heard.length >= ENOUGH_FRAMES);
    expect([mallory.whispers.speakers.size, mallory.statistics.received.refused]).toEqual([0, 0]);
  });

  it('is refused beyond sixteen of a session, and too often in a short time', async () => {
    const [alice] = await connected('alice');
    const userIds = [userNamed('bob').id];
    const targets: number[] = [];
    for (let index = 0; index < 16; index += 1) targets.push(await alice.whispers.set({ userIds }));
    expect(new Set(targets).size).toBe(16);
    await expect(alice.whispers.set({ userIds })).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await alice.whispers.remove(targets[0] ?? 0);
    await alice.whispers.set({ userIds });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, () => alice.whispers.set({ userIds }, targets[1])),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused[0]).toMatchObject({ reason: { code: 'RATE_LIMITED', retryAfterMs: 200 } });
  });
});

function system() {
  return world.services.system;
}

async function connected(...names: readonly string[]): Promise<[VoiceClient, VoiceClient, VoiceClient, VoiceClient]> {
  const clients = await Promise.all(names.map((name) => world.connect('demo', name)));
  const [first, second = first, third = first, fourth = first] = clients;
  if (first === undefined || second === undefined || third === undefined || fourth === undefined) {
    throw new Error('nobody was named');
  }
  return [first, second, third, fourth];
}

async function channel(name: string, parentId?: ChannelId): Promise<ChannelId> {
  return (await world.services.channels.create(system(), organization.id, { name, parentId })).id;
}

function talkTo(talker: VoiceClient, target: number): SteadyTalk {
  const talk = new SteadyTalk(talker, target);
  talks.push(talk);
  return talk;
}

/** Nothing more is heard while the talk goes on, but what was on its way. */
async function expectSilence(heard: readonly number[], talk: SteadyTalk): Promise<void> {
  const saidBefore = talk.lastFrame;
  await eventually(() => talk.lastFrame >= saidBefore + ENOUGH_FRAMES);
  expect(Math.max(...heard)).toBeLessThanOrEqual(saidBefore + 1);
}

function count(frames: readonly number[] | undefined): number {
  return frames?.length ?? 0;
}

function userNamed(name: string): User {
  const found = users.find(({ username }) => username === name);
  if (found === undefined) throw new Error(`no user is called ${name}`);
  return found;
}
