import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../../bench/statistics.js';
import { type Claim, claim, claimExact, claimInvariants, claimNone, EXACT_WITHIN_MS, type Fault } from './fault.js';
import { FaultCrowd } from './fault-crowd.js';

const NODES = 3;
const CHANNELS = 10;
const MAX_P95_GAP_MS = 3000;
const BACK_WITHIN_MS = 30_000;

/** The node that serves everybody is killed, and another one has to take over. */
export const NODE_KILLED: Fault = {
  name: 'node-killed',
  title: 'The node of an organization is killed, of three',
  full: [{ awayMs: 5000, clients: 300 }],
  short: { awayMs: 1000, clients: 40 },
  worldOf: ({ clients }) => ({ nodes: NODES, users: clients, channels: CHANNELS }),
  async run(world, { awayMs, clients }): Promise<readonly Claim[]> {
    const { nodes, town } = world;
    const wayOf = (user: number) => ({ host: '127.0.0.1', port: nodes[user % NODES]?.toControl.port ?? 0 });
    const crowd = await FaultCrowd.enter({ town, users: clients, stayers: clients, waysOf: wayOf, talks: false });
    try {
      const before = await world.untilExact(crowd, EXACT_WITHIN_MS);
      const held = await Promise.all(nodes.map((node) => sessionsOf(node.metrics())));
      const most = held.indexOf(Math.max(...held));
      const victim = nodes[most];
      if (victim === undefined) throw new Error('nobody is anywhere');
      await victim.kill();
      victim.toControl.cut();
      // Who was there notices a moment later.
      await sleep(500);
      const areBack = await crowd.untilAllBack(BACK_WITHIN_MS);
      const exact = await world.untilExact(crowd, EXACT_WITHIN_MS);
      await sleep(awayMs);
      victim.toControl.mend();
      await victim.restart();
      const again = await world.untilExact(crowd, EXACT_WITHIN_MS);
      const gapMs = percentile(crowd.returnsMs, 95);
      return [
        claim('who is where is exact before', before.wrong.length === 0, before.wrong.slice(0, 2).join('; ') || 'yes'),
        claim('there was a fault', (held[most] ?? 0) > 0, `${held[most]} sessions on the node`),
        claim('everybody is back elsewhere', areBack && crowd.size === clients, `${crowd.away} away`),
        claim('p95 of the gaps is 3 s at most', gapMs <= MAX_P95_GAP_MS, `${Math.round(gapMs)} ms`),
        claimNone('no client gives up', crowd.ended),
        claimExact(exact),
        claim(
          'nor is it wrong when the node has come back',
          again.wrong.length === 0,
          again.wrong.slice(0, 2).join('; ') || 'yes',
        ),
        await claimInvariants(world),
      ];
    } finally {
      await crowd.close();
    }
  },
};

async function sessionsOf(metrics: Promise<{ find(name: string): number | undefined }>): Promise<number> {
  return (await metrics).find('parley_sessions{door="voice"}') ?? 0;
}
