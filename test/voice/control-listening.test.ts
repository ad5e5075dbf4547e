import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { NewChannel } from '../../src/channels/channel.service.js';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { ChannelId, RoleId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { framesHeard, gapsIn, SteadyTalk } from './steady-talk.js';
import { sayThroughTunnel } from './tunneled-word.js';
import { VoiceWorld } from './voice-world.js';

const ENOUGH_FRAMES = 30;

let world: VoiceWorld;
let organization: Organization;
let lobby: ChannelId;
let member: RoleId;
beforeAll(async () => {
  world = await VoiceWorld.open({ maxUsersPerChannel: 2 });
  ({ organization, lobby } = await world.organization('demo', 'alice', 'bob', 'carol'));
  member = await world.memberRole(organization);
});
const talks: SteadyTalk[] = [];
afterEach(async () => {
  for (const talk of talks.splice(0)) talk.stop();
  await world.disconnectAll();
});
afterAll(() => world.close());

describe('who listens to a channel', () => {
  it('hears it from the first word on without being there, takes no place, and all can see it', async () => {
    const [alice, bob, carol] = await everybody();
    await Promise.all([alice.join(lobby), bob.join(lobby)]);
    await expect(carol.join(lobby)).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    await carol.listen(lobby);
    await carol.listen(lobby);
    const heard = framesHeard(carol, alice);
    const channels: unknown[] = [];
    carol.on('voice', ({ channelId }) => channels.push(channelId));
    const talk = talkTo(alice, lobby);
    await eventually(() => heard.length >= ENOUGH_FRAMES);
    talk.stop();
    await eventually(() => heard.at(-1) === talk.lastFrame);
    expect([heard[0], gapsIn(heard), new Set(channels)]).toEqual([1, [], new Set([lobby])]);
    await eventually(() => seen(bob, carol)?.listeningChannelIds.join() === `${lobby}`);
    expect(seen(bob, carol)?.channelIds).toEqual([]);
    expect(await world.occupancyStore.members(lobby)).toHaveLength(2);
  });

  it('cannot speak there, whatever it sends', async () => {
    const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
    await alice.join(lobby);
    await bob.listen(lobby);
    await eventually(() => seen(bob, bob)?.listeningChannelIds.length === 1);
    expect(() => bob.sendVoice(lobby, 1, Uint8Array.of(1), false)).toThrow('joined channel');

    const raw = await world.raw();
    const welcome = await raw.login('demo', 'carol', PASSWORD);
    await raw.request({ case: 'listen', value: { channelId: lobby } });
    sayThroughTunnel(raw, welcome, lobby);
    await eventually(async () => ((await world.relay.counters()).totals.drops.not_a_speaker ?? 0) === 1);
    expect(alice.statistics.received.opened).toBe(0);
  });

  it('hears nothing more when it does not listen any more, and those who are there get a new key', async () => {
    const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
    const raw = await world.raw();
    await raw.login('demo', 'carol', PASSWORD);
    await raw.request({ case: 'join', value: { channelId: lobby } });
    await alice.join(lobby);
    await bob.listen(lobby);
    const heard = framesHeard(bob, alice);
    const talk = talkTo(alice, lobby);
    await eventually(() => heard.length >= ENOUGH_FRAMES);
    await bob.unlisten(lobby);
    const saidAtEnd = talk.lastFrame;
    await eventually(() => talk.lastFrame >= saidAtEnd + ENOUGH_FRAMES);
    expect(Math.max(...heard)).toBeLessThanOrEqual(saidAtEnd + 1);
    await eventually(() => raw.cases.filter((kind) => kind === 'channelKey').length === 2);
    await expect(bob.unlisten(lobby)).rejects.toMatchObject({ code: 'NOT_JOINED' });
    await eventually(() => seen(alice, bob)?.listeningChannelIds.length === 0);
  });

  it('hears on without a gap when it joins, and does not listen then', async () => {
    const [alice, bob] = await everybody();
    await alice.join(lobby);
    await bob.listen(lobby);
    const heard = framesHeard(bob, alice);
    const talk = talkTo(alice, lobby);
    await eventually(() => heard.length >= ENOUGH_FRAMES);
    await bob.join(lobby);
    const saidAtJoin = talk.lastFrame;
    await eventually(() => heard.length > 0 && Math.max(...heard) >= saidAtJoin + ENOUGH_FRAMES);
    expect(gapsIn(heard)).toEqual([]);
    await eventually(() => seen(alice, bob)?.channelIds.join() === `${lobby}`);
    expect(seen(alice, bob)?.listeningChannelIds).toEqual([]);
    bob.sendVoice(lobby, 1, Uint8Array.of(1), true);
    // Who is in a channel has nothing to listen to from outside.
    await bob.listen(lobby);
    await expect(bob.unlisten(lobby)).rejects.toMatchObject({ code: 'NOT_JOINED' });
    await bob.leave(lobby);
    const saidAtLeave = talk.lastFrame;
    await eventually(() => talk.lastFrame >= saidAtLeave + ENOUGH_FRAMES);
    expect(Math.max(...heard)).toBeLessThanOrEqual(saidAtLeave + 1);
  });

  it('does not hear while it is deafened', async () => {
    const [alice, bob] = await everybody();
    await alice.join(lobby);
    await bob.listen(lobby);
    const heard = framesHeard(bob, alice);
    const talk = talkTo(alice, lobby);
    await eventually(() => heard.length >= ENOUGH_FRAMES);
    await bob.setSelfState({ muted: false, deafened: true });
    const saidAtDeafen = talk.lastFrame;
    await eventually(() => talk.lastFrame >= saidAtDeafen + ENOUGH_FRAMES);
    expect(Math.max(...heard)).toBeLessThanOrEqual(saidAtDeafen + 1);
    await bob.setSelfState({ muted: false, deafened: false });
    await eventually(() => heard.at(-1) === talk.lastFrame);
  });

  it('needs JOIN and the password, and does not stay without JOIN', async () => {
    const vault = await channel({ name: 'Vault', password: 'open sesame' });
    const other = await world.organization('other');
    const [alice, bob] = await everybody();
    await alice.join(vault, 'open sesame');
    await expect(bob.listen(vault)).rejects.toMatchObject({ code: 'PASSWORD_REQUIRED' });
    await expect(bob.listen(vault, 'open barley')).rejects.toMatchObject({ code: 'WRONG_PASSWORD' });
    for (const id of [other.lobby, 0, 2 ** 31]) {
      await expect(bob.listen(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    await bob.listen(vault, 'open sesame');
    const left = once(bob, 'channel_left');
    await world.services.acl.setEntry(world.services.system, vault, member, 0);
    expect(await left).toEqual([vault, 'permission_lost']);
    await eventually(() => seen(bob, bob)?.listeningChannelIds.length === 0);
    await expect(bob.listen(vault, 'open sesame')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await world.relay.counters()).routes).toBe(0);
  });

  it('is told when the channel is gone', async () => {
    const tent = await channel({ name: 'Tent' });
    const bob = await world.connect('demo', 'bob');
    await bob.listen(tent);
    const events: string[] = [];
    bob.on('channel_left', (_, reason) => events.push(reason));
    bob.on('channel_removed', () => events.push('removed'));
    await world.services.channels.delete(world.services.system, tent, { recursive: false });
    await eventually(() => events.length === 2);
    expect(events).toEqual(['channel_deleted', 'removed']);
    await eventually(() => seen(bob, bob)?.listeningChannelIds.length === 0);
  });

  it('listens to sixteen channels at most', async () => {
    const bob = await world.connect('demo', 'bob');
    expect(bob.limits).toMatchObject({ maxListenedChannels: 16 });
    for (let count = 0; count < 16; count += 1) await bob.listen(await channel({ name: `Room ${count}` }));
    await expect(bob.listen(lobby)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  });
});

function seen(by: VoiceClient, who: VoiceClient) {
  return by.sessions.get(who.identity.sessionId);
}

async function channel(input: NewChannel): Promise<ChannelId> {
  return (await world.services.channels.create(world.services.system, organization.id, input)).id;
}

async function everybody(): Promise<[VoiceClient, VoiceClient, VoiceClient]> {
  return Promise.all([world.connect('demo', 'alice'), world.connect('demo', 'bob'), world.connect('demo', 'carol')]);
}

function talkTo(talker: VoiceClient, target: number): SteadyTalk {
  const talk = new SteadyTalk(talker, target);
  talks.push(talk);
  return talk;
}
