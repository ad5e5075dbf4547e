/** A whole voice door over real TLS, UDP and PostgreSQL, and short ways to put people into it. */
import { randomInt } from 'node:crypto';
import { type Logger, pino } from 'pino';
import { VoiceClient, type VoiceClientOptions } from '../../src/client/voice-client.js';
import type { ChannelId, RoleId } from '../../src/ids.js';
import { MemoryOccupancy } from '../../src/occupancy/memory-occupancy.js';
import type { Occupancy } from '../../src/occupancy/occupancy.js';
import { OccupancyService } from '../../src/occupancy/occupancy.service.js';
import { RedisPresence } from '../../src/occupancy/redis-presence.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import type { RedisLink } from '../../src/redis/redis-link.js';
import { ModerationService } from '../../src/sessions/moderation.service.js';
import { SessionService } from '../../src/sessions/session.service.js';
import { SessionIds } from '../../src/sessions/session-ids.js';
import { SessionRegistry } from '../../src/sessions/session-registry.js';
import type { User } from '../../src/users/user.entity.js';
import type { RelayHost } from '../../src/voice/relay-host.js';
import { RelayPool } from '../../src/voice/relay-pool.js';
import { SessionHost } from '../../src/voice/session-host.js';
import { VoiceDoor } from '../../src/voice/voice-door.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD, TestServices } from '../support/test-services.js';
import { RawControl } from './raw-control.js';
import { selfSigned } from './self-signed.js';

export interface VoiceWorldOptions {
  readonly maxConnections?: number;
  readonly maxUsersPerChannel?: number;
  readonly maxJoinedChannels?: number;
  readonly handshakeTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly resumeTimeoutMs?: number;
  /** Workers of the relay; 1 where it is left out. */
  readonly workers?: number;
  /** Where who is where is kept; left out, in memory. */
  readonly redis?: RedisLink;
  readonly handshakeRate?: { readonly perSecond: number; readonly burst: number };
}

export class VoiceWorld {
  readonly services: TestServices;
  readonly occupancyStore: Occupancy;
  /** Null where there is no Redis. */
  readonly presence: RedisPresence | null;
  readonly registry: SessionRegistry;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  readonly moderation: ModerationService;
  /** What was logged as JSON, at the levels warn and above. */
  readonly complaints: string[] = [];
  readonly pool: RelayPool;
  /** The first worker. */
  readonly relay: RelayHost;
  readonly #clients: { close(): Promise<void> }[] = [];
  #host: SessionHost | undefined;
  #door: VoiceDoor | undefined;

  static async open(options: VoiceWorldOptions = {}): Promise<VoiceWorld> {
    const services = await TestServices.create();
    const relay = await RelayPool.start({
      workers: options.workers ?? 1,
      bindAddress: '127.0.0.1',
      port: 0,
      maxBitrate: 1_000_000,
      logger: pino({ level: 'silent' }),
    });
    const registry = new SessionRegistry();
    const { events } = services.test;
    const logger = pino({ level: 'silent' });
    const node = 'the node of the test';
    const presence =
      options.redis === undefined
        ? null
        : await RedisPresence.start({ link: options.redis, node, registry, events, logger });
    const world = new VoiceWorld(services, relay, { registry, presence }, options);
    presence?.use(world);
    await world.#start(options);
    return world;
  }

  private constructor(
    services: TestServices,
    pool: RelayPool,
    { registry, presence }: { readonly registry: SessionRegistry; readonly presence: RedisPresence | null },
    options: VoiceWorldOptions,
  ) {
    const { events } = services.test;
    const { maxConnections = 2000, maxUsersPerChannel = 50, maxJoinedChannels = 16 } = options;
    const ids = new SessionIds(randomInt(1, 2 ** 32));
    const occupancyStore = presence?.occupancy ?? new MemoryOccupancy();
    this.registry = registry;
    this.presence = presence;
    this.occupancyStore = occupancyStore;
    this.services = services;
    const [relay] = pool.hosts;
    if (relay === undefined) throw new Error('a pool has one worker at least');
    this.pool = pool;
    this.relay = relay;
    this.sessions = new SessionService(registry, ids, occupancyStore, services.permissions, events, { maxConnections });
    const limits = { maxUsersPerChannel, maxJoinedChannels };
    this.occupancy = new OccupancyService(
      services.channels,
      services.permissions,
      registry,
      occupancyStore,
      events,
      limits,
    );
    this.moderation = new ModerationService(
      services.test.database,
      services.permissions,
      this.sessions,
      this.occupancy,
    );
  }

  get host(): SessionHost {
    if (this.#host === undefined) throw new Error('the door is not open');
    return this.#host;
  }

  get door(): VoiceDoor {
    if (this.#door === undefined) throw new Error('the door is not open');
    return this.#door;
  }

  /** An organization with these users, who hold the role `member`. */
  async organization(
    tag: string,
    ...usernames: readonly string[]
  ): Promise<{ readonly organization: Organization; readonly users: readonly User[]; readonly lobby: ChannelId }> {
    const organization = await this.services.organization(tag);
    const users: User[] = [];
    for (const username of usernames) users.push(await this.services.user(organization, username));
    const [lobby] = await this.services.channels.tree(this.services.system, organization.id);
    if (lobby === undefined) throw new Error('an organization is born with a channel');
    return { organization, users, lobby: lobby.id };
  }

  async memberRole(organization: Organization): Promise<RoleId> {
    const page = await this.services.roles.list(this.services.system, organization.id, { first: 100, after: null });
    const role = page.items.find(({ name }) => name === 'member');
    if (role === undefined) throw new Error('an organization is born with the role member');
    return role.id;
  }

  async connect(
    organizationTag: string,
    username: string,
    options: Partial<VoiceClientOptions> = {},
  ): Promise<VoiceClient> {
    const client = await VoiceClient.connect({
      host: '127.0.0.1',
      port: this.door.port,
      insecure: true,
      credentials: { organizationTag, username, password: PASSWORD },
      clientName: 'test',
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  async raw(): Promise<RawControl> {
    const raw = await RawControl.open(this.door.port);
    this.#clients.push(raw);
    return raw;
  }

  /** Ends all that was connected, and waits until the server knows. */
  async disconnectAll(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    await eventually(() => this.registry.size === 0 && this.door.counters().newcomers === 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    await this.door.close();
    this.#host?.close();
    await this.presence?.stop();
    await this.pool.close();
    await this.services.drop();
  }

  async #start({
    handshakeTimeoutMs = 10_000,
    idleTimeoutMs = 30_000,
    resumeTimeoutMs = 30_000,
    maxJoinedChannels = 16,
    handshakeRate,
  }: VoiceWorldOptions) {
    const { services, sessions, occupancy, moderation, pool } = this;
    const { auth, permissions, channels, organizations, users, bans } = services;
    const logger = this.#logger();
    this.#host = new SessionHost({
      terms: {
        serverName: 'Parley test',
        maxBitrate: 1_000_000,
        defaultBitrate: 32_000,
        maxJoinedChannels,
        idleTimeoutMs,
        resumeTimeoutMs,
        udpHost: '',
      },
      services: { auth, sessions, occupancy, moderation, permissions, channels, organizations, users, bans },
      relay: pool,
      events: services.test.events,
      logger,
    });
    this.#door = await VoiceDoor.start({
      bindAddress: '127.0.0.1',
      port: 0,
      tls: await selfSigned(),
      handshakeTimeoutMs,
      ...(handshakeRate !== undefined && { handshakeRate }),
      host: this.#host,
      logger,
    });
  }

  #logger(): Logger {
    return pino({ level: 'warn' }, { write: (line: string) => this.complaints.push(line) });
  }
}
