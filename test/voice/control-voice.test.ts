import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { ChannelId, RoleId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { FRAME_MS, framesHeard, gapsIn, SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

/** The discard port: nobody answers there. */
const DEAD_UDP_PORT = 9;
const ENOUGH_FRAMES = 30;

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

describe('people in a channel', () => {
  it('hear each other from the first word on', async () => {
    const [alice, bob, carol] = await inLobby('alice', 'bob', 'carol');
    const [byBob, byCarol] = [framesHeard(bob, alice), framesHeard(carol, alice)];
    const talk = talkOf(alice);
    await eventually(() => byBob.length >= ENOUGH_FRAMES && byCarol.length >= ENOUGH_FRAMES);
    talk.stop();
    await eventually(() => byBob.at(-1) === talk.lastFrame && byCarol.at(-1) === talk.lastFrame);
    expect([byBob[0], gapsIn(byBob), byCarol[0], gapsIn(byCarol)]).toEqual([1, [], 1, []]);
    expect(alice.pathMode).toBe('udp');
  });

  it('hear nothing of a channel that they have not joined', async () => {
    const [alice, bob] = await inLobby('alice', 'bob');
    const carol = await world.connect('demo', 'carol');
    const [byBob, byCarol] = [framesHeard(bob, alice), framesHeard(carol, alice)];
    talkOf(alice);
    await eventually(() => byBob.length >= ENOUGH_FRAMES);
    expect(byCarol).toEqual([]);
    expect(carol.statistics.received).toMatchObject({ opened: 0, refused: 0, waiting: 0 });
  });

  it('hear no gap while others come and go and keys change', async () => {
    const [alice, bob] = await inLobby('alice', 'bob');
    const heard = framesHeard(bob, alice);
    const talk = talkOf(alice);
    const carol = await world.connect('demo', 'carol');
    for (let turn = 0; turn < 12; turn += 1) {
      await carol.join(lobby);
      await eventually(() => heard.length >= 10 * (turn + 1));
      await carol.leave(lobby);
    }
    // More than one epoch has passed, and each change is over.
    await eventually(() => heard.length >= 250);
    talk.stop();
    await eventually(() => heard.at(-1) === talk.lastFrame);
    expect(gapsIn(heard)).toEqual([]);
  });

  it('mute and deafen themselves', async () => {
    const [alice, bob] = await inLobby('alice', 'bob');
    const [byAlice, byBob] = [framesHeard(alice, bob), framesHeard(bob, alice)];
    const talk = talkOf(alice);
    talkOf(bob);
    await eventually(() => byAlice.length > 0 && byBob.length > 0);
    await alice.setSelfState({ muted: true, deafened: true });
    const saidBefore = talk.lastFrame;
    const [heardByAlice, heardByBob] = [byAlice.length, byBob.length];
    await eventually(() => talk.lastFrame >= saidBefore + ENOUGH_FRAMES);
    // What was on its way when the request was done may still arrive.
    expect(byAlice.length - heardByAlice).toBeLessThan(5);
    expect(byBob.length - heardByBob).toBeLessThan(5);
    expect(Math.max(...byBob)).toBeLessThanOrEqual(saidBefore);
    expect([...bob.sessions.values()].some(({ selfMuted, selfDeafened }) => selfMuted && selfDeafened)).toBe(true);
    await alice.setSelfState({ muted: false, deafened: false });
    await eventually(() => byBob.at(-1) === talk.lastFrame && byAlice.length > heardByAlice + 5);
  });

  it('are cut off in mid-sentence by a right that is taken, and others speak on without a gap', async () => {
    const { roles, acl, channels, system } = world.services;
    const stage = await channels.create(system, organization.id, { name: 'Stage' });
    const singer = await roles.create(system, organization.id, { name: 'singer', permissions: 3 });
    await roles.assign(system, singer.id, userNamed('alice').id);
    await acl.setEntry(system, stage.id, member, 1);
    await acl.setEntry(system, stage.id, singer.id, 3);
    const dj = await roles.create(system, organization.id, { name: 'dj', permissions: 3 });
    await roles.assign(system, dj.id, userNamed('bob').id);
    await acl.setEntry(system, stage.id, dj.id, 3);
    const [alice, bob, carol] = await inLobby('alice', 'bob', 'carol');
    for (const client of [alice, bob, carol]) await client.join(stage.id);
    const [ofAlice, ofBob] = [framesHeard(carol, alice), framesHeard(carol, bob)];
    const sentence = new SteadyTalk(alice, stage.id);
    const other = new SteadyTalk(bob, stage.id);
    talks.push(sentence, other);
    await eventually(() => ofAlice.length >= ENOUGH_FRAMES && ofBob.length >= ENOUGH_FRAMES);

    await acl.setEntry(system, stage.id, singer.id, 1);
    const saidAtCommit = sentence.lastFrame;
    const told = once(alice, 'channel');
    await eventually(() => sentence.lastFrame >= saidAtCommit + 3 * ENOUGH_FRAMES);
    // 200 ms are as many packets.
    expect(Math.max(...ofAlice) - saidAtCommit).toBeLessThanOrEqual(200 / FRAME_MS);
    expect((await world.relay.counters()).totals.drops.not_a_speaker).toBeGreaterThan(0);
    expect(gapsIn(ofAlice)).toEqual([]);
    await told;
    expect(alice.channels.get(stage.id)?.permissions).toMatchObject({ join: true, speak: false });

    await acl.setEntry(system, stage.id, singer.id, 3);
    await eventually(() => ofAlice.at(-1) === sentence.lastFrame);
    expect(gapsIn(ofBob)).toEqual([]);
  });

  it('hear and speak through the control connection where UDP does not pass', async () => {
    const alice = await world.connect('demo', 'alice', { udpPort: DEAD_UDP_PORT });
    const [bob] = await inLobby('bob');
    await alice.join(lobby);
    expect(alice.pathMode).toBe('tunnel');
    const [byAlice, byBob] = [framesHeard(alice, bob), framesHeard(bob, alice)];
    talkOf(alice);
    talkOf(bob);
    await eventually(() => byAlice.length >= ENOUGH_FRAMES && byBob.length >= ENOUGH_FRAMES);
    expect([gapsIn(byAlice), gapsIn(byBob)]).toEqual([[], []]);
    expect((await world.relay.counters()).totals.tunneledIn).toBeGreaterThan(0);
  });
});

async function inLobby(...names: readonly string[]): Promise<[VoiceClient, VoiceClient, VoiceClient]> {
  const clients: VoiceClient[] = [];
  for (const name of names) {
    const client = await world.connect('demo', name);
    await client.join(lobby);
    clients.push(client);
  }
  const [first, second = first, third = first] = clients;
  if (first === undefined || second === undefined || third === undefined) throw new Error('nobody was named');
  return [first, second, third];
}

function talkOf(client: VoiceClient): SteadyTalk {
  const talk = new SteadyTalk(client, lobby);
  talks.push(talk);
  return talk;
}

function userNamed(name: string): User {
  const found = users.find(({ username }) => username === name);
  if (found === undefined) throw new Error(`no user is called ${name}`);
  return found;
}
