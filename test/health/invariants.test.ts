import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { IdentityWatch } from '../../src/auth/identity-watch.js';
import type { VoiceClient } from '../../src/client/voice-client.js';
import { InvariantWatch } from '../../src/health/invariant-watch.js';
import type { Difference } from '../../src/health/invariants.js';
import { OccupancyCheck } from '../../src/health/occupancy-check.js';
import { type ChannelId, channelId, type OrganizationId, type SessionId, sessionId, userId } from '../../src/ids.js';
import { LiveService } from '../../src/live/live.service.js';
import { RedisAccount } from '../../src/occupancy/redis-account.js';
import type { RedisLink } from '../../src/redis/redis-link.js';
import { eventually } from '../support/eventually.js';
import { TestRedis } from '../support/test-redis.js';
import { VoiceWorld } from '../voice/voice-world.js';

const MAX_CONNECTIONS = 3;
/** A user of nobody's. */
const NOBODY = userId(2 ** 31 - 1);

/** Two people in a lobby for two, and somebody who subscribes. */
interface Scene {
  readonly world: VoiceWorld;
  readonly check: OccupancyCheck;
  readonly organizationId: OrganizationId;
  readonly lobby: ChannelId;
  readonly alice: SessionId;
  readonly bob: SessionId;
  readonly clients: readonly VoiceClient[];
  end(): Promise<void>;
}

let scenes = 0;

async function openScene(redis?: RedisLink): Promise<Scene> {
  scenes += 1;
  const tag = `scene${scenes}`;
  const world = await VoiceWorld.open({
    maxConnections: MAX_CONNECTIONS,
    maxUsersPerChannel: 2,
    ...(redis !== undefined && { redis }),
  });
  const { organization, lobby } = await world.organization(tag, 'alice', 'bob');
  const clients = [await world.connect(tag, 'alice'), await world.connect(tag, 'bob')];
  for (const client of clients) await client.join(lobby);
  const [alice = sessionId(1), bob = sessionId(1)] = clients.map(({ identity }) => sessionId(identity.sessionId));
  const { services, registry, occupancyStore: store, sessions, occupancy, presence } = world;
  const { events } = services.test;
  const logger = pino({ level: 'silent' });
  const identities = new IdentityWatch(services.auth, logger);
  const nowMs = () => performance.now();
  const { permissions, channels } = services;
  const live = new LiveService({ permissions, channels, sessions, identities, events, logger, nowMs });
  const request = { organizationId: organization.id, scope: { kind: 'session' as const }, after: null };
  await live.read(services.system, request, () => undefined);
  const stored =
    redis === undefined || presence === null
      ? null
      : { account: new RedisAccount(redis), node: presence.occupancy.node };
  const check = new OccupancyCheck({
    ...{ registry, store, sessions, occupancy, live, events },
    redis: stored,
    feed: world.host.feed,
    maxConnections: MAX_CONNECTIONS,
    maxJoinedChannels: 1,
  });
  const end = async () => {
    check.close();
    live.close();
    identities.stop();
    await world.close();
  };
  return { world, check, organizationId: organization.id, lobby, alice, bob, clients, end };
}

/** What is found once nothing is under way any more. */
async function settled(scene: Scene): Promise<void> {
  await eventually(async () => (await found(scene)).length === 0);
}

async function found({ check, organizationId }: Scene): Promise<readonly Difference[]> {
  return [...(await check.look(organizationId)), ...(await check.lookAtNode())];
}

describe('the check of who is where, in memory', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene();
  });
  afterAll(() => scene.end());

  it('finds nothing where everything is as it should be, however people come and go', async () => {
    await settled(scene);
    const [alice, bob] = scene.clients;
    await alice?.leave(scene.lobby);
    await bob?.setSelfState({ muted: true, deafened: true });
    await settled(scene);
    await bob?.setSelfState({ muted: false, deafened: false });
    await alice?.join(scene.lobby);
    await settled(scene);
  });

  it('finds that the relay forwards to somebody who is not there, and not for somebody who is', async () => {
    const { world, lobby, alice, bob } = scene;
    world.relay.update({ type: 'set_route', target: lobby, epoch: 0, listeners: [alice], speakers: [alice, bob] });
    expect(await found(scene)).toEqual([{ invariant: 'relay_members', subject: `session ${bob} in channel ${lobby}` }]);
    world.relay.update({ type: 'remove_session', sessionId: alice });
    expect(await found(scene)).toContainEqual({ invariant: 'relay_members', subject: `session ${alice}` });
    await settled(scene);
  });

  it('finds a member whom the store has lost, and that GraphQL and the relay say otherwise', async () => {
    const { world, lobby, bob } = scene;
    await world.occupancyStore.leave(lobby, bob);
    const subject = `session ${bob} in channel ${lobby}`;
    expect(await found(scene)).toEqual([
      { invariant: 'relay_members', subject },
      { invariant: 'told_members', subject },
    ]);
    await world.occupancyStore.join(lobby, { id: bob, userId: scene.world.registry.find(bob)?.userId ?? NOBODY }, 2);
    await settled(scene);
  });

  it('finds a channel in which more are than fit in, and a session that is in more channels than it may be', async () => {
    const { world, lobby, bob } = scene;
    const ghost = sessionId(4_000_000_000);
    await world.occupancyStore.join(lobby, { id: ghost, userId: NOBODY }, 3);
    await world.occupancyStore.join(channelId(lobby + 1000), { id: bob, userId: NOBODY }, 3);
    const differences = await found(scene);
    expect(differences).toContainEqual({ invariant: 'quotas', subject: `channel ${lobby}` });
    expect(differences).toContainEqual({ invariant: 'quotas', subject: `session ${bob}` });
    expect(differences).toContainEqual({
      invariant: 'told_members',
      subject: `session ${ghost} in channel ${lobby}`,
    });
    await world.occupancyStore.leaveAll(ghost);
    await world.occupancyStore.leave(channelId(lobby + 1000), bob);
    await settled(scene);
  });

  it('finds a user with two sessions, and more sessions than the node may have', async () => {
    const { world, bob } = scene;
    const session = world.registry.find(bob);
    if (session === undefined) throw new Error('bob is connected');
    const others = [sessionId(4_000_000_001), sessionId(4_000_000_002)];
    for (const id of others) world.registry.put({ ...session, id });
    const differences = await found(scene);
    expect(differences).toContainEqual({ invariant: 'one_session_per_user', subject: `session ${bob}` });
    expect(differences).toContainEqual({ invariant: 'quotas', subject: 'sessions of this node' });
    for (const id of others) world.registry.remove(id);
    world.registry.put(session);
    await settled(scene);
  });
});

describe('the check of who is where, in Redis', () => {
  let redis: TestRedis;
  let link: RedisLink;
  let scene: Scene;
  beforeAll(async () => {
    redis = await TestRedis.start();
    link = await redis.link();
    scene = await openScene(link);
  });
  afterAll(async () => {
    await scene.end();
    await redis.stop();
  });

  it('finds what Redis has lost of a member, by each of the keys', async () => {
    await settled(scene);
    const { lobby, bob } = scene;
    const user = scene.world.registry.find(bob)?.userId ?? NOBODY;
    const subject = `session ${bob} in channel ${lobby}`;
    await link.commands.srem(`user_channels:${user}`, lobby);
    expect(await found(scene)).toEqual([{ invariant: 'stored_members', subject }]);
    await link.commands.sadd(`user_channels:${user}`, lobby);
    await link.commands.srem(`channel_members:${lobby}`, user);
    expect(await found(scene)).toEqual([{ invariant: 'stored_members', subject: `users of channel ${lobby}` }]);
    await link.commands.sadd(`channel_members:${lobby}`, user);
    await settled(scene);
    await link.commands.zrem(`parley:channel:${lobby}`, bob);
    expect(await found(scene)).toContainEqual({ invariant: 'stored_members', subject });
    await link.commands.zadd(`parley:channel:${lobby}`, 1, bob);
    await settled(scene);
  });

  it('finds a session that Redis still has and nobody else, and a user who is elsewhere by Redis', async () => {
    const { bob, world } = scene;
    const node = world.presence?.occupancy.node ?? '';
    const user = world.registry.find(bob)?.userId ?? NOBODY;
    await link.commands.sadd(`parley:node_sessions:${node}`, 4_000_000_000);
    await link.commands.hset(`session:${user}`, 'session_id', 4_000_000_001);
    const differences = await found(scene);
    expect(differences).toContainEqual({ invariant: 'stored_members', subject: 'session 4000000000' });
    expect(differences).toContainEqual({ invariant: 'one_session_per_user', subject: `session ${bob}` });
    await link.commands.srem(`parley:node_sessions:${node}`, 4_000_000_000);
    await link.commands.hset(`session:${user}`, 'session_id', bob);
    await settled(scene);
  });

  it('says nothing of Redis while it is away, and finds that all is well when it is back', async () => {
    await redis.kill();
    expect(await found(scene)).toEqual([]);
    await redis.run();
    await eventually(() => link.isReady);
    await settled(scene);
    expect(await link.commands.scard(`channel_members:${scene.lobby}`)).toBe(2);
  });
});

describe('the watch', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene();
  });
  afterAll(() => scene.end());

  function openWatch() {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
    // The pause between both looks is this long too.
    const watch = new InvariantWatch({ check: scene.check, intervalMs: 1000, logger });
    const violations = async () => (await watch.metrics[0]?.get())?.values ?? [];
    return { watch, lines, violations };
  }

  it('tells what lasts by a metric and a line of the log, and takes it back', async () => {
    await settled(scene);
    const { watch, lines, violations } = openWatch();
    const { world, lobby } = scene;
    const ghost = sessionId(4_000_000_000);
    await world.occupancyStore.join(lobby, { id: ghost, userId: NOBODY }, 3);
    const found = await watch.check();
    expect(found).toContainEqual({ invariant: 'quotas', subject: `channel ${lobby}` });
    expect(await violations()).toContainEqual({ labels: { invariant: 'quotas' }, value: 1 });
    expect(lines.map((line) => JSON.parse(line).level)).toContain(50);
    expect(lines.join()).toContain(`quotas: channel ${lobby}`);
    await world.occupancyStore.leaveAll(ghost);
    await eventually(async () => (await watch.check()).length === 0);
    expect(await violations()).toContainEqual({ labels: { invariant: 'quotas' }, value: 0 });
    await watch.stop();
  });

  it('tells nothing of a difference that is gone at the second look', async () => {
    await settled(scene);
    const { watch, lines, violations } = openWatch();
    const { world, lobby, alice } = scene;
    world.relay.update({ type: 'set_route', target: lobby, epoch: 0, listeners: [], speakers: [] });
    const checking = watch.check();
    await scene.clients[0]?.setSelfState({ muted: true, deafened: true });
    await scene.clients[0]?.setSelfState({ muted: false, deafened: false });
    expect((await checking).filter(({ subject }) => subject.includes(String(alice)))).toEqual([]);
    expect((await violations()).map(({ value }) => value)).toEqual([0, 0, 0, 0, 0]);
    expect(lines).toEqual([]);
    await watch.stop();
  });
});
