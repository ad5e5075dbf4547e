import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../../bench/statistics.js';
import { type Claim, claim, claimExact, claimInvariants, claimNone, EXACT_WITHIN_MS, type Fault } from './fault.js';
import { FaultCrowd } from './fault-crowd.js';
import type { FaultNode } from './fault-node.js';

const CHANNELS = 40;
const BACK_WITHIN_MS = 30_000;
/** In which the attempts to come back are counted, in milliseconds. */
const WINDOW_MS = 100;
/** Of all clients, those that may come within one window. Those who do not wait all come within one or two. */
const MAX_SHARE = 0.4;

/** All connections of voice clients break at the same moment. */
export const MASS_CUT: Fault = {
  name: 'mass-cut',
  title: 'All clients are cut off at once',
  full: [{ awayMs: 0, clients: 2000 }],
  short: { awayMs: 0, clients: 120 },
  worldOf: ({ clients }) => ({ nodes: 1, users: clients, channels: CHANNELS }),
  async run(world, { clients }): Promise<readonly Claim[]> {
    const { node, town } = world;
    const way = { host: '127.0.0.1', port: node.toControl.port };
    const crowd = await FaultCrowd.enter({ town, users: clients, stayers: clients, waysOf: () => way, talks: false });
    try {
      await sleep(1000);
      const unavailableBefore = await unavailable(node);
      const startMs = performance.now();
      const attempts = followConnections(node, startMs);
      node.toControl.breakAll();
      await sleep(WINDOW_MS);
      const cut = crowd.away + crowd.returnsMs.length;
      const areBack = await crowd.untilAllBack(BACK_WITHIN_MS);
      const tookMs = performance.now() - startMs;
      const busiest = attempts.stop();
      const exact = await world.untilExact(crowd, EXACT_WITHIN_MS);
      const denied = (await unavailable(node)) - unavailableBefore;
      const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
      return [
        claim('all were cut off', cut === clients, `${cut} of ${clients}`),
        claim(
          'all are back within 30 s',
          areBack && tookMs <= BACK_WITHIN_MS,
          `${crowd.returnsMs.length} of ${clients}, the last after ${seconds(tookMs)}, half after ${seconds(percentile(crowd.returnsMs, 50))}`,
        ),
        claim('in the sessions that they had', crowd.renewed === 0, `${crowd.resumed} resumed, ${crowd.renewed} new`),
        claimNone('no session ends', crowd.ended),
        claim(
          'they do not all come at once',
          busiest <= MAX_SHARE * clients,
          `${busiest} of ${clients} in the busiest ${WINDOW_MS} ms`,
        ),
        claim('nobody waits in vain for the database', denied === 0, denied),
        claimExact(exact),
        await claimInvariants(world),
      ];
    } finally {
      await crowd.close();
    }
  },
};

/** Counts the connections that are tried in each window. */
function followConnections({ toControl }: FaultNode, startMs: number): { stop(): number } {
  const before = toControl.connections;
  const counts = [before];
  const timer = setInterval(() => {
    const window = Math.floor((performance.now() - startMs) / WINDOW_MS);
    // A late timer has missed windows, whose connections are in the last one together: it is too strict rather than too mild.
    while (counts.length < window) counts.push(counts.at(-1) ?? before);
    counts.push(toControl.connections);
  }, WINDOW_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.max(...counts.slice(1).map((count, index) => count - (counts[index] ?? before)));
    },
  };
}

/** How often the database was asked in vain: it was away, or the pool was exhausted. */
async function unavailable(node: FaultNode): Promise<number> {
  const metrics = await node.metrics();
  const of = (work: string) =>
    metrics.find(`parley_database_duration_seconds_count{work="${work}",outcome="unavailable"}`) ?? 0;
  return of('read') + of('write');
}
