import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { DemoApi } from '../scripts/demo-api.js';
import { DemoServer } from '../scripts/demo-server.js';
import { VoiceClient } from '../src/client/voice-client.js';
import { type Measurement, measurementOf } from './measurement.js';

const TAG = 'bench';
const PASSWORD = 'a password for the bench';
const SUBSCRIBERS = 500;
/** One user has a hundred connections at most. */
const USERS = 10;
const STALLED = 200;
const RATE = 20;
const SECONDS = 8;
const STEP_SECONDS = 3;
const MAX_RATE = 640;
const P99_GOAL_MS = 250;
const MEMORY_GOAL_KB = 50;
/** How long the last events may take to come after a round, in milliseconds. */
const SETTLE_MS = 1500;
const KB_PER_PAGE = 4;

const DOCUMENT = `subscription ($channelId: ID) { channelOccupancy(channelId: $channelId) { __typename
  ... on OccupancyEvent { cursor at type channelId session { id username muted selfMuted channelIds } } } }`;

/** How long it takes until 500 subscribers of one organization are told, and how much they can be told. The yardsticks are the goals. */
export async function benchSubscriptions(): Promise<readonly Measurement[]> {
  const server = await DemoServer.start();
  const world = await furnish(server);
  try {
    await measure(world, RATE, 2);
    const usual = await measure(world, RATE, SECONDS);
    const highest = await highestRate(world);
    const memoryKb = await memoryOfStalled(world);
    const subject = { bench: 'subscriptions', unit: 'ms', yardstick: 'goal, at most' };
    const told = `${SUBSCRIBERS} subscribers at ${RATE} events/s`;
    return [
      measurementOf({ ...subject, what: `${told}, p99 of delivery` }, [
        { parley: usual.p99Ms, reference: P99_GOAL_MS },
      ]),
      measurementOf({ ...subject, what: `${told}, not delivered`, unit: '' }, [
        { parley: usual.missing, reference: 0 },
      ]),
      measurementOf(
        {
          ...subject,
          what: `highest rate at p99 <= ${P99_GOAL_MS} ms`,
          unit: 'deliveries/s',
          yardstick: 'goal, at least',
        },
        [{ parley: highest * SUBSCRIBERS, reference: RATE * SUBSCRIBERS }],
      ),
      measurementOf({ ...subject, what: 'memory of a subscriber that reads nothing', unit: 'kB' }, [
        { parley: memoryKb, reference: MEMORY_GOAL_KB },
      ]),
    ];
  } finally {
    for (const socket of world.sockets) socket.terminate();
    await world.talker.close();
    await server.stop();
  }
}

interface World {
  readonly server: DemoServer;
  readonly tokens: readonly string[];
  readonly channelId: number;
  readonly talker: VoiceClient;
  readonly sockets: WebSocket[];
  /** How late each event was, in milliseconds, since it was last emptied. */
  readonly delaysMs: number[];
}

async function furnish(server: DemoServer): Promise<World> {
  const api = new DemoApi(server.httpUrl);
  await api.login('admin', server.adminPassword);
  const organizationId = await api.createOrganization('Bench', TAG);
  const roleId = await api.createSpeakerRole(organizationId, 'speaker');
  const names = Array.from({ length: USERS }, (_, index) => `user ${index}`);
  for (const name of names) await api.createUser(organizationId, name, PASSWORD, roleId);
  const tokens: string[] = [];
  for (const name of names) tokens.push(await login(server, name));
  const talker = await VoiceClient.connect({
    ...{ host: server.host, port: server.controlPort, fingerprint: server.certificateFingerprint },
    credentials: { organizationTag: TAG, username: 'user 0', password: PASSWORD },
    clientName: 'parley bench',
  });
  const channelId = [...talker.channels.keys()][0] ?? 0;
  await talker.join(channelId);
  const world: World = { server, tokens, channelId, talker, sockets: [], delaysMs: [] };
  for (let index = 0; index < SUBSCRIBERS; index += 1) {
    const socket = await subscribe(world, index);
    socket.on('message', (data) => note(world, String(data)));
  }
  return world;
}

async function login({ httpUrl }: DemoServer, username: string): Promise<string> {
  const response = await fetch(`${httpUrl}/api/v1/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ org_tag: TAG, username, password: PASSWORD }),
  });
  const answer: unknown = await response.json();
  if (typeof answer === 'object' && answer !== null && 'access_token' in answer) return String(answer.access_token);
  throw new Error(`no token: ${JSON.stringify(answer)}`);
}

/** Resolves when the snapshot has come. */
async function subscribe({ server, tokens, channelId, sockets }: World, index: number): Promise<WebSocket> {
  const socket = new WebSocket(`${server.httpUrl.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  sockets.push(socket);
  await once(socket, 'open');
  const authorization = `Bearer ${tokens[index % tokens.length]}`;
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
  await once(socket, 'message');
  const payload = { query: DOCUMENT, variables: { channelId: String(channelId) } };
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload }));
  const [first] = await once(socket, 'message');
  if (!String(first).includes('SessionSnapshot')) throw new Error(`no snapshot: ${String(first)}`);
  return socket;
}

const AT = '"at":"';
const MOMENT_LENGTH = new Date(0).toISOString().length;

/** The load must cost little beside what it measures: only the moment is read. */
function note({ delaysMs }: World, text: string): void {
  const start = text.indexOf(AT);
  if (start < 0) return;
  const at = Date.parse(text.slice(start + AT.length, start + AT.length + MOMENT_LENGTH));
  delaysMs.push(Date.now() - at);
}

interface Round {
  readonly p99Ms: number;
  /** Events times subscribers that did not come. */
  readonly missing: number;
}

/** Lets somebody be muted and unmuted so often, evenly. */
async function measure(world: World, rate: number, seconds: number): Promise<Round> {
  const { talker, delaysMs } = world;
  delaysMs.length = 0;
  const count = rate * seconds;
  const pending: Promise<boolean>[] = [];
  const startMs = performance.now();
  for (let index = 0; index < count; index += 1) {
    await sleep(Math.max(0, startMs + (index * 1000) / rate - performance.now()));
    const toggled = talker.setSelfState({ muted: index % 2 === 0, deafened: false, recording: false });
    // A server that is too busy to answer does not hold this rate.
    pending.push(toggled.then(isDone, isNotDone));
  }
  const isAnswered = (await Promise.all(pending)).every(Boolean);
  await sleep(SETTLE_MS);
  if (!isAnswered) return { p99Ms: Number.POSITIVE_INFINITY, missing: count * SUBSCRIBERS - delaysMs.length };
  return { p99Ms: percentile(delaysMs, 99), missing: count * SUBSCRIBERS - delaysMs.length };
}

const isDone = () => true;
const isNotDone = () => false;

async function highestRate(world: World): Promise<number> {
  let held = 0;
  for (let rate = RATE; rate <= MAX_RATE; rate = Math.round(rate * Math.SQRT2)) {
    const { p99Ms, missing } = await measure(world, rate, STEP_SECONDS);
    if (p99Ms > P99_GOAL_MS || missing > 0) break;
    held = rate;
  }
  return held;
}

/** What the server grows by for each connection that is never read, while much happens. */
async function memoryOfStalled(world: World): Promise<number> {
  await measure(world, RATE, STEP_SECONDS);
  const beforeKb = await residentKb(world.server);
  for (let index = 0; index < STALLED; index += 1) {
    const socket = await subscribe(world, index);
    socket.pause();
  }
  await measure(world, 2 * RATE, STEP_SECONDS);
  return Math.max(0, (await residentKb(world.server)) - beforeKb) / STALLED;
}

async function residentKb({ pid }: DemoServer): Promise<number> {
  const [, pages = '0'] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
  return Number(pages) * KB_PER_PAGE;
}

/** The value that `percent` of the values do not exceed (nearest rank). */
function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
