import { describe, expect, it } from '@jest/globals';
import { REPLAY_WINDOW } from '../../src/relay/replay-window.js';
import { CHANNEL, RelayWorld } from './relay-world.js';

describe('replayed and reordered packets', () => {
  it('are heard once each, in whatever order they come within the window', () => {
    const { world, alice, bob } = twoPeople();
    const packets = Array.from({ length: 200 }, () => alice.writer.voice(CHANNEL));
    const shuffled = packets
      .map((packet) => ({ packet, order: world.random.fraction() }))
      .sort((left, right) => left.order - right.order)
      .map(({ packet }) => packet);
    for (const packet of [...shuffled, ...shuffled]) alice.send(packet);
    world.network.advance(0);
    expect(bob.heard).toEqual(shuffled.map((packet) => packet.subarray(0, -12)));
    expect(world.drops()).toEqual({ replayed: 200 });
  });

  it('are refused behind the window, and one place before its end are heard', () => {
    const { world, alice, bob } = twoPeople();
    const first = alice.writer.voice(CHANNEL);
    const second = alice.writer.voice(CHANNEL);
    alice.writer.counter += REPLAY_WINDOW - 2;
    alice.say();
    alice.send(second);
    alice.send(first);
    world.network.advance(0);
    expect(bob.heard).toHaveLength(2);
    expect(world.drops()).toEqual({ too_old: 1 });
  });

  it('from another address change nothing: what was recorded on the way cannot move a session', () => {
    const { world, alice, bob } = twoPeople();
    const attacker = { kind: 'udp', address: '203.0.113.9', port: 6666 } as const;
    const recorded = Array.from({ length: 50 }, () => bob.writer.ping());
    for (const packet of recorded) bob.send(packet);
    world.network.advance(100);
    for (const packet of recorded) world.sendToRelay(packet, attacker);
    alice.say();
    world.network.advance(100);
    expect(bob.heard).toHaveLength(1);
    expect(world.network.bytesSentTo(attacker)).toBe(0);
  });
});

function twoPeople() {
  const world = new RelayWorld();
  const [alice, bob] = [world.connectClient(), world.connectClient()];
  world.setRoute([alice, bob], [alice]);
  return { world, alice, bob };
}
