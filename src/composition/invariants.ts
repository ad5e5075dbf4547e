/** What watches that who is where is told the same everywhere. */
import { Closers } from '../closers.js';
import { Cluster } from '../cluster/cluster.js';
import type { EventBus } from '../events/event-bus.js';
import { InvariantWatch } from '../health/invariant-watch.js';
import { OccupancyCheck } from '../health/occupancy-check.js';
import type { LiveService } from '../live/live.service.js';
import type { Occupancy } from '../occupancy/occupancy.js';
import { RedisAccount } from '../occupancy/redis-account.js';
import { SessionRegistry } from '../sessions/session-registry.js';
import type { RelayFeed } from '../voice/relay-feed.js';
import type { ServerOptions } from './server-options.js';
import type { Services } from './services.js';

interface WatchedParts {
  readonly registry: SessionRegistry;
  readonly store: Occupancy;
  readonly cluster: Cluster | null;
  readonly services: Services;
  readonly feed: RelayFeed;
  readonly live: LiveService;
  readonly events: EventBus;
}

export function openInvariants(
  { config, logger }: ServerOptions,
  { cluster, services, ...parts }: WatchedParts,
  closers: Closers,
): InvariantWatch {
  const stored = cluster === null ? null : { account: new RedisAccount(cluster.link), node: cluster.occupancy.node };
  const check = new OccupancyCheck({
    ...parts,
    redis: stored,
    sessions: services.sessions,
    occupancy: services.occupancy,
    maxConnections: config.server.max_connections,
    maxJoinedChannels: config.limits.max_joined_channels,
  });
  const watch = new InvariantWatch({ check, intervalMs: config.metrics.invariants_interval_s * 1000, logger });
  closers.add(() => watch.stop());
  return watch;
}
