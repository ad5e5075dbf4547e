import { setTimeout as sleep } from 'node:timers/promises';
import { droppedAtPeers } from '../../bench/process-figures.js';
import { VoiceClientError } from '../../src/client/voice-client-error.js';
import { FuzzRandom } from '../fuzz/fuzz-random.js';
import {
  type Claim,
  claim,
  claimExact,
  claimInvariants,
  claimNone,
  claimVoice,
  EXACT_WITHIN_MS,
  type Fault,
} from './fault.js';
import { FaultCrowd, type HeardVoice } from './fault-crowd.js';
import { outcomesOf, RepeatedAttempts } from './repeated-attempts.js';

const CHANNELS = 4;
const MOVERS = 4;
const AFTERWARDS_MS = 2000;
const MIN_HEARD_SHARE = 0.75;
const STALLED_FOR_MS = 300;
const STALLED_EVERY_MS = 1500;
const BAD_WEATHER = { latencyMs: 20, jitterMs: 80, resetRate: 0.002 };
/** What somebody may be told whose connection, or the server's, breaks under a request; or who was moved meanwhile. */
const EXPECTED = ['done', 'DISCONNECTED', 'UNAVAILABLE', 'TIMED_OUT', 'NOT_JOINED'];

/** Everything is slow, stalls and breaks, between all parts. */
export const BAD_NETWORK: Fault = {
  name: 'bad-network',
  title: 'Latency, stalls and resets between clients, nodes, Redis and PostgreSQL',
  full: [{ awayMs: 60_000, clients: 60 }],
  short: { awayMs: 6000, clients: 16 },
  worldOf: ({ clients }) => ({ nodes: 1, users: clients, channels: CHANNELS }),
  async run(world, { awayMs, clients }): Promise<readonly Claim[]> {
    const { node, town } = world;
    const way = { host: '127.0.0.1', port: node.toControl.port };
    const crowd = await FaultCrowd.enter({
      town,
      users: clients,
      stayers: clients - MOVERS,
      waysOf: () => way,
      talks: true,
    });
    const ways = [node.toControl, node.toRedis, node.toPostgres];
    const random = new FuzzRandom(1);
    const moves = Array.from({ length: MOVERS }, (_, index) => {
      const user = clients - 1 - index;
      return new RepeatedAttempts(() => move(crowd, user, town.channelIds), 50);
    });
    const stalls = new RepeatedAttempts(async () => {
      await sleep(STALLED_EVERY_MS);
      const stalled = ways[random.below(ways.length)];
      stalled?.stall();
      await sleep(STALLED_FOR_MS);
      stalled?.mend();
      return 'done';
    }, 0);
    try {
      crowd.beginTalk();
      for (const each of ways) each.weather = BAD_WEATHER;
      await sleep(awayMs);
      await stalls.stop();
      const attempts = (await Promise.all(moves.map((each) => each.stop()))).flat();
      for (const each of ways) each.weather = { latencyMs: 0, jitterMs: 0, resetRate: 0 };
      const areBack = await crowd.untilAllBack(EXACT_WITHIN_MS);
      const exact = await world.untilExact(crowd, EXACT_WITHIN_MS);
      await crowd.endTalk();
      const during = crowd.voice;
      crowd.beginTalk();
      await sleep(AFTERWARDS_MS);
      await crowd.endTalk();
      const resets = ways.map(({ resets }) => resets).join(', ');
      return [
        claim('there was a fault', ways.some((each) => each.resets > 0) || awayMs < 10_000, `resets ${resets}`),
        claimNone('no session ends', crowd.ended),
        claim(
          'everybody is back',
          areBack,
          `${crowd.resumed} resumed, ${crowd.renewed} new sessions, ${crowd.away} away`,
        ),
        claim(
          'who moves is let, or told why not',
          attempts.every(({ outcome }) => EXPECTED.includes(outcome)),
          outcomesOf(attempts),
        ),
        // Whoever is cut off when the key changes cannot open what is said until it is back.
        claim('people hear each other meanwhile', during.heard > MIN_HEARD_SHARE * during.expected, lossOf(during)),
        claimVoice(crowd.voice, droppedAtPeers(node.ports.voice)),
        claimExact(exact),
        claim('nothing was started again', !node.hasEnded, node.hasEnded ? 'the node ended' : 'nothing'),
        await claimInvariants(world),
      ];
    } finally {
      for (const each of ways) each.weather = { latencyMs: 0, jitterMs: 0, resetRate: 0 };
      await crowd.close();
    }
  },
};

/** Into another channel, out of it, and home again. */
async function move(crowd: FaultCrowd, user: number, channelIds: readonly number[]): Promise<string> {
  const client = crowd.client(user);
  const home = crowd.homeOf(user);
  const other = channelIds.find((id) => id !== home) ?? home;
  try {
    await client.join(other);
    await client.leave(other);
    return 'done';
  } catch (error) {
    if (error instanceof VoiceClientError) return error.code;
    throw error;
  }
}

function lossOf({ expected, heard }: HeardVoice): string {
  return `${(100 * (1 - heard / expected)).toFixed(3)} % lost`;
}
