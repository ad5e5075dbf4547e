import { setTimeout as sleep } from 'node:timers/promises';
import { droppedAtPeers } from '../../bench/process-figures.js';
import { Subscriber } from '../support/subscriber.js';
import { AcknowledgedWrites } from './acknowledged-writes.js';
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
import { outcomesOf, slowestMs } from './repeated-attempts.js';

const CHANNELS = 4;
/** Beside those who stay: one who comes and goes between channels, seen by a subscriber. */
const OTHERS = 1;
const ANSWERED_WITHIN_MS = 2000;
/** How long it is silent before it is killed, in milliseconds. */
const SILENT_MS = 3000;
const WATCHED = `subscription ($organizationId: ID) { sessionEvents(organizationId: $organizationId) {
  __typename ... on SessionEvent { type } } }`;

/** PostgreSQL falls silent, then is killed in the middle of writes, and comes back. */
export const POSTGRES_KILLED: Fault = {
  name: 'postgres-killed',
  title: 'PostgreSQL falls silent, is killed in the middle of writes, and comes back',
  full: [{ awayMs: 60_000, clients: 100 }],
  short: { awayMs: 4000, clients: 24 },
  worldOf: ({ clients }) => ({ nodes: 1, users: clients + OTHERS, channels: CHANNELS }),
  async run(world, { awayMs, clients }): Promise<readonly Claim[]> {
    const { node, town, adminToken } = world;
    const way = { host: '127.0.0.1', port: node.ports.control };
    const crowd = await FaultCrowd.enter({
      town,
      users: clients + OTHERS,
      stayers: clients,
      waysOf: () => way,
      talks: true,
    });
    const subscriber = new Subscriber(node.url, adminToken);
    const stream = subscriber.subscribe<unknown, unknown>(WATCHED, { organizationId: town.organizationId });
    const writes = new AcknowledgedWrites(world);
    try {
      await stream.answer();
      crowd.beginTalk();
      await writes.untilMore(20);
      node.toPostgres.stall();
      await sleep(SILENT_MS);
      const silent = writes.take();
      node.toPostgres.mend();
      await writes.untilMore(20);
      await world.postgres.kill();
      // What was under way then may have been done before.
      await sleep(ANSWERED_WITHIN_MS);
      writes.take();
      const before = stream.answers.length;
      const mover = crowd.client(clients);
      await mover.setSelfState({ muted: true, deafened: false });
      await mover.leave(crowd.homeOf(clients));
      await sleep(awayMs);
      const told = stream.answers.length - before;
      const away = writes.take();
      const health = await fetch(`${node.url}/health/live`);
      await world.postgres.run();
      await writes.untilMore(20);
      await writes.stop();
      const lost = await writes.lost();
      const exact = await world.untilExact(crowd, EXACT_WITHIN_MS);
      await crowd.endTalk();
      const refused = [...silent, ...away];
      return [
        claimVoice(crowd.voice, droppedAtPeers(node.ports.voice)),
        claimNone('no session ends', crowd.ended),
        claim(
          'mutations answer UNAVAILABLE',
          away.length > 0 && away.every(({ outcome }) => outcome === 'UNAVAILABLE'),
          outcomesOf(away),
        ),
        claim(
          'within 2 s',
          slowestMs(refused) < ANSWERED_WITHIN_MS && silent.some(({ outcome }) => outcome === 'UNAVAILABLE'),
          `${Math.round(slowestMs(silent))} ms while silent, ${Math.round(slowestMs(away))} ms while gone`,
        ),
        claim('no acknowledged write is lost', lost.length === 0, `${lost.length} of ${writes.count}`),
        claim('subscribers are told of who mutes and leaves', told > 0 && subscriber.ending === null, told),
        claim('health says that the process lives', health.status === 200, health.status),
        claimExact(exact),
        claim('nothing was started again', !node.hasEnded, node.hasEnded ? 'the node ended' : 'nothing'),
        await claimInvariants(world),
      ];
    } finally {
      await writes.stop();
      await subscriber.close();
      await crowd.close();
    }
  },
};
