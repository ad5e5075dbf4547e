/** `npm run bench -- soak --minutes 60`: a whole server with people who talk, come, go and lose their connections, for long: what grows, what stays behind, what is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { DemoServer } from '../scripts/demo-server.js';
import { freePort } from '../scripts/free-port.js';
import { BenchApi } from './bench-api.js';
import { buildTown, TOWN_ENVIRONMENT, type Town } from './bench-town.js';
import { Forwarder } from './forwarder.js';
import { collectGarbage } from './garbage-collection.js';
import { droppedAtPeers, type ProcessFigures, processFigures } from './process-figures.js';
import { readMetrics } from './server-metrics.js';
import { SoakCrowd } from './soak-crowd.js';
import { percentile, slopeOf } from './statistics.js';

const CHANNELS = 50;
const STAYERS_PER_CHANNEL = 10;
const SAMPLE_EVERY_MS = 10_000;
const CHECK_EVERY_MS = 60_000;
/** Of the time, before which memory does not count. */
const WARM_UP_SHARE = 1 / 6;
/** How often garbage is collected after it, so that what is left can be compared. */
const COLLECTIONS = 10;
const MS_PER_HOUR = 3_600_000;

interface SoakSample extends ProcessFigures {
  readonly atMs: number;
  /** Of the main thread, as V8 tells it before it collects. */
  readonly heapMb: number;
  readonly externalMb: number;
}

/** What is there right after garbage was collected. */
interface Remains {
  readonly atMs: number;
  readonly liveHeapMb: number;
  readonly residentMb: number;
}

/** What did not agree when the API and the clients were compared. All are to be 0. */
interface GhostCheck {
  /** Sessions that the API tells and no client holds. */
  readonly ghosts: number;
  /** Sessions that a client holds and the API does not tell. */
  readonly missing: number;
  /** Channels in which the API counts others than there are. */
  readonly miscounted: number;
  /** By how many sessions a client's own view is wrong at most. */
  readonly wrongViews: number;
}

/** Options: `--minutes N`, `--users N`, `--talkers N`, `--churn N` per second. */
export async function benchSoak(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '60' },
      users: { type: 'string', default: '500' },
      talkers: { type: 'string', default: '10' },
      churn: { type: 'string', default: '5' },
    },
  });
  const [users, talkers, churn] = [Number(values.users), Number(values.talkers), Number(values.churn)];
  const inspectPort = await freePort();
  const environment = { ...TOWN_ENVIRONMENT, NODE_OPTIONS: `--inspect-port=${inspectPort}` };
  const server = await DemoServer.start({ environment });
  try {
    process.stderr.write(`making ${users} users\n`);
    const town = await buildTown(server, users, CHANNELS);
    const forwarder = await Forwarder.start(server.controlPort);
    const crowd = await SoakCrowd.enter({
      town,
      forwarder,
      talkers,
      host: server.host,
      controlPort: server.controlPort,
      fingerprint: server.certificateFingerprint,
      stayersPerChannel: STAYERS_PER_CHANNEL,
      random: Math.random,
    });
    const durationMs = Number(values.minutes) * 60_000;
    const soak = new Soak(server, town, crowd, { durationMs, inspectPort });
    await soak.run(churn);
    await crowd.close();
    forwarder.close();
    soak.report({ users, talkers, churn });
  } finally {
    await server.stop();
  }
}

class Soak {
  readonly #server: DemoServer;
  readonly #town: Town;
  readonly #crowd: SoakCrowd;
  readonly #durationMs: number;
  readonly #inspectPort: number;
  readonly #remains: Remains[] = [];
  readonly #samples: SoakSample[] = [];
  readonly #checks: GhostCheck[] = [];
  #droppedAtClients = 0;

  constructor(
    server: DemoServer,
    town: Town,
    crowd: SoakCrowd,
    { durationMs, inspectPort }: { readonly durationMs: number; readonly inspectPort: number },
  ) {
    this.#server = server;
    this.#town = town;
    this.#crowd = crowd;
    this.#durationMs = durationMs;
    this.#inspectPort = inspectPort;
  }

  async run(churnPerSecond: number): Promise<void> {
    const startMs = performance.now();
    const elapsedMs = () => performance.now() - startMs;
    this.#crowd.beginTalk();
    let nextCheckMs = CHECK_EVERY_MS;
    let nextSampleMs = 0;
    let nextCollectionMs = this.#durationMs * WARM_UP_SHARE;
    while (elapsedMs() < this.#durationMs) {
      if (elapsedMs() >= nextSampleMs) {
        this.#samples.push(await this.#sample(elapsedMs()));
        nextSampleMs += SAMPLE_EVERY_MS;
      }
      if (elapsedMs() >= nextCheckMs) {
        await this.#check();
        process.stderr.write(`${this.#progress(elapsedMs())}\n`);
        nextCheckMs += CHECK_EVERY_MS;
      }
      if (elapsedMs() >= nextCollectionMs) {
        this.#remains.push(await this.#collect(elapsedMs()));
        nextCollectionMs += (this.#durationMs * (1 - WARM_UP_SHARE)) / COLLECTIONS;
      }
      this.#crowd.stir();
      await sleep(1000 / churnPerSecond);
    }
    await this.#check();
    this.#crowd.endTalk();
    await sleep(1000);
    this.#droppedAtClients = droppedAtPeers(this.#server.voicePort);
  }

  report(options: { readonly users: number; readonly talkers: number; readonly churn: number }): void {
    const { expected, heard } = this.#crowd.voice;
    const afterWarmUp = this.#samples.filter(({ atMs }) => atMs >= this.#durationMs * WARM_UP_SHARE);
    const last = this.#samples.at(-1);
    const result = {
      minutes: this.#durationMs / 60_000,
      ...options,
      /** Right after a collection. */
      residentMbPerHour: slopeOf(
        this.#remains.map(({ atMs, residentMb }) => ({ x: atMs / MS_PER_HOUR, y: residentMb })),
      ),
      liveHeapMbPerHour: slopeOf(
        this.#remains.map(({ atMs, liveHeapMb }) => ({ x: atMs / MS_PER_HOUR, y: liveHeapMb })),
      ),
      liveHeapMb: this.#remains.map(({ liveHeapMb }) => Math.round(10 * liveHeapMb) / 10),
      residentAfterCollectionMb: this.#remains.map(({ residentMb }) => Math.round(10 * residentMb) / 10),
      residentMb: last?.residentMb ?? Number.NaN,
      fileDescriptors: rangeOf(afterWarmUp.map(({ fileDescriptors }) => fileDescriptors)),
      threads: rangeOf(afterWarmUp.map(({ threads }) => threads)),
      checks: this.#checks.length,
      ...this.#worst(),
      expected,
      heard,
      lossPercent: 100 * (1 - heard / expected),
      /** Copies that came and that the clients' process did not read in time: no loss of the server's. */
      droppedAtClients: this.#droppedAtClients,
      churned: this.#crowd.churn,
    };
    const table = new Table({ head: ['what', ''], style: { head: [], border: [] }, colAligns: ['left', 'right'] });
    for (const [name, value] of Object.entries(result)) table.push([name, shown(value)]);
    process.stdout.write(`${table.toString()}\n`);
    const memory = leastPerMinute(this.#samples).map(({ residentMb, heapMb }) => [
      Math.round(residentMb * 10) / 10,
      Math.round(heapMb * 10) / 10,
    ]);
    process.stdout.write(`${JSON.stringify({ bench: 'soak', ...result, residentAndHeapMbEachMinute: memory })}\n`);
  }

  async #sample(atMs: number): Promise<SoakSample> {
    const metrics = await readMetrics(this.#server.metricsUrl);
    return {
      atMs,
      ...processFigures(this.#server.pid),
      heapMb: metrics.valueOf('nodejs_heap_size_used_bytes') / 1e6,
      externalMb: metrics.valueOf('nodejs_external_memory_bytes') / 1e6,
    };
  }

  async #collect(atMs: number): Promise<Remains> {
    const liveHeapMb = await collectGarbage(this.#server.pid, this.#inspectPort);
    return { atMs, liveHeapMb, residentMb: processFigures(this.#server.pid).residentMb };
  }

  async #check(): Promise<void> {
    await this.#crowd.settle();
    const { adminToken, organizationId } = this.#town;
    // Connections of its own: one that is kept may be closed by the server in the moment in which it is asked again.
    const api = new BenchApi(this.#server.httpUrl);
    const told = new Set(await api.sessionIds(adminToken, organizationId));
    const channels = await api.channels(adminToken, organizationId);
    api.close();
    const { held, seen } = this.#crowd;
    const occupied = Map.groupBy([...held.values()].flat(), (channelId) => channelId);
    this.#checks.push({
      ghosts: [...told].filter((id) => !held.has(id)).length,
      missing: [...held.keys()].filter((id) => !told.has(id)).length,
      miscounted: channels.filter(({ id, occupancy }) => occupancy !== (occupied.get(id)?.length ?? 0)).length,
      wrongViews: Math.max(held.size - seen.least, seen.most - held.size),
    });
  }

  #worst(): GhostCheck {
    const most = (read: (check: GhostCheck) => number) => Math.max(...this.#checks.map(read));
    return {
      ghosts: most(({ ghosts }) => ghosts),
      missing: most(({ missing }) => missing),
      miscounted: most(({ miscounted }) => miscounted),
      wrongViews: most(({ wrongViews }) => wrongViews),
    };
  }

  #progress(atMs: number): string {
    const { residentMb = 0, heapMb = 0, fileDescriptors = 0 } = this.#samples.at(-1) ?? {};
    const { expected, heard } = this.#crowd.voice;
    const { ghosts, missing, miscounted, wrongViews } = this.#worst();
    return [
      `${Math.round(atMs / 60_000)} min: ${residentMb.toFixed(1)} MB resident, ${heapMb.toFixed(1)} MB heap`,
      `${fileDescriptors} file descriptors, ghosts ${ghosts}, missing ${missing}, miscounted ${miscounted}`,
      `wrong views ${wrongViews}, heard ${heard} of ${expected} (${droppedAtPeers(this.#server.voicePort)} dropped at clients), churn ${JSON.stringify(this.#crowd.churn)}`,
    ].join(', ');
  }
}

function leastPerMinute(samples: readonly SoakSample[]): SoakSample[] {
  const minutes = Map.groupBy(samples, ({ atMs }) => Math.floor(atMs / 60_000));
  return [...minutes.values()].flatMap((each) =>
    each.toSorted((left, right) => left.heapMb - right.heapMb).slice(0, 1),
  );
}

function rangeOf(values: readonly number[]): {
  readonly least: number;
  readonly median: number;
  readonly most: number;
} {
  return { least: Math.min(...values), median: percentile(values, 50), most: Math.max(...values) };
}

function shown(value: unknown): string {
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 4 }) : JSON.stringify(value);
}
