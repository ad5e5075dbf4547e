import { describe, expect, it } from '@jest/globals';
import { CHANNEL, RelayWorld } from './relay-world.js';

describe('a resync', () => {
  it('keeps replay windows, proven addresses and counters of the sessions that stay', () => {
    const world = new RelayWorld();
    const [alice, bob] = [world.connectClient(), world.connectClient()];
    world.replaceAll([alice, bob]);
    const packet = alice.writer.voice(CHANNEL);
    alice.send(packet);
    world.network.advance(0);
    world.replaceAll([alice, bob]);
    alice.send(packet);
    alice.say();
    world.network.advance(0);
    expect(bob.heard).toHaveLength(2);
    expect(world.drops()).toEqual({ replayed: 1 });
    expect(world.relay.counters().sessionTraffic).toMatchObject([{ packetsIn: 4 }, { packetsOut: 4 }]);
  });

  it('mends what was lost: sessions and routes that nobody told of, and those that are gone', () => {
    const world = new RelayWorld();
    const [alice, bob, carol] = [world.connectClient(), world.connectClient(), world.connectClient()];
    world.update({ type: 'set_route', target: 9, epoch: 0, listeners: [carol.id], speakers: [alice.id] });
    world.replaceAll([alice, bob]);
    alice.send(alice.writer.voice(9));
    carol.say();
    alice.say();
    world.network.advance(0);
    expect(world.drops()).toEqual({ unknown_target: 1, unknown_session: 1 });
    expect(bob.heard).toHaveLength(1);
    expect(world.relay.counters()).toMatchObject({ sessions: 2, routes: 1, generation: 1 });
  });

  it('keeps the time of grace of a former epoch', () => {
    const world = new RelayWorld();
    const [alice, bob] = [world.connectClient(), world.connectClient()];
    world.replaceAll([alice, bob], 0);
    world.replaceAll([alice, bob], 1);
    world.network.advance(1000);
    world.replaceAll([alice, bob], 1);
    alice.say(undefined, 0);
    world.network.advance(0);
    expect(bob.heard).toHaveLength(1);
  });

  it('of a lower generation is ignored', () => {
    const world = new RelayWorld();
    const [alice, bob] = [world.connectClient(), world.connectClient()];
    world.replaceAll([alice, bob]);
    world.replaceAll([alice, bob]);
    world.update({ type: 'replace_all', generation: 1, sessions: [], routes: [] });
    expect(world.relay.counters()).toMatchObject({ sessions: 2, generation: 2 });
  });

  it('begins a session anew whose keys have changed', () => {
    const world = new RelayWorld();
    const [alice, bob] = [world.connectClient(), world.connectClient()];
    world.replaceAll([alice, bob]);
    const serverKey = new Uint8Array(16);
    world.update({ type: 'add_session', sessionId: bob.id, clientKey: bob.writer.keys.clientKey, serverKey });
    alice.say();
    world.network.advance(0);
    expect(bob.heard).toEqual([]);
  });

  it('knows a listener who is told of before the session is', () => {
    const world = new RelayWorld();
    const [alice, bob] = [world.connectClient(), world.connectClient()];
    world.update({ type: 'remove_session', sessionId: bob.id });
    world.setRoute([alice, bob], [alice]);
    world.update({ type: 'add_session', ...bob.writer.keys });
    bob.probe();
    world.network.advance(0);
    alice.say();
    world.network.advance(0);
    expect(bob.heard).toHaveLength(1);
  });
});
