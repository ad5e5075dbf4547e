import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RelayCounters } from '../src/voice/relay-messages.js';
import { compileC } from './c-program.js';
import { canPin } from './measured-process.js';
import { type LoadResult, RelayLoad } from './relay-load.js';
import { Crowd, type RelayScenario } from './relay-scenario.js';
import { type RelayUnderTest, startParley, startYardstick } from './relay-under-test.js';

/** Parley with either backend; the yardstick in C, and the same with a call to the system for each datagram. */
export const RELAYS = ['c', 'native', 'c-single', 'dgram'] as const;
export type RelayName = (typeof RELAYS)[number];

/** One relay under one load. */
export interface RelayRun {
  readonly relay: RelayName;
  readonly load: LoadResult;
  /** What Parley says of itself. */
  readonly counters: RelayCounters | null;
}

/** Time for the compiler of V8, which counts nowhere. */
const WARM_UP_MS = 1500;
const MAX_PROOF_ROUNDS = 10;
/** Two processors are needed to keep the relay and its load apart. */
const CPUS = availableParallelism() >= 2 && canPin() ? { load: 0, relay: 1 } : { load: -1, relay: -1 };

/** Runs relays under load; the programs in C are compiled into a folder of their own. */
export class RelayBench {
  readonly #folder: string;
  /** True where the yardstick verifies session tags, as Parley does. */
  readonly yardstickVerifies: boolean;

  /** Throws where there is no C compiler. */
  static async prepare(): Promise<RelayBench> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
    const problem = compileC('c-load/load.c', join(folder, 'load'));
    if (problem !== null) throw new Error(`the load cannot be compiled: ${problem}`);
    const relay = join(folder, 'relay');
    const yardstickVerifies = compileC('c-relay/relay.c', relay, ['-DWITH_TAGS', '-lcrypto']) === null;
    const plainProblem = yardstickVerifies ? null : compileC('c-relay/relay.c', relay);
    if (plainProblem !== null) throw new Error(`the yardstick cannot be compiled: ${plainProblem}`);
    return new RelayBench(folder, yardstickVerifies);
  }

  private constructor(folder: string, yardstickVerifies: boolean) {
    this.#folder = folder;
    this.yardstickVerifies = yardstickVerifies;
  }

  /** Starts a relay, lets all its clients prove where they are, and has them talk for so long after the warm-up. */
  async run(relay: RelayName, scenario: RelayScenario, durationMs: number): Promise<RelayRun> {
    const crowd = new Crowd(scenario);
    const sessionFile = join(this.#folder, 'sessions');
    await writeFile(sessionFile, crowd.sessionFile());
    const program = join(this.#folder, 'load');
    const load = await RelayLoad.start({ program, folder: this.#folder, sessionFile, cpu: CPUS.load });
    try {
      return await this.#runWith(load, relay, crowd, durationMs, sessionFile);
    } finally {
      await load.stop();
    }
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  async #runWith(
    load: RelayLoad,
    relay: RelayName,
    crowd: Crowd,
    durationMs: number,
    sessionFile: string,
  ): Promise<RelayRun> {
    const subject = await this.#start(relay, crowd, load.port, sessionFile);
    try {
      if (subject.wantsProof) await prove(subject, load, crowd);
      const conversation = crowd.conversation(WARM_UP_MS + durationMs);
      const result = await load.run(subject.port, subject.pid, WARM_UP_MS, conversation);
      return { relay, load: result, counters: await subject.counters() };
    } finally {
      await subject.stop();
    }
  }

  async #start(relay: RelayName, crowd: Crowd, loadPort: number, sessionFile: string): Promise<RelayUnderTest> {
    if (relay === 'native' || relay === 'dgram') return startParley(relay, crowd.sessions, CPUS.relay);
    const keyFile = join(this.#folder, 'keys');
    await writeFile(keyFile, crowd.keyFile());
    const program = join(this.#folder, 'relay');
    const sends = relay === 'c' ? 'batch' : 'single';
    return startYardstick({ program, sessionFile, keyFile, loadPort, sends, cpu: CPUS.relay });
  }
}

/** The first pong brings a token, and the ping after it proves the address. */
async function prove(subject: RelayUnderTest, load: RelayLoad, crowd: Crowd): Promise<void> {
  for (let round = 0; round < 2 || !crowd.isAnswered; round += 1) {
    if (round === MAX_PROOF_ROUNDS) throw new Error('the relay does not answer pings');
    crowd.learnTokens(await load.exchange(subject.port, crowd.pings()));
  }
}
