/** The composition root: every part of the server is made here and in `composition/`, and handed what it needs. */
import 'reflect-metadata';
import type { Logger } from 'pino';
import { ensureFirstAdministrator } from './auth/first-administrator.js';
import type { BannerFacts } from './banner.js';
import { CertificateWatch } from './certificate-watch.js';
import { Closers } from './closers.js';
import { ClusterService } from './cluster/cluster.service.js';
import { openHttpDoor, openLive, openMetrics } from './composition/api-doors.js';
import { factsOf } from './composition/banner-facts.js';
import { linkAddress, openCluster, openLinks, serveCluster } from './composition/cluster.js';
import { openInvariants } from './composition/invariants.js';
import type { ServerOptions } from './composition/server-options.js';
import { makeServices } from './composition/services.js';
import { openDatabase } from './composition/stores.js';
import { openTracing } from './composition/tracing.js';
import { openMumbleDoor, openVoiceDoor, voiceTerms } from './composition/voice-doors.js';
import type { Config } from './config.js';
import { DataFolder } from './data-folder.js';
import { MemoryEventBus } from './events/memory-event-bus.js';
import { Health } from './health/health.js';
import { Housekeeping } from './housekeeping.js';
import { jwtSecret } from './jwt-secret.js';
import { LogLevelService } from './logging/log-level.service.js';
import { LogModules } from './logging/log-modules.js';
import { OrganizationFigures } from './metrics/organization-figures.js';
import { OrganizationMetricsService } from './metrics/organization-metrics.service.js';
import { RequestTally } from './metrics/request-tally.js';
import { MemoryOccupancy } from './occupancy/memory-occupancy.js';
import { SessionRegistry } from './sessions/session-registry.js';
import { VoiceQualityService } from './sessions/voice-quality.service.js';
import { type TlsCertificate, tlsCertificate } from './tls-certificate.js';
import { HERE_ALWAYS } from './voice/placement.js';
import { RelayPool } from './voice/relay-pool.js';
import { SessionHost } from './voice/session-host.js';

/** What a running server is told. */
interface ServerParts {
  readonly closers: Closers;
  readonly health: Health;
  readonly certificates: CertificateWatch;
  /** Moves voice clients to other nodes, where there are any. */
  readonly drain: () => Promise<void>;
}

/** A whole running server. */
export class Server {
  /** Where it is reached, for whoever started it. */
  readonly facts: BannerFacts;
  readonly #closers: Closers;
  readonly #health: Health;
  readonly #certificates: CertificateWatch;
  readonly #drain: () => Promise<void>;

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

  constructor(facts: BannerFacts, { closers, health, certificates, drain }: ServerParts) {
    this.facts = facts;
    this.#certificates = certificates;
    this.#closers = closers;
    this.#health = health;
    this.#drain = drain;
  }

  /** Serves the certificate that is in its files now. */
  reload(): Promise<void> {
    return this.#certificates.reload();
  }

  /** Moves voice clients to other nodes where there are any, says goodbye to the rest, ends in the reverse order of the start, and keeps what was committed. */
  async stop(): Promise<void> {
    this.#health.stopping();
    await this.#drain();
    await this.#closers.close();
  }
}

async function assemble(options: ServerOptions, closers: Closers): Promise<Server> {
  const { config, adminPassword } = options;
  const logs = new LogModules(options.logger, config.log.level);
  closers.add(() => logs.close());
  const logger = logs.of('server');
  const tracing = await openTracing(config, closers);
  const folder = await DataFolder.open(config.data_dir);
  closers.add(() => folder.close());
  if (folder.isOpenToOthers) logger.warn({ folder: folder.path }, 'the data folder is open to others: chmod 700');
  const certificate = await tlsCertificate(configuredCertificate(config), folder);
  warnOfCertificate(certificate, logger);
  const secret = await jwtSecret(config.security.jwt_secret, folder);
  const registry = new SessionRegistry();
  const local = new MemoryEventBus((err, { type }) =>
    logs.of('events').error({ err, type }, 'bug: a listener to an event failed'),
  );
  const clustered = { ...options, logger: logs.of('redis') };
  const cluster = await openCluster(clustered, { registry, local, certificate, jwtSecret: secret }, closers);
  const events = cluster?.events ?? local;
  const database = await openDatabase({ ...options, logger: logs.of('database'), tracing }, folder, events, closers);
  const store = cluster?.occupancy ?? new MemoryOccupancy();
  const decisions = makeServices(config, {
    ...{ database, events, secret, registry },
    ...{ store, sessionIds: cluster?.sessionIds, others: cluster?.others },
  });

  const relay = await RelayPool.start({
    workers: config.voice.workers,
    bindAddress: config.server.bind_address,
    port: config.server.voice_port,
    maxBitrate: config.audio.max_bitrate,
    backend: config.voice.backend,
    link: linkAddress(config),
    logger: logs.of('relay'),
  });
  closers.add(() => relay.close());
  logs.onLevel('relay', (level) => relay.tracePackets(level === 'trace'));
  const requests = new RequestTally();
  const nowMs = () => performance.now();
  const figures = new OrganizationFigures({ traffic: relay, requests, registry, occupancy: store, events, nowMs });
  closers.add(() => figures.close());
  const voiceQuality = new VoiceQualityService(decisions.sessions, cluster?.others.qualitySource(relay) ?? relay);
  const voiceServices = { ...decisions, voiceQuality };
  const links = openLinks(cluster, options, relay, closers);
  const host = new SessionHost({
    ...{ terms: voiceTerms(config), services: voiceServices, relay, events, tracing, logger: logs.of('voice') },
    ...{ links, others: cluster?.others ?? null, sharedKeys: cluster?.channelKeys ?? null },
    placement: cluster?.placement ?? HERE_ALWAYS,
  });
  closers.add(() => host.close());
  const serving = { services: voiceServices, relay, host, logger: logs.of('redis') };
  const drain = cluster === null ? null : await serveCluster(cluster, serving, closers);
  const services = {
    ...voiceServices,
    cluster: new ClusterService(database, decisions.permissions, drain),
    organizationMetrics: new OrganizationMetricsService(database, decisions.permissions, figures),
    logLevels: new LogLevelService(database, decisions.permissions, logs),
  };
  const parts = { host, services, events, certificate, logger: logs.of('voice') };
  const voiceDoor = await openVoiceDoor(config, parts);
  closers.add(() => voiceDoor.close());
  const mumbleDoor = config.mumble.enabled
    ? await openMumbleDoor(config, { ...parts, logger: logs.of('mumble') })
    : null;
  closers.add(() => mumbleDoor?.close());
  const live = openLive(services, relay, events, logs.of('live'), closers);
  const health = new Health([
    { name: 'database', run: () => database.ping() },
    ...(cluster === null ? [] : [{ name: 'redis', run: () => cluster.ping() }]),
    { name: 'voice_relay', run: () => relay.check() },
  ]);
  const http = await openHttpDoor(options, logs, { services, health, certificate, live, requests, tracing }, closers);
  const watched = { registry, store, cluster, services, feed: host.feed, live: live.service, events };
  const invariants = openInvariants({ ...options, logger }, watched, closers);
  const users = [voiceDoor, http.listener, mumbleDoor, cluster?.nodes].filter((user) => user != null);
  const certificates = new CertificateWatch({ certificate, files: configuredCertificate(config), users, logger });
  closers.add(() => certificates.stop());
  const doors = { relay, voiceDoor, mumbleDoor, http };
  const watches = { health, live: live.service, requests, figures, invariants, certificates, links };
  const redisReconnects = () => cluster?.link.reconnects ?? null;
  const metered = { ...doors, database, auth: services.auth, redisReconnects, ...watches };
  await openMetrics({ ...options, logger }, metered, closers);

  // The last step that can fail: a password that was made up must be shown.
  const administrator = await ensureFirstAdministrator(database, services.hasher, adminPassword);
  const auditRetentionDays = config.audit.retention_days;
  const housekeeping = new Housekeeping({ database, audit: services.audit, auditRetentionDays, logger });
  closers.add(() => housekeeping.stop());
  await cluster?.nodes.setDraining(false);
  health.started();
  const opened = { http: http.listener, voiceDoor, mumbleDoor, relay, certificate };
  const facts = factsOf(config, folder, opened, administrator);
  const drainAll = async () => drain?.run(config.cluster.drain_timeout_ms);
  return new Server(facts, { closers, health, certificates, drain: drainAll });
}

function configuredCertificate({ security: { tls_cert: cert, tls_key: key } }: Config) {
  return cert === null || key === null ? null : { cert, key };
}

function warnOfCertificate({ validTo }: TlsCertificate, logger: Logger): void {
  if (validTo.getTime() < Date.now()) logger.warn({ valid_to: validTo.toISOString() }, 'the certificate has expired');
}
