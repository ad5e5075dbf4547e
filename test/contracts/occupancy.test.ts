import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { type ChannelId, channelId, organizationId, type SessionId, sessionId } from '../../src/ids.js';
import { MemoryOccupancy } from '../../src/occupancy/memory-occupancy.js';
import { LEASE_MS, RedisOccupancy } from '../../src/occupancy/redis-occupancy.js';
import type { RedisLink } from '../../src/redis/redis-link.js';
import type { Session } from '../../src/sessions/session.js';
import { eventually } from '../support/eventually.js';
import { TestRedis } from '../support/test-redis.js';
import { describeOccupancy, of } from './occupancy.contract.js';

const logger = pino({ level: 'silent' });
const [lobby, tower] = [channelId(1), channelId(2)];
const [alice, bob, carol] = [sessionId(1), sessionId(2), sessionId(3)];

let nodes = 0;

/** A node, and what it was told to give up. */
async function newNode(link: RedisLink, leaseMs = LEASE_MS) {
  nodes += 1;
  const evicted: [SessionId, ChannelId | null][] = [];
  const onEvicted = (id: SessionId, channel: ChannelId | null) => evicted.push([id, channel]);
  return {
    evicted,
    occupancy: await RedisOccupancy.start({
      link,
      node: `node ${nodes}`,
      onEvicted,
      isOpen: () => true,
      logger,
      leaseMs,
    }),
  };
}

describeOccupancy('in memory', async () => ({
  create: async () => new MemoryOccupancy(),
  stop: async () => undefined,
}));

describeOccupancy('in Redis', async () => {
  const redis = await TestRedis.start();
  const opened: RedisOccupancy[] = [];
  return {
    create: async () => {
      for (const occupancy of opened.splice(0)) await occupancy.stop();
      await redis.clear();
      const { occupancy } = await newNode(await redis.link());
      opened.push(occupancy);
      return occupancy;
    },
    stop: async () => {
      for (const occupancy of opened) await occupancy.stop();
      await redis.stop();
    },
  };
});

describe('the occupancy in Redis, of two nodes', () => {
  let redis: TestRedis | undefined;
  const running: RedisOccupancy[] = [];

  async function world(leaseMs = LEASE_MS) {
    redis ??= await TestRedis.start();
    const [nearLink, farLink] = [await redis.link(), await redis.link()];
    const [near, far] = [await newNode(nearLink, leaseMs), await newNode(farLink, leaseMs)];
    running.push(near.occupancy, far.occupancy);
    return { redis, near, far, nearLink, farLink, keys: nearLink.commands };
  }

  beforeEach(async () => {
    for (const occupancy of running.splice(0)) await occupancy.stop();
    await redis?.run();
    await redis?.clear();
  });
  afterAll(async () => {
    for (const occupancy of running) await occupancy.stop();
    await redis?.stop();
  });

  it('puts back a join that was answered while all the rest was put back', async () => {
    const { near, keys } = await world();
    await near.occupancy.join(tower, of(alice), 10);
    // A leave of which Redis knows nothing makes the node put back what it knows, with its next look.
    await keys.del(`parley:entry:${alice}`);
    await near.occupancy.leave(tower, alice);
    const looking = near.occupancy.tend();
    expect(await near.occupancy.join(lobby, of(bob), 10)).toBe('joined');
    await looking;
    await near.occupancy.tend();
    expect(await keys.zrange(`parley:channel:${lobby}`, 0, -1)).toEqual([String(bob)]);
  });

  it('never says of a session of its own that it is not there, whatever Redis has lost', async () => {
    const { near, far, keys } = await world();
    await near.occupancy.join(lobby, of(alice), 10);
    await near.occupancy.join(lobby, of(bob), 10);
    await far.occupancy.join(lobby, of(carol), 10);
    await keys.zrem(`parley:channel:${lobby}`, alice);
    expect(await near.occupancy.members(lobby)).toEqual([bob, carol, alice]);
    expect(await far.occupancy.members(lobby)).toEqual([bob, carol]);
  });

  it('shows other tools who is where, under the keys of the specification, and nothing once nobody is there', async () => {
    const { near, far, keys } = await world();
    await near.occupancy.showSession(session(alice));
    await near.occupancy.join(lobby, of(alice), 10);
    await near.occupancy.join(tower, of(alice), 10);
    await far.occupancy.showSession(session(bob));
    await far.occupancy.join(lobby, of(bob), 10);
    expect(await keys.hgetall('session:1')).toMatchObject({
      session_id: '1',
      user_id: '1',
      org_id: '7',
      username: 'user 1',
      muted: '0',
    });
    expect((await keys.smembers('channel_members:1')).sort()).toEqual(['1', '2']);
    expect((await keys.smembers('user_channels:1')).sort()).toEqual(['1', '2']);
    expect(JSON.stringify(await keys.hgetall('session:1'))).not.toContain('192.0.2.1');
    expect(await far.occupancy.members(lobby)).toEqual([alice, bob]);
    await near.occupancy.leave(tower, alice);
    expect(await keys.smembers('user_channels:1')).toEqual(['1']);
    await near.occupancy.endSession(alice);
    await far.occupancy.endSession(bob);
    expect(await keys.keys('session:*')).toEqual([]);
    expect(await keys.keys('*_*:[0-9]*')).toEqual([]);
  });

  it('lets exactly as many in as fit, however many come at both', async () => {
    const { near, far, keys } = await world();
    const all = Array.from({ length: 400 }, (_, index) => sessionId(index + 1));
    const outcomes = await Promise.all(all.map((id) => (id % 2 === 0 ? near : far).occupancy.join(lobby, of(id), 50)));
    expect(outcomes.filter((outcome) => outcome === 'joined')).toHaveLength(50);
    expect(await keys.scard('channel_members:1')).toBe(50);
  });

  it('removes what a dead node has left, and refuses what it writes when it comes back late', async () => {
    const { near, far, keys } = await world(300);
    await near.occupancy.join(lobby, of(alice), 1);
    // The lease is over, and the node does not know: as after a long pause of its process.
    await keys.pexpire(`parley:lease:node ${nodes - 1}`, 1);
    await eventually(async () => {
      await far.occupancy.tend();
      return (await far.occupancy.members(lobby)).length === 0;
    });
    expect(await keys.smembers('channel_members:1')).toEqual([]);
    expect(await far.occupancy.join(lobby, of(bob), 1)).toBe('joined');
    await expect(near.occupancy.join(tower, of(carol), 10)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await eventually(() => near.evicted.length > 0);
    expect(near.evicted).toEqual([[alice, lobby]]);
    expect(await keys.smembers('channel_members:1')).toEqual([`${bob}`]);
    expect(await near.occupancy.join(tower, of(carol), 10)).toBe('joined');
  });

  it('ends the session of a user who has come to another node meanwhile', async () => {
    const { near, far, keys } = await world();
    await near.occupancy.showSession(session(alice));
    await near.occupancy.join(lobby, of(alice), 10);
    const newer: Session = { ...session(carol), userId: of(alice).userId };
    await far.occupancy.claim(newer, null);
    expect(await far.occupancy.members(lobby)).toEqual([]);
    expect(await keys.hget('session:1', 'session_id')).toBe(`${carol}`);
    await expect(near.occupancy.join(tower, of(alice), 10)).rejects.toMatchObject({ code: 'REPLACED' });
    await keys.del(`parley:lease:node ${nodes - 1}`);
    await near.occupancy.tend();
    expect(near.evicted).toEqual([[alice, null]]);
    expect(await keys.hget('session:1', 'session_id')).toBe(`${carol}`);
  });

  it('without Redis refuses to join at once, lets everybody leave, and puts the truth back when it returns', async () => {
    const { redis: server, near, nearLink } = await world();
    await near.occupancy.showSession(session(alice));
    await near.occupancy.join(lobby, of(alice), 10);
    await near.occupancy.join(lobby, of(bob), 10);
    await server.kill();
    await eventually(() => !nearLink.isReady);
    await expect(near.occupancy.join(tower, of(alice), 10)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await near.occupancy.leave(lobby, bob)).toBe(true);
    expect(await near.occupancy.members(lobby)).toEqual([alice]);
    await server.run();
    await eventually(
      async () => nearLink.isReady && (await nearLink.commands.smembers('channel_members:1')).length === 1,
    );
    expect(await nearLink.commands.smembers('channel_members:1')).toEqual(['1']);
    expect(await nearLink.commands.hget('session:1', 'username')).toBe('user 1');
    expect(await near.occupancy.join(tower, of(alice), 10)).toBe('joined');
  });

  it('leaves nothing for long where no node is there to remove it', async () => {
    const { near, keys } = await world();
    await near.occupancy.showSession(session(alice));
    await near.occupancy.join(lobby, of(alice), 10);
    for (const key of ['session:1', 'channel_members:1', 'user_channels:1']) {
      const remainingMs = await keys.pttl(key);
      expect(remainingMs).toBeGreaterThan(0);
      expect(remainingMs).toBeLessThan(10_000);
    }
  });
});

function session(id: SessionId): Session {
  return {
    ...{ ...of(id), organizationId: organizationId(7), username: `user ${id}`, door: 'voice', clientName: 'test' },
    ...{
      connectedAt: new Date(0),
      remoteAddress: '192.0.2.1',
      credential: { tokenVersion: 0, loginId: null, apiKey: null },
      listeningChannelIds: [],
    },
    ...{
      selfMuted: false,
      selfDeafened: false,
      recording: false,
      muted: false,
      deafened: false,
      prioritySpeaker: false,
    },
  };
}
