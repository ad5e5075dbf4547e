/** `npm run bench -- mumble`: voice of Mumble's clients through Parley, by the addon and without it, and through Debian's Mumble server where that is installed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { z } from 'zod';
import type { DemoServer } from '../scripts/demo-server.js';
import { BenchApi } from './bench-api.js';
import { inParallel, TOWN_TAG } from './bench-town.js';
import { compileC, LineProgram } from './c-program.js';
import { canPin } from './measured-process.js';
import { median } from './measurement.js';
import { type Credentials, MumbleCrowd } from './mumble-crowd.js';
import { Murmur } from './murmur.js';
import { WholeServers } from './whole-server.js';

const USERS = 500;
const CHANNELS = 50;
const WARM_UP_MS = 2000;
/** The highest rate is the one at which less than this is lost. */
const MAX_LOSS = 0.001;
const BISECTIONS = 3;
/** In each channel, where the highest rate is looked for: one alone is not let to say so much. */
const SEARCH_SPEAKERS = 3;
const CPUS = availableParallelism() >= 2 && canPin() ? { load: 0, server: 1 } : { load: -1, server: -1 };
const KEY_MUTATION = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key errors { message } } }`;

/** One in each channel speaks, so often a second: 25,000 copies a second in both. */
const LOADS = [
  { name: '50 of 10', channels: 50, rate: 55.6 },
  { name: '10 of 50', channels: 10, rate: 51 },
] as const;
type Load = (typeof LOADS)[number];
type ServerName = 'murmur' | 'native' | 'dgram';

const loadResult = z.object({
  windowMs: z.number(),
  expected: z.number(),
  delivered: z.number(),
  receivedInWindow: z.number(),
  /** Datagrams that the key of their receiver does not open, and packets that nobody has sent so. */
  unopened: z.number(),
  bad: z.number(),
  misrouted: z.number(),
  duplicates: z.number(),
  ownDrops: z.number(),
  latestSendMs: z.number(),
  serverCpuMs: z.number(),
  ownCpuMs: z.number(),
  busyMs: z.number(),
  latencyUs: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), p999: z.number() }),
});
type LoadResult = z.infer<typeof loadResult>;

interface Stage {
  readonly load: string;
  readonly server: ServerName;
  readonly loginsPerSecond: number;
  readonly result: LoadResult;
  /** In copies a second; null where it was not looked for. */
  readonly highestRate: number | null;
}

/** A server that is up, and who may log in. */
interface Subject {
  readonly pid: number;
  readonly port: number;
  readonly credentials: readonly Credentials[];
  readonly stop: () => Promise<void>;
}

/** Options: `--rounds N`, `--seconds N` of each stage, `--server NAME` (again and again), `--search` for the highest rate, `--data FOLDER` to keep the users. */
export async function benchMumble(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '4' },
      server: { type: 'string', multiple: true },
      search: { type: 'boolean', default: false },
      data: { type: 'string' },
    },
  });
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-mumble-'));
  const program = join(folder, 'load');
  const problem = compileC('c-mumble/load.c', program, ['-lcrypto']);
  if (problem !== null) throw new Error(`the load cannot be compiled: ${problem}`);
  const servers = await WholeServers.prepare({ users: USERS, channels: CHANNELS }, values.data);
  const stages: Stage[] = [];
  try {
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const load of LOADS) {
        for (const server of chosenServers(values.server)) {
          process.stderr.write(`round ${round + 1}: ${load.name}, ${server}\n`);
          const options = { durationMs: Number(values.seconds) * 1000, searches: values.search, program, folder };
          stages.push(await play(servers, server, load, options));
        }
      }
    }
  } finally {
    await servers.remove();
    await rm(folder, { recursive: true });
  }
  process.stdout.write(`${tableOf(stages)}\n${JSON.stringify({ bench: 'mumble', users: USERS, stages })}\n`);
}

function chosenServers(names: readonly string[] | undefined): readonly ServerName[] {
  const all: readonly ServerName[] = Murmur.find() === undefined ? ['native', 'dgram'] : ['murmur', 'native', 'dgram'];
  return names === undefined ? all : all.filter((name) => names.includes(name));
}

interface PlayOptions {
  readonly durationMs: number;
  readonly searches: boolean;
  /** The compiled `c-mumble/load.c`. */
  readonly program: string;
  readonly folder: string;
}

async function play(servers: WholeServers, server: ServerName, load: Load, options: PlayOptions): Promise<Stage> {
  await using cleanUp = new AsyncDisposableStack();
  const subject = server === 'murmur' ? await startMurmur() : await startParley(servers, server);
  cleanUp.defer(subject.stop);
  const channels = channelNames(load.channels);
  const crowd = await MumbleCrowd.enter({ port: subject.port, credentials: subject.credentials, channels });
  cleanUp.defer(() => crowd.leave());
  const file = join(options.folder, 'clients');
  await writeFile(file, crowd.clientFile());
  const talk = new LineProgram([options.program, file, String(subject.port)], CPUS.load);
  cleanUp.defer(() => talk.stop());
  const { opened } = z.object({ opened: z.number() }).parse(await talk.ask('open'));
  if (opened !== USERS) throw new Error(`only ${opened} clients have UDP`);
  const at = (speakers: number, rate: number) => speak(talk, speakers, rate, options.durationMs, subject.pid);
  const result = await at(1, load.rate);
  const highestRate = options.searches ? await highestOf(load, at) : null;
  return { load: load.name, server, loginsPerSecond: crowd.loginsPerSecond, result, highestRate };
}

async function speak(
  talk: LineProgram,
  speakers: number,
  rate: number,
  durationMs: number,
  pid: number,
): Promise<LoadResult> {
  return loadResult.parse(await talk.ask(`run ${speakers} ${rate} ${WARM_UP_MS} ${durationMs} ${pid}`));
}

/** Doubles, then bisects. A busy neighbour can spoil one stage, so a failure has to repeat. */
async function highestOf(load: Load, at: (speakers: number, rate: number) => Promise<LoadResult>): Promise<number> {
  const copies = SEARCH_SPEAKERS * (USERS / load.channels - 1) * load.channels;
  const holds = async (rate: number) => {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const { expected, delivered, ownDrops, latestSendMs } = await at(SEARCH_SPEAKERS, rate);
      if (1 - delivered / expected < MAX_LOSS && ownDrops === 0 && latestSendMs < 100) return true;
    }
    return false;
  };
  let good: number = load.rate;
  while (await holds(2 * good)) good *= 2;
  let bad = 2 * good;
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (good + bad) / 2;
    if (await holds(middle)) good = middle;
    else bad = middle;
  }
  return good * copies;
}

async function startMurmur(): Promise<Subject> {
  const program = Murmur.find();
  if (program === undefined) throw new Error('mumble-server is not installed');
  const murmur = await Murmur.start(program, channelNames(CHANNELS), CPUS.server);
  const credentials = Array.from({ length: USERS }, (_, user) => ({ username: `user-${user}`, password: '' }));
  return { pid: murmur.pid, port: murmur.port, credentials, stop: () => murmur.stop() };
}

/** Users of Parley log in by an API key, whose check costs as little as that of no password. */
async function startParley(servers: WholeServers, backend: 'native' | 'dgram'): Promise<Subject> {
  const server = await servers.serve(backend, CPUS.server);
  try {
    const credentials = await keysOf(server, servers.town.tokens.slice(0, USERS));
    return { pid: server.pid, port: server.mumblePort, credentials, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function keysOf(server: DemoServer, tokens: readonly string[]): Promise<Credentials[]> {
  const api = new BenchApi(server.httpUrl);
  const made = z.object({ data: z.object({ createApiKey: z.object({ key: z.string() }) }) });
  const credentials: Credentials[] = [];
  try {
    await inParallel(tokens.length, 8, async (user) => {
      const variables = { input: { name: 'bench', scopes: ['VOICE'] } };
      const answer: unknown = JSON.parse(await api.post('/graphql', tokens[user], { query: KEY_MUTATION, variables }));
      const { key } = made.parse(answer).data.createApiKey;
      credentials[user] = { username: `user ${user}@${TOWN_TAG}`, password: key };
    });
  } finally {
    api.close();
  }
  return credentials;
}

function channelNames(count: number): string[] {
  return Array.from({ length: count }, (_, channel) => `Channel ${channel}`);
}

function tableOf(stages: readonly Stage[]): string {
  const table = new Table({
    head: [
      ...['load', 'server', 'copies/s', 'loss %', 'unopened, wrong', 'twice', 'µs per copy', 'against Murmur'],
      ...['p50 µs', 'p95', 'p99', 'logins/s', 'highest, copies/s', 'others %'],
    ],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', ...Array.from({ length: 12 }, () => 'right' as const)],
  });
  for (const { name } of LOADS) {
    for (const server of ['murmur', 'native', 'dgram'] as const) {
      const own = stages.filter((stage) => stage.load === name && stage.server === server);
      if (own.length === 0) continue;
      const yardstick = stages.filter((stage) => stage.load === name && stage.server === 'murmur');
      table.push(rowOf(name, server, own, yardstick));
    }
  }
  return table.toString();
}

/** Medians over the rounds; a ratio is the median of the ratios of each. */
function rowOf(load: string, server: ServerName, stages: readonly Stage[], yardstick: readonly Stage[]): string[] {
  const of = (figure: (result: LoadResult) => number) => median(stages.map(({ result }) => figure(result)));
  const sum = (figure: (result: LoadResult) => number) =>
    String(stages.reduce((total, { result }) => total + figure(result), 0));
  const ratios = stages.flatMap((stage, round) => {
    const other = yardstick[round];
    return other === undefined ? [] : [costOf(stage.result) / costOf(other.result)];
  });
  const highest = stages.flatMap(({ highestRate }) => (highestRate === null ? [] : [highestRate]));
  return [
    ...[load, server, whole(of(({ receivedInWindow, windowMs }) => (1000 * receivedInWindow) / windowMs))],
    of(({ expected, delivered }) => 100 * (1 - delivered / expected)).toFixed(3),
    sum(({ unopened, bad, misrouted }) => unopened + bad + misrouted),
    sum(({ duplicates }) => duplicates),
    of(costOf).toFixed(2),
    ratios.length === 0 ? '' : median(ratios).toFixed(2),
    ...[
      of(({ latencyUs }) => latencyUs.p50),
      of(({ latencyUs }) => latencyUs.p95),
      of(({ latencyUs }) => latencyUs.p99),
    ].map(whole),
    whole(median(stages.map(({ loginsPerSecond }) => loginsPerSecond))),
    highest.length === 0 ? '' : whole(median(highest)),
    whole(of(({ busyMs, ownCpuMs, serverCpuMs, windowMs }) => (100 * (busyMs - ownCpuMs - serverCpuMs)) / windowMs)),
  ];
}

/** In microseconds of the server's threads for each copy. */
function costOf({ serverCpuMs, receivedInWindow }: LoadResult): number {
  return (1000 * serverCpuMs) / receivedInWindow;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
