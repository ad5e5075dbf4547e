import { setTimeout as sleep } from 'node:timers/promises';
import { droppedAtPeers } from '../../bench/process-figures.js';
import { VoiceClientError } from '../../src/client/voice-client-error.js';
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
import { FaultCrowd } from './fault-crowd.js';
import { outcomesOf, RepeatedAttempts, slowestMs } from './repeated-attempts.js';

const CHANNELS = 4;
/** Beside those who stay: one who tries to join, one who leaves, one who goes, one who comes. */
const OTHERS = 4;
const JOIN_ANSWERED_WITHIN_MS = 3000;

/** Redis is killed, and comes back empty. */
export const REDIS_KILLED: Fault = {
  name: 'redis-killed',
  title: 'Redis is killed, and comes back with nothing',
  full: [
    { awayMs: 30_000, clients: 100 },
    { awayMs: 120_000, clients: 100 },
  ],
  short: { awayMs: 4000, clients: 24 },
  worldOf: ({ clients }) => ({ nodes: 1, users: clients + OTHERS, channels: CHANNELS }),
  async run(world, { awayMs, clients }): Promise<readonly Claim[]> {
    const { node, town } = world;
    const way = { host: '127.0.0.1', port: node.ports.control };
    const crowd = await FaultCrowd.enter({
      town,
      users: clients + OTHERS - 1,
      stayers: clients,
      waysOf: () => way,
      talks: true,
    });
    const [joiner, leaver, goer, comer] = [clients, clients + 1, clients + 2, clients + 3];
    try {
      crowd.beginTalk();
      await sleep(1000);
      await world.redis.kill();
      const other = town.channelIds.find((id) => id !== crowd.homeOf(joiner)) ?? 0;
      const joins = new RepeatedAttempts(() => joinAndLeave(crowd, joiner, other), 200);
      await crowd.client(leaver).leave(crowd.homeOf(leaver));
      // Their channels have fewer listeners from now on.
      await crowd.dismiss(goer);
      const came = await crowd.connect(comer).then(() => 'done', codeOf);
      await sleep(awayMs);
      const attempts = await joins.stop();
      const whileAway = crowd.ended.length;
      await world.redis.run();
      const exact = await world.untilExact(crowd, EXACT_WITHIN_MS);
      const again = await joinAndLeave(crowd, joiner, other);
      await crowd.endTalk();
      const outcomes = new Set(attempts.map(({ outcome }) => outcome));
      return [
        claimVoice(crowd.voice, droppedAtPeers(node.ports.voice)),
        claimNone('no session ends', crowd.ended),
        claim('nobody loses their connection', crowd.resumed + crowd.renewed === 0, crowd.resumed + crowd.renewed),
        claim(
          'joins go on, or fail at once with UNAVAILABLE',
          [...outcomes].every((outcome) => outcome === 'done' || outcome === 'UNAVAILABLE') &&
            slowestMs(attempts) < JOIN_ANSWERED_WITHIN_MS,
          `${outcomesOf(attempts)}; ${Math.round(slowestMs(attempts))} ms at most`,
        ),
        claim('who comes then is let in, or told why not', came === 'done' || came === 'UNAVAILABLE', came),
        claimExact(exact),
        claim('joins go on afterwards', again === 'done', again),
        claim(
          'nothing was started again',
          whileAway === 0 && !node.hasEnded,
          node.hasEnded ? 'the node ended' : 'nothing',
        ),
        await claimInvariants(world),
      ];
    } finally {
      await crowd.close();
    }
  },
};

async function joinAndLeave(crowd: FaultCrowd, user: number, channelId: number): Promise<string> {
  const client = crowd.client(user);
  try {
    await client.join(channelId);
    await client.leave(channelId);
    return 'done';
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof VoiceClientError ? error.code : String(error);
}
