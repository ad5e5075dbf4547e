import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { ClusterSecret } from '../../src/cluster/cluster-secret.js';
import { SharedChannelKeys } from '../../src/cluster/shared-channel-keys.js';
import { type ChannelId, channelId } from '../../src/ids.js';
import type { ChannelKey, KeySource } from '../../src/voice/key-source.js';
import { eventually } from '../support/eventually.js';
import { TestRedis } from '../support/test-redis.js';

const LOBBY = channelId(42);
const logger = pino({ level: 'silent' });

let redis: TestRedis;
const running: SharedChannelKeys<ChannelId>[] = [];
beforeAll(async () => {
  redis = await TestRedis.start();
});
beforeEach(async () => {
  for (const keys of running.splice(0)) keys.stop();
  await redis.run();
  await redis.clear();
});
afterAll(async () => {
  for (const keys of running) keys.stop();
  await redis.stop();
});

interface Node {
  readonly source: KeySource<ChannelId>;
  readonly failures: unknown[];
  /** The key of the lobby, once it has come. */
  begin(isAlone: boolean): Promise<ChannelKey>;
  next(epoch: number): Promise<ChannelKey>;
}

async function newNode(secret = 'a secret of all nodes'): Promise<Node> {
  const link = await redis.link();
  const keys = await SharedChannelKeys.start<ChannelId>({ link, secret: new ClusterSecret(secret), logger });
  running.push(keys);
  const failures: unknown[] = [];
  const source = keys.sourceFor({ arrived: () => undefined, failed: (_, reason) => failures.push(reason) });
  return {
    source,
    failures,
    begin: (isAlone) => eventually(() => source.begin(LOBBY, isAlone) ?? undefined),
    next: (epoch) => eventually(() => source.next(LOBBY, epoch) ?? undefined),
  };
}

async function stored(): Promise<string> {
  const { commands } = await redis.link();
  return JSON.stringify(await commands.hgetall(`parley:channel_key:${LOBBY}`));
}

describe('the key of a channel at several nodes', () => {
  it('is the same for all, and stands in Redis for nobody to read', async () => {
    const [near, far] = [await newNode(), await newNode()];
    const key = await near.begin(true);
    expect(key.key).toHaveLength(16);
    expect(await far.begin(false)).toEqual(key);
    const text = await stored();
    expect(text).not.toContain(Buffer.from(key.key).toString('hex'));
    expect(text).not.toContain(Buffer.from(key.key).toString('base64').slice(0, 20));
  });

  it('is followed by one and the same, whoever of many asks first', async () => {
    const nodes = [await newNode(), await newNode(), await newNode()];
    const [first] = await Promise.all(nodes.map((node, index) => node.begin(index === 0)));
    await eventually(() => new Set(nodes.map(({ source }) => source.newest(LOBBY)?.epoch)).size === 1);
    const epoch = nodes[0]?.source.newest(LOBBY)?.epoch ?? 0;
    const next = await Promise.all(nodes.map((node) => node.next(epoch)));
    expect(next).toEqual(Array(3).fill(next[0]));
    expect(next[0]).toMatchObject({ epoch: epoch + 1 });
    expect(next[0]?.key).not.toEqual(first?.key);
  });

  it('is told to those who have not asked', async () => {
    const [near, far] = [await newNode(), await newNode()];
    const { epoch } = await near.begin(true);
    await far.begin(false);
    const next = await near.next(epoch);
    await eventually(() => far.source.newest(LOBBY)?.epoch === next.epoch);
    expect(far.source.newest(LOBBY)).toEqual(next);
  });

  it('is another one for who comes after all have gone', async () => {
    const [near, far] = [await newNode(), await newNode()];
    const former = await near.begin(true);
    near.source.end(LOBBY);
    await eventually(async () => !(await stored()).includes('sealed'));
    const later = await far.begin(false);
    expect(later.epoch).toBe(former.epoch + 1);
    expect(later.key).not.toEqual(former.key);
  });

  it('is put back where Redis has lost its memory, and not begun anew', async () => {
    const [near, far] = [await newNode(), await newNode()];
    await near.begin(true);
    const { epoch, key } = await near.next((await far.begin(false)).epoch);
    await redis.kill();
    expect(near.source.next(LOBBY, epoch)).toBeNull();
    await eventually(() => near.failures.length > 0);
    expect(near.failures[0]).toMatchObject({ code: 'UNAVAILABLE' });
    expect(near.source.newest(LOBBY)).toEqual({ epoch, key });
    await redis.run();
    await eventually(async () => (await stored()).includes(`"${epoch}"`));
    expect(await (await newNode()).begin(false)).toEqual({ epoch, key });
  });

  it('is not had by a node with another secret', async () => {
    const near = await newNode();
    await near.begin(true);
    const stranger = await newNode('another secret');
    expect(stranger.source.begin(LOBBY, false)).toBeNull();
    await redis.link().then(({ commands }) => commands.ping());
    expect(stranger.source.begin(LOBBY, false)).toBeNull();
  });
});
