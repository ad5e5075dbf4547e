import { describe, expect, it } from '@jest/globals';
import type { UdpSource } from '../../src/relay/outcome.js';
import { UNASKED_PONG_INTERVAL_MS } from '../../src/relay/path.js';
import { CHANNEL, RelayWorld } from './relay-world.js';

const VICTIM: UdpSource = { kind: 'udp', address: '203.0.113.9', port: 6666 };

describe('the proof of a path', () => {
  it('comes before any voice: who was never heard gets none, who has only spoken gets pongs', () => {
    const world = new RelayWorld();
    const [alice, bob, carol] = [world.connectClient(), world.addClient(), world.addClient()];
    world.setRoute([alice, bob, carol], [alice, carol]);
    world.sendToRelay(carol.writer.voice(CHANNEL), VICTIM);
    alice.say();
    world.network.advance(20);
    expect([bob.heard, bob.pongs, carol.heard]).toEqual([[], [], []]);
    expect(world.network.bytesSentTo(VICTIM)).toBe(44);
  });

  it('comes by itself from an unasked pong, for a client that only speaks', () => {
    const world = new RelayWorld();
    const [alice, bob] = [world.addClient(), world.connectClient()];
    world.setRoute([alice, bob], [alice, bob]);
    alice.say();
    world.network.advance(20);
    bob.say();
    world.network.advance(20);
    expect(alice.heard).toHaveLength(1);
    expect(alice.pongs.map((pong) => alice.writer.readPong(pong)?.timestamp)).toEqual([0n, 0n]);
  });

  it('moves a session to its new address without a gap at the old one and without a login', () => {
    const { world, alice, bob } = twoPeople();
    bob.moveTo('203.0.113.50', 1234);
    alice.say();
    world.network.advance(20);
    expect(bob.heard).toEqual([]);
    bob.say();
    world.network.advance(20);
    alice.say();
    world.network.advance(20);
    expect(bob.heard).toHaveLength(1);
    expect(alice.heard).toHaveLength(1);
  });

  it('is not given by a late packet from the address that was left', () => {
    const { world, alice, bob } = twoPeople();
    const former = bob.address;
    const late = bob.writer.voice(CHANNEL);
    bob.moveTo('203.0.113.50', 1234);
    bob.probe();
    world.network.advance(20);
    world.sendToRelay(late, former);
    world.network.advance(20);
    alice.say();
    world.network.advance(20);
    expect(bob.heard).toHaveLength(1);
    expect(alice.heard).toHaveLength(1);
  });

  it('cannot be had for an address that does not answer, whatever token is tried', () => {
    const { world, alice, bob } = twoPeople();
    const former = bob.address;
    for (let packet = 0; packet < 100; packet += 1) {
      world.sendToRelay(bob.writer.ping({ token: world.random.token() }), VICTIM);
      alice.say();
      world.network.advance(20);
    }
    expect(bob.address).toBe(former);
    expect(bob.heard).toHaveLength(100);
    expect(world.network.bytesSentTo(VICTIM)).toBeLessThanOrEqual(100 * 44);
  });

  it('is not given to one address by the token of another', () => {
    const { world, alice, bob } = twoPeople();
    bob.moveTo('203.0.113.50', 1234);
    bob.probe();
    world.network.advance(0);
    const token = bob.writer.readPong(bob.pongs.at(-1) ?? new Uint8Array())?.token;
    world.sendToRelay(bob.writer.ping({ token }), VICTIM);
    world.network.advance(0);
    alice.say();
    world.network.advance(20);
    expect(bob.heard).toHaveLength(1);
    expect(world.network.bytesSentTo(VICTIM)).toBe(44);
  });

  it('never costs an unproven address more bytes than came from it, whatever is sent', () => {
    const { world, alice, bob } = twoPeople();
    let bytesFromVictim = 0;
    for (let step = 0; step < 2000; step += 1) {
      const packet = world.random.chance(0.3)
        ? bob.writer.ping({ token: world.random.token(), timestamp: world.random.token() })
        : bob.writer.voice(CHANNEL, { payload: world.random.bytes(20 + world.random.below(50)) });
      bytesFromVictim += packet.length;
      world.sendToRelay(packet, VICTIM);
      alice.say(new Uint8Array(1000));
      world.network.advance(world.random.below(40));
      expect(world.network.bytesSentTo(VICTIM)).toBeLessThanOrEqual(bytesFromVictim);
    }
    expect(bob.heard.length).toBeGreaterThan(1000);
  });

  it('is asked for at most every 100 ms', () => {
    const { world, bob } = twoPeople();
    const durationMs = 1000;
    for (let timeMs = 0; timeMs < durationMs; timeMs += 10) {
      world.sendToRelay(bob.writer.voice(CHANNEL), VICTIM);
      world.network.advance(10);
    }
    expect(world.network.bytesSentTo(VICTIM)).toBe((44 * durationMs) / UNASKED_PONG_INTERVAL_MS);
  });

  it('numbers pongs by the server’s own counter, and echoes the timestamp of the ping', () => {
    const { world, bob } = twoPeople();
    const before = bob.pongs.length;
    bob.send(bob.writer.ping({ timestamp: 77n, token: 0n }));
    bob.send(bob.writer.ping({ timestamp: 78n, token: 0n }));
    world.network.advance(0);
    const pongs = bob.pongs.map((pong) => bob.writer.readPong(pong));
    expect(pongs.map((pong) => pong?.counter)).toEqual(pongs.map((_, index) => index + 1));
    expect(pongs.slice(before).map((pong) => pong?.timestamp)).toEqual([77n, 78n]);
  });
});

function twoPeople() {
  const world = new RelayWorld({ maxBitrate: 100_000_000 });
  const [alice, bob] = [world.connectClient(), world.connectClient()];
  world.setRoute([alice, bob], [alice, bob]);
  return { world, alice, bob };
}
