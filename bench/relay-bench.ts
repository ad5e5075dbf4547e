import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DemoServer } from '../scripts/demo-server.js';
import type { Town } from './bench-town.js';
import { compileC } from './c-program.js';
import { canPin } from './measured-process.js';
import { type LoadResult, RelayLoad } from './relay-load.js';
import { Crowd, type RelayScenario } from './relay-scenario.js';
import { type RelayFigures, type RelayUnderTest, startParley, startYardstick } from './relay-under-test.js';
import { type TownSize, type WholeServer, WholeServers } from './whole-server.js';

/** Parley with either backend; the yardstick in C, and the same with a call to the system for each datagram. */
export const RELAYS = ['c', 'native', 'c-single', 'dgram'] as const;
export type RelayName = (typeof RELAYS)[number];

/** One relay under one load. */
export interface RelayRun {
  readonly relay: RelayName;
  readonly load: LoadResult;
  /** What Parley says of itself, from before the talk, and after it. */
  readonly before: RelayFigures | null;
  readonly figures: RelayFigures | null;
  /** Of the clients of a whole server; null where there is none. */
  readonly loginsPerSecond: number | null;
}

/** The processors to stay on, or -1 for any. */
export interface Cpus {
  readonly load: number;
  readonly relay: number;
}

export interface RunOptions {
  /** Those apart, where it is left out and the machine has two. */
  readonly cpus?: Cpus;
  /** Something else beside the talk, on a whole server, which begins with it. */
  readonly during?: (server: DemoServer, town: Town) => Promise<void>;
}

/** Time for the compiler of V8, which counts nowhere. */
export const WARM_UP_MS = 1500;
const MAX_PROOF_ROUNDS = 10;
/** Two processors are needed to keep the relay and its load apart. */
const CPUS: Cpus = availableParallelism() >= 2 && canPin() ? { load: 0, relay: 1 } : { load: -1, relay: -1 };

/** Runs relays under load; the programs in C are compiled into a folder of their own. */
export class RelayBench {
  readonly #folder: string;
  /** True where the yardstick verifies session tags, as Parley does. */
  readonly yardstickVerifies: boolean;
  /** Null where the relay is measured alone. */
  readonly #servers: WholeServers | null;

  /** With a town Parley is a whole server, and with null its relay alone. Throws where there is no C compiler. */
  static async prepare(town: TownSize | null, keptFolder?: string): Promise<RelayBench> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
    const problem = compileC('c-load/load.c', join(folder, 'load'));
    if (problem !== null) throw new Error(`the load cannot be compiled: ${problem}`);
    const relay = join(folder, 'relay');
    const yardstickVerifies = compileC('c-relay/relay.c', relay, ['-DWITH_TAGS', '-lcrypto']) === null;
    const plainProblem = yardstickVerifies ? null : compileC('c-relay/relay.c', relay);
    if (plainProblem !== null) throw new Error(`the yardstick cannot be compiled: ${plainProblem}`);
    const servers = town === null ? null : await WholeServers.prepare(town, keptFolder);
    return new RelayBench(folder, yardstickVerifies, servers);
  }

  private constructor(folder: string, yardstickVerifies: boolean, servers: WholeServers | null) {
    this.#folder = folder;
    this.#servers = servers;
    this.yardstickVerifies = yardstickVerifies;
  }

  /** Starts a relay, lets all its clients prove where they are, and has them talk for so long after the warm-up. */
  async run(
    relay: RelayName,
    scenario: RelayScenario,
    durationMs: number,
    { cpus = CPUS, during }: RunOptions = {},
  ): Promise<RelayRun> {
    const whole = await this.#startServer(relay, scenario, cpus.relay);
    try {
      const crowd = whole?.crowd ?? Crowd.invented(scenario);
      const sessionFile = join(this.#folder, 'sessions');
      await writeFile(sessionFile, crowd.sessionFile());
      const program = join(this.#folder, 'load');
      await using cleanUp = new AsyncDisposableStack();
      const load = await RelayLoad.start({ program, folder: this.#folder, sessionFile, cpu: cpus.load });
      cleanUp.defer(() => load.stop());
      const subject = whole?.subject ?? (await this.#start(relay, crowd, load.port, sessionFile));
      if (whole === null) cleanUp.defer(() => subject.stop());
      if (subject.wantsProof) await prove(subject, load, crowd);
      const conversation = crowd.conversation(WARM_UP_MS + durationMs);
      const before = await subject.figures();
      const [result] = await Promise.all([
        load.run(subject.port, subject.pid, WARM_UP_MS, conversation),
        whole === null ? null : during?.(whole.server, whole.town),
      ]);
      return {
        relay,
        load: result,
        before,
        figures: await subject.figures(),
        loginsPerSecond: whole?.loginsPerSecond ?? null,
      };
    } finally {
      await whole?.subject.stop();
    }
  }

  async close(): Promise<void> {
    await this.#servers?.remove();
    await rm(this.#folder, { recursive: true });
  }

  /** Null where the relay is not measured within a server. */
  async #startServer(relay: RelayName, scenario: RelayScenario, cpu: number): Promise<WholeServer | null> {
    if (this.#servers === null || (relay !== 'native' && relay !== 'dgram')) return null;
    return this.#servers.start({ backend: relay, scenario, cpu });
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
