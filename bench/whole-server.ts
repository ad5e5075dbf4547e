import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { DemoServer } from '../scripts/demo-server.js';
import { buildTown, TOWN_ENVIRONMENT, type Town } from './bench-town.js';
import { LiveCrowd } from './live-crowd.js';
import { spawnMeasured } from './measured-process.js';
import { Crowd, type RelayScenario } from './relay-scenario.js';
import type { RelayFigures, RelayUnderTest } from './relay-under-test.js';
import { readMetrics, type ServerMetrics } from './server-metrics.js';

/** A server that `npm start` would start, with sessions of real clients. */
export interface WholeServer {
  readonly subject: RelayUnderTest;
  readonly crowd: Crowd;
  readonly server: DemoServer;
  readonly town: Town;
  readonly loginsPerSecond: number;
}

export interface WholeServerOptions {
  readonly backend: 'native' | 'dgram' | 'auto';
  readonly scenario: RelayScenario;
  /** The processor to stay on, or -1. */
  readonly cpu: number;
}

export interface TownSize {
  readonly users: number;
  readonly channels: number;
}

const townSchema = z.object({
  organizationId: z.string(),
  adminToken: z.string(),
  tokens: z.array(z.string()),
  channelIds: z.array(z.number()),
});

/** Servers, one after the other, on the same data: the users and their logins are made once. */
export class WholeServers {
  readonly town: Town;
  readonly #folder: string;
  readonly #isKept: boolean;

  /**
   * Makes so many users and channels, which takes two passwords' time for each user. Where `keptFolder` is given they
   * stay there, and those of before are taken: their logins are good for a day.
   */
  static async prepare({ users, channels }: TownSize, keptFolder?: string): Promise<WholeServers> {
    const folder = keptFolder ?? (await mkdtemp(join(tmpdir(), 'parley-bench-data-')));
    const townFile = join(folder, 'town.json');
    if (existsSync(townFile)) {
      const known = townSchema.parse(JSON.parse(await readFile(townFile, 'utf8')));
      if (known.tokens.length >= users && known.channelIds.length >= channels) {
        return new WholeServers(folder, known, true);
      }
      throw new Error(`${folder} has a smaller town: give another folder`);
    }
    const server = await DemoServer.start({ dataFolder: folder, environment: TOWN_ENVIRONMENT });
    try {
      const town = await buildTown(server, users, channels);
      if (keptFolder !== undefined) await writeFile(townFile, JSON.stringify(town), { mode: 0o600 });
      return new WholeServers(folder, town, keptFolder !== undefined);
    } finally {
      await server.stop();
    }
  }

  private constructor(folder: string, town: Town, isKept: boolean) {
    this.#folder = folder;
    this.town = town;
    this.#isKept = isKept;
  }

  /** Starts a server that nobody has come to yet. */
  serve(backend: WholeServerOptions['backend'], cpu: number): Promise<DemoServer> {
    return DemoServer.start({
      dataFolder: this.#folder,
      environment: { ...TOWN_ENVIRONMENT, PARLEY_VOICE_BACKEND: backend },
      spawn: (command, options) => spawnMeasured([...command], cpu, options),
    });
  }

  /** Starts a server, logs everybody in and lets them join. */
  async start({ backend, scenario, cpu }: WholeServerOptions): Promise<WholeServer> {
    const server = await this.serve(backend, cpu);
    try {
      const live = await LiveCrowd.enter(
        {
          host: server.host,
          port: server.controlPort,
          fingerprint: server.certificateFingerprint,
          tokens: this.town.tokens,
          channelIds: this.town.channelIds,
        },
        scenario,
      );
      const stop = async () => {
        await live.close();
        await server.stop();
      };
      const figures = async () => figuresOf(await readMetrics(server.metricsUrl));
      const subject = { pid: server.pid, port: server.voicePort, wantsProof: true, figures, stop };
      const crowd = new Crowd(scenario, live.sessions);
      return { subject, crowd, server, town: this.town, loginsPerSecond: live.loginsPerSecond };
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  async remove(): Promise<void> {
    if (!this.#isKept) await rm(this.#folder, { recursive: true, force: true });
  }
}

function figuresOf(metrics: ServerMetrics): RelayFigures {
  return {
    routingP99Ms: 1000 * metrics.valueOf('parley_relay_routing_latency_seconds{quantile="0.99"}'),
    gcPauses: metrics.valueOf('parley_relay_gc_pauses_total'),
    gcMs: 1000 * metrics.valueOf('parley_relay_gc_pause_seconds_total'),
    longestGcPauseMs: 1000 * metrics.valueOf('parley_relay_gc_pause_longest_seconds'),
  };
}
