import { caseText, readCase } from './case-text.js';
import { FuzzRandom } from './fuzz-random.js';

/** How many smaller cases are tried after a failure. */
const MAX_ATTEMPTS = 3000;

/** Something that is fuzzed. Episodes have nothing in common: each makes what it works on anew. */
export interface FuzzTarget {
  readonly name: string;
  /** What is counted. */
  readonly unit: string;
  /** How many episodes `npm test` runs: together all targets take a few seconds. */
  readonly testEpisodes: number;
  /** Runs the episode of a seed and returns how many units that were. Throws {@link FuzzFailure}. */
  episode(seed: number): Promise<number>;
  /** Runs a kept case, as {@link FuzzFailure.caseText} has it. Throws what does not hold. */
  replay(text: string): Promise<void>;
}

/** An invariant that does not hold, with the smallest case that was found. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
  readonly target: string;
  readonly seed: number;
  readonly caseText: string;

  constructor(options: { target: string; seed: number; caseText: string; cause: unknown }) {
    const { target, seed, cause } = options;
    super(`${target}, seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.target = target;
    this.seed = seed;
    this.caseText = options.caseText;
  }
}

export interface FuzzTargetOptions<Case> {
  readonly name: string;
  readonly unit: string;
  readonly testEpisodes: number;
  /** Makes a case, plain data, by the random numbers alone. */
  generate(random: FuzzRandom): Case;
  /** Runs a case and returns how many units that were. Throws where an invariant does not hold. */
  run(fuzzCase: Case): number | Promise<number>;
  /** Cases that are smaller, the smallest first. */
  smaller?(fuzzCase: Case): Iterable<Case>;
}

export function fuzzTarget<Case>(options: FuzzTargetOptions<Case>): FuzzTarget {
  const { name, unit, testEpisodes, generate, run } = options;
  return {
    name,
    unit,
    testEpisodes,
    async episode(seed) {
      const fuzzCase = generate(new FuzzRandom(seed));
      try {
        return await run(fuzzCase);
      } catch {
        const smallest = await minimized(fuzzCase, options);
        throw new FuzzFailure({
          target: name,
          seed,
          caseText: caseText(smallest),
          cause: await failureOf(smallest, run),
        });
      }
    },
    async replay(text) {
      await run(readCase<Case>(text));
    },
  };
}

/** The lists with one part left out: first large parts, then single items. */
export function* withoutParts<Item>(items: readonly Item[]): Iterable<Item[]> {
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < items.length; start += size)
      yield [...items.slice(0, start), ...items.slice(start + size)];
  }
}

async function minimized<Case>(failing: Case, { run, smaller }: FuzzTargetOptions<Case>): Promise<Case> {
  let smallest = failing;
  let attempts = 0;
  for (let isSmaller = smaller !== undefined; isSmaller; ) {
    isSmaller = false;
    for (const candidate of smaller?.(smallest) ?? []) {
      attempts++;
      if (attempts > MAX_ATTEMPTS) return smallest;
      if ((await failureOf(candidate, run)) === undefined) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

async function failureOf<Case>(fuzzCase: Case, run: FuzzTargetOptions<Case>['run']): Promise<unknown> {
  try {
    await run(fuzzCase);
    return undefined;
  } catch (error) {
    return error ?? new Error('something without a value was thrown');
  }
}
