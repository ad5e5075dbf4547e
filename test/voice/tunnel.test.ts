import { describe, expect, it } from '@jest/globals';
import { CHANNEL, RelayWorld } from './relay-world.js';

describe('the tunnel', () => {
  it('carries voice both ways for a session that speaks through it, and none to the speaker', () => {
    const { world, alice, bob } = people();
    const fromBob = bob.sayThroughTunnel();
    const fromAlice = alice.say();
    world.network.advance(20);
    expect(alice.heard).toEqual([Buffer.from(fromBob)]);
    expect(bob.tunneled).toEqual([new Uint8Array(fromAlice)]);
    expect(bob.heard).toEqual([]);
  });

  it('answers a ping without a path token: nothing that the tunnel tells proves an address', () => {
    const { world, bob } = people();
    bob.send(bob.writer.voice(CHANNEL));
    world.sendThroughTunnel(bob.writer.ping({ timestamp: 9n }), bob.id);
    const [pong] = bob.tunneled;
    expect(bob.writer.readPong(pong ?? new Uint8Array())).toMatchObject({ timestamp: 9n, token: 0n });
  });

  it('is left for UDP as soon as UDP is proven again', () => {
    const { world, alice, bob } = people();
    bob.sayThroughTunnel();
    bob.probe();
    world.network.advance(20);
    alice.say();
    world.network.advance(20);
    expect(bob.heard).toHaveLength(1);
    expect(bob.tunneled).toEqual([]);
  });

  it('goes on carrying voice to a client whose probes arrive and whose pongs do not', () => {
    const { world, alice, bob } = people();
    bob.sayThroughTunnel();
    world.network.silence(bob.address);
    for (let round = 0; round < 10; round += 1) {
      bob.probe();
      world.network.advance(10);
      alice.say();
      world.network.advance(10);
    }
    expect(bob.tunneled).toHaveLength(10);
  });

  it('is not taken for a packet in it that is older than what came by UDP', () => {
    const { world, alice, bob } = people();
    const late = bob.writer.voice(CHANNEL);
    bob.probe();
    world.network.advance(0);
    world.sendThroughTunnel(late, bob.id);
    alice.say();
    world.network.advance(20);
    expect(bob.heard).toHaveLength(1);
    expect(bob.tunneled).toEqual([]);
  });

  it('is no way around the checks: its packets verify, are new, and are the session’s own', () => {
    const { world, alice, bob } = people();
    const packet = bob.writer.voice(CHANNEL);
    const forged = Uint8Array.from(packet);
    forged[20] = 1;
    world.sendThroughTunnel(forged, bob.id);
    world.sendThroughTunnel(packet, alice.id);
    world.sendThroughTunnel(packet, bob.id);
    world.sendThroughTunnel(packet, bob.id);
    world.network.advance(0);
    expect(world.drops()).toEqual({ bad_session_tag: 1, foreign_tunnel: 1, replayed: 1 });
    expect(alice.heard).toHaveLength(1);
  });

  it('is counted for itself, in and out', () => {
    const { world, alice, bob } = people();
    bob.sayThroughTunnel();
    alice.say();
    world.network.advance(0);
    expect(world.relay.counters().totals).toMatchObject({ tunneledIn: 1, tunneledOut: 1 });
  });
});

function people() {
  const world = new RelayWorld();
  const [alice, bob] = [world.connectClient(), world.connectClient()];
  world.setRoute([alice, bob], [alice, bob]);
  return { world, alice, bob };
}
