/** The composition root: every part of the server is made here, and handed what it needs. */
import 'reflect-metadata';
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ApiKeyService } from './api-keys/api-key.service.js';
import { auditRoutes, EXPORT_PATH } from './audit/audit.routes.js';
import { AuditService } from './audit/audit.service.js';
import { AccessTokens } from './auth/access-token.js';
import { AuthService } from './auth/auth.service.js';
import { ensureFirstAdministrator } from './auth/first-administrator.js';
import { IdentityWatch } from './auth/identity-watch.js';
import { PasswordHasher } from './auth/password-hasher.js';
import { RefreshTokens } from './auth/refresh-tokens.js';
import type { BannerFacts } from './banner.js';
import { BanService } from './bans/ban.service.js';
import { ChannelService } from './channels/channel.service.js';
import { ChannelAclService } from './channels/channel-acl.service.js';
import { RedisChannelSets } from './channels/redis-channel-sets.js';
import { Closers } from './closers.js';
import type { Config } from './config.js';
import { DataFolder } from './data-folder.js';
import { Database } from './database/database.js';
import type { DatabaseConnection } from './database/database-connection.js';
import { EmbeddedPostgres } from './database/embedded-postgres.js';
import type { EventBus } from './events/event-bus.js';
import { MemoryEventBus } from './events/memory-event-bus.js';
import { RedisEventBus } from './events/redis-event-bus.js';
import { CostBudget } from './graphql/cost-budget.js';
import type { ContextOptions } from './graphql/graphql-context.js';
import { startGraphqlServer } from './graphql/graphql-server.js';
import { createHttpApp } from './graphql/http-door.js';
import { createSchema } from './graphql/schema.js';
import { SubscriptionDoor } from './graphql/subscription-door.js';
import { Health } from './health/health.js';
import { HEALTH_PATH, healthRoutes } from './health/health.routes.js';
import { Housekeeping } from './housekeeping.js';
import { HttpListener } from './http/http-listener.js';
import { InvitationService } from './invitations/invitation.service.js';
import { jwtSecret } from './jwt-secret.js';
import { LiveService } from './live/live.service.js';
import { SpeakingWatch } from './live/speaking-watch.js';
import { Metrics } from './metrics.js';
import { metricsHandler } from './metrics-handler.js';
import { MumbleDoor } from './mumble/mumble-door.js';
import { MemoryOccupancy } from './occupancy/memory-occupancy.js';
import type { Occupancy } from './occupancy/occupancy.js';
import { OccupancyService } from './occupancy/occupancy.service.js';
import { RedisPresence } from './occupancy/redis-presence.js';
import { OrganizationService } from './organizations/organization.service.js';
import { PermissionService } from './permissions/permission.service.js';
import { PermissionInsightService } from './permissions/permission-insight.service.js';
import { RedisLink } from './redis/redis-link.js';
import { createRestRouter, REST_PATH } from './rest/rest-door.js';
import { RoleService } from './roles/role.service.js';
import { ModerationService } from './sessions/moderation.service.js';
import { SessionService } from './sessions/session.service.js';
import { SessionIds } from './sessions/session-ids.js';
import { SessionRegistry } from './sessions/session-registry.js';
import { VoiceQualityService } from './sessions/voice-quality.service.js';
import { type TlsCertificate, tlsCertificate } from './tls-certificate.js';
import { UserService } from './users/user.service.js';
import { VERSION } from './version.js';
import { RelayPool } from './voice/relay-pool.js';
import { SessionHost } from './voice/session-host.js';
import type { VoiceTerms } from './voice/session-opening.js';
import { VoiceDoor } from './voice/voice-door.js';

export interface ServerOptions {
  readonly config: Config;
  /** For the first administrator, where there is none yet. One is made up where it is undefined. */
  readonly adminPassword: string | undefined;
  readonly logger: Logger;
  /** Ends a start that is not complete yet. */
  readonly signal: AbortSignal;
}

/** How many passwords may wait to be hashed: a thousand people who come back at once. */
const MAX_WAITING_PASSWORDS = 2000;

/** A whole running server. */
export class Server {
  /** Where it is reached, for whoever started it. */
  readonly facts: BannerFacts;
  readonly #closers: Closers;
  readonly #health: Health;

  /** Resolves when all doors are open. Throws AppError, in one line, where something is in the way, and the signal's reason; nothing is left then. */
  static async start(options: ServerOptions): Promise<Server> {
    const closers = new Closers(options.signal);
    try {
      return await assemble(options, closers);
    } catch (error) {
      await closers.close();
      throw error;
    }
  }

  constructor(facts: BannerFacts, closers: Closers, health: Health) {
    this.facts = facts;
    this.#closers = closers;
    this.#health = health;
  }

  /** Says goodbye to everybody, ends in the reverse order of the start, and keeps what was committed. */
  async stop(): Promise<void> {
    this.#health.stopping();
    await this.#closers.close();
  }
}

async function assemble(options: ServerOptions, closers: Closers): Promise<Server> {
  const { config, adminPassword, logger } = options;
  const folder = await DataFolder.open(config.data_dir);
  closers.add(() => folder.close());
  const certificate = await tlsCertificate(configuredCertificate(config), folder);
  warnOfCertificate(certificate, logger);
  const secret = await jwtSecret(config.security.jwt_secret, folder);
  const redis = await openRedis(options, closers);
  const events = await openEvents(redis, logger);
  const database = await openDatabase(options, folder, events, closers);
  const registry = new SessionRegistry();
  const presence = redis === null ? null : await openPresence({ redis, registry, events, logger }, closers);
  const store = presence?.occupancy ?? new MemoryOccupancy();
  const decisions = makeServices(config, { database, events, secret, registry, store });
  presence?.use(decisions);
  if (redis !== null) {
    const { organizations, channels } = decisions;
    const sets = new RedisChannelSets({ link: redis, events, organizations, channels, logger });
    closers.add(() => sets.close());
  }

  const relay = await RelayPool.start({
    workers: config.voice.workers,
    bindAddress: config.server.bind_address,
    port: config.server.voice_port,
    maxBitrate: config.audio.max_bitrate,
    backend: config.voice.backend,
    logger,
  });
  closers.add(() => relay.close());
  const services = { ...decisions, voiceQuality: new VoiceQualityService(decisions.sessions, relay) };
  const host = new SessionHost({ terms: voiceTerms(config), services, relay, events, logger });
  closers.add(() => host.close());
  const parts = { host, services, events, certificate, logger };
  const voiceDoor = await openVoiceDoor(config, parts);
  closers.add(() => voiceDoor.close());
  const mumbleDoor = config.mumble.enabled ? await openMumbleDoor(config, parts) : null;
  closers.add(() => mumbleDoor?.close());
  const live = openLive(services, relay, events, logger, closers);
  const health = new Health([
    { name: 'database', run: () => database.ping() },
    ...(redis === null ? [] : [{ name: 'redis', run: () => redis.commands.ping() }]),
    { name: 'voice_relay', run: () => relay.check() },
  ]);
  const http = await openHttpDoor(options, { services, health, certificate, live }, closers);
  const { listener, subscriptions } = http;
  await openMetrics(options, { relay, voiceDoor, mumbleDoor, database, live: live.service, subscriptions }, closers);

  // The last step that can fail: a password that was made up must be shown.
  const administrator = await ensureFirstAdministrator(database, services.hasher, adminPassword);
  const auditRetentionDays = config.audit.retention_days;
  const housekeeping = new Housekeeping({ database, audit: services.audit, auditRetentionDays, logger });
  closers.add(() => housekeeping.stop());
  health.started();
  const opened = { http: listener, voiceDoor, mumbleDoor, relay, certificate };
  const facts = factsOf(config, folder, opened, administrator);
  return new Server(facts, closers, health);
}

function configuredCertificate({ security: { tls_cert: cert, tls_key: key } }: Config) {
  return cert === null || key === null ? null : { cert, key };
}

function warnOfCertificate({ validTo }: TlsCertificate, logger: Logger): void {
  if (validTo.getTime() < Date.now()) logger.warn({ valid_to: validTo.toISOString() }, 'the certificate has expired');
}

/** Null where there is one process alone. */
async function openRedis({ config, logger }: ServerOptions, closers: Closers): Promise<RedisLink | null> {
  if (config.redis.url === null) return null;
  const link = await RedisLink.connect(config.redis.url, logger);
  closers.add(() => link.close());
  return link;
}

async function openPresence(
  {
    redis: link,
    registry,
    events,
    logger,
  }: { redis: RedisLink; registry: SessionRegistry; events: EventBus; logger: Logger },
  closers: Closers,
): Promise<RedisPresence> {
  const presence = await RedisPresence.start({ link, registry, events, logger });
  closers.add(() => presence.stop());
  return presence;
}

async function openEvents(link: RedisLink | null, logger: Logger): Promise<EventBus> {
  const local = new MemoryEventBus((err, { type }) =>
    logger.error({ err, type }, 'bug: a listener to an event failed'),
  );
  return link === null ? local : RedisEventBus.start({ link, local, logger });
}

async function openDatabase(
  { config, logger, signal }: ServerOptions,
  folder: DataFolder,
  events: EventBus,
  closers: Closers,
): Promise<Database> {
  const maxConnections = config.database.max_connections;
  let connection: DatabaseConnection;
  if (config.database.url === null) {
    const at = { folder: join(folder.path, 'postgres'), maxConnections };
    const postgres = await EmbeddedPostgres.start({ ...at, logger, signal });
    closers.add(() => postgres.stop());
    connection = { kind: 'socket', ...postgres.connection };
  } else {
    connection = { kind: 'url', url: config.database.url };
  }
  const database = await Database.connect({ connection, maxConnections, events, logger });
  closers.add(() => database.close());
  const migrations = await database.migrate();
  if (migrations.length > 0) logger.info({ migrations }, 'database migrated');
  return database;
}

type Services = ReturnType<typeof makeServices> & { readonly voiceQuality: VoiceQualityService };

interface ServiceParts {
  readonly database: Database;
  readonly events: EventBus;
  /** Signs access tokens. */
  readonly secret: string;
  readonly registry: SessionRegistry;
  readonly store: Occupancy;
}

function makeServices({ server, security, limits }: Config, parts: ServiceParts) {
  const { database, events, secret, registry, store } = parts;
  const hasher = new PasswordHasher({
    concurrency: Math.max(1, availableParallelism() - 1),
    maxWaiting: MAX_WAITING_PASSWORDS,
  });
  const accessTokens = new AccessTokens({ secret, ttlS: security.access_token_ttl_s });
  const refreshTokens = new RefreshTokens(database, security.refresh_token_ttl_s);
  const permissions = new PermissionService(database);
  const auth = new AuthService(database, hasher, accessTokens, refreshTokens);
  const organizations = new OrganizationService(database, permissions, hasher, {
    maxUsers: limits.max_users_per_org,
    maxChannels: limits.max_channels_per_org,
  });
  const users = new UserService(database, permissions, auth, hasher, {
    maxUsersPerOrganization: limits.max_users_per_org,
  });
  const roles = new RoleService(database, permissions);
  const channels = new ChannelService(database, permissions, hasher, {
    maxChannelsPerOrganization: limits.max_channels_per_org,
    maxUsersPerChannel: limits.max_users_per_channel,
  });
  const acl = new ChannelAclService(database, permissions);
  const bans = new BanService(database, permissions);
  const audit = new AuditService(database, permissions);
  const invitations = new InvitationService(database, permissions, users, auth);
  const apiKeys = new ApiKeyService(database, permissions);
  const insight = new PermissionInsightService(database, permissions);
  const sessionIds = new SessionIds(randomInt(1, 2 ** 32));
  const sessions = new SessionService(registry, sessionIds, store, permissions, events, {
    maxConnections: server.max_connections,
  });
  const occupancy = new OccupancyService(channels, permissions, registry, store, events, {
    maxUsersPerChannel: limits.max_users_per_channel,
    maxJoinedChannels: limits.max_joined_channels,
  });
  const moderation = new ModerationService(database, permissions, sessions, occupancy);
  const management = { organizations, users, roles, channels, acl, bans, audit, invitations, apiKeys, insight };
  return { ...management, hasher, permissions, auth, sessions, occupancy, moderation };
}

interface VoiceParts {
  readonly host: SessionHost;
  readonly services: Services;
  readonly events: EventBus;
  readonly certificate: TlsCertificate;
  readonly logger: Logger;
}

function voiceTerms({ server, audio, limits }: Config): VoiceTerms {
  return {
    serverName: `Parley ${VERSION}`,
    maxBitrate: audio.max_bitrate,
    defaultBitrate: audio.default_bitrate,
    maxJoinedChannels: limits.max_joined_channels,
    idleTimeoutMs: server.idle_timeout_ms,
    resumeTimeoutMs: server.resume_timeout_ms,
  };
}

function openVoiceDoor({ server }: Config, { host, certificate, logger }: VoiceParts): Promise<VoiceDoor> {
  return VoiceDoor.start({
    host,
    logger,
    bindAddress: server.bind_address,
    port: server.control_port,
    tls: certificate,
    handshakeTimeoutMs: server.handshake_timeout_ms,
  });
}

function openMumbleDoor({ server, mumble }: Config, { certificate, ...parts }: VoiceParts): Promise<MumbleDoor> {
  return MumbleDoor.start({
    ...parts,
    bindAddress: server.bind_address,
    port: mumble.port,
    tls: certificate,
    handshakeTimeoutMs: server.handshake_timeout_ms,
    tenants: { hostPattern: mumble.host_pattern, defaultOrganization: mumble.default_organization },
    answerPings: mumble.answer_pings,
    maxUsers: server.max_connections,
  });
}

interface LiveParts {
  readonly service: LiveService;
  readonly identities: IdentityWatch;
}

function openLive(services: Services, relay: RelayPool, events: EventBus, logger: Logger, closers: Closers): LiveParts {
  const identities = new IdentityWatch(services.auth, logger);
  closers.add(() => identities.stop());
  const { permissions, channels, sessions } = services;
  const nowMs = () => performance.now();
  const service = new LiveService({ permissions, channels, sessions, identities, events, logger, nowMs });
  closers.add(() => service.close());
  const speaking = new SpeakingWatch({ relays: relay.hosts, sessions, events, nowMs });
  closers.add(() => speaking.stop());
  return { service, identities };
}

interface HttpParts {
  readonly services: Services;
  readonly health: Health;
  readonly certificate: TlsCertificate;
  readonly live: LiveParts;
}

interface HttpDoors {
  readonly listener: HttpListener;
  readonly subscriptions: SubscriptionDoor;
}

async function openHttpDoor(
  { config: { environment, server, limits }, logger }: ServerOptions,
  { services, health, certificate, live }: HttpParts,
  closers: Closers,
): Promise<HttpDoors> {
  const schema = await createSchema(services);
  const budget = new CostBudget({ costPerMinute: limits.graphql_cost_per_minute, now: () => performance.now() });
  const graphql = await startGraphqlServer({ schema, environment, logger, budget });
  closers.add(() => graphql.stop());
  const authenticate: ContextOptions['authenticate'] = (token, remoteAddress) =>
    services.auth.authenticate(token, remoteAddress);
  const app = createHttpApp({
    graphql,
    context: { authenticate, sources: services, logger },
    mounts: [
      { path: HEALTH_PATH, handler: healthRoutes(health) },
      { path: REST_PATH, handler: createRestRouter(services, logger) },
      { path: EXPORT_PATH, handler: auditRoutes({ audit: services.audit, authenticate, logger }) },
    ],
    tls: server.http_tls,
    logger,
  });
  const subscriptions = new SubscriptionDoor({
    ...{ schema, budget, logger, sources: services, live: live.service, identities: live.identities },
    maxConnections: server.max_subscribers,
  });
  const listener = await HttpListener.start({
    bindAddress: server.http_bind_address,
    port: server.http_port,
    tls: server.http_tls ? certificate : null,
    onRequest: app,
    onUpgrade: subscriptions.onUpgrade,
  });
  closers.add(() => listener.close());
  closers.add(() => subscriptions.close());
  return { listener, subscriptions };
}

interface MeteredParts extends Pick<OpenDoors, 'relay' | 'voiceDoor' | 'mumbleDoor'> {
  readonly database: Database;
  readonly live: LiveService;
  readonly subscriptions: SubscriptionDoor;
}

async function openMetrics(
  { config: { metrics: at }, logger }: ServerOptions,
  { relay, voiceDoor, mumbleDoor, database: { times }, live, subscriptions }: MeteredParts,
  closers: Closers,
): Promise<void> {
  if (at.port === 0) return;
  const sources = {
    version: VERSION,
    relays: () => relay.counters(),
    voiceDoor: () => voiceDoor.counters(),
    mumbleDoor: () => mumbleDoor?.counters() ?? null,
    others: [times.histogram],
    live: () => ({ ...live.counters(), connections: subscriptions.connectionCount }),
  };
  const onRequest = metricsHandler(new Metrics(sources), logger);
  const listener = await HttpListener.start({ bindAddress: at.bind_address, port: at.port, tls: null, onRequest });
  closers.add(() => listener.close());
}

interface OpenDoors {
  readonly http: HttpListener;
  readonly voiceDoor: VoiceDoor;
  /** Null where it is off. */
  readonly mumbleDoor: MumbleDoor | null;
  readonly relay: RelayPool;
  readonly certificate: TlsCertificate;
}

function factsOf(
  { server }: Config,
  folder: DataFolder,
  { http, voiceDoor, mumbleDoor, relay, certificate }: OpenDoors,
  { username, password }: { readonly username: string; readonly password: string | null },
): BannerFacts {
  return {
    version: VERSION,
    dataFolder: folder.path,
    http: { bindAddress: server.http_bind_address, port: http.port, isTls: server.http_tls },
    voice: { bindAddress: server.bind_address, controlPort: voiceDoor.port, voicePorts: relay.voicePorts },
    mumble: mumbleDoor === null ? null : { bindAddress: server.bind_address, port: mumbleDoor.port },
    certificate,
    newAdministrator: password === null ? null : { username, password },
  };
}
