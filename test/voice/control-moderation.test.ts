import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import { type ChannelId, sessionId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { Permission } from '../../src/permissions/bits.js';
import type { RequestContext } from '../../src/request-context.js';
import type { ModerationService } from '../../src/sessions/moderation.service.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { framesHeard, SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

const ENOUGH_FRAMES = 30;

let world: VoiceWorld;
let moderation: ModerationService;
let organization: Organization;
let users: readonly User[];
let lobby: ChannelId;
let moderator: RequestContext;
beforeAll(async () => {
  world = await VoiceWorld.open();
  const { services } = world;
  moderation = world.moderation;
  ({ organization, users, lobby } = await world.organization('demo', 'alice', 'bob', 'carol'));
  const { items } = await services.roles.list(services.system, organization.id, { first: 100, after: null });
  const roleIds = items.filter(({ name }) => name === 'admin').map(({ id }) => id);
  moderator = services.as(await services.user(organization, 'moderator', { roleIds }));
});
const talks: SteadyTalk[] = [];
afterEach(async () => {
  for (const talk of talks.splice(0)) talk.stop();
  await world.disconnectAll();
});
afterAll(() => world.close());

const idOf = ({ identity }: VoiceClient) => sessionId(identity.sessionId);

async function inLobby(...names: readonly string[]): Promise<VoiceClient[]> {
  const clients = await Promise.all(names.map((name) => world.connect('demo', name)));
  for (const client of clients) await client.join(lobby);
  return clients;
}

async function pair(): Promise<readonly [VoiceClient, VoiceClient]> {
  const [alice, bob] = await inLobby('alice', 'bob');
  if (alice === undefined || bob === undefined) throw new Error('two are expected');
  return [alice, bob];
}

function talkOf(client: VoiceClient): SteadyTalk {
  const talk = new SteadyTalk(client, lobby);
  talks.push(talk);
  return talk;
}

describe('a moderator', () => {
  it('mutes somebody in mid-sentence, all can see it, and a new login does not lift it', async () => {
    const [alice, bob] = await pair();
    const heard = framesHeard(bob, alice);
    const talk = talkOf(alice);
    await eventually(() => heard.length >= ENOUGH_FRAMES);
    expect(await moderation.setMuted(moderator, [idOf(alice)], true)).toEqual([
      { sessionId: idOf(alice), refusal: null },
    ]);
    const saidAtMute = talk.lastFrame;
    await eventually(() => talk.lastFrame >= saidAtMute + ENOUGH_FRAMES);
    // 200 ms are twenty frames of 10 ms.
    expect(Math.max(...heard)).toBeLessThanOrEqual(saidAtMute + 20);
    await eventually(() => bob.sessions.get(alice.identity.sessionId)?.muted === true);
    talk.stop();

    await alice.setSelfState({ muted: false, deafened: false });
    await alice.close();
    const again = await world.connect('demo', 'alice');
    await again.join(lobby);
    await eventually(() => bob.sessions.get(again.identity.sessionId)?.muted === true);
    const heardAgain = framesHeard(bob, again);
    const secondTalk = talkOf(again);
    await eventually(() => secondTalk.lastFrame >= ENOUGH_FRAMES);
    expect(heardAgain).toEqual([]);
    await moderation.setMuted(moderator, [idOf(again)], false);
    await eventually(() => heardAgain.length > 0);
  });

  it('deafens somebody, who can still speak', async () => {
    const [alice, bob] = await pair();
    const [byAlice, byBob] = [framesHeard(alice, bob), framesHeard(bob, alice)];
    talkOf(alice);
    const talk = talkOf(bob);
    await eventually(() => byAlice.length >= ENOUGH_FRAMES && byBob.length >= ENOUGH_FRAMES);
    await moderation.setDeafened(moderator, [idOf(alice)], true);
    const saidAtDeafen = talk.lastFrame;
    const heardByBob = byBob.length;
    await eventually(() => talk.lastFrame >= saidAtDeafen + ENOUGH_FRAMES && byBob.length > heardByBob);
    expect(Math.max(...byAlice)).toBeLessThanOrEqual(saidAtDeafen + 20);
    await moderation.setDeafened(moderator, [idOf(alice)], false);
    await eventually(() => byAlice.at(-1) === talk.lastFrame);
  });

  it('kicks many in one call, and says of each what became of it', async () => {
    const [alice, bob] = await pair();
    const ends = [once(alice, 'disconnect'), once(bob, 'disconnect')];
    const absent = sessionId(4_000_000_000);
    const because = { ...moderator, reason: 'Enough.' };
    const results = await moderation.kick(because, [idOf(alice), absent, idOf(bob), idOf(alice)]);
    expect(results.map(({ refusal }) => refusal?.code ?? null)).toEqual([null, 'NOT_FOUND', null]);
    for (const [reason] of await Promise.all(ends)) expect(reason).toMatchObject({ code: 'KICKED' });
    const { items } = await world.services.audit.list(
      moderator,
      organization.id,
      { actions: ['session_kicked'] },
      {
        first: 2,
        after: null,
      },
    );
    expect(items.map(({ after, reason }) => [after?.username, reason])).toEqual([
      ['bob', 'Enough.'],
      ['alice', 'Enough.'],
    ]);
    await world.connect('demo', 'alice');
  });

  it('moves people into a channel without its password, where they hold JOIN and find a place', async () => {
    const { channels, acl, roles, system } = world.services;
    const vault = await channels.create(system, organization.id, { name: 'Vault', password: 'sesame', maxUsers: 1 });
    const staffOnly = await channels.create(system, organization.id, { name: 'Staff' });
    const staff = await roles.create(system, organization.id, { name: 'staff', permissions: 0 });
    await acl.setEntry(system, staffOnly.id, staff.id, Permission.JOIN);
    const [alice, bob] = await pair();
    const left = once(alice, 'channel_left');
    const results = await moderation.move(moderator, [idOf(alice), idOf(bob)], { to: vault.id });
    expect(results.map(({ refusal }) => refusal?.code ?? null)).toEqual([null, 'CHANNEL_FULL']);
    expect(await left).toEqual([lobby, 'moved']);
    await eventually(() => bob.sessions.get(alice.identity.sessionId)?.channelIds.join() === `${vault.id}`);
    alice.sendVoice(vault.id, 1, Uint8Array.of(0xf8, 0xff, 0xfe), true);
    expect(bob.sessions.get(bob.identity.sessionId)?.channelIds).toEqual([lobby]);
    const [refused] = await moderation.move(moderator, [idOf(bob)], { to: staffOnly.id });
    expect(refused?.refusal).toMatchObject({ code: 'PERMISSION_DENIED', params: { permission: 'JOIN' } });
    const [out] = await moderation.move(moderator, [idOf(bob)], { to: null });
    expect(out?.refusal).toBeNull();
    await eventually(() => alice.sessions.get(bob.identity.sessionId)?.channelIds.length === 0);
  });

  it('of a channel has power in that channel alone', async () => {
    const { channels, acl, roles, system } = world.services;
    const games = await channels.create(system, organization.id, { name: 'Games' });
    const host = await roles.create(system, organization.id, { name: 'host', permissions: 0 });
    const member = await world.memberRole(organization);
    await acl.setEntry(system, games.id, member, Permission.JOIN | Permission.SPEAK);
    await acl.setEntry(system, games.id, host.id, Permission.JOIN | Permission.MANAGE);
    const carol = users.find(({ username }) => username === 'carol');
    if (carol === undefined) throw new Error('carol is not there');
    await roles.assign(system, host.id, carol.id);
    const asHost = world.services.as(carol);
    const [alice, bob] = await pair();
    await bob.join(games.id);
    const codes = async (results: ReturnType<ModerationService['kick']>) =>
      (await results).map(({ refusal }) => refusal?.code ?? null);
    expect(await codes(moderation.setMuted(asHost, [idOf(alice), idOf(bob)], true))).toEqual([
      'PERMISSION_DENIED',
      'PERMISSION_DENIED',
    ]);
    expect(await codes(moderation.move(asHost, [idOf(bob)], { from: games.id, to: null }))).toEqual([null]);
    expect(await codes(moderation.move(asHost, [idOf(alice)], { to: games.id }))).toEqual(['PERMISSION_DENIED']);
    expect(await codes(moderation.kick(asHost, [idOf(bob)]))).toEqual(['PERMISSION_DENIED']);
    await bob.leave(lobby);
    await bob.join(games.id);
    expect(await codes(moderation.setMuted(asHost, [idOf(bob)], true))).toEqual([null]);
    expect(await codes(moderation.setMuted(asHost, [idOf(bob)], false))).toEqual([null]);
  });

  it('reaches neither the owner nor anybody of another organization, and a member reaches nobody', async () => {
    const [alice, bob] = await pair();
    const owner = users.find(({ username }) => username === 'alice');
    await world.services.organizations.update(world.services.system, organization.id, { ownerId: owner?.id });
    const { admin: stranger } = await world.services.admin('strangers');
    const member = world.services.as(await world.services.user(organization, 'plain member'));
    const codeOf = async (ctx: RequestContext, client: VoiceClient) =>
      (await moderation.kick(ctx, [idOf(client)])).map(({ refusal }) => refusal?.code);
    expect(await codeOf(moderator, alice)).toEqual(['PERMISSION_DENIED']);
    expect(await codeOf(stranger, bob)).toEqual(['NOT_FOUND']);
    expect(await codeOf(member, bob)).toEqual(['PERMISSION_DENIED']);
    await expect(moderation.kick(moderator, [])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
