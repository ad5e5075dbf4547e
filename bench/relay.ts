/** `npm run bench -- relay`: what a forwarded packet costs and how long it takes, beside a relay in plain C in the same run. */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { median } from './measurement.js';
import { RELAYS, RelayBench, type RelayName, type RelayRun } from './relay-bench.js';
import type { RelayScenario } from './relay-scenario.js';

const USERS = 1000;
/** Above it a session would be limited. */
const MAX_PACKETS_PER_SECOND = 200;
const MAX_LOSS = 0.001;
/** How near the highest rate is found. */
const SEARCH_PRECISION = 1.04;

/** A load, and the question that it asks. */
interface Load {
  readonly name: string;
  readonly scenario: RelayScenario;
}

/** One line of the table: the medians of all rounds. */
interface RelayRow {
  readonly load: string;
  readonly relay: RelayName;
  readonly packetsOutPerSecond: number;
  readonly lossPercent: number;
  /** Of the whole process, all threads. */
  readonly cpuNsPerPacketOut: number;
  /** Against `c` in the same round. */
  readonly ratioToC: number | null;
  /** From before a client sends to the kernel's time of arrival at another. */
  readonly latencyUs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly p999: number };
  /** From the batch read to the last copy sent, as Parley's own metric says. */
  readonly routingP99Ms: number | null;
  readonly residentMb: number;
  /** What else ran on the machine meanwhile, in percent of a processor. */
  readonly othersPercent: number;
  /** Wrong bytes, wrong receivers, doubles; and what the load itself lost. All are to be 0. */
  readonly wrong: number;
  readonly ownDrops: number;
}

const LOADS: readonly Load[] = [
  { name: '50 channels of 20', scenario: scenarioOf(20, 50 * 2 * 50 * 19) },
  { name: '20 channels of 50', scenario: scenarioOf(50, 20 * 2 * 50 * 49) },
  { name: '50 of 20, 20,000/s out', scenario: scenarioOf(20, 20_000) },
  { name: '20 of 50, 25,000/s out', scenario: scenarioOf(50, 25_000) },
  { name: '20 of 50, 50,000/s out', scenario: scenarioOf(50, 50_000) },
  { name: '50 of 20, all it can', scenario: scenarioOf(20, 570_000) },
  { name: '20 of 50, all it can', scenario: scenarioOf(50, 588_000) },
];

/** Options: `--rounds N`, `--seconds N` of each measurement, `--relay NAME` and `--load TEXT` to choose some, `--search`. */
export async function benchRelay(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      relay: { type: 'string', multiple: true, default: [...RELAYS] },
      load: { type: 'string', default: '' },
      search: { type: 'boolean', default: false },
    },
  });
  const relays = RELAYS.filter((relay) => values.relay.includes(relay));
  const durationMs = Number(values.seconds) * 1000;
  const bench = await RelayBench.prepare();
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

function rowOf(load: string, relay: RelayName, rounds: readonly (readonly RelayRun[])[]): RelayRow {
  const runs = rounds.flat().filter((run) => run.relay === relay);
  const medianOf = (read: (run: RelayRun) => number) => median(runs.map(read));
  const ratios = rounds.flatMap((round) => {
    const yardstick = round.find((run) => run.relay === 'c');
    const own = round.find((run) => run.relay === relay);
    return yardstick === undefined || own === undefined ? [] : [cpuNs(own) / cpuNs(yardstick)];
  });
  const routing = runs.flatMap(({ counters }) => (counters === null ? [] : [counters.routingLatency.p99Ms]));
  return {
    load,
    relay,
    packetsOutPerSecond: medianOf((run) => (1000 * run.load.receivedInWindow) / run.load.windowMs),
    lossPercent: medianOf((run) => 100 * lossOf(run)),
    cpuNsPerPacketOut: medianOf(cpuNs),
    ratioToC: ratios.length === 0 ? null : median(ratios),
    latencyUs: {
      p50: medianOf((run) => run.load.latencyUs.p50),
      p95: medianOf((run) => run.load.latencyUs.p95),
      p99: medianOf((run) => run.load.latencyUs.p99),
      p999: medianOf((run) => run.load.latencyUs.p999),
    },
    routingP99Ms: routing.length === 0 ? null : median(routing),
    residentMb: medianOf((run) => run.load.residentKb / 1024),
    othersPercent: medianOf(({ load: { busyMs, serverCpuMs, ownCpuMs, stolenMs, windowMs } }) =>
      Math.max(0, (100 * (busyMs - serverCpuMs - ownCpuMs + stolenMs)) / windowMs),
    ),
    wrong: runs.reduce((sum, run) => sum + run.load.bad + run.load.misrouted + run.load.duplicates, 0),
    ownDrops: runs.reduce((sum, run) => sum + run.load.ownDrops, 0),
  };
}

function cpuNs({ load }: RelayRun): number {
  return (1e6 * load.serverCpuMs) / load.receivedInWindow;
}

function lossOf({ load }: RelayRun): number {
  return 1 - load.delivered / load.expected;
}

function tableOf(rows: readonly RelayRow[]): string {
  const table = new Table({
    head: [
      'load',
      'relay',
      'out/s',
      'loss %',
      'ns/out',
      'to C',
      'p50 µs',
      'p95',
      'p99',
      'p99.9',
      'route p99 ms',
      'MB',
      'others %',
      'wrong',
    ],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', ...Array.from({ length: 12 }, () => 'right' as const)],
  });
  for (const row of rows) {
    const { p50, p95, p99, p999 } = row.latencyUs;
    table.push([
      row.load,
      row.relay,
      Math.round(row.packetsOutPerSecond).toLocaleString('en'),
      row.lossPercent.toFixed(3),
      Math.round(row.cpuNsPerPacketOut),
      row.ratioToC?.toFixed(2) ?? '',
      ...[p50, p95, p99, p999].map((value) => Math.round(value).toLocaleString('en')),
      row.routingP99Ms?.toFixed(2) ?? '',
      Math.round(row.residentMb),
      Math.round(row.othersPercent),
      row.wrong + row.ownDrops,
    ]);
  }
  return table.toString();
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

/** 1000 users of whom so many speak, 50 times a second or more often, that this many copies go out. */
function scenarioOf(membersPerChannel: number, packetsOutPerSecond: number): RelayScenario {
  const channels = USERS / membersPerChannel;
  const packetsInPerChannel = packetsOutPerSecond / (membersPerChannel - 1) / channels;
  const speakersPerChannel = Math.max(2, Math.ceil(packetsInPerChannel / MAX_PACKETS_PER_SECOND));
  return {
    channels,
    membersPerChannel,
    speakersPerChannel,
    packetsPerSecond: packetsInPerChannel / speakersPerChannel,
  };
}
