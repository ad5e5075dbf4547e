import { describe, expect, it } from '@jest/globals';
import { RelayWorld } from './relay-world.js';

const OVERHEAD_BYTES = 28;

describe('the limit of a session’s voice', () => {
  it('lets 128 kbit/s through without a drop', () => {
    const { world, alice, bob } = people(128_000);
    // 50 packets of 320 bytes a second are 128 kbit/s.
    for (let packet = 0; packet < 500; packet += 1) {
      alice.say(new Uint8Array(320 - OVERHEAD_BYTES));
      world.network.advance(20);
    }
    expect(bob.heard).toHaveLength(500);
    expect(world.drops()).toEqual({});
  });

  it('holds whoever sends ten times as much to the rate, and nobody else', () => {
    const { world, alice, bob, carol } = people(128_000);
    for (let packet = 0; packet < 5000; packet += 1) {
      alice.say(new Uint8Array(320 - OVERHEAD_BYTES));
      if (packet % 10 === 0) carol.say(new Uint8Array(100));
      world.network.advance(2);
    }
    const fromAlice = bob.heard.filter(({ length }) => length === 308);
    // Ten seconds' worth, and the first second's worth at once.
    expect(fromAlice.length).toBeGreaterThanOrEqual(545);
    expect(fromAlice.length).toBeLessThanOrEqual(551);
    expect(bob.heard.length - fromAlice.length).toBe(500);
    expect(world.drops()).toEqual({ over_bitrate: 5000 - fromAlice.length });
  });

  it('holds for the tunnel and for UDP together', () => {
    const { world, alice } = people(16_000);
    for (let packet = 0; packet < 10; packet += 1) {
      alice.sayThroughTunnel();
      alice.say();
    }
    world.network.advance(0);
    expect(world.relay.counters().totals.voiceIn).toBe(15);
    expect(world.drops()).toEqual({ over_bitrate: 5 });
  });
});

function people(maxBitrate: number) {
  const world = new RelayWorld({ maxBitrate });
  const [alice, bob, carol] = [world.connectClient(), world.connectClient(), world.connectClient()];
  world.setRoute([bob], [alice, carol]);
  return { world, alice, bob, carol };
}
