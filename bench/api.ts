import { setTimeout as sleep } from 'node:timers/promises';
import { DemoApi } from '../scripts/demo-api.js';
import { DemoServer } from '../scripts/demo-server.js';
import { VoiceClient } from '../src/client/voice-client.js';
import { BenchApi } from './bench-api.js';
import { burstOfLogins } from './login-burst.js';
import { type Measurement, measurementOf } from './measurement.js';
import { percentile } from './statistics.js';

const TAG = 'bench';
const PASSWORD = 'a password for the bench';
const CHANNELS = 49;
/** Administrators who look at the tree, each with a login and a budget of their own. */
const ADMINISTRATORS = 40;
const TREE_RATE = 200;
const TREE_SECONDS = 10;
const TREE_GOAL_MS = 50;
/** What a server does first it does slowly: it has compiled nothing yet. Not counted. */
const WARM_UP_SECONDS = 5;
const LIST_CONCURRENCY = 16;
const LIST_SECONDS = 5;
const LIST_GOAL = 1000;
const LOGINS = 500;
const FRAME_MS = 20;
/** What frame numbers count. */
const FRAME_UNIT_MS = 10;
const GAP_GOAL_MS = 40;

const TREE = `query ($id: ID!) { organization(id: $id) { name channels(first: 100) { nodes {
  id name occupancy parent { id } acl(first: 5) { nodes { role { name } permissions } } } } } }`;

/** How the API answers on a whole server with real PostgreSQL, and what a burst of logins does to those who talk. The yardsticks are the goals. */
export async function benchApi(): Promise<readonly Measurement[]> {
  const server = await DemoServer.start();
  const api = new BenchApi(server.httpUrl);
  try {
    const world = await furnish(server, api);
    return [await benchTree(world), await benchList(world), ...(await benchLogins(world))];
  } finally {
    api.close();
    await server.stop();
  }
}

interface World {
  readonly server: DemoServer;
  readonly api: BenchApi;
  readonly organizationId: string;
  readonly tokens: readonly string[];
}

async function furnish(server: DemoServer, api: BenchApi): Promise<World> {
  const admin = new DemoApi(server.httpUrl);
  await admin.login('admin', server.adminPassword);
  const organizationId = await admin.createOrganization('Bench', TAG);
  const roleId = await admin.createSpeakerRole(organizationId, 'speaker');
  for (let channel = 1; channel <= CHANNELS; channel += 1)
    await admin.createChannel(organizationId, `Channel ${channel}`);
  const names = ['alice', 'bob', ...Array.from({ length: ADMINISTRATORS }, (_, index) => `admin ${index}`)];
  for (const name of names) await admin.createUser(organizationId, name, PASSWORD, roleId);
  const tokens: string[] = [];
  for (const name of names.slice(2)) tokens.push(await api.login(TAG, name, PASSWORD));
  return { server, api, organizationId, tokens };
}

async function benchTree({ api, organizationId, tokens }: World): Promise<Measurement> {
  const body = { query: TREE, variables: { id: organizationId } };
  const latenciesMs: number[] = [];
  const pending: Promise<void>[] = [];
  const startMs = performance.now();
  const uncounted = TREE_RATE * WARM_UP_SECONDS;
  for (let index = 0; index < uncounted + TREE_RATE * TREE_SECONDS; index += 1) {
    const dueMs = startMs + (index * 1000) / TREE_RATE;
    await sleep(Math.max(0, dueMs - performance.now()));
    // From when it was due: a server that answers late must not be asked less for it.
    pending.push(
      api.post('/graphql', tokens[index % tokens.length], body).then((answer) => {
        if (!answer.startsWith('{"data":{"organization"')) throw new Error(`not the tree: ${answer.slice(0, 300)}`);
        if (index >= uncounted) latenciesMs.push(performance.now() - dueMs);
      }),
    );
  }
  await Promise.all(pending);
  const p99 = percentile(latenciesMs, 99);
  const what = `tree of ${CHANNELS + 1} channels at ${TREE_RATE}/s, p99`;
  const subject = { bench: 'api', what, unit: 'ms', yardstick: 'goal, at most' };
  return measurementOf(subject, [{ parley: p99, reference: TREE_GOAL_MS }]);
}

async function benchList({ api, organizationId, tokens }: World): Promise<Measurement> {
  const path = `/api/v1/orgs/${organizationId}/channels`;
  let answers = 0;
  const untilMs = performance.now() + LIST_SECONDS * 1000;
  const ask = async (token: string) => {
    while (performance.now() < untilMs) {
      const answer = await api.get(path, token);
      if (!answer.startsWith('[{')) throw new Error(`not the list: ${answer.slice(0, 300)}`);
      answers += 1;
    }
  };
  await Promise.all(Array.from({ length: LIST_CONCURRENCY }, (_, index) => ask(tokens[index % tokens.length] ?? '')));
  const subject = { bench: 'api', what: 'REST list of channels', unit: '/s', yardstick: 'goal, at least' };
  return measurementOf(subject, [{ parley: answers / LIST_SECONDS, reference: LIST_GOAL }]);
}

/**
 * Two talk while many log in. A gap is the time between two packets that were heard, less what the speaker, whom the load
 * keeps from its processor too, was late with the second.
 */
async function benchLogins({ server }: World): Promise<readonly Measurement[]> {
  const [alice, bob] = [await enter(server, 'alice'), await enter(server, 'bob')];
  const heard: { readonly atMs: number; readonly frame: number }[] = [];
  const sentAtMs = new Map<number, number>();
  bob.on('voice', ({ frameNumber }) => heard.push({ atMs: performance.now(), frame: frameNumber }));
  const channelId = [...alice.channels.keys()][0] ?? 0;
  let frame = 0;
  const talk = setInterval(() => {
    frame += FRAME_MS / FRAME_UNIT_MS;
    sentAtMs.set(frame, performance.now());
    alice.sendVoice(channelId, frame, new Uint8Array(80).fill(0xfc), false);
  }, FRAME_MS);
  await sleep(500);
  const startMs = performance.now();
  const usernames = Array.from({ length: LOGINS }, (_, index) => `admin ${index % ADMINISTRATORS}`);
  const failed = await burstOfLogins({ httpUrl: server.httpUrl, organizationTag: TAG, usernames, password: PASSWORD });
  const burstMs = performance.now() - startMs;
  clearInterval(talk);
  await Promise.all([alice.close(), bob.close()]);
  const during = heard.filter(({ atMs }) => atMs >= startMs && atMs <= startMs + burstMs);
  const gaps = during.slice(1).map(({ atMs, frame: second }, index) => {
    const { atMs: beforeMs, frame: first } = during[index] ?? { atMs, frame: second };
    const lateMs = (sentAtMs.get(second) ?? 0) - (sentAtMs.get(first) ?? 0) - (second - first) * FRAME_UNIT_MS;
    return atMs - beforeMs - Math.max(0, lateMs);
  });
  const goal = { bench: 'api', yardstick: 'goal, at most' };
  return [
    measurementOf({ ...goal, what: `longest gap in a talk during ${LOGINS} logins`, unit: 'ms' }, [
      { parley: Math.max(0, ...gaps), reference: GAP_GOAL_MS },
    ]),
    measurementOf({ ...goal, what: `${LOGINS} logins at once, not answered`, unit: '' }, [
      { parley: failed, reference: 0 },
    ]),
  ];
}

async function enter(
  { host, controlPort, certificateFingerprint }: DemoServer,
  username: string,
): Promise<VoiceClient> {
  const client = await VoiceClient.connect({
    host,
    port: controlPort,
    fingerprint: certificateFingerprint,
    credentials: { organizationTag: TAG, username, password: PASSWORD },
    clientName: 'parley bench',
  });
  await client.join([...client.channels.keys()][0] ?? 0);
  return client;
}
