/** `npm run bench -- capacity`: what one core and one gigabyte carry, in about eight minutes on a machine of its own: docs/CAPACITY.md. */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { benchApi } from './api.js';
import { type CapacityModel, type Community, capacityModel, neededFor } from './capacity-model.js';
import { type ConnectedRow, measureConnected } from './connected.js';
import type { Measurement } from './measurement.js';
import { RelayBench } from './relay-bench.js';
import { MAX_CHANNELS, USERS } from './relay-scenario.js';
import { benchSubscriptions } from './subscriptions.js';

const FEW_USERS = 100;
/** More than any processor has been seen to take: 588,000 copies a second in channels of 50. */
const SATURATING = { channels: 20, membersPerChannel: 50, speakersPerChannel: 12, packetsPerSecond: 50 };
const SATURATED_MS = 3000;

/** What the specification allows for: 100 users, and the least and the most of a server. */
const COMMUNITIES: readonly (Community & { readonly allowed: string })[] = [
  { users: 100, membersPerChannel: 20, speakersPerChannel: 1, allowed: '1 core, 500 MB, 5 Mbit/s' },
  { users: 500, membersPerChannel: 10, speakersPerChannel: 1, allowed: '2 cores, 4 GB' },
  { users: 1000, membersPerChannel: 10, speakersPerChannel: 1, allowed: '4 cores, 8 GB' },
  { users: 1000, membersPerChannel: 20, speakersPerChannel: 2, allowed: '4 cores, 8 GB' },
];

/** Options: `--seconds N` of each measurement of connected users, `--data FOLDER` to keep them for the next time. */
export async function benchCapacity(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string', default: '10' }, data: { type: 'string' } },
  });
  const { rows, saturatedCopiesPerSecond } = await measureVoice(Number(values.seconds) * 1000, values.data);
  const [few, many, talking] = rows;
  if (few === undefined || many === undefined || talking === undefined) throw new Error('nothing was measured');
  const model = capacityModel(few, many, talking);
  const logins = Math.max(...rows.map(({ loginsPerSecond }) => loginsPerSecond));
  const others = [...(await benchSubscriptions()), ...(await benchApi())];
  process.stdout.write(`${unitTable(model, saturatedCopiesPerSecond, logins, others)}\n${communityTable(model)}\n`);
  const result = { bench: 'capacity', model, saturatedCopiesPerSecond, loginsPerSecond: logins, rows, others };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function measureVoice(durationMs: number, data: string | undefined) {
  const bench = await RelayBench.prepare({ users: USERS, channels: MAX_CHANNELS }, data);
  const rows: ConnectedRow[] = [];
  try {
    for (const [users, speakers] of [
      [FEW_USERS, 0],
      [USERS, 0],
      [USERS, 2],
    ] as const) {
      process.stderr.write(`${users} users, ${speakers} of 20 talk\n`);
      rows.push(await measureConnected(bench, users, speakers, durationMs));
    }
    process.stderr.write('more voice than one processor takes\n');
    const { load } = await bench.run('native', SATURATING, SATURATED_MS);
    return { rows, saturatedCopiesPerSecond: (1000 * load.receivedInWindow) / load.windowMs };
  } finally {
    await bench.close();
  }
}

/** What one core and one gigabyte carry of each, were nothing else there. */
function unitTable(
  model: CapacityModel,
  saturatedCopiesPerSecond: number,
  loginsPerSecond: number,
  others: readonly Measurement[],
): string {
  const table = new Table({ head: ['what', 'figure'], style: { head: [], border: [] }, colAligns: ['left', 'right'] });
  const perCore = (cpuPercent: number) => (cpuPercent > 0 ? count(100 / cpuPercent) : 'not to be measured');
  table.push(
    ['a server without users, MB', count(model.baseMb)],
    ['a connected user, kB', count(model.kbPerUser)],
    ['connected users that one GB carries', count(((1000 - model.baseMb) * 1000) / model.kbPerUser)],
    ['connected users, silent, that one core carries', perCore(model.cpuPercentPerIdleUser)],
    ['a copy of a packet, µs of a core', model.cpuUsPerCopy.toFixed(2)],
    ['copies a second that one core carries, by that', count(1e6 / model.cpuUsPerCopy)],
    ['copies a second at the limit of one core', count(saturatedCopiesPerSecond)],
    ['logins a second, with their clients on this machine', count(loginsPerSecond)],
    ...others.map(({ what, unit, parley }) => [unit === '' ? what : `${what}, ${unit}`, shown(parley)]),
  );
  return table.toString();
}

function communityTable(model: CapacityModel): string {
  const table = new Table({
    head: ['users', 'talk', 'copies/s', 'cores', 'MB', 'Mbit/s out', 'the specification allows'],
    style: { head: [], border: [] },
    colAligns: ['right', 'left', 'right', 'right', 'right', 'right', 'left'],
  });
  for (const community of COMMUNITIES) {
    const { copiesPerSecond, cores, memoryMb, megabitsPerSecond } = neededFor(model, community);
    const talk = `${community.speakersPerChannel} of ${community.membersPerChannel}`;
    table.push([
      community.users,
      talk,
      count(copiesPerSecond),
      cores.toFixed(2),
      count(memoryMb),
      shown(megabitsPerSecond),
      community.allowed,
    ]);
  }
  return table.toString();
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Three digits that count, and all of a large number. */
function shown(value: number): string {
  return value >= 100 ? count(value) : value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
