import type { FaultWorld, FaultWorldOptions } from './fault-world.js';

/** How much of a fault there is: all that is promised, or enough to see in a minute that it holds. */
export interface FaultScale {
  /** How long what fails is away, in milliseconds. */
  readonly awayMs: number;
  readonly clients: number;
}

/** What was promised, and what was seen. */
export interface Claim {
  readonly claim: string;
  readonly seen: string;
  readonly holds: boolean;
}

/** Something that fails, and what must hold all the same. */
export interface Fault {
  /** As it is named on the command line. */
  readonly name: string;
  /** What fails, in words. */
  readonly title: string;
  /** Each is a run of its own. */
  readonly full: readonly FaultScale[];
  readonly short: FaultScale;
  worldOf(scale: FaultScale): FaultWorldOptions | Promise<FaultWorldOptions>;
  run(world: FaultWorld, scale: FaultScale): Promise<readonly Claim[]>;
}

/** At most so much of it is lost, in percent. */
const MAX_LOSS_PERCENT = 0.1;
/** How long who is where may be told wrongly after a fault, in milliseconds. */
export const EXACT_WITHIN_MS = 10_000;

export function claim(text: string, holds: boolean, seen: string | number): Claim {
  return { claim: text, holds, seen: typeof seen === 'number' ? seen.toLocaleString('en') : seen };
}

export function claimNone(text: string, found: readonly string[]): Claim {
  return claim(
    text,
    found.length === 0,
    found.length === 0 ? 'none' : `${found.length}: ${found.slice(0, 3).join('; ')}`,
  );
}

/** `dropped` are datagrams that came to the clients' process and were not read in time: no loss of the server's. */
export function claimVoice(
  { expected, heard }: { readonly expected: number; readonly heard: number },
  dropped: number,
): Claim {
  const lossPercent = 100 * (1 - (heard + dropped) / expected);
  const holds = expected > 0 && lossPercent < MAX_LOSS_PERCENT;
  return claim('voice is lost less than 0.1 %', holds, `${lossPercent.toFixed(3)} % of ${Math.round(expected)}`);
}

export function claimExact({ tookMs, wrong }: { readonly tookMs: number; readonly wrong: readonly string[] }): Claim {
  const seen = wrong.length === 0 ? `after ${(tookMs / 1000).toFixed(1)} s` : wrong.slice(0, 3).join('; ');
  return claim('who is where is exact within 10 s', wrong.length === 0 && tookMs <= EXACT_WITHIN_MS, seen);
}

export async function claimInvariants({ nodes }: FaultWorld): Promise<Claim> {
  const living = nodes.filter(({ hasEnded }) => !hasEnded);
  const violations = await Promise.all(living.map((node) => node.violations()));
  const sum = violations.reduce((all, each) => all + each, 0);
  const named = living.flatMap(({ errors }) => errors).filter((line) => line.includes('contradicts'));
  return claim("the nodes' own checks find nothing", sum === 0, sum === 0 ? 'nothing' : `${sum}: ${named.at(-1)}`);
}
