import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { droppedAtPeers } from '../../bench/process-figures.js';
import { debianProgram } from '../support/debian-program.js';
import { Subscriber } from '../support/subscriber.js';
import { ask } from '../support/test-server.js';
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

const CHANNELS = 2;
const HOUR_S = 3600;
const CLOCK_FILE = join(tmpdir(), `parley-clock-${process.pid}`);
const LIBRARY = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/faketime/libfaketime.so.1`;
const WATCHED = `subscription ($organizationId: ID) { sessionEvents(organizationId: $organizationId) {
  __typename ... on SessionEvent { type } } }`;

/** The clock of the server's machine is set forward an hour, back two, and right again. */
export const CLOCK_SET: Fault = {
  name: 'clock-set',
  title: 'The clock is set forward an hour, back two, and right again',
  full: [{ awayMs: 30_000, clients: 60 }],
  short: { awayMs: 2500, clients: 12 },
  worldOf: async ({ clients }) => {
    await debianProgram({ command: 'faketime', versionFlag: '--version', packageName: 'faketime' });
    setClock(0);
    const environment = {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: CLOCK_FILE,
      FAKETIME_NO_CACHE: '1',
      // The time since the start goes on, as it does where somebody sets the clock.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    return { nodes: 1, users: clients, channels: CHANNELS, environment };
  },
  async run(world, { awayMs, clients }): Promise<readonly Claim[]> {
    const { node, town, adminToken } = world;
    const way = { host: '127.0.0.1', port: node.ports.control };
    const crowd = await FaultCrowd.enter({ town, users: clients, stayers: clients, waysOf: () => way, talks: true });
    const subscriber = new Subscriber(node.url, adminToken);
    const stream = subscriber.subscribe<unknown, unknown>(WATCHED, { organizationId: town.organizationId });
    const refused: string[] = [];
    const told: number[] = [];
    try {
      await stream.answer();
      crowd.beginTalk();
      for (const offsetS of [HOUR_S, -HOUR_S, 0]) {
        setClock(offsetS);
        await sleep(awayMs);
        told.push(await clockOf(node.url));
        const { errors } = await ask(node.url, '{ me { username } }', {}, adminToken);
        refused.push(...errors.map(({ extensions }) => `${extensions.code} at ${offsetS} s`));
        await world.login().catch((error: unknown) => refused.push(`login at ${offsetS} s: ${error}`));
        const client = crowd.client(clients - 1);
        await client
          .sendText({ channelId: crowd.homeOf(clients - 1) }, 'hello')
          .catch((error) => refused.push(String(error)));
      }
      const exact = await world.untilExact(crowd, EXACT_WITHIN_MS);
      await crowd.endTalk();
      const isSet = Math.abs((told[0] ?? 0) - (told[1] ?? 0)) > 1.5 * HOUR_S * 1000;
      return [
        claim('there was a fault', isSet, told.map((ms) => new Date(ms).toISOString()).join(', ')),
        claimVoice(crowd.voice, droppedAtPeers(node.ports.voice)),
        claimNone('no session ends', crowd.ended),
        claim('nobody loses their connection', crowd.resumed + crowd.renewed === 0, crowd.resumed + crowd.renewed),
        claimNone('no token is refused, no login and no text limited', refused),
        claim('no subscription is closed', subscriber.ending === null, JSON.stringify(subscriber.ending)),
        claimExact(exact),
        await claimInvariants(world),
      ];
    } finally {
      setClock(0);
      await subscriber.close();
      await crowd.close();
    }
  },
};

/** What the clock of the server is to be beside the right time. */
function setClock(offsetS: number): void {
  writeFileSync(CLOCK_FILE, `${offsetS < 0 ? '' : '+'}${offsetS}\n`);
}

/** The time of day as the server has it: it is in the head of each answer. */
async function clockOf(url: string): Promise<number> {
  const { headers } = await fetch(`${url}/health/live`);
  return new Date(headers.get('date') ?? '').getTime();
}
