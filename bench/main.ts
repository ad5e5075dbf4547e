/**
 * `npm run bench`, or `npm run bench -- permissions`: one table for people, then one line of JSON for tools.
 * Those that take minutes and options run only by their names, and have tables of their own.
 */
import { availableParallelism } from 'node:os';
import Table from 'cli-table3';
import { benchApi } from './api.js';
import { benchCapacity } from './capacity.js';
import { benchConnected } from './connected.js';
import type { Measurement } from './measurement.js';
import { benchMumble } from './mumble.js';
import { benchPermissionEvaluation } from './permission-evaluation.js';
import { benchRelay } from './relay.js';
import { benchRelayFanOut } from './relay-fan-out.js';
import { benchSoak } from './soak.js';
import { benchStorm } from './storm.js';
import { benchSubscriptions } from './subscriptions.js';

const BENCHES: ReadonlyMap<string, () => Promise<readonly Measurement[]>> = new Map([
  ['api', benchApi],
  ['fan-out', benchRelayFanOut],
  ['permissions', benchPermissionEvaluation],
  ['subscriptions', benchSubscriptions],
]);

/** Those that run only by their name, and have options and a table of their own. */
const ALONE: ReadonlyMap<string, (options: readonly string[]) => Promise<void>> = new Map([
  ['capacity', benchCapacity],
  ['connected', benchConnected],
  ['mumble', benchMumble],
  ['relay', benchRelay],
  ['soak', benchSoak],
  ['storm', benchStorm],
]);

const names = process.argv.slice(2);
const unknown = names.filter((name) => !BENCHES.has(name));
const alone = ALONE.get(names[0] ?? '');
if (alone !== undefined) {
  await alone(names.slice(1));
} else if (unknown.length > 0) {
  const known = [...ALONE.keys(), ...BENCHES.keys()].join(', ');
  process.stderr.write(`There is no bench ${unknown.join(', ')}. There are: ${known}.\n`);
  process.exitCode = 2;
} else {
  await run(names.length > 0 ? names : [...BENCHES.keys()]);
}

async function run(chosen: readonly string[]): Promise<void> {
  const measurements: Measurement[] = [];
  // One after the other: two at once would measure each other.
  for (const name of chosen) measurements.push(...((await BENCHES.get(name)?.()) ?? []));
  process.stdout.write(`${tableOf(measurements)}\n`);
  const machine = { node: process.versions.node, cpus: availableParallelism() };
  process.stdout.write(`${JSON.stringify({ ...machine, measurements })}\n`);
}

function tableOf(measurements: readonly Measurement[]): string {
  const table = new Table({
    head: ['bench', 'what', 'Parley', 'yardstick', '', 'ratio'],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right', 'left', 'right'],
  });
  for (const { bench, what, unit, parley, yardstick, reference, ratio } of measurements) {
    const shownRatio = ratio === null ? '' : shown(ratio);
    table.push([bench, `${what}, ${unit}`, shown(parley), shown(reference), yardstick, shownRatio]);
  }
  return table.toString();
}

/** Three digits that count, and all of a large number. */
function shown(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString('en')
    : value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
