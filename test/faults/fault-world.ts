import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { FaultProxy } from '../support/fault-proxy.js';
import { TestRedis } from '../support/test-redis.js';
import type { FaultCrowd } from './fault-crowd.js';
import { FaultNode } from './fault-node.js';
import { FaultPostgres } from './fault-postgres.js';
import { buildFaultTown, type FaultTown } from './fault-town.js';

export interface FaultWorldOptions {
  readonly nodes: number;
  readonly users: number;
  readonly channels: number;
  /** 900, as by default, where it is left out. */
  readonly accessTokenTtlS?: number;
  /** More settings of each node. */
  readonly environment?: Readonly<Record<string, string>>;
}

const ADMIN_PASSWORD = 'a password for the faults';
const DEFAULT_TTL_S = 900;
const POLL_MS = 100;

/** PostgreSQL, Redis and nodes, each a process of its own, every way between them through a proxy. */
export class FaultWorld {
  readonly postgres: FaultPostgres;
  readonly redis: TestRedis;
  readonly nodes: readonly FaultNode[];
  readonly town: FaultTown;
  /** Of a platform admin. */
  readonly adminToken: string;
  readonly #toRedis: readonly FaultProxy[];

  static async start(options: FaultWorldOptions): Promise<FaultWorld> {
    const { accessTokenTtlS = DEFAULT_TTL_S, users } = options;
    const closers: (() => Promise<void>)[] = [];
    try {
      const postgres = await FaultPostgres.start();
      closers.push(() => postgres.stop());
      const redis = await TestRedis.start();
      closers.push(() => redis.stop());
      const jwtSecret = randomBytes(24).toString('hex');
      const toRedis: FaultProxy[] = [];
      const nodes: FaultNode[] = [];
      for (let index = 0; index < options.nodes; index += 1) {
        const [pg, rd] = [await postgres.proxy(), await FaultProxy.start({ port: redis.port })];
        toRedis.push(rd);
        closers.push(() => rd.close());
        const environment = {
          PARLEY_ADMIN_PASSWORD: ADMIN_PASSWORD,
          PARLEY_DATABASE_URL: postgres.urlThrough(pg),
          PARLEY_REDIS_URL: `redis://127.0.0.1:${rd.port}`,
          PARLEY_SECURITY_JWT_SECRET: jwtSecret,
          PARLEY_SECURITY_ACCESS_TOKEN_TTL_S: String(accessTokenTtlS),
          PARLEY_SERVER_MAX_CONNECTIONS: String(users + 100),
          PARLEY_LIMITS_MAX_USERS_PER_ORG: String(users + 100),
          PARLEY_LIMITS_MAX_USERS_PER_CHANNEL: '1000',
          PARLEY_METRICS_INVARIANTS_INTERVAL_S: '1',
          PARLEY_MUMBLE_ENABLED: 'false',
          PARLEY_LOG_FORMAT: 'json',
          ...options.environment,
        };
        const node = await FaultNode.start({ name: `node-${index}`, environment, toPostgres: pg, toRedis: rd });
        nodes.push(node);
        closers.push(() => node.stop());
      }
      const [first] = nodes;
      if (first === undefined) throw new Error('a world has one node at least');
      const town = await buildFaultTown({
        ...{ postgres, jwtSecret, accessTokenTtlS, users },
        url: first.url,
        adminPassword: ADMIN_PASSWORD,
        channels: options.channels,
      });
      const adminToken = await first.api.login(null, 'admin', ADMIN_PASSWORD);
      return new FaultWorld({ postgres, redis, nodes, town, adminToken, toRedis });
    } catch (error) {
      for (const close of closers.reverse()) await close();
      throw error;
    }
  }

  private constructor(parts: {
    readonly postgres: FaultPostgres;
    readonly redis: TestRedis;
    readonly nodes: readonly FaultNode[];
    readonly town: FaultTown;
    readonly adminToken: string;
    readonly toRedis: readonly FaultProxy[];
  }) {
    this.postgres = parts.postgres;
    this.redis = parts.redis;
    this.nodes = parts.nodes;
    this.town = parts.town;
    this.adminToken = parts.adminToken;
    this.#toRedis = parts.toRedis;
  }

  /** The first node. */
  get node(): FaultNode {
    const [node] = this.nodes;
    if (node === undefined) throw new Error('a world has one node at least');
    return node;
  }

  /** A platform admin's new token, by the password. */
  login(): Promise<string> {
    return this.node.api.login(null, 'admin', ADMIN_PASSWORD);
  }

  /** Waits until GraphQL of every node that runs, and Redis, say what the clients know. Returns how long it took in milliseconds, and what was still wrong after `limitMs`. */
  async untilExact(crowd: FaultCrowd, limitMs: number): Promise<{ readonly tookMs: number; readonly wrong: string[] }> {
    const startMs = performance.now();
    for (;;) {
      const wrong = await this.differences(crowd);
      const tookMs = performance.now() - startMs;
      if (wrong.length === 0 || tookMs > limitMs) return { tookMs, wrong };
      await sleep(POLL_MS);
    }
  }

  /** What GraphQL and Redis say otherwise than the clients know. */
  async differences(crowd: FaultCrowd): Promise<string[]> {
    const told = await Promise.all(
      this.nodes.filter(({ hasEnded }) => !hasEnded).map((node, index) => this.#toldBy(node, index, crowd)),
    );
    return [...told.flat(), ...(await this.#toldByRedis(crowd))];
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    for (const proxy of this.#toRedis) await proxy.close();
    await this.redis.stop();
    await this.postgres.stop();
  }

  async #toldBy({ api }: FaultNode, index: number, { held }: FaultCrowd): Promise<string[]> {
    const { organizationId } = this.town;
    try {
      const told = new Set(await api.sessionIds(this.adminToken, organizationId));
      const channels = await api.channels(this.adminToken, organizationId);
      const occupied = Map.groupBy([...held.values()].flat(), (channelId) => channelId);
      return [
        ...[...told].filter((id) => !held.has(id)).map((id) => `node ${index}: ghost ${id}`),
        ...[...held.keys()].filter((id) => !told.has(id)).map((id) => `node ${index}: missing ${id}`),
        ...channels
          .filter(({ id, occupancy }) => occupancy !== (occupied.get(id)?.length ?? 0))
          .map(({ id, occupancy }) => `node ${index}: ${occupancy} in channel ${id}`),
      ];
    } catch (error) {
      return [`node ${index}: ${String(error)}`];
    }
  }

  async #toldByRedis(crowd: FaultCrowd): Promise<string[]> {
    const redis = new Redis(this.redis.path, { lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      const sessionIds = await Promise.all(this.town.userIds.map((id) => redis.hget(`session:${id}`, 'session_id')));
      const wrong = this.town.userIds.flatMap((_id, user) => {
        const [stored, own] = [sessionIds[user] ?? null, crowd.sessionIdOf(user)];
        return stored === own ? [] : [`Redis: user ${user} has session ${stored} and not ${own}`];
      });
      const members = await Promise.all(this.town.channelIds.map((id) => redis.scard(`channel_members:${id}`)));
      const occupied = Map.groupBy([...crowd.held.values()].flat(), (channelId) => channelId);
      const counts = this.town.channelIds.flatMap((id, index) => {
        const count = occupied.get(id)?.length ?? 0;
        return members[index] === count ? [] : [`Redis: ${members[index]} and not ${count} in channel ${id}`];
      });
      return [...wrong, ...counts];
    } catch (error) {
      return [`Redis: ${String(error)}`];
    } finally {
      redis.disconnect();
    }
  }
}
