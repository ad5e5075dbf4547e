/** `npm run bench -- storm`: the same talk on a whole server with and without a storm on its API: what the relay's own thread is good for. */
import { parseArgs } from 'node:util';
import { type StormCounts, stormApi } from './api-storm.js';
import { RelayBench, type RelayRun, WARM_UP_MS } from './relay-bench.js';
import { MAX_CHANNELS, scenarioOf, USERS } from './relay-scenario.js';
import { rowOf, tableOf } from './relay-table.js';

const PACKETS_OUT_PER_SECOND = 20_000;
const MEMBERS_PER_CHANNEL = 20;
/** A server has all processors here, or there would be nowhere else for its API to be. */
const ANY_CPU = { load: -1, relay: -1 };

/** Options: `--rounds N`, `--seconds N` of each talk, `--relay native|dgram`, `--data FOLDER` to keep the users for the next time. */
export async function benchStorm(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '2' },
      seconds: { type: 'string', default: '10' },
      relay: { type: 'string', default: 'native' },
      data: { type: 'string' },
    },
  });
  const relay = values.relay === 'dgram' ? 'dgram' : 'native';
  const durationMs = Number(values.seconds) * 1000;
  const scenario = scenarioOf(MEMBERS_PER_CHANNEL, PACKETS_OUT_PER_SECOND);
  const bench = await RelayBench.prepare({ users: USERS, channels: MAX_CHANNELS }, values.data);
  const quiet: RelayRun[][] = [];
  const stormy: RelayRun[][] = [];
  const storms: StormCounts[] = [];
  try {
    for (let round = 1; round <= Number(values.rounds); round += 1) {
      process.stderr.write(`round ${round} of ${values.rounds}\n`);
      quiet.push([await bench.run(relay, scenario, durationMs, { cpus: ANY_CPU })]);
      const run = await bench.run(relay, scenario, durationMs, {
        cpus: ANY_CPU,
        during: async (server, town) => void storms.push(await stormApi(server, town, WARM_UP_MS + durationMs)),
      });
      stormy.push([run]);
    }
  } finally {
    await bench.close();
  }
  const rows = [rowOf('quiet', relay, quiet), rowOf('API storm', relay, stormy)];
  process.stdout.write(`${tableOf(rows)}\n${JSON.stringify({ bench: 'storm', rows, answersPerSecond: storms })}\n`);
}
