/** `npm run bench -- relay`: what a forwarded packet costs and how long it takes, beside a relay in plain C in the same run. */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { median } from './measurement.js';
import { RELAYS, RelayBench, type RelayName, type RelayRun } from './relay-bench.js';
import { MAX_CHANNELS, type RelayScenario, scenarioOf, USERS } from './relay-scenario.js';
import { lossOf, type RelayRow, rowOf, tableOf } from './relay-table.js';

const MAX_LOSS = 0.001;
/** How near the highest rate is found. */
const SEARCH_PRECISION = 1.04;

/** A load, and the question that it asks. */
interface Load {
  readonly name: string;
  readonly scenario: RelayScenario;
}

const LOADS: readonly Load[] = [
  { name: '50 channels of 20', scenario: scenarioOf(20, 50 * 2 * 50 * 19) },
  { name: '20 channels of 50', scenario: scenarioOf(50, 20 * 2 * 50 * 49) },
  { name: '50 of 20, 20,000/s out', scenario: scenarioOf(20, 20_000) },
  { name: '20 of 50, 25,000/s out', scenario: scenarioOf(50, 25_000) },
  { name: '20 of 50, 50,000/s out', scenario: scenarioOf(50, 50_000) },
  { name: 'as Murmur, 25,000/s out', scenario: besideMurmur(51) },
  { name: 'as Murmur, 50,000/s out', scenario: besideMurmur(102) },
  { name: '50 of 20, all it can', scenario: scenarioOf(20, 570_000) },
  { name: '20 of 50, all it can', scenario: scenarioOf(50, 588_000) },
];

/** The load under which Murmur was measured: 500 users in 10 channels of 50, in which one speaks. */
function besideMurmur(packetsPerSecond: number): RelayScenario {
  return { channels: 10, membersPerChannel: 50, speakersPerChannel: 1, packetsPerSecond };
}

/** Options: `--rounds N`, `--seconds N` of each measurement, `--relay NAME` and `--load TEXT` to choose some, `--search`, `--core` for the relay without the server around it, `--data FOLDER` to keep the users for the next time. */
export async function benchRelay(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      relay: { type: 'string', multiple: true, default: [...RELAYS] },
      load: { type: 'string', default: '' },
      search: { type: 'boolean', default: false },
      core: { type: 'boolean', default: false },
      data: { type: 'string' },
    },
  });
  const relays = RELAYS.filter((relay) => values.relay.includes(relay));
  const durationMs = Number(values.seconds) * 1000;
  const isParleyIn = relays.some((relay) => relay === 'native' || relay === 'dgram');
  const isWhole = !values.core && isParleyIn;
  const bench = await RelayBench.prepare(isWhole ? { users: USERS, channels: MAX_CHANNELS } : null, values.data);
  try {
    if (values.search) {
      await search(bench, relays, durationMs, Number(values.rounds));
    } else {
      const loads = LOADS.filter(({ name }) => name.includes(values.load));
      await compare(bench, loads, relays, durationMs, Number(values.rounds));
    }
  } finally {
    await bench.close();
  }
}

async function compare(
  bench: RelayBench,
  loads: readonly Load[],
  relays: readonly RelayName[],
  durationMs: number,
  rounds: number,
): Promise<void> {
  const rows: RelayRow[] = [];
  for (const { name, scenario } of loads) {
    const runs: RelayRun[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const inThisRound: RelayRun[] = [];
      for (const relay of relays) {
        process.stderr.write(`${name}: ${relay}, round ${round + 1} of ${rounds}\n`);
        inThisRound.push(await bench.run(relay, scenario, durationMs));
      }
      runs.push(inThisRound);
    }
    rows.push(...relays.map((relay) => rowOf(name, relay, runs)));
  }
  process.stdout.write(`${tableOf(rows)}\n`);
  process.stdout.write(`${JSON.stringify({ bench: 'relay', yardstickVerifies: bench.yardstickVerifies, rows })}\n`);
}

/** Finds for each relay the highest rate at which less than one packet in a thousand is lost. */
async function search(
  bench: RelayBench,
  relays: readonly RelayName[],
  durationMs: number,
  rounds: number,
): Promise<void> {
  const table = new Table({
    head: ['channels of', 'relay', 'out/s at < 0.1 % loss', 'to C'],
    style: { head: [], border: [] },
  });
  const rows: { members: number; relay: RelayName; packetsOutPerSecond: number; ratioToC: number | null }[] = [];
  for (const members of [50, 20]) {
    const found = new Map<RelayName, number[]>(relays.map((relay) => [relay, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const relay of relays) found.get(relay)?.push(await highestRate(bench, relay, members, durationMs));
    }
    const yardstick = found.get('c') ?? [];
    for (const [relay, rates] of found) {
      const ratios = rates.map((rate, round) => rate / (yardstick[round] ?? Number.NaN));
      const row = {
        members,
        relay,
        packetsOutPerSecond: median(rates),
        ratioToC: yardstick.length === 0 ? null : median(ratios),
      };
      rows.push(row);
      table.push([
        members,
        relay,
        Math.round(row.packetsOutPerSecond).toLocaleString('en'),
        row.ratioToC?.toFixed(2) ?? '',
      ]);
    }
  }
  process.stdout.write(`${table.toString()}\n${JSON.stringify({ bench: 'relay-search', rows })}\n`);
}

async function highestRate(bench: RelayBench, relay: RelayName, members: number, durationMs: number): Promise<number> {
  let passed = 0;
  let failed = Number.POSITIVE_INFINITY;
  let rate = 100_000;
  while (failed / passed > SEARCH_PRECISION) {
    process.stderr.write(`channels of ${members}: ${relay}, ${Math.round(rate).toLocaleString('en')} packets/s out\n`);
    const run = await bench.run(relay, scenarioOf(members, rate), durationMs);
    if (lossOf(run) < MAX_LOSS) passed = rate;
    else failed = rate;
    rate = failed === Number.POSITIVE_INFINITY ? passed * 2 : (passed + failed) / 2;
  }
  return passed;
}
