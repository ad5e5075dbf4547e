import { describe, expect, it } from '@jest/globals';
import { FORMER_EPOCH_MS } from '../../src/relay/route.js';
import { CHANNEL, RelayWorld } from './relay-world.js';

describe('what the control plane says', () => {
  it('cuts a speaker off in mid-sentence, and lets others speak on', () => {
    const { world, alice, bob, carol } = threePeople();
    alice.say();
    bob.say();
    world.network.advance(20);
    world.setRoute([alice, bob, carol], [bob, carol]);
    alice.say();
    bob.say();
    world.network.advance(20);
    expect(carol.heard).toHaveLength(3);
    expect(world.drops()).toEqual({ not_a_speaker: 1 });
  });

  it('cuts off a speaker whose new right comes with a new key, though the former key still holds for others', () => {
    const { world, alice, bob, carol } = threePeople();
    world.setRoute([bob, carol], [bob, carol], 1);
    alice.say();
    bob.say();
    world.network.advance(20);
    expect(carol.heard).toHaveLength(1);
    expect(world.drops()).toEqual({ not_a_speaker: 1 });
  });

  it('deafens a session that goes on speaking, and mutes one that goes on hearing', () => {
    const { world, alice, bob, carol } = threePeople();
    world.setRoute([bob, carol], [alice, carol]);
    const said = alice.say();
    carol.say();
    bob.say();
    world.network.advance(20);
    expect(alice.heard).toEqual([]);
    expect(bob.heard).toHaveLength(2);
    expect(bob.heard).toContainEqual(Buffer.from(said));
    expect(carol.heard).toEqual([Buffer.from(said)]);
    expect(world.drops()).toEqual({ not_a_speaker: 1 });
  });

  it('never lets a speaker hear itself', () => {
    const { world, alice, bob, carol } = threePeople();
    alice.say();
    world.network.advance(20);
    expect([alice, bob, carol].map(({ heard }) => heard.length)).toEqual([0, 1, 1]);
  });

  it('accepts the former epoch for two seconds and not longer, and the present one all the time', () => {
    const { world, alice, bob, carol } = threePeople();
    world.setRoute([bob, carol], [alice], 1);
    world.network.advance(FORMER_EPOCH_MS - 1);
    alice.say(undefined, 0);
    alice.say(undefined, 1);
    world.network.advance(1);
    alice.say(undefined, 0);
    alice.say(undefined, 1);
    world.network.advance(0);
    expect(bob.heard).toHaveLength(3);
    expect(world.drops()).toEqual({ wrong_epoch: 1 });
  });

  it('accepts only the one epoch before, also where two changes follow at once', () => {
    const { world, alice, bob } = threePeople();
    world.setRoute([bob], [alice], 255);
    world.setRoute([bob], [alice], 256);
    for (const epoch of [0, 255, 256]) alice.send(alice.writer.voice(CHANNEL, { epoch }));
    world.network.advance(0);
    // 0 and 256 are the same on the wire, so only the seal tells them apart.
    expect(bob.heard).toHaveLength(3);
    world.setRoute([bob], [alice], 258);
    for (const epoch of [255, 256, 257, 258]) alice.send(alice.writer.voice(CHANNEL, { epoch }));
    world.network.advance(0);
    expect(world.drops()).toEqual({ wrong_epoch: 2 });
  });

  it('does not prolong the former epoch by being repeated', () => {
    const { world, alice, bob } = threePeople();
    world.setRoute([bob], [alice], 1);
    world.network.advance(FORMER_EPOCH_MS - 1);
    world.setRoute([bob], [alice], 1);
    world.network.advance(1);
    alice.say(undefined, 0);
    world.network.advance(0);
    expect(world.drops()).toEqual({ wrong_epoch: 1 });
  });

  it('ends a route and a session', () => {
    const { world, alice, bob, carol } = threePeople();
    world.update({ type: 'remove_session', sessionId: carol.id });
    alice.say();
    world.network.advance(20);
    world.update({ type: 'remove_route', target: CHANNEL });
    alice.say();
    world.network.advance(20);
    expect(bob.heard).toHaveLength(1);
    expect(carol.heard).toEqual([]);
    expect(world.drops()).toEqual({ unknown_target: 1 });
  });

  it('gives a freed slot to a new session, which hears nothing of the old one’s channel', () => {
    const { world, alice, bob, carol } = threePeople();
    world.update({ type: 'remove_session', sessionId: carol.id });
    const dave = world.connectClient();
    alice.say();
    world.network.advance(20);
    expect(dave.heard).toEqual([]);
    expect(bob.heard).toHaveLength(1);
  });
});

function threePeople() {
  const world = new RelayWorld();
  const [alice, bob, carol] = [world.connectClient(), world.connectClient(), world.connectClient()];
  world.setRoute([alice, bob, carol], [alice, bob, carol]);
  return { world, alice, bob, carol };
}
