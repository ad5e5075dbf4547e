/** What watches that who is where is told the same everywhere. */
import { Closers } from '../closers.js';
import type { EventBus } from '../events/event-bus.js';
import { InvariantWatch } from '../health/invariant-watch.js';
import { OccupancyCheck } from '../health/occupancy-check.js';
import type { LiveService } from '../live/live.service.js';
import type { Occupancy } from '../occupancy/occupancy.js';
import { RedisAccount } from '../occupancy/redis-account.js';
import { RedisPresence } from '../occupancy/redis-presence.js';
import { RedisLink } from '../redis/redis-link.js';
import { SessionRegistry } from '../sessions/session-registry.js';
import type { RelayFeed } from '../voice/relay-feed.js';
import type { ServerOptions } from './server-options.js';
import type { Services } from './services.js';

interface WatchedParts {
  readonly registry: SessionRegistry;
  readonly store: Occupancy;
  readonly redis: RedisLink | null;
  readonly presence: RedisPresence | null;
  readonly services: Services;
  readonly feed: RelayFeed;
  readonly live: LiveService;
  readonly events: EventBus;
}

export function openInvariants(
  { config, logger }: ServerOptions,
  { redis, presence, services, ...parts }: WatchedParts,
  closers: Closers,
): InvariantWatch {
  const stored =
    redis === null || presence === null ? null : { account: new RedisAccount(redis), node: presence.occupancy.node };
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
