import { describe, expect, it } from '@jest/globals';
import type { UdpSource } from '../../src/relay/outcome.js';
import { CHANNEL, RelayWorld } from './relay-world.js';

const ATTACKER: UdpSource = { kind: 'udp', address: '203.0.113.66', port: 6666 };
const FORGED_PACKETS = 1_000_000;
const TIMEOUT_MS = 240_000;

describe('a session of which somebody elsewhere forges packets', () => {
  it(
    'is where it was after a million of them, and moves with its own next packet',
    () => {
      const world = new RelayWorld();
      const [alice, bob] = [world.connectClient(), world.connectClient()];
      world.setRoute([alice, bob], [alice, bob]);
      const before = world.relay.counters();
      forge(world, [
        // Right in all but the tag, with counters that are to come.
        bob.writer.voice(CHANNEL, { counter: 1000 }),
        bob.writer.voice(CHANNEL, { counter: 2 ** 48 - 1 }),
        bob.writer.ping({ timestamp: 1n, counter: 2000 }),
        bob.writer.ping({ timestamp: 1n, token: 5n, counter: 3000 }),
      ]);
      const after = world.relay.counters();
      expect(after.totals.drops.bad_session_tag).toBe(FORGED_PACKETS);
      expect(after.totals.packetsIn - before.totals.packetsIn).toBe(FORGED_PACKETS);
      const untouched = { ...before.totals, packetsIn: 0, bytesIn: 0, drops: {} };
      expect({ ...after.totals, packetsIn: 0, bytesIn: 0, drops: {} }).toEqual(untouched);
      expect(after.sessionTraffic).toEqual(before.sessionTraffic);
      expect(world.network.bytesSentTo(ATTACKER)).toBe(0);

      const said = alice.say();
      world.network.advance(0);
      expect(bob.heard).toEqual([Buffer.from(said)]);
      bob.moveTo('203.0.113.50', 1234);
      bob.say();
      world.network.advance(20);
      expect(alice.heard).toHaveLength(1);
      alice.say();
      world.network.advance(20);
      expect(bob.heard).toHaveLength(2);
    },
    TIMEOUT_MS,
  );
});

/** Each in turn, every one with another tag. */
function forge(world: RelayWorld, packets: readonly Uint8Array[]): void {
  world.relay.onBatch();
  const copies = packets.map((packet) => Uint8Array.from(packet));
  for (let count = 0; count < FORGED_PACKETS; count += 1) {
    const packet = copies[count % copies.length];
    if (packet === undefined) continue;
    new DataView(packet.buffer).setUint32(packet.length - 4, 0x5eed0000 + count);
    world.relay.onPacket(packet, packet.length, ATTACKER);
  }
}
