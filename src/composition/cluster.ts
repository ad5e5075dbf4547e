/** This node of a cluster, where there is a Redis. */
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { RedisChannelSets } from '../channels/redis-channel-sets.js';
import { Closers } from '../closers.js';
import { Cluster } from '../cluster/cluster.js';
import type { NodeRecord } from '../cluster/cluster-node.js';
import { ClusterSecret } from '../cluster/cluster-secret.js';
import { Drain } from '../cluster/drain.js';
import { RelayNodeLinks } from '../cluster/node-links.js';
import type { Config } from '../config.js';
import { MemoryEventBus } from '../events/memory-event-bus.js';
import { SessionRegistry } from '../sessions/session-registry.js';
import type { TlsCertificate } from '../tls-certificate.js';
import { VERSION } from '../version.js';
import { RelayPool } from '../voice/relay-pool.js';
import { SessionHost } from '../voice/session-host.js';
import type { ServerOptions } from './server-options.js';
import type { Services } from './services.js';
import { openRedis } from './stores.js';

interface ClusterSurroundings {
  readonly registry: SessionRegistry;
  readonly local: MemoryEventBus;
  readonly certificate: TlsCertificate;
  /** Signs access tokens, which all nodes accept. */
  readonly jwtSecret: string;
}

/** Null where there is one process alone. */
export async function openCluster(
  options: ServerOptions,
  { registry, local, certificate, jwtSecret }: ClusterSurroundings,
  closers: Closers,
): Promise<Cluster | null> {
  const { config, logger } = options;
  const link = await openRedis(options, closers);
  if (link === null) return null;
  const record = recordOf(config, certificate);
  const secret = new ClusterSecret(config.cluster.secret ?? jwtSecret);
  const nowMs = () => performance.now();
  const cluster = await Cluster.start({ link, registry, local, record, secret, logger, nowMs });
  closers.add(() => cluster.stop());
  tellNeighbours(cluster, logger);
  return cluster;
}

/** The links of the relay to other nodes; null where there are none. */
export function openLinks(
  cluster: Cluster | null,
  { config, logger }: ServerOptions,
  relay: RelayPool,
  closers: Closers,
): RelayNodeLinks | null {
  if (cluster === null || linkAddress(config) === null) return null;
  const { nodes, secret } = cluster;
  const links = new RelayNodeLinks({ nodes, secret, relays: relay.hosts, logger });
  closers.add(() => links.stop());
  return links;
}

interface ClusterServices {
  readonly services: Omit<Services, 'cluster' | 'organizationMetrics' | 'logLevels'>;
  readonly relay: RelayPool;
  readonly host: SessionHost;
  readonly logger: Logger;
}

/** Does what other nodes ask from now on. Returns what moves the sessions of this node to others. */
export async function serveCluster(
  cluster: Cluster,
  { services, relay, host, logger }: ClusterServices,
  closers: Closers,
): Promise<Drain> {
  const { nodes, calls, placement } = cluster;
  const { organizations, channels, sessions, occupancy } = services;
  const sets = new RedisChannelSets({ link: cluster.link, events: cluster.events, organizations, channels, logger });
  closers.add(() => sets.close());
  const { live, nowMs } = host;
  const drain = new Drain({ nodes, calls, placement, sessions, live, logger, nowMs });
  await cluster.serve({
    ...{ sessions, occupancy, quality: relay },
    deliverText: (sessionIds, message) => host.feed.deliverText(sessionIds, message),
    setDraining: (isDraining) => drain.set(isDraining),
  });
  return drain;
}

function recordOf(
  config: Config,
  { fingerprint }: TlsCertificate,
): Omit<NodeRecord, 'draining' | 'startedAt' | 'sessions'> {
  const { cluster, server } = config;
  const { name, advertised_host: host, advertised_control_port: port, api_url: apiUrl } = cluster;
  return {
    name: name ?? `${hostname()}:${server.control_port}`,
    version: VERSION,
    apiUrl,
    voice: host === null ? null : { host, controlPort: port ?? server.control_port, fingerprint },
    link: linkOf(config),
  };
}

function linkOf({ cluster, voice }: Config): NodeRecord['link'] {
  const host = cluster.link_host ?? cluster.advertised_host;
  if (host === null) return null;
  return { host, ports: Array.from({ length: voice.workers }, (_, index) => cluster.link_port + index) };
}

/** Where the workers of the relay take voice of other nodes; null where there are no links. */
export function linkAddress(config: Config): { readonly bindAddress: string; readonly port: number } | null {
  if (config.redis.url === null || linkOf(config) === null) return null;
  const { link_bind_address: bindAddress, link_port: port } = config.cluster;
  return { bindAddress: bindAddress ?? config.server.bind_address, port };
}

function tellNeighbours({ nodes }: Cluster, logger: Logger): void {
  logger.info({ node: nodes.self.name, others: nodes.others.map(({ name }) => name) }, 'a node of a cluster');
  nodes.onChange(({ come, gone }) => {
    for (const { name } of come) logger.info({ node: name }, 'another node has come');
    for (const { name } of gone) logger.warn({ node: name }, 'another node is gone');
  });
}
