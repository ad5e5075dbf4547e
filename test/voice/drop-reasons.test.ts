import { describe, expect, it } from '@jest/globals';
import { type DropReasonName, dropReasonNames } from '../../src/relay/drop-reason.js';
import { MAX_PINGS_PER_SECOND, MAX_VOICE_PACKETS_PER_SECOND } from '../../src/relay/rate-limit.js';
import { CHANNEL, RelayWorld, type SimulatedClient } from './relay-world.js';

interface Stage {
  readonly world: RelayWorld;
  readonly alice: SimulatedClient;
  readonly bob: SimulatedClient;
}

/** For each reason, what is sent so that exactly one packet is dropped, and for that reason. */
const OFFENCES: Readonly<Record<DropReasonName, (stage: Stage) => void>> = {
  too_short: ({ alice }) => alice.send(new Uint8Array(43)),
  too_long: ({ alice }) => alice.send(alice.writer.voice(CHANNEL, { payload: new Uint8Array(1173) })),
  unknown_kind: ({ alice }) =>
    alice.send(alice.writer.tagged(Buffer.concat([alice.writer.header(0x53, 0, 0), Buffer.alloc(16)]))),
  wrong_length: ({ alice }) => alice.send(Buffer.concat([alice.writer.ping(), Buffer.alloc(1)])),
  unknown_session: ({ world, alice }) => {
    world.update({ type: 'remove_session', sessionId: alice.id });
    alice.say();
  },
  foreign_tunnel: ({ world, alice, bob }) => world.sendThroughTunnel(alice.writer.voice(CHANNEL), bob.id),
  replayed: ({ alice }) => {
    const packet = alice.writer.voice(CHANNEL);
    alice.send(packet);
    alice.send(packet);
  },
  too_old: ({ alice }) => {
    alice.writer.counter += 1100;
    alice.say();
    alice.send(alice.writer.voice(CHANNEL, { counter: 50 }));
  },
  bad_session_tag: ({ alice, bob }) => {
    const header = alice.writer.header(0x50, 0, CHANNEL);
    alice.send(bob.writer.tagged(Buffer.concat([header, Buffer.alloc(100)])));
  },
  over_ping_rate: ({ world, alice }) => {
    world.network.advance(1000);
    for (let sent = 0; sent <= MAX_PINGS_PER_SECOND; sent += 1) alice.probe();
  },
  unknown_target: ({ alice }) => alice.send(alice.writer.voice(CHANNEL + 1)),
  not_a_speaker: ({ bob }) => void bob.say(),
  wrong_epoch: ({ alice }) => alice.send(alice.writer.voice(CHANNEL, { epoch: 1 })),
  over_packet_rate: ({ alice }) => {
    for (let sent = 0; sent <= MAX_VOICE_PACKETS_PER_SECOND; sent += 1) alice.say(new Uint8Array(20));
  },
  // Of 100,000 bits, twelve packets of 8224 fit in, and 251 of 384.
  over_bitrate: ({ alice }) => {
    for (let sent = 0; sent < 13; sent += 1) alice.say(new Uint8Array(1000));
  },
};

describe('each reason to drop a packet', () => {
  it.each(dropReasonNames())('%s is counted once, and for nothing else', (reason) => {
    const world = new RelayWorld({ maxBitrate: 100_000 });
    const [alice, bob] = [world.connectClient(), world.connectClient()];
    world.setRoute([alice, bob], [alice]);
    OFFENCES[reason]({ world, alice, bob });
    world.network.advance(0);
    expect(world.drops()).toEqual({ [reason]: 1 });
    expectTotalsToAddUp(world);
  });
});

function expectTotalsToAddUp(world: RelayWorld): void {
  const { packetsIn, voiceIn, pingsIn, drops } = world.relay.counters().totals;
  const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
  expect(voiceIn + pingsIn + dropped).toBe(packetsIn);
}
