import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { EventBus } from '../events/event-bus.js';
import type { MemoryEventBus } from '../events/memory-event-bus.js';
import { RedisEventBus } from '../events/redis-event-bus.js';
import type { RedisOccupancy } from '../occupancy/redis-occupancy.js';
import { RedisPresence } from '../occupancy/redis-presence.js';
import type { RedisLink } from '../redis/redis-link.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import type { Target } from '../voice/route-feed.js';
import { ClusterCalls } from './cluster-calls.js';
import type { NodeRecord } from './cluster-node.js';
import type { ClusterSecret } from './cluster-secret.js';
import { ClusterSessions, type SessionServices } from './cluster-sessions.js';
import { NodeRegistry } from './node-registry.js';
import { SessionIdBlocks } from './session-id-blocks.js';
import { SessionMirror } from './session-mirror.js';
import { SessionPlacement } from './session-placement.js';
import { SharedChannelKeys } from './shared-channel-keys.js';
import { Tickets } from './tickets.js';

export interface ClusterOptions {
  readonly link: RedisLink;
  readonly registry: SessionRegistry;
  /** Tells the listeners of this node. */
  readonly local: MemoryEventBus;
  /** What this node tells of itself. */
  readonly record: Omit<NodeRecord, 'draining' | 'startedAt' | 'sessions'>;
  readonly secret: ClusterSecret;
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

interface ClusterParts {
  readonly events: RedisEventBus;
  readonly presence: RedisPresence;
  readonly sessionIds: SessionIdBlocks;
  readonly calls: ClusterCalls;
  readonly nodes: NodeRegistry;
  readonly channelKeys: SharedChannelKeys<Target>;
}

type Stop = () => Promise<void> | void;

/** This node among the others: what all of them share in Redis, and how they know of each other. */
export class Cluster {
  /** Tells the listeners of all nodes. */
  readonly events: EventBus;
  /** Who is where, in all nodes. */
  readonly occupancy: RedisOccupancy;
  readonly sessionIds: SessionIdBlocks;
  readonly nodes: NodeRegistry;
  readonly calls: ClusterCalls;
  readonly others: ClusterSessions;
  readonly placement: SessionPlacement;
  readonly link: RedisLink;
  readonly secret: ClusterSecret;
  /** The keys of channels, the same at all nodes. */
  readonly channelKeys: SharedChannelKeys<Target>;
  readonly #presence: RedisPresence;
  readonly #mirror: SessionMirror;
  readonly #stops: readonly Stop[];

  /** Resolves when this node has its lease, and knows the others. Throws AppError UNAVAILABLE; nothing is left then. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const stops: Stop[] = [];
    try {
      return await assemble(options, stops);
    } catch (error) {
      for (const stop of stops) await stop();
      throw error;
    }
  }

  constructor(
    parts: ClusterParts,
    mirror: SessionMirror,
    { link, registry, secret, logger }: ClusterOptions,
    stops: readonly Stop[],
  ) {
    const { events, presence, sessionIds, calls, nodes } = parts;
    this.link = link;
    this.secret = secret;
    this.channelKeys = parts.channelKeys;
    this.events = events;
    this.occupancy = presence.occupancy;
    this.sessionIds = sessionIds;
    this.nodes = nodes;
    this.calls = calls;
    this.others = new ClusterSessions({ occupancy: presence.occupancy, calls, registry, logger });
    const tickets = new Tickets({ link, node: presence.occupancy.node, secret });
    this.placement = new SessionPlacement(nodes, tickets);
    this.#presence = presence;
    this.#mirror = mirror;
    this.#stops = stops;
  }

  /** Follows other nodes from now on, and does what they ask. Resolves when their sessions are known here. */
  async serve(services: SessionServices): Promise<void> {
    this.#presence.use(services);
    this.others.serve(services);
    await this.#mirror.follow({ occupancy: this.occupancy, nodes: this.nodes });
  }

  /** Rejects where Redis does not answer. */
  ping(): Promise<unknown> {
    return this.link.commands.ping();
  }

  /** Gives up the lease, and all that this node has left. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) await stop();
  }
}

async function assemble(options: ClusterOptions, stops: Stop[]): Promise<Cluster> {
  const { link, registry, local, record, secret, logger, nowMs } = options;
  const node = randomUUID();
  const mirror = new SessionMirror({ registry, local, logger });
  stops.unshift(() => mirror.stop());
  const events = await RedisEventBus.start({ link, local, node, companion: mirror, logger });
  events.onMissed(() => void mirror.heal());
  const presence = await RedisPresence.start({ link, node, registry, events, logger });
  stops.unshift(() => presence.stop());
  const calls = await ClusterCalls.start({ link, node, logger });
  stops.unshift(() => calls.stop());
  const sessionIds = await SessionIdBlocks.start({ link, logger });
  const nodes = await NodeRegistry.start({
    ...{ link, record, logger, nowMs },
    lease: presence.occupancy,
    sessionCount: () => registry.size,
    organizations: () => registry.organizationIds,
  });
  stops.unshift(() => nodes.stop());
  const channelKeys = await SharedChannelKeys.start<Target>({ link, secret, logger });
  stops.unshift(() => channelKeys.stop());
  return new Cluster({ events, presence, sessionIds, calls, nodes, channelKeys }, mirror, options, stops);
}
