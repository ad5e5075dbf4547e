/** The log of a real server that says all that it can, while people log in, fail to, talk, and do what they should not. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_KEY_PREFIX } from '../../src/auth/api-key-prefix.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { RawMumble } from '../mumble/raw-mumble.js';
import { freeServerPorts, ServerRun } from '../start/server-run.js';
import { eventually } from '../support/eventually.js';
import { Subscriber } from '../support/subscriber.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { ask } from '../support/test-server.js';
import { SteadyTalk } from '../voice/steady-talk.js';

/** Words that nothing but a leak can bring into the log. */
const planted = (what: string) => `${what}x${randomBytes(6).toString('hex')}`;

const WORDS = {
  adminPassword: planted('adminpassword'),
  password: planted('password'),
  wrongPassword: planted('wrongpassword'),
  newPassword: planted('newpassword'),
  channelPassword: planted('channelpassword'),
  wrongChannelPassword: planted('wrongchannelpassword'),
  username: planted('alice'),
  otherUsername: planted('bob'),
  unknownUsername: planted('nobody'),
  email: `${planted('mail')}@example.org`,
  brokenToken: planted('brokentoken'),
  brokenKey: `${API_KEY_PREFIX}${planted('brokenkey')}`,
  invitationCode: planted('invitation'),
  text: planted('text'),
  reason: planted('reason'),
  clientName: planted('client'),
  queryName: planted('query'),
  header: planted('header'),
  path: planted('path'),
};
const TAG = 'demo';
/** Everybody in this test comes from here. */
const ADDRESSES = ['127.0.0.1', '::1', '::ffff'];
const METRICS_TOKEN = planted('metricstoken');

let folder: TemporaryFolder;
let run: ServerRun;
/** What was given out meanwhile, and must not be in the log either. */
const given: string[] = [];
let adminToken = '';
let organizationId = '';
let channelId = '';
let memberRoleId = '';
const clients: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  folder = await TemporaryFolder.make();
  const environment = {
    PARLEY_LOG_LEVEL: 'trace',
    PARLEY_LOG_FORMAT: 'json',
    PARLEY_ADMIN_PASSWORD: WORDS.adminPassword,
    PARLEY_METRICS_TOKEN: METRICS_TOKEN,
  };
  run = new ServerRun({ dataFolder: folder.pathOf('data'), ports: await freeServerPorts(), environment });
  await run.untilReady();
  adminToken = await tokenOf(null, 'admin', WORDS.adminPassword);
  const input = { name: 'Demo', tag: TAG };
  const created = await mutate(
    'createOrganization',
    'organization { id roles(first: 5) { nodes { id name } } }',
    input,
  );
  organizationId = created.organization.id;
  memberRoleId = created.organization.roles.nodes.find(({ name }: { name: string }) => name === 'member').id;
  for (const username of [WORDS.username, WORDS.otherUsername]) {
    await mutate('createUser', 'user { id }', {
      organizationId,
      username,
      password: WORDS.password,
      email: WORDS.email,
    });
  }
  const channel = { organizationId, name: 'Vault', password: WORDS.channelPassword };
  channelId = (await mutate('createChannel', 'channel { id }', channel)).channel.id;
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await run.terminate();
  await folder[Symbol.asyncDispose]();
});

/** The entries of the log; the banner, which is for whoever has started the server, is none. */
function entries(): readonly Readonly<Record<string, unknown>>[] {
  return run.stdout
    .split('\n')
    .flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line)] : []));
}

function logged(msg: string): readonly Readonly<Record<string, unknown>>[] {
  return entries().filter((entry) => entry.msg === msg);
}

/** What of these words is in a text, in any case. */
function leaksIn(text: string, words: readonly string[]): readonly string[] {
  return words.filter((word) => text.toLowerCase().includes(word.toLowerCase()));
}

async function mutate(
  name: string,
  selection: string,
  input: object,
  { token = adminToken, headers = {} }: { token?: string; headers?: Readonly<Record<string, string>> } = {},
) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} errors { code } } }`;
  const response = await fetch(`${run.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify({ query, variables: { input } }),
  });
  return Object(Object(await response.json()).data)[name];
}

/** REST's login; what it gives is a secret. */
async function tokenOf(tag: string | null, username: string, password: string): Promise<string> {
  const answer = await rest('POST', '/auth/token', { ...(tag !== null && { org_tag: tag }), username, password });
  const { access_token: access, refresh_token: refresh } = Object(answer);
  for (const token of [access, refresh]) if (typeof token === 'string') given.push(token);
  return String(access);
}

async function rest(method: string, path: string, body?: object, token?: string): Promise<unknown> {
  const response = await fetch(`${run.url}/api/v1${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      'user-agent': WORDS.header,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return response.json().catch(() => null);
}

async function enter(username: string, password = WORDS.password): Promise<VoiceClient> {
  const client = await VoiceClient.connect({
    host: '127.0.0.1',
    port: run.ports.control,
    insecure: true,
    credentials: { organizationTag: TAG, username, password },
    clientName: WORDS.clientName,
  });
  clients.push(client);
  return client;
}

/** What people do by HTTP, rightly and wrongly. */
async function useTheApi(): Promise<void> {
  const token = await tokenOf(TAG, WORDS.username, WORDS.password);
  await tokenOf(TAG, WORDS.username, WORDS.wrongPassword);
  await tokenOf(TAG, WORDS.unknownUsername, WORDS.password);
  for (const wrong of [WORDS.brokenToken, WORDS.brokenKey, token.slice(0, -3)]) {
    await rest('GET', `/orgs/${organizationId}`, undefined, wrong);
    await ask(run.url, '{ me { username email } }', {}, wrong);
  }
  await rest('GET', `/${WORDS.path}?password=${WORDS.password}`, undefined, token);
  await rest(
    'POST',
    `/orgs/${organizationId}/users`,
    { username: WORDS.username, password: WORDS.password },
    adminToken,
  );
  await rest('POST', `/orgs/${organizationId}/channels`, { name: 7, password: WORDS.channelPassword }, adminToken);
  await fetch(`${run.url}/api/v1/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{ "password": "${WORDS.password}"`,
  });
  const login =
    'mutation ($input: LoginInput!) { login(input: $input) { accessToken refreshToken errors { code message } } }';
  for (const password of [WORDS.password, WORDS.wrongPassword]) {
    const input = { organizationTag: TAG, username: WORDS.username, password };
    const { data } = await ask(run.url, login, { input });
    const { accessToken, refreshToken } = Object(Object(data).login);
    for (const secret of [accessToken, refreshToken]) if (typeof secret === 'string') given.push(secret);
  }
  await ask(run.url, `query ${WORDS.queryName} { me { ${WORDS.queryName} } }`, {}, token);
  await ask(run.url, `{ organizationByTag(tag: "${WORDS.text}") { name } }`, {}, token);
  await ask(run.url, `{ me(name: "${WORDS.password}" { id } }`, {}, token);
  await ask(run.url, login, { input: { username: WORDS.username, password: { is: WORDS.password } } });
  const key = await mutate('createApiKey', 'key', { name: WORDS.text, scopes: ['VOICE'] }, { token });
  given.push(key.key);
  const change = { currentPassword: WORDS.wrongPassword, newPassword: WORDS.newPassword };
  await mutate('changePassword', 'accessToken', change, { token });
  const invited = { code: WORDS.invitationCode, username: WORDS.unknownUsername, password: WORDS.newPassword };
  await mutate('redeemInvitation', 'accessToken', invited);
  const made = await mutate('createInvitation', 'code', { organizationId, roleIds: [memberRoleId] });
  given.push(made.code);
  const both = { organizationId, username: WORDS.unknownUsername, password: WORDS.password };
  await Promise.all([mutate('createUser', 'user { id }', both), mutate('createUser', 'user { id }', both)]);
  for (const wrong of [WORDS.brokenToken, undefined]) await new Subscriber(run.url, wrong).untilEnded();
  const metrics = `http://127.0.0.1:${run.ports.metrics}/metrics`;
  for (const each of [METRICS_TOKEN, WORDS.brokenToken]) {
    await fetch(metrics, { headers: { authorization: `Bearer ${each}` } });
  }
}

/** Two talk, one is put out, and some do not come in. */
async function useTheVoiceDoor(): Promise<void> {
  const [alice, bob] = [await enter(WORDS.username), await enter(WORDS.otherUsername)];
  await enter(WORDS.username, WORDS.wrongPassword).catch(() => undefined);
  await enter(WORDS.unknownUsername).catch(() => undefined);
  await alice.join(Number(channelId), WORDS.wrongChannelPassword).catch(() => undefined);
  for (const client of [alice, bob]) await client.join(Number(channelId), WORDS.channelPassword);
  const talk = new SteadyTalk(alice, Number(channelId));
  await alice.sendText({ channelId: Number(channelId) }, WORDS.text);
  await eventually(() => logged('packet').some(({ receivers }) => receivers === 1));
  talk.stop();
  const input = { sessionIds: [String(bob.identity.sessionId)], reason: WORDS.reason };
  await mutate('kickSessions', 'results { done }', input);
  given.push(WORDS.reason);
}

async function useTheMumbleDoor(): Promise<void> {
  const options = { port: run.ports.mumble, tokens: [WORDS.channelPassword] };
  const mumble = await RawMumble.open(options);
  await mumble.logIn(`${WORDS.otherUsername}@${TAG}`, WORDS.password);
  await mumble.openUdp();
  mumble.speak(1, 'c0ffee');
  mumble.send('textMessage', { channelId: [mumble.channelOf(mumble.sessionId)], message: WORDS.text });
  for (const [username, password] of [
    [`${WORDS.username}@${TAG}`, WORDS.wrongPassword],
    [WORDS.unknownUsername, WORDS.password],
    [`${WORDS.username}@${TAG}`, WORDS.brokenKey],
  ] as const) {
    const stranger = await RawMumble.open(options);
    stranger.send('version', { versionV1: 0x01_04_00, release: WORDS.clientName });
    stranger.send('authenticate', { username, password, tokens: [], opus: true });
    await eventually(() => stranger.isClosed);
  }
  mumble.disconnect();
}

describe('the log of a server that says everything', () => {
  it('names no person, no address, and no secret', async () => {
    await useTheApi();
    await useTheVoiceDoor();
    await useTheMumbleDoor();
    await run.terminate();
    const text = entries()
      .map((entry) => JSON.stringify(entry))
      .join('\n');
    // It does tell what went on.
    for (const msg of ['packet', 'request', 'voice follows an event', 'starting', 'stopped']) {
      expect(logged(msg).length).toBeGreaterThan(0);
    }
    expect(entries().length).toBeGreaterThan(50);
    const words = [...Object.values(WORDS), ...given, ...ADDRESSES, METRICS_TOKEN];
    expect(words.every((word) => word.length >= 3)).toBe(true);
    expect(leaksIn(text, words)).toEqual([]);
    expect(run.complaints).toEqual([]);
  });

  it('would be found out if it did', () => {
    const entry = JSON.stringify({
      level: 'info',
      msg: `${WORDS.username.toUpperCase()} has come from ::ffff:10.0.0.1`,
    });
    expect(leaksIn(entry, [...Object.values(WORDS), ...ADDRESSES])).toEqual([WORDS.username, '::ffff']);
  });
});

describe('what a log is asked for while the server runs', () => {
  beforeAll(async () => {
    const dataFolder = folder.pathOf('data');
    const environment = { PARLEY_LOG_FORMAT: 'json', PARLEY_ADMIN_PASSWORD: WORDS.adminPassword };
    run = new ServerRun({ dataFolder, ports: await freeServerPorts(), environment });
    await run.untilReady();
    adminToken = await tokenOf(null, 'admin', WORDS.adminPassword);
  });

  it('is told by its modules, with the request from HTTP to its effect in the relay, and no longer than wanted', async () => {
    const [alice, bob] = [await enter(WORDS.username), await enter(WORDS.otherUsername)];
    for (const client of [alice, bob]) await client.join(Number(channelId), WORDS.channelPassword);
    const talk = new SteadyTalk(alice, Number(channelId));
    expect(entries().every(({ level }) => level === 'info')).toBe(true);
    for (const [module, level] of [
      ['VOICE', 'DEBUG'],
      ['HTTP', 'DEBUG'],
      ['RELAY', 'TRACE'],
    ]) {
      const { logModule } = await mutate('setLogLevel', 'logModule { module level until }', {
        module,
        level,
        durationS: 600,
      });
      expect(logModule).toEqual({ module, level, until: expect.any(String) });
    }
    const packet = await eventually(() => logged('packet').find(({ receivers }) => receivers === 1));
    const { sessionId } = alice.identity;
    expect(packet).toMatchObject({ level: 'trace', module: 'relay', session: sessionId, path: 'udp', dropped: null });

    const entry = { channelId, roleId: memberRoleId, permissions: ['JOIN'] };
    const headers = { 'x-request-id': 'one-that-i-have-chosen' };
    await mutate('setChannelAclEntry', 'channel { id }', entry, { headers });
    await eventually(() => logged('voice follows an event').some(({ event }) => event === 'channel_acl_changed'));
    const requested = entries().filter(({ request_id: id }) => id === headers['x-request-id']);
    expect(requested).toContainEqual(
      expect.objectContaining({
        module: 'voice',
        event: 'channel_acl_changed',
        organization_id: Number(organizationId),
      }),
    );
    expect(requested).toContainEqual(
      expect.objectContaining({ module: 'http', msg: 'request', method: 'POST', status: 200 }),
    );
    await eventually(() => logged('packet').some(({ dropped }) => dropped === 'not_a_speaker'));

    await mutate('setLogLevel', 'logModule { level }', { module: 'RELAY', level: 'INFO' });
    await eventually(async () => {
      const told = logged('packet').length;
      const { lastFrame } = talk;
      await eventually(() => talk.lastFrame > lastFrame + 30);
      return logged('packet').length === told;
    });
    talk.stop();
    const levels = await ask(run.url, '{ logModules { module level until } }', {}, adminToken);
    expect(Object(levels.data).logModules).toContainEqual({ module: 'RELAY', level: 'INFO', until: null });
    expect(Object(levels.data).logModules).toContainEqual({
      module: 'VOICE',
      level: 'DEBUG',
      until: expect.any(String),
    });
  });

  it('is refused for longer than a day, and written down', async () => {
    const input = { module: 'REST', level: 'DEBUG', durationS: 86_401 };
    expect(await mutate('setLogLevel', 'logModule { level }', input)).toEqual({
      logModule: null,
      errors: [{ code: 'INVALID_INPUT' }],
    });
    const query = '{ platformAuditLog(first: 1) { nodes { action targetType before after } } }';
    const { data } = await ask(run.url, query, {}, adminToken);
    const [last] = Object(data).platformAuditLog.nodes;
    expect(last).toMatchObject({ action: 'LOG_LEVEL_CHANGED', targetType: 'SERVER' });
  });
});
