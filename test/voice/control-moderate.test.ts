import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { ChannelId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { Permission } from '../../src/permissions/bits.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { framesHeard, SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

const ENOUGH_FRAMES = 30;

let world: VoiceWorld;
let organization: Organization;
let users: readonly User[];
let lobby: ChannelId;
beforeAll(async () => {
  world = await VoiceWorld.open();
  ({ organization, users, lobby } = await world.organization('demo', 'alice', 'bob', 'carol'));
  const { services } = world;
  const { items } = await services.roles.list(services.system, organization.id, { first: 100, after: null });
  const roleIds = items.filter(({ name }) => name === 'admin').map(({ id }) => id);
  await services.user(organization, 'mona', { roleIds });
  await world.organization('other', 'mallory');
});
const talks: SteadyTalk[] = [];
afterEach(async () => {
  for (const talk of talks.splice(0)) talk.stop();
  await world.disconnectAll();
});
afterAll(() => world.close());

describe('a moderator at a voice client', () => {
  it('mutes and deafens, and lifts it, and the answer is the moment from which it holds', async () => {
    const [mona, alice, bob] = await connected('mona', 'alice', 'bob');
    for (const client of [alice, bob]) await client.join(lobby);
    const [byAlice, byBob] = [framesHeard(alice, bob), framesHeard(bob, alice)];
    talkOf(alice);
    const talk = talkOf(bob);
    await eventually(() => byAlice.length >= ENOUGH_FRAMES && byBob.length >= ENOUGH_FRAMES);
    await mona.moderate(idOf(bob), { muted: true });
    const saidAtMute = talk.lastFrame;
    await eventually(() => talk.lastFrame >= saidAtMute + ENOUGH_FRAMES);
    expect(Math.max(...byAlice)).toBeLessThanOrEqual(saidAtMute + 1);
    await eventually(() => alice.sessions.get(idOf(bob))?.muted === true);
    await mona.moderate(idOf(bob), { deafened: true });
    const heardByBob = byBob.length;
    await mona.moderate(idOf(bob), { muted: false });
    await eventually(() => byAlice.at(-1) === talk.lastFrame);
    expect(byBob.length).toBeLessThanOrEqual(heardByBob + 2);
    await mona.moderate(idOf(bob), { deafened: false });
    await eventually(() => byBob.length > heardByBob + 5);
    await eventually(() => alice.sessions.get(idOf(bob))?.deafened === false);
  });

  it('makes somebody a priority speaker, which all can see, over a new login too', async () => {
    const [mona, alice, bob] = await connected('mona', 'alice', 'bob');
    await mona.moderate(idOf(bob), { prioritySpeaker: true });
    await eventually(() => alice.sessions.get(idOf(bob))?.prioritySpeaker === true);
    await bob.close();
    const again = await world.connect('demo', 'bob');
    await eventually(() => alice.sessions.get(idOf(again))?.prioritySpeaker === true);
    await mona.moderate(idOf(again), { prioritySpeaker: false });
    await eventually(() => alice.sessions.get(idOf(again))?.prioritySpeaker === false);
    expect(await actions()).toEqual(['session_unprioritized', 'session_prioritized']);
  });

  it('moves out of one channel or of all, and into another one', async () => {
    const { channels, system } = world.services;
    const vault = await channels.create(system, organization.id, { name: 'Vault', password: 'sesame', maxUsers: 1 });
    const tent = await channels.create(system, organization.id, { name: 'Tent' });
    const [mona, alice, bob] = await connected('mona', 'alice', 'bob');
    for (const id of [lobby, tent.id]) await alice.join(id);
    const left = once(alice, 'channel_left');
    await mona.moderate(idOf(alice), { move: { from: lobby, to: vault.id } });
    expect(await left).toEqual([lobby, 'moved']);
    await eventually(() => channelsOf(mona, alice) === `${tent.id},${vault.id}`);
    alice.sendVoice(vault.id, 1, Uint8Array.of(1), true);
    await bob.join(lobby);
    await expect(mona.moderate(idOf(bob), { move: { to: vault.id } })).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    await mona.moderate(idOf(alice), { move: {} });
    await eventually(() => channelsOf(mona, alice) === '');
  });

  it('kicks with a reason, which the one who is kicked and all others are told', async () => {
    const [mona, alice, bob] = await connected('mona', 'alice', 'bob');
    const [gone, seen] = [once(alice, 'disconnect'), once(bob, 'session_removed')];
    await mona.moderate(idOf(alice), { kick: true }, 'No shouting.');
    expect(await gone).toEqual([
      expect.objectContaining({ code: 'KICKED', message: 'You were removed from the server. No shouting.' }),
    ]);
    expect(await seen).toEqual([expect.objectContaining({ username: 'alice' }), 'kicked', 'No shouting.']);
    const { items } = await world.services.audit.list(
      world.services.system,
      organization.id,
      { actions: ['session_kicked'] },
      { first: 1, after: null },
    );
    expect(items).toMatchObject([{ actorName: 'mona', door: 'voice', reason: 'No shouting.' }]);
  });

  it('has power where they hold MANAGE, and nobody else has any', async () => {
    const { channels, acl, roles, system } = world.services;
    const garden = await channels.create(system, organization.id, { name: 'Garden' });
    const keeper = await roles.create(system, organization.id, { name: 'keeper', permissions: 0 });
    const all = Permission.JOIN | Permission.SPEAK | Permission.MANAGE;
    await acl.setEntry(system, garden.id, await world.memberRole(organization), Permission.JOIN);
    await acl.setEntry(system, garden.id, keeper.id, all);
    await roles.assign(system, keeper.id, userNamed('carol').id);
    const [alice, bob, carol] = await connected('alice', 'bob', 'carol');
    const mallory = await world.connect('other', 'mallory');
    await bob.join(garden.id);
    await carol.moderate(idOf(bob), { muted: true });
    await carol.moderate(idOf(bob), { muted: false });
    for (const attempt of [
      carol.moderate(idOf(bob), { kick: true }),
      carol.moderate(idOf(alice), { muted: true }),
      alice.moderate(idOf(bob), { muted: true }),
      alice.moderate(idOf(bob), { prioritySpeaker: true }),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    }
    for (const attempt of [
      mallory.moderate(idOf(bob), { muted: true }),
      carol.moderate(0, { muted: true }),
      carol.moderate(2 ** 32 - 1, { kick: true }),
      carol.moderate(idOf(bob), { move: { to: 2 ** 31 } }),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  it('is refused for what says nothing, for a reason that is none, and too often in a short time', async () => {
    const bob = await world.connect('demo', 'bob');
    const raw = await world.raw();
    await raw.login('demo', 'mona', PASSWORD);
    const sessionId = idOf(bob);
    await raw.request({ case: 'moderate', value: { sessionId } });
    await raw.request({
      case: 'moderate',
      value: { sessionId, action: { case: 'kick', value: {} }, reason: ' '.repeat(3) },
    });
    expect(raw.refusals).toEqual(['INVALID_INPUT', 'INVALID_INPUT']);
    const requests = Array.from({ length: 40 }, () => raw.send({ case: 'moderate', value: { sessionId } }));
    for (const request of requests) await raw.answerTo(request);
    expect(raw.refusals.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThan(0);
    expect(bob.sessions.size).toBe(2);
  });
});

const idOf = ({ identity }: VoiceClient) => identity.sessionId;

async function connected(...names: readonly string[]): Promise<[VoiceClient, VoiceClient, VoiceClient]> {
  const [first, second, third] = await Promise.all(names.map((name) => world.connect('demo', name)));
  if (first === undefined || second === undefined || third === undefined) throw new Error('three are expected');
  return [first, second, third];
}

function channelsOf(seenBy: VoiceClient, who: VoiceClient): string | undefined {
  return seenBy.sessions.get(idOf(who))?.channelIds.join();
}

/** What was written down last, the newest first. */
async function actions(): Promise<readonly string[]> {
  const page = { first: 2, after: null };
  const { items } = await world.services.audit.list(world.services.system, organization.id, {}, page);
  return items.map(({ action }) => action);
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
