import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import { type ChannelId, type SessionId, sessionId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { Permission } from '../../src/permissions/bits.js';
import type { Session } from '../../src/sessions/session.js';
import { eventually } from '../support/eventually.js';
import { framesHeard, SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

const ENOUGH_FRAMES = 30;

let world: VoiceWorld;
let organization: Organization;
let lobby: ChannelId;
beforeAll(async () => {
  world = await VoiceWorld.open();
  ({ organization, lobby } = await world.organization('demo', 'alice', 'bob', 'carol'));
});
const talks: SteadyTalk[] = [];
afterEach(async () => {
  for (const talk of talks.splice(0)) talk.stop();
  await world.disconnectAll();
});
afterAll(() => world.close());

describe('a change whose event was lost is found by the resync:', () => {
  it('who may not speak, whisper or hear any more does not', async () => {
    const member = await world.memberRole(organization);
    const [alice, bob, carol] = await connected();
    for (const client of [alice, bob]) await client.join(lobby);
    await carol.listen(lobby);
    const target = await alice.whispers.set({ places: [{ channelId: lobby }] });
    const [byBob, byCarol] = [framesHeard(bob, alice), framesHeard(carol, alice)];
    const talk = talkTo(alice, lobby);
    await eventually(() => byBob.length >= ENOUGH_FRAMES && byCarol.length >= ENOUGH_FRAMES);
    await eventually(() => bob.whispers.speakers.has(target));

    await setEntrySilently(member, Permission.JOIN);
    await eventually(() => alice.channels.get(lobby)?.permissions.speak === false);
    await expectSilence(byBob, talk);
    await eventually(() => !bob.whispers.speakers.has(target));
    talk.stop();

    const ends = [once(bob, 'channel_left'), once(carol, 'channel_left')];
    await setEntrySilently(member, 0);
    expect(await Promise.all(ends)).toEqual([
      [lobby, 'permission_lost'],
      [lobby, 'permission_lost'],
    ]);
    await world.services.acl.removeEntry(world.services.system, lobby, member);
  });

  it('who is muted, and who is where', async () => {
    const [alice, bob] = await connected();
    for (const client of [alice, bob]) await client.join(lobby);
    const heard = framesHeard(bob, alice);
    const talk = talkTo(alice, lobby);
    await eventually(() => heard.length >= ENOUGH_FRAMES);
    world.registry.put({ ...sessionOf(alice), muted: true });
    await eventually(() => bob.sessions.get(alice.identity.sessionId)?.muted === true);
    await expectSilence(heard, talk);
    world.registry.put({ ...sessionOf(alice), muted: false });
    await eventually(() => heard.at(-1) === talk.lastFrame);

    const left = once(bob, 'channel_left');
    await world.occupancyStore.leave(lobby, idOf(bob));
    expect(await left).toEqual([lobby, 'moved']);
    await expectSilence(heard, talk);
  });
});

/** What `ChannelAclService` does, without telling anybody. */
async function setEntrySilently(role: number, permissions: number): Promise<void> {
  await world.services.test.database.write(world.services.system, async ({ em }) => {
    await em.execute(
      `insert into channel_acl (channel_id, role_id, permissions) values (?, ?, ?)
       on conflict (channel_id, role_id) do update set permissions = excluded.permissions`,
      [lobby, role, permissions],
    );
  });
}

async function expectSilence(heard: readonly number[], talk: SteadyTalk): Promise<void> {
  const saidBefore = talk.lastFrame;
  await eventually(() => talk.lastFrame >= saidBefore + ENOUGH_FRAMES);
  expect(Math.max(...heard)).toBeLessThanOrEqual(saidBefore + 1);
}

function idOf({ identity }: VoiceClient): SessionId {
  return sessionId(identity.sessionId);
}

function sessionOf(client: VoiceClient): Session {
  const session = world.registry.find(idOf(client));
  if (session === undefined) throw new Error('the session is not there');
  return session;
}

async function connected(): Promise<[VoiceClient, VoiceClient, VoiceClient]> {
  return Promise.all([world.connect('demo', 'alice'), world.connect('demo', 'bob'), world.connect('demo', 'carol')]);
}

function talkTo(talker: VoiceClient, target: number): SteadyTalk {
  const talk = new SteadyTalk(talker, target);
  talks.push(talk);
  return talk;
}
