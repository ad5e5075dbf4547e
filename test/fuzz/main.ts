/** `npm run fuzz -- [target] [--minutes N | --count N] [--seed S]`: fuzzes one target, or all one after the other, as long as wanted. Ends with 1 at the first failure. */
import { performance } from 'node:perf_hooks';
import { Command } from 'commander';
import { FuzzFailure, type FuzzTarget } from './fuzz-target.js';
import { FUZZ_TARGETS } from './fuzz-targets.js';
import { keepCase } from './kept-cases.js';
import { SOCKETS_TARGET } from './sockets-target.js';

const TOLD_EVERY_MS = 10_000;
const TARGETS = [...FUZZ_TARGETS, SOCKETS_TARGET];

interface Options {
  readonly minutes: number;
  readonly count?: number;
  readonly seed: number;
}

const program = new Command('fuzz')
  .argument('[target]', `one of ${TARGETS.map(({ name }) => name).join(', ')}; all where it is left out`)
  .option('--minutes <number>', 'how long each target is fuzzed', Number, 1)
  .option('--count <number>', 'how many units of each target at least, instead of a time', Number)
  .option('--seed <number>', 'the seed of the first episode', Number, Date.now() % 2 ** 32);
program.parse();
const [name] = program.args;
const targets = name === undefined ? TARGETS : TARGETS.filter((target) => target.name === name);
if (targets.length === 0) program.error(`There is no target ${name}.`);
try {
  for (const target of targets) await fuzz(target, program.opts<Options>());
} catch (error) {
  if (!(error instanceof FuzzFailure)) throw error;
  tell(`${error.stack}\ncaused by ${error.cause instanceof Error ? error.cause.stack : String(error.cause)}`);
  tell(`The case is kept in ${keepCase(error)}: give the file a name that says what it is about.`);
  process.exitCode = 1;
}

async function fuzz(target: FuzzTarget, { minutes, count, seed }: Options): Promise<void> {
  const startMs = performance.now();
  let toldMs = startMs;
  let episodes = 0;
  let units = 0;
  const isOver = (nowMs: number) => (count === undefined ? nowMs - startMs >= minutes * 60_000 : units >= count);
  for (let nowMs = startMs; !isOver(nowMs); nowMs = performance.now()) {
    if (nowMs - toldMs >= TOLD_EVERY_MS) {
      tell(progress(target, { units, episodes, seed, elapsedMs: nowMs - startMs }));
      toldMs = nowMs;
      // Keys of the addon are freed in turns of the event loop, of which promises alone leave none.
      await new Promise(setImmediate);
    }
    units += await target.episode((seed + episodes) % 2 ** 32);
    episodes++;
  }
  tell(`${progress(target, { units, episodes, seed, elapsedMs: performance.now() - startMs })}: done, nothing found`);
}

function progress(
  { name, unit }: FuzzTarget,
  { units, episodes, seed, elapsedMs }: { units: number; episodes: number; seed: number; elapsedMs: number },
): string {
  const perSecond = Math.round((units / elapsedMs) * 1000);
  const memoryMb = Math.round(process.memoryUsage.rss() / 1_000_000);
  const from = `${episodes} episodes from seed ${seed}`;
  return `${name}: ${units} ${unit} in ${Math.round(elapsedMs / 1000)} s, ${perSecond} a second (${from}, ${memoryMb} MB)`;
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
