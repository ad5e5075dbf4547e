/** The doors of the API and of the metrics. */
import type { Logger } from 'pino';
import { auditRoutes, EXPORT_PATH } from '../audit/audit.routes.js';
import { AuthService } from '../auth/auth.service.js';
import { IdentityWatch } from '../auth/identity-watch.js';
import { CertificateWatch } from '../certificate-watch.js';
import { Closers } from '../closers.js';
import { linkMetrics } from '../cluster/link-metrics.js';
import { RelayNodeLinks } from '../cluster/node-links.js';
import { Database } from '../database/database.js';
import type { EventBus } from '../events/event-bus.js';
import { CostBudget } from '../graphql/cost-budget.js';
import type { ContextOptions } from '../graphql/graphql-context.js';
import { startGraphqlServer } from '../graphql/graphql-server.js';
import { createHttpApp } from '../graphql/http-door.js';
import { createSchema } from '../graphql/schema.js';
import { SubscriptionDoor } from '../graphql/subscription-door.js';
import { Health } from '../health/health.js';
import { HEALTH_PATH, healthRoutes } from '../health/health.routes.js';
import type { InvariantWatch } from '../health/invariant-watch.js';
import { HttpListener } from '../http/http-listener.js';
import { LiveService } from '../live/live.service.js';
import { SpeakingWatch } from '../live/speaking-watch.js';
import type { LogModules } from '../logging/log-modules.js';
import { Metrics } from '../metrics/metrics.js';
import { metricsHandler } from '../metrics/metrics-handler.js';
import type { OrganizationFigures } from '../metrics/organization-figures.js';
import type { RequestTally } from '../metrics/request-tally.js';
import { createRestRouter, REST_PATH } from '../rest/rest-door.js';
import type { TlsCertificate } from '../tls-certificate.js';
import { tracedServices } from '../tracing/traced-services.js';
import type { Tracing } from '../tracing/tracing.js';
import { VERSION } from '../version.js';
import { RelayPool } from '../voice/relay-pool.js';
import type { OpenDoors } from './banner-facts.js';
import type { ServerOptions } from './server-options.js';
import type { Services } from './services.js';
import { proxiesOf } from './voice-doors.js';

export interface LiveParts {
  readonly service: LiveService;
  readonly identities: IdentityWatch;
}

export function openLive(
  services: Services,
  relay: RelayPool,
  events: EventBus,
  logger: Logger,
  closers: Closers,
): LiveParts {
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
  readonly requests: RequestTally;
  readonly tracing: Tracing | null;
}

interface HttpDoors {
  readonly listener: HttpListener;
  readonly subscriptions: SubscriptionDoor;
}

export async function openHttpDoor(
  { config: { environment, server, limits } }: ServerOptions,
  logs: LogModules,
  { services: plain, health, certificate, live, requests, tracing }: HttpParts,
  closers: Closers,
): Promise<HttpDoors> {
  const logger = logs.of('graphql');
  const services = tracing === null ? plain : tracedServices(plain, tracing);
  const schema = await createSchema(services);
  const budget = new CostBudget({ costPerMinute: limits.graphql_cost_per_minute, now: () => performance.now() });
  const graphql = await startGraphqlServer({ schema, environment, logger, budget });
  closers.add(() => graphql.stop());
  const authenticate: ContextOptions['authenticate'] = (token, remoteAddress) =>
    services.auth.authenticate(token, remoteAddress);
  const app = createHttpApp({
    graphql,
    context: { authenticate, sources: services, tracing, logger },
    mounts: [
      { path: HEALTH_PATH, handler: healthRoutes(health) },
      { path: REST_PATH, handler: createRestRouter(services, logs.of('rest')), door: 'rest' },
      {
        path: EXPORT_PATH,
        handler: auditRoutes({ audit: services.audit, authenticate, logger: logs.of('rest') }),
        door: 'rest',
      },
    ],
    requests,
    tracing,
    tls: server.http_tls,
    logger: logs.of('http'),
  });
  const subscriptions = new SubscriptionDoor({
    ...{ schema, budget, logger: logs.of('live'), sources: services, live: live.service, identities: live.identities },
    maxConnections: server.max_subscribers,
  });
  const listener = await HttpListener.start({
    bindAddress: server.http_bind_address,
    port: server.http_port,
    tls: server.http_tls ? certificate : null,
    ...proxiesOf(server),
    onRequest: app,
    onUpgrade: subscriptions.onUpgrade,
  });
  closers.add(() => listener.close());
  closers.add(() => subscriptions.close());
  return { listener, subscriptions };
}

interface MeteredParts extends Pick<OpenDoors, 'relay' | 'voiceDoor' | 'mumbleDoor'> {
  readonly database: Database;
  /** Null without Redis. */
  readonly redisReconnects: () => number | null;
  readonly auth: AuthService;
  readonly health: Health;
  readonly live: LiveService;
  readonly http: HttpDoors;
  readonly requests: RequestTally;
  readonly figures: OrganizationFigures;
  readonly invariants: InvariantWatch;
  readonly certificates: CertificateWatch;
  /** Null where there are none. */
  readonly links: RelayNodeLinks | null;
}

export async function openMetrics(
  { config: { metrics: at, server }, logger }: ServerOptions,
  parts: MeteredParts,
  closers: Closers,
): Promise<void> {
  if (at.port === 0) return;
  const { relay, voiceDoor, mumbleDoor, database, auth, redisReconnects } = parts;
  const { health, live, http, requests, figures, invariants, certificates, links } = parts;
  const sources = {
    version: VERSION,
    relays: () => relay.counters(),
    voiceDoor: () => voiceDoor.counters(),
    mumbleDoor: async () => (await mumbleDoor?.counters()) ?? null,
    others: [
      ...[database.times.histogram, auth.logins.counter],
      ...[...requests.metrics, ...invariants.metrics, ...certificates.metrics],
      ...(links === null ? [] : linkMetrics(links)),
    ],
    live: () => ({ ...live.counters(), connections: http.subscriptions.connectionCount }),
    maxSessions: server.max_connections,
    apiConnections: () => http.listener.connectionCount(),
    health: () => health.report(),
    databasePool: () => database.pool(),
    redisReconnects,
    organizations: { figures, max: at.max_organizations },
  };
  const onRequest = metricsHandler({ metrics: new Metrics(sources), token: at.token, logger });
  const listener = await HttpListener.start({ bindAddress: at.bind_address, port: at.port, tls: null, onRequest });
  closers.add(() => listener.close());
}
