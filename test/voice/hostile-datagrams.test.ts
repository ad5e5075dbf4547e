import { describe, expect, it } from '@jest/globals';
import type { Source } from '../../src/relay/outcome.js';
import { Relay } from '../../src/relay/relay.js';
import { PacketWriter } from './packet-writer.js';
import { Random } from './random.js';

const CHANNEL = 42;
const SOURCE: Source = { kind: 'udp', address: '198.51.100.1', port: 4000 };

describe('hostile datagrams', () => {
  it('of every length from 0 to 1500, random or nearly right, never throw and are all counted', () => {
    const { relay, random, alice } = stage();
    let sent = 0;
    for (let length = 0; length <= 1500; length += 1) {
      for (const packet of [random.bytes(length), nearlyRight(random, length, alice)]) {
        relay.receive(packet, packet.length, SOURCE, sent);
        sent += 1;
      }
    }
    const { packetsIn, voiceIn, pingsIn, packetsOut, drops } = relay.totals();
    expect({ packetsIn, voiceIn, pingsIn, packetsOut }).toEqual({
      packetsIn: sent,
      voiceIn: 0,
      pingsIn: 0,
      packetsOut: 0,
    });
    expect(Object.values(drops).reduce((sum, count) => sum + count, 0)).toBe(sent);
    expect(drops.bad_session_tag).toBeGreaterThan(1000);
  });

  it.each(['ping', 'voice'] as const)(
    'that differ from a true %s in any one bit are dropped, and the true one is still good',
    (kind) => {
      const { relay, alice } = stage();
      const packet =
        kind === 'ping' ? alice.ping({ token: 5n }) : alice.voice(CHANNEL, { payload: new Uint8Array(24) });
      for (let bit = 0; bit < 8 * packet.length; bit += 1) {
        const forged = Uint8Array.from(packet);
        forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const { dropReason, forwardBytes, reply } = relay.receive(forged, forged.length, SOURCE, 0);
        expect({ bit, isDropped: dropReason !== null, forwardBytes, reply }).toEqual({
          bit,
          isDropped: true,
          forwardBytes: 0,
          reply: null,
        });
      }
      expect(relay.receive(packet, packet.length, SOURCE, 0).dropReason).toBeNull();
    },
  );

  it('that are true packets cut short or made longer are dropped', () => {
    const { relay, alice } = stage();
    const packet = alice.voice(CHANNEL);
    for (let length = 0; length < 1300; length += 1) {
      if (length === packet.length) continue;
      const changed = new Uint8Array(length);
      changed.set(packet.subarray(0, length));
      expect(relay.receive(changed, length, SOURCE, 0).dropReason).not.toBeNull();
    }
    expect(relay.receive(packet, packet.length, SOURCE, 0).dropReason).toBeNull();
  });

  it('do not move the replay window, however high their counter', () => {
    const { relay, alice } = stage();
    const forged = Uint8Array.from(alice.voice(CHANNEL, { counter: 2 ** 48 - 1 }));
    forged[30] = 1;
    relay.receive(forged, forged.length, SOURCE, 0);
    const packet = alice.voice(CHANNEL);
    expect(relay.receive(packet, packet.length, SOURCE, 0).dropReason).toBeNull();
  });
});

function stage() {
  const random = new Random(7);
  const alice = new PacketWriter(0xfffffffe, random);
  const relay = new Relay({ maxBitrate: 1_000_000, randomToken: () => random.token() });
  relay.apply({ type: 'add_session', ...alice.keys }, 0);
  relay.apply({ type: 'set_route', target: CHANNEL, epoch: 0, listeners: [alice.id], speakers: [alice.id] }, 0);
  return { relay, random, alice };
}

/** A true header with a fresh counter, and noise behind it. */
function nearlyRight(random: Random, length: number, alice: PacketWriter): Uint8Array {
  const header = alice.header(length === 44 ? 0x51 : 0x50, 0, CHANNEL);
  return Buffer.concat([header, random.bytes(Math.max(0, length - header.length))]).subarray(0, length);
}
