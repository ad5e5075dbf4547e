import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import { type ChannelId, channelId, sessionId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { Permission } from '../../src/permissions/bits.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { FRAME_MS, framesHeard, gapsIn, SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

const ENOUGH_FRAMES = 20;
/** A change reaches the packet path in so many milliseconds. */
const WITHIN_MS = 200;

interface Scene {
  readonly organization: Organization;
  readonly stage: ChannelId;
  readonly speaker: User;
  readonly speakerClient: VoiceClient;
}

let world: VoiceWorld;
let tenants = 0;
const talks: SteadyTalk[] = [];
beforeAll(async () => {
  world = await VoiceWorld.open();
});
afterEach(async () => {
  for (const talk of talks.splice(0)) talk.stop();
  await world.disconnectAll();
});
afterAll(() => world.close());

const CHANGES: readonly (readonly [what: string, change: (scene: Scene) => Promise<unknown>])[] = [
  ['a role that loses SPEAK', ({ organization }) => loseByRole(organization, 'singer')],
  [
    'a role that is taken',
    async ({ organization, speaker }) => {
      const { roles, system } = world.services;
      await roles.unassign(system, (await roleNamed(organization, 'singer')).id, speaker.id);
    },
  ],
  [
    'an ACL',
    async ({ organization, stage }) => {
      const { acl, system } = world.services;
      const dj = await roleNamed(organization, 'dj');
      await acl.setEntry(system, stage, dj.id, Permission.JOIN | Permission.SPEAK);
    },
  ],
  [
    'a ban',
    ({ organization, speaker }) =>
      world.services.bans.create(world.services.system, organization.id, { userId: speaker.id }),
  ],
  ['a mute', ({ speakerClient }) => world.moderation.setMuted(world.services.system, [idOf(speakerClient)], true)],
  ['a deletion of the user', ({ speaker }) => world.services.users.delete(world.services.system, speaker.id)],
  [
    'a deletion of the channel',
    ({ stage }) => world.services.channels.delete(world.services.system, stage, { recursive: false }),
  ],
  [
    'a change of the password',
    ({ speaker }) => world.services.users.update(world.services.system, speaker.id, { password: `${PASSWORD} other` }),
  ],
];

describe('a speaker is cut off in mid-sentence, within 200 ms, by', () => {
  it.each(CHANGES)('%s', async (_, change) => {
    tenants += 1;
    const tag = `rights${tenants}`;
    const { organization, users } = await world.organization(tag, 'alice', 'bob', 'carol');
    const { roles, channels, system } = world.services;
    // Alice and Carol speak by roles of their own, so that one can lose what the other keeps.
    for (const [name, user] of [
      ['singer', users[0]],
      ['dj', users[2]],
    ] as const) {
      const role = await roles.create(system, organization.id, { name, permissions: Permission.SPEAK });
      if (user !== undefined) await roles.assign(system, role.id, user.id);
    }
    await roles.update(system, await world.memberRole(organization), { permissions: Permission.JOIN });
    const stage = await channels.create(system, organization.id, { name: 'stage' });
    const side = await channels.create(system, organization.id, { name: 'side' });
    const [alice, bob, carol] = [
      await world.connect(tag, 'alice'),
      await world.connect(tag, 'bob'),
      await world.connect(tag, 'carol'),
    ];
    for (const client of [alice, bob]) await client.join(stage.id);
    for (const client of [bob, carol]) await client.join(side.id);
    const [byAlice, byCarol] = [framesHeard(bob, alice), framesHeard(bob, carol)];
    const [talk, other] = [talkTo(alice, stage.id), talkTo(carol, side.id)];
    await eventually(() => byAlice.length >= ENOUGH_FRAMES && byCarol.length >= ENOUGH_FRAMES);
    // Whoever is told that it is over speaks no more.
    for (const event of ['disconnect', 'channel_left'] as const) alice.once(event, () => talk.stop());
    const speaker = users[0];
    if (speaker === undefined) throw new Error('there is no speaker');

    await change({ organization, stage: channelId(stage.id), speaker, speakerClient: alice });
    const [said, saidByOther] = [talk.lastFrame, other.lastFrame];
    await eventually(() => other.lastFrame >= saidByOther + 3 * ENOUGH_FRAMES);
    expect(Math.max(...byAlice) - said).toBeLessThanOrEqual(WITHIN_MS / FRAME_MS);
    await eventually(() => byCarol.at(-1) === other.lastFrame);
    expect(gapsIn(byCarol)).toEqual([]);
  });
});

describe('who is in several channels', () => {
  it('hears all of them, and speaks into any by naming it', async () => {
    const { organization } = await world.organization('several', 'alice', 'bob', 'carol');
    const { channels, system } = world.services;
    const [squad, command] = [
      await channels.create(system, organization.id, { name: 'squad' }),
      await channels.create(system, organization.id, { name: 'command' }),
    ];
    const [alice, bob, carol] = [
      await world.connect('several', 'alice'),
      await world.connect('several', 'bob'),
      await world.connect('several', 'carol'),
    ];
    for (const channel of [squad, command]) await alice.join(channel.id);
    await bob.join(squad.id);
    await carol.join(command.id);
    const [toBob, toCarol] = [framesHeard(bob, alice), framesHeard(carol, alice)];
    const [ofBob, ofCarol] = [framesHeard(alice, bob), framesHeard(alice, carol)];
    talkTo(bob, squad.id);
    talkTo(carol, command.id);
    const toSquad = talkTo(alice, squad.id);
    await eventually(() => [toBob, ofBob, ofCarol].every((frames) => frames.length >= ENOUGH_FRAMES));
    toSquad.stop();
    expect(toCarol).toEqual([]);
    talkTo(alice, command.id);
    await eventually(() => toCarol.length >= ENOUGH_FRAMES);
    expect([gapsIn(ofBob), gapsIn(ofCarol), toCarol[0]]).toEqual([[], [], 1]);
    expect(toBob.at(-1)).toBe(toSquad.lastFrame);
  });
});

async function loseByRole(organization: Organization, name: string): Promise<void> {
  const { roles, system } = world.services;
  await roles.update(system, (await roleNamed(organization, name)).id, { permissions: 0 });
}

async function roleNamed(organization: Organization, wanted: string) {
  const { roles, system } = world.services;
  const { items } = await roles.list(system, organization.id, { first: 100, after: null });
  const found = items.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`no role is called ${wanted}`);
  return found;
}

function talkTo(talker: VoiceClient, target: number): SteadyTalk {
  const talk = new SteadyTalk(talker, target);
  talks.push(talk);
  return talk;
}

function idOf({ identity }: VoiceClient) {
  return sessionId(identity.sessionId);
}
