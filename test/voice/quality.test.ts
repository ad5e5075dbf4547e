import { describe, expect, it } from '@jest/globals';
import { VoiceMeter } from '../../src/client/voice-meter.js';
import { RelayWorld, type SimulatedClient } from './relay-world.js';

const PACKET_MS = 20;
const PACKETS_PER_PING = 10;
const ROUNDS = 600;

describe('the measured quality', () => {
  it.each([
    { lossRate: 0, delayMs: [10, 10] },
    { lossRate: 0, delayMs: [10, 70] },
    { lossRate: 0.01, delayMs: [5, 15] },
    { lossRate: 0.05, delayMs: [20, 50] },
    { lossRate: 0.2, delayMs: [0, 100] },
  ] as const)('is that of the network: loss $lossRate, delay $delayMs ms', ({ lossRate, delayMs }) => {
    const { quality, meter, sentUp } = talkOver({ lossRate, delayMs });
    const [least, most] = delayMs;
    // Two ways drawn evenly from a range differ by a third of it on average.
    const jitterMs = (most - least) / 3;
    expect(quality.up.expected).toBeGreaterThanOrEqual(0.99 * sentUp);
    expect(quality.up.expected).toBeLessThanOrEqual(sentUp);
    expectShare(quality.up, lossRate);
    expectShare(quality.down, lossRate);
    expectJitter(quality.up.jitterMs, jitterMs);
    // A listener's jitter is that of both ways together: the difference of two sums of two even draws is 7/15 of the range on average.
    expectJitter((meter.report(0, undefined).jitterUs ?? 0) / 1000, ((most - least) * 7) / 15);
    expect(quality.serverRoundTripMs).toBeGreaterThanOrEqual(least);
    expect(quality.serverRoundTripMs).toBeLessThanOrEqual(most);
  });

  it('tells a bad way up from a bad way down', () => {
    const up = talkOver({ lossRate: 0, delayMs: [0, 0] }, { upLossRate: 0.2 });
    expectShare(up.quality.up, 0.2);
    expect(up.quality.down.lost).toBe(0);
  });

  it('is not known of a session that has sent nothing', () => {
    const world = new RelayWorld();
    expect(world.qualityOf(world.addClient())).toBeUndefined();
  });

  it('is not moved by packets that do not verify, or come twice', () => {
    const world = new RelayWorld();
    const alice = world.connectClient();
    const before = world.qualityOf(alice)?.up.expected ?? 0;
    const packet = alice.writer.voice(42);
    alice.send(packet);
    alice.send(packet);
    const forged = Uint8Array.from(alice.writer.voice(42, { counter: 2 ** 40 }));
    forged[30] = (forged[30] ?? 0) ^ 1;
    alice.send(forged);
    world.network.advance(0);
    expect(world.qualityOf(alice)?.up).toMatchObject({ expected: before + 1, lost: 0 });
  });

  it('begins anew with a session of other keys', () => {
    const world = new RelayWorld();
    const alice = world.connectClient();
    world.update({ type: 'add_session', ...alice.writer.keys, serverKey: new Uint8Array(16) });
    expect(world.qualityOf(alice)).toBeUndefined();
  });
});

/** Bob talks to Alice, who reports; both ways go over the network. */
function talkOver(
  conditions: { readonly lossRate: number; readonly delayMs: readonly [number, number] },
  { upLossRate = 0 } = {},
) {
  const world = new RelayWorld({ seed: 7 });
  const [alice, bob] = [world.connectClient(), world.connectClient()];
  world.setRoute([alice, bob], [alice, bob]);
  const meter = new VoiceMeter();
  let heard = 0;
  const pongsBefore = alice.pongs.length;
  for (let pong = 0; pong < pongsBefore; pong += 1) meter.pongReceived(pong + 1, 0, 0);
  alice.onPacket = (packet) => {
    const nowMs = world.network.nowMs;
    const pong = alice.writer.readPong(packet);
    if (pong !== undefined) {
      meter.pongReceived(pong.counter, heard, nowMs);
      return;
    }
    heard += 1;
    meter.voiceOpened(bob.id, Buffer.from(packet).readUInt32BE(16), nowMs);
  };
  world.network.conditions = { ...conditions, duplicationRate: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % PACKETS_PER_PING === 0) ping(world, alice);
    if (!world.random.chance(upLossRate)) alice.say();
    else alice.writer.voice(42);
    bob.say(frameNumbered(round * (PACKET_MS / 10), world.random.bytes(60)));
    world.network.advance(PACKET_MS);
  }
  // Whoever has the last pong tells of it.
  world.network.advance(1000);
  const { pongCounter, pongAgeUs, packetsReceived } = meter.report(world.network.nowMs, undefined);
  const received = Number(packetsReceived);
  const report = { pongCounter: Number(pongCounter), pongAgeMs: pongAgeUs / 1000, received };
  world.report(alice, { ...report, jitterMs: null, roundTripMs: null });
  const quality = world.qualityOf(alice);
  if (quality === undefined) throw new Error('nothing is known');
  return { quality, meter, sentUp: alice.writer.counter };
}

function ping(world: RelayWorld, client: SimulatedClient): void {
  client.send(client.writer.ping({ timestamp: BigInt(Math.round(world.network.nowMs * 1000)) + 1n }));
}

function frameNumbered(frameNumber: number, rest: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(frameNumber);
  return Buffer.concat([head, rest]);
}

/** Within four standard deviations of as many draws. */
function expectShare({ expected, lost }: { readonly expected: number; readonly lost: number }, share: number): void {
  expect(expected).toBeGreaterThan(500);
  const bound = 4 * Math.sqrt((share * (1 - share)) / expected);
  expect(Math.abs(lost / expected - share)).toBeLessThanOrEqual(bound);
}

/** An estimator that forgets after 16 measurements is within a good half of the truth. */
function expectJitter(measuredMs: number | null, trueMs: number): void {
  expect(measuredMs).toBeGreaterThanOrEqual(0.5 * trueMs);
  expect(measuredMs).toBeLessThanOrEqual(1.6 * trueMs + 0.1);
}
