import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { ChannelOccupancyDocument } from '../graphql/generated/graphql.js';
import { eventually } from '../support/eventually.js';
import { Subscriber } from '../support/subscriber.js';
import { TestRedis } from '../support/test-redis.js';
import { SteadyTalk } from '../voice/steady-talk.js';

const PASSWORD = 'a password of somebody';

let redis: TestRedis;
let server: DemoServer;
let keys: Redis;
beforeAll(async () => {
  redis = await TestRedis.start();
  keys = new Redis(redis.path);
  server = await DemoServer.start({ environment: { PARLEY_REDIS_URL: redis.url } });
  const api = new DemoApi(server.httpUrl);
  await api.login('admin', server.adminPassword);
  const organizationId = await api.createOrganization('Demo', 'demo');
  const roleId = await api.createSpeakerRole(organizationId, 'speaker');
  for (const name of ['alice', 'bob']) await api.createUser(organizationId, name, PASSWORD, roleId);
});
afterAll(async () => {
  keys.disconnect();
  await server.stop();
  await redis.stop();
});

async function enter(username: string): Promise<VoiceClient> {
  const credentials = { organizationTag: 'demo', username, password: PASSWORD };
  const { host, controlPort: port, certificateFingerprint: fingerprint } = server;
  return VoiceClient.connect({ host, port, fingerprint, credentials, clientName: 'test' });
}

async function token(): Promise<string> {
  const response = await fetch(`${server.httpUrl}/api/v1/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ org_tag: 'demo', username: 'bob', password: PASSWORD }),
  });
  return String(Object(await response.json()).access_token);
}

it('a server with Redis tells by WebSocket and by keys who is there and who speaks, until it ends', async () => {
  const alice = await enter('alice');
  const channelId = [...alice.channels.keys()][0] ?? 0;
  const watcher = new Subscriber(server.httpUrl, await token());
  const stream = watcher.subscribe(ChannelOccupancyDocument, { channelId: `${channelId}` });
  expect((await stream.next()).channelOccupancy).toMatchObject({ __typename: 'SessionSnapshot', sessions: [] });
  await alice.join(channelId);
  const { userId, sessionId } = alice.identity;
  expect((await stream.next()).channelOccupancy).toMatchObject({ type: 'JOINED', session: { id: `${sessionId}` } });
  await eventually(async () => (await keys.hget(`session:${userId}`, 'username')) === 'alice');
  expect(await keys.smembers(`channel_members:${channelId}`)).toEqual([`${userId}`]);
  expect(await keys.smembers(`user_channels:${userId}`)).toEqual([`${channelId}`]);
  expect(await keys.smembers('org_channels:1')).toEqual([`${channelId}`]);

  const talk = new SteadyTalk(alice, channelId);
  expect((await stream.next()).channelOccupancy).toMatchObject({ type: 'SPEAKING_STARTED' });
  talk.stop();
  expect((await stream.next()).channelOccupancy).toMatchObject({ type: 'SPEAKING_STOPPED' });

  await redis.kill();
  await redis.run();
  await eventually(async () => (await keys.smembers(`channel_members:${channelId}`)).length === 1);
  expect(await keys.hget(`session:${userId}`, 'username')).toBe('alice');

  await server.stop();
  expect((await watcher.untilEnded()).code).toBe(1001);
  expect(await keys.keys('session:*')).toEqual([]);
  expect(await keys.keys('channel_members:*')).toEqual([]);
  await alice.close();
  await watcher.close();
});
