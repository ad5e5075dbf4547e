import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Client } from 'pg';
import { DemoServer } from '../../scripts/demo-server.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { runningPostgres } from '../../src/database/embedded-postgres.js';
import { contentOf, fillOrganization } from '../backup/backup-world.js';
import {
  ChannelOccupancyDocument,
  CreateOrganizationDocument,
  CreateUserDocument,
  DeleteOrganizationDocument,
  LoginDocument,
  MeDocument,
  OrganizationTreeDocument,
  type TypedDocumentString,
} from '../graphql/generated/graphql.js';
import { eventually } from '../support/eventually.js';
import { Subscriber } from '../support/subscriber.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { connectTo } from '../support/test-database.js';
import { TestRedis } from '../support/test-redis.js';
import { ask, present } from '../support/test-server.js';
import { SteadyTalk } from '../voice/steady-talk.js';

// Processes are started, which takes long on a machine that does much else.
jest.setTimeout(180_000);

const PASSWORD = 'a password of somebody';

let folder: TemporaryFolder;
let redis: TestRedis;
let keys: Redis;
let server: DemoServer;
let database: Client;
beforeAll(async () => {
  folder = await TemporaryFolder.make();
  redis = await TestRedis.start();
  keys = new Redis(redis.path);
  const dataFolder = folder.pathOf('data');
  server = await DemoServer.start({ dataFolder, environment: { PARLEY_REDIS_URL: redis.url } });
  database = await connectTo({ kind: 'socket', ...(await runningPostgres(join(dataFolder, 'postgres'))) });
});
afterAll(async () => {
  await database.end();
  keys.disconnect();
  await server.stop();
  await redis.stop();
  await folder[Symbol.asyncDispose]();
});

async function execute<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  token?: string,
): Promise<Data> {
  const { data, errors } = await ask(server.httpUrl, document, variables, token);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return present(data);
}

async function login(organizationTag: string | null, username: string, password = PASSWORD): Promise<string> {
  const { login: answer } = await execute(LoginDocument, { input: { organizationTag, username, password } });
  return present(answer?.accessToken);
}

/** An organization with something in every table, and two people whose passwords are known. */
async function build(adminToken: string) {
  const input = { name: 'Ephemeral', tag: 'eph', owner: { username: 'olga', password: PASSWORD } };
  const made = await execute(CreateOrganizationDocument, { input }, adminToken);
  const { id } = present(made.createOrganization?.organization);
  const member = { organizationId: id, username: 'mike', password: PASSWORD };
  const { createUser } = await execute(CreateUserDocument, { input: member }, adminToken);
  const { organization } = await execute(OrganizationTreeDocument, { id }, adminToken);
  const roleId = (name: string) => present(organization?.roles.nodes.find((role) => role.name === name)).id;
  const ownerToken = await login('eph', 'olga');
  const lobbyId = present(organization?.channels.nodes[0]).id;
  const built = { id, ownerToken, memberId: present(createUser?.user).id, lobbyId };
  await fillOrganization({ execute }, { ...built, memberRoleId: roleId('member'), adminRoleId: roleId('admin') });
  return built;
}

/** The present values of figures that count what is there. */
async function figures(): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(server.metricsUrl)).text();
  const sums: Record<string, number> = {};
  for (const [, name = '', value] of text.matchAll(
    /^(parley_sessions|parley_relay_sessions|parley_relay_routes|parley_subscription_connections|parley_subscribers)(?:\{.*\})? (\S+)$/gm,
  )) {
    sums[name] = (sums[name] ?? 0) + Number(value);
  }
  return sums;
}

/** The names of what Redis holds; but for what a node has for itself, with and without organizations. */
async function namesInRedis(): Promise<string[]> {
  return (await keys.keys('*'))
    .filter((name) => !/^parley:(lease:|nodes$|fence$|order$|session_ids$|channel_key:)/.test(name))
    .sort();
}

/** What Redis still says of the keys of channels: the number of the last one of each, for a day, and no key. */
async function expiringEpochs(): Promise<{ fields: string[]; expires: boolean }[]> {
  const names = await keys.keys('parley:channel_key:*');
  return Promise.all(
    names.map(async (name) => ({ fields: await keys.hkeys(name), expires: (await keys.pttl(name)) > 0 })),
  );
}

it('an organization that is deleted is deleted everywhere', async () => {
  const adminToken = await login(null, 'admin', server.adminPassword);
  const before = { rows: await contentOf(database), redis: await namesInRedis(), figures: await figures() };
  const { id, lobbyId } = await build(adminToken);
  const [olga, mike] = await Promise.all(['olga', 'mike'].map((username) => enter(username)));
  await Promise.all([olga?.join(Number(lobbyId)), mike?.join(Number(lobbyId))]);
  const talk = new SteadyTalk(present(olga), Number(lobbyId));
  olga?.once('disconnect', () => talk.stop());
  const mikeToken = await login('eph', 'mike');
  const watcher = new Subscriber(server.httpUrl, mikeToken);
  const stream = watcher.subscribe(ChannelOccupancyDocument, { channelId: lobbyId });
  await stream.next();
  expect((await namesInRedis()).length).toBeGreaterThan(before.redis.length);
  await eventually(async () => ((await figures()).parley_relay_routes ?? 0) > 0);

  const ended = [olga, mike].map((client) => new Promise((resolve) => client?.once('disconnect', resolve)));
  await execute(DeleteOrganizationDocument, { input: { id } }, adminToken);
  await Promise.all(ended);

  const rows = new Map(await contentOf(database));
  // What is left to tell belongs to the platform, which keeps it as long as its audit log says.
  const audit = rows.get('audit_entries')?.filter((row) => !row.includes('organization_deleted'));
  rows.set('audit_entries', audit ?? []);
  expect(rows).toEqual(before.rows);
  await eventually(async () => JSON.stringify(await namesInRedis()) === JSON.stringify(before.redis));
  expect(await expiringEpochs()).toEqual([{ fields: ['epoch'], expires: true }]);
  expect((await watcher.untilEnded()).code).toBe(4403);
  await watcher.close();
  await eventually(async () => JSON.stringify(await figures()) === JSON.stringify(before.figures));

  expect((await ask(server.httpUrl, MeDocument, {}, mikeToken)).status).toBe(401);
  await expect(enter('mike')).rejects.toThrow();
  expect((await ask(server.httpUrl, OrganizationTreeDocument, { id }, adminToken)).errors).toMatchObject([
    { extensions: { code: 'NOT_FOUND' } },
  ]);
  const late = new Subscriber(server.httpUrl, adminToken);
  const told = late.subscribe(ChannelOccupancyDocument, { channelId: lobbyId });
  expect((await told.answer()).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  await late.close();
});

function enter(username: string): Promise<VoiceClient> {
  const credentials = { organizationTag: 'eph', username, password: PASSWORD };
  const { host, controlPort: port, certificateFingerprint: fingerprint } = server;
  return VoiceClient.connect({ host, port, fingerprint, credentials, clientName: 'test' });
}
