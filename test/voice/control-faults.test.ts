import { afterEach, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import { sessionId } from '../../src/ids.js';
import { eventually } from '../support/eventually.js';
import { DatabaseGate } from './database-gate.js';
import { framesHeard, gapsIn, SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

const ENOUGH_FRAMES = 30;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('while the database is away', () => {
  it('people talk on, leave and mute; what needs it is refused for now; and all is well when it is back', async () => {
    const [gate, world] = await DatabaseGate.around(() => VoiceWorld.open());
    closers.push(() => gate.remove());
    closers.push(() => world.close());
    const { organization, lobby } = await world.organization('demo', 'alice', 'bob', 'carol');
    const { channels, acl, system } = world.services;
    const stage = await channels.create(system, organization.id, { name: 'Stage' });
    const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
    for (const client of [alice, bob]) await client.join(lobby);
    const { talk, heard } = talkTo(bob, alice, lobby);
    await eventually(() => heard.length >= ENOUGH_FRAMES);

    await gate.shut();
    await expect(bob.join(stage.id)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 1000 });
    await expect(world.connect('demo', 'carol')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await bob.setSelfState({ muted: true, deafened: false });
    await bob.setSelfState({ muted: false, deafened: false });
    const said = talk.lastFrame;
    await eventually(() => Math.max(...heard) >= said + ENOUGH_FRAMES);

    await gate.open();
    await eventually(() =>
      bob.join(stage.id).then(
        () => true,
        () => false,
      ),
    );
    await world.connect('demo', 'carol');
    // A change of rights is followed as before.
    await acl.setEntry(system, lobby, await world.memberRole(organization), 1);
    await eventually(() => alice.channels.get(lobby)?.permissions.speak === false);
    expect(gapsIn(heard)).toEqual([]);
  });
});

describe('when the relay dies', () => {
  it('it begins again, and those who were there hear each other as before', async () => {
    const world = await VoiceWorld.open();
    closers.push(() => world.close());
    const { lobby } = await world.organization('demo', 'alice', 'bob', 'carol');
    const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
    for (const client of [alice, bob]) await client.join(lobby);
    const { talk, heard } = talkTo(bob, alice, lobby);
    talkTo(alice, bob, lobby);
    await eventually(() => heard.length >= ENOUGH_FRAMES);

    const lost = new Promise((resolve) => world.relay.onLost(resolve));
    // A key of the wrong length is a bug of the control plane, which the worker does not survive.
    const key = new Uint8Array(3);
    world.relay.update({
      type: 'add_session',
      sessionId: sessionId(alice.identity.sessionId),
      clientKey: key,
      serverKey: key,
    });
    await lost;
    const said = talk.lastFrame;
    await eventually(() => Math.max(...heard) > said + ENOUGH_FRAMES);
    await eventually(() => alice.pathMode === 'udp' && bob.pathMode === 'udp');
    // Who comes now is let in as ever.
    const carol = await world.connect('demo', 'carol');
    await carol.join(lobby);
    const byCarol = framesHeard(carol, alice);
    await eventually(() => byCarol.length >= ENOUGH_FRAMES);
    expect(carol.pathMode).toBe('udp');
  });
});

function talkTo(
  listener: VoiceClient,
  talker: VoiceClient,
  channelId: number,
): { readonly talk: SteadyTalk; readonly heard: readonly number[] } {
  const heard = framesHeard(listener, talker);
  const talk = new SteadyTalk(talker, channelId);
  closers.push(() => talk.stop());
  return { talk, heard };
}
