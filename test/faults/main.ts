/** `npm run faults -- [--only NAME] [--times N] [--short] [--list]`: makes real servers fail, and says what held. Ends with 1 where something did not. */
import { performance } from 'node:perf_hooks';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Claim, Fault, FaultScale } from './fault.js';
import { FaultWorld } from './fault-world.js';
import { FAULTS } from './faults.js';

interface Options {
  readonly only?: string;
  readonly times: number;
  readonly short?: boolean;
  readonly list?: boolean;
}

interface Run {
  readonly fault: string;
  readonly scale: FaultScale;
  readonly tookS: number;
  readonly claims: readonly Claim[];
}

const program = new Command('faults')
  .option('--only <name>', 'this fault alone')
  .option('--times <number>', 'how often each', Number, 1)
  .option('--short', 'seconds and tens of clients, as in the tests')
  .option('--list', 'tells the names');
program.parse();
const { only, times, short, list } = program.opts<Options>();
const chosen = FAULTS.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) program.error(`There is no fault ${only}.`);

if (list === true) {
  for (const { name, title } of FAULTS) tell(`${name}: ${title}`);
} else {
  const runs: Run[] = [];
  for (let time = 0; time < times; time += 1) {
    for (const fault of chosen) {
      for (const scale of short === true ? [fault.short] : fault.full) runs.push(await run(fault, scale));
    }
  }
  report(runs);
}

async function run(fault: Fault, scale: FaultScale): Promise<Run> {
  process.stderr.write(`${fault.name}: ${scale.clients} clients, ${scale.awayMs / 1000} s\n`);
  const startMs = performance.now();
  const world = await FaultWorld.start(await fault.worldOf(scale));
  try {
    const claims = await fault.run(world, scale);
    for (const { claim, seen, holds } of claims)
      process.stderr.write(`  ${holds ? 'holds' : 'FAILS'}: ${claim} (${seen})\n`);
    return { fault: fault.name, scale, tookS: Math.round((performance.now() - startMs) / 1000), claims };
  } finally {
    await world.stop();
  }
}

function report(runs: readonly Run[]): void {
  const table = new Table({ head: ['fault', 'must hold', 'seen', ''], style: { head: [], border: [] } });
  for (const { fault, scale, claims } of runs) {
    for (const { claim, seen, holds } of claims) {
      table.push([`${fault} (${scale.clients}, ${scale.awayMs / 1000} s)`, claim, seen, holds ? '' : 'FAILS']);
    }
  }
  tell(table.toString());
  const broken = runs.flatMap(({ claims }) => claims).filter(({ holds }) => !holds).length;
  tell(JSON.stringify({ faults: runs.length, broken, runs }));
  if (broken > 0) process.exitCode = 1;
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
