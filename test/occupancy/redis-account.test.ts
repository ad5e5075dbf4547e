/** What Redis says of a node's sessions and what the node knows: however they were parted, they come together again. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { type ChannelId, channelId, organizationId, type SessionId, sessionId, userId } from '../../src/ids.js';
import type { Member } from '../../src/occupancy/occupancy.js';
import { RedisOccupancy } from '../../src/occupancy/redis-occupancy.js';
import { RedisLink } from '../../src/redis/redis-link.js';
import type { Session } from '../../src/sessions/session.js';
import { eventually } from '../support/eventually.js';
import { FaultProxy, FINE_WEATHER } from '../support/fault-proxy.js';
import { TestRedis } from '../support/test-redis.js';

const logger = pino({ level: 'silent' });
const [lobby, tower] = [channelId(1), channelId(2)];
const [alice, bob] = [sessionId(11), sessionId(12)];
const of = (id: SessionId): Member => ({ id, userId: userId(id - 10) });

describe('the account of a node in Redis', () => {
  const closers: (() => Promise<void> | void)[] = [];

  /** A node whose way to Redis leads through a proxy, and keys that are read past it. */
  async function world() {
    const redis = await TestRedis.start();
    const proxy = await FaultProxy.start({ port: redis.port });
    const link = await RedisLink.connect(`redis://127.0.0.1:${proxy.port}`, logger);
    const ended = new Set<SessionId>();
    const evicted: [SessionId, ChannelId | null][] = [];
    const node = await RedisOccupancy.start({
      ...{ link, node: 'near', logger },
      onEvicted: (id, channel) => evicted.push([id, channel]),
      isOpen: (id) => !ended.has(id),
    });
    const { commands: keys } = await redis.link();
    const places = async () => ({
      lobby: await keys.zrange(`parley:channel:${lobby}`, 0, -1),
      users: await keys.smembers(`channel_members:${lobby}`),
      alice: await keys.zrange(`parley:session_channels:${alice}`, 0, -1),
      channels: await keys.smembers('user_channels:1'),
    });
    closers.push(
      () => node.stop(),
      () => link.close(),
      () => proxy.close(),
      () => redis.stop(),
    );
    return { redis, proxy, link, node, ended, evicted, keys, places };
  }

  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  it('refuses a join that comes after the node has given it up and put back what it knows', async () => {
    const { proxy, link, node, keys, places } = await world();
    await node.join(tower, of(alice), 10);
    const seen: string[] = [];
    const monitor = await keys.monitor();
    monitor.on('monitor', (_time: string, args: string[]) => {
      if (args.at(-2) === String(lobby) && args.at(-3) === '1') seen.push('the late join');
    });
    closers.unshift(() => monitor.disconnect());
    proxy.weather = { latencyMs: 3000, jitterMs: 0, resetRate: 0 };
    const refused = expect(node.join(lobby, of(alice), 10)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const former = node.token;
    proxy.breakAll();
    await refused;
    proxy.weather = FINE_WEATHER;
    await eventually(() => link.isReady && node.token !== former);
    expect(seen).toEqual([]);
    await eventually(() => seen.length === 1);
    expect(await places()).toEqual({ lobby: [], users: [], alice: [String(tower)], channels: [String(tower)] });
    expect(await node.join(lobby, of(alice), 10)).toBe('joined');
  });

  it('removes a place that Redis has and the node has not, and puts back one that Redis has lost', async () => {
    const { node, keys, places } = await world();
    await node.showSession(session(alice));
    await node.join(lobby, of(bob), 10);
    await node.join(tower, of(bob), 10);
    await keys.zadd(`parley:channel:${lobby}`, 900, alice);
    await keys.zadd(`parley:session_channels:${alice}`, 900, lobby);
    await keys.sadd(`channel_members:${lobby}`, 1);
    await keys.sadd('user_channels:1', lobby);
    await keys.zrem(`parley:session_channels:${bob}`, tower);
    await node.tend();
    expect(await places()).toEqual({ lobby: [String(bob)], users: ['2'], alice: [], channels: [] });
    expect(await keys.zrange(`parley:session_channels:${bob}`, 0, -1)).toEqual([String(lobby), String(tower)]);
    expect(await keys.zrange(`parley:channel:${tower}`, 0, -1)).toEqual([String(bob)]);
  });

  it('removes from its channels whoever no session says is there, and shows other tools all who are', async () => {
    const { node, keys, places } = await world();
    await node.join(lobby, of(bob), 10);
    await keys.zadd(`parley:channel:${lobby}`, 900, alice);
    await keys.sadd(`channel_members:${lobby}`, 1, 77);
    await keys.del('user_channels:2');
    await keys.sadd('parley:node_sessions:near', 99);
    await node.tend();
    expect(await keys.smembers('parley:node_sessions:near')).toEqual([String(bob)]);
    expect(await places()).toMatchObject({ lobby: [String(bob)], users: ['2'] });
    expect(await keys.smembers('user_channels:2')).toEqual([String(lobby)]);
  });

  it('keeps nothing of a session that ends while it is claimed', async () => {
    const { node, evicted, keys } = await world();
    const claiming = node.claim(session(alice), null);
    await node.endSession(alice);
    await claiming;
    // The same user comes again: the first session has no claim to anything.
    const newer: Session = { ...session(bob), userId: of(alice).userId };
    await node.claim(newer, null);
    await node.tend();
    await node.tend();
    expect(evicted).toEqual([]);
    expect(await keys.hget('session:1', 'session_id')).toBe(String(bob));
    expect(await keys.exists(`parley:entry:${alice}`)).toBe(0);
  });

  it('removes what was kept of a session after its end', async () => {
    const { node, ended, places } = await world();
    await node.showSession(session(alice));
    await node.join(lobby, of(alice), 10);
    ended.add(alice);
    await node.tend();
    await eventually(async () => (await places()).lobby.length === 0);
    expect(await places()).toEqual({ lobby: [], users: [], alice: [], channels: [] });
    expect(await node.members(lobby)).toEqual([]);
  });

  it('does not put everything back, nor refuse a join, because somebody has ended or left', async () => {
    const { node, keys } = await world();
    for (const id of [alice, bob]) await node.claim(session(id), null);
    for (const id of [alice, bob]) await node.join(lobby, of(id), 10);
    const { token } = node;
    await Promise.all([node.endSession(alice), node.leaveAll(alice), node.leave(lobby, bob)]);
    await node.tend();
    await node.tend();
    expect(node.token).toBe(token);
    expect(await keys.exists(`parley:channel:${lobby}`)).toBe(0);
  });

  it('shows a user in a channel as long as the newer of two sessions is in it', async () => {
    const { redis, node, keys } = await world();
    const dead = await RedisOccupancy.start({
      ...{ link: await redis.link(), node: 'far', logger },
      onEvicted: () => undefined,
      isOpen: () => true,
    });
    closers.unshift(() => dead.stop());
    await dead.claim(session(alice), null);
    await dead.join(lobby, of(alice), 10);
    // Long silence: what tells of the session has expired, and the node is not known to be dead yet.
    await keys.del('session:1');
    const newer: Session = { ...session(bob), userId: of(alice).userId };
    await node.claim(newer, null);
    await node.join(lobby, newer, 10);
    await dead.stop();
    expect(await keys.zrange(`parley:channel:${lobby}`, 0, -1)).toEqual([String(bob)]);
    expect(await keys.smembers(`channel_members:${lobby}`)).toEqual(['1']);
    expect(await keys.smembers('user_channels:1')).toEqual([String(lobby)]);
  });
});

function session(id: SessionId): Session {
  return {
    ...{ ...of(id), organizationId: organizationId(7), username: `user ${id}`, door: 'voice', clientName: 'test' },
    ...{ connectedAt: new Date(0), remoteAddress: null, listeningChannelIds: [] },
    credential: { tokenVersion: 0, loginId: null, apiKey: null },
    ...{ selfMuted: false, selfDeafened: false, recording: false, muted: false, deafened: false },
    prioritySpeaker: false,
  };
}
