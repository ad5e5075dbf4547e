/** `npm run bench -- connected`: what all of Parley takes, its database too, for 100 and for 1000 users who are connected, and when some of them talk. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { cpuMs, memoryMb, processFigures, processTree } from './process-figures.js';
import { RelayBench, WARM_UP_MS } from './relay-bench.js';
import { MAX_CHANNELS, type RelayScenario, USERS } from './relay-scenario.js';

const MEMBERS_PER_CHANNEL = 20;
const PACKETS_PER_SECOND = 50;
/** Until all have been told of those who came last, and the server is at rest, in milliseconds. */
const SETTLE_MS = 6000;
const USER_COUNTS = [100, USERS];
const SPEAKER_COUNTS = [0, 2];
/** A server has all processors here. */
const ANY_CPU = { load: -1, relay: -1 };

/** What was taken while the talk went on. */
interface Consumption {
  /** Of one processor, by all processes. */
  readonly cpuPercent: number;
  /** Of all processes, what they share counted once. */
  readonly allMb: number;
  readonly serverMb: number;
}

/** One measurement of a whole server. */
export interface ConnectedRow extends Consumption {
  readonly users: number;
  readonly speakersPerChannel: number;
  readonly packetsOutPerSecond: number;
  readonly lossPercent: number;
  readonly loginsPerSecond: number;
}

/** Options: `--seconds N` of each measurement, `--data FOLDER` to keep the users for the next time. */
export async function benchConnected(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string', default: '10' }, data: { type: 'string' } },
  });
  const durationMs = Number(values.seconds) * 1000;
  const bench = await RelayBench.prepare({ users: USERS, channels: MAX_CHANNELS }, values.data);
  const rows: ConnectedRow[] = [];
  try {
    for (const users of USER_COUNTS) {
      for (const speakersPerChannel of SPEAKER_COUNTS) {
        process.stderr.write(`${users} users, ${speakersPerChannel} of ${MEMBERS_PER_CHANNEL} talk\n`);
        rows.push(await measureConnected(bench, users, speakersPerChannel, durationMs));
      }
    }
  } finally {
    await bench.close();
  }
  process.stdout.write(`${tableOf(rows)}\n${JSON.stringify({ bench: 'connected', rows })}\n`);
}

/** What a whole server takes while so many are connected, and so many of the 20 in each channel talk. */
export async function measureConnected(
  bench: RelayBench,
  users: number,
  speakersPerChannel: number,
  durationMs: number,
): Promise<ConnectedRow> {
  const scenario: RelayScenario = {
    channels: users / MEMBERS_PER_CHANNEL,
    membersPerChannel: MEMBERS_PER_CHANNEL,
    speakersPerChannel,
    packetsPerSecond: PACKETS_PER_SECOND,
  };
  const measured: Consumption[] = [];
  const { load, loginsPerSecond } = await bench.run('native', scenario, SETTLE_MS + durationMs, {
    cpus: ANY_CPU,
    during: async ({ pid }) => void measured.push(await consumptionOf(pid, durationMs)),
  });
  const [consumption] = measured;
  if (consumption === undefined || loginsPerSecond === null) throw new Error('nothing was measured');
  return {
    users,
    speakersPerChannel,
    packetsOutPerSecond: (1000 * load.receivedInWindow) / load.windowMs,
    lossPercent: load.expected === 0 ? 0 : 100 * (1 - load.delivered / load.expected),
    loginsPerSecond,
    ...consumption,
  };
}

async function consumptionOf(pid: number, durationMs: number): Promise<Consumption> {
  await sleep(WARM_UP_MS + SETTLE_MS);
  const processes = processTree(pid);
  const [startMs, before] = [performance.now(), cpuMs(processes)];
  await sleep(durationMs);
  const spentMs = Array.from(cpuMs(processes), ([each, afterMs]) => Math.max(0, afterMs - (before.get(each) ?? 0)));
  return {
    cpuPercent: (100 * spentMs.reduce((sum, each) => sum + each, 0)) / (performance.now() - startMs),
    allMb: memoryMb(processes),
    serverMb: processFigures(pid).residentMb,
  };
}

function tableOf(rows: readonly ConnectedRow[]): string {
  const table = new Table({
    head: ['users', 'talk in each channel', 'out/s', 'loss %', 'CPU %', 'server MB', 'all MB', 'logins/s'],
    style: { head: [], border: [] },
    colAligns: Array.from({ length: 8 }, () => 'right' as const),
  });
  for (const row of rows) {
    table.push([
      row.users,
      `${row.speakersPerChannel} of ${MEMBERS_PER_CHANNEL}`,
      Math.round(row.packetsOutPerSecond).toLocaleString('en'),
      row.lossPercent.toFixed(3),
      row.cpuPercent.toFixed(1),
      Math.round(row.serverMb),
      Math.round(row.allMb),
      Math.round(row.loginsPerSecond),
    ]);
  }
  return table.toString();
}
