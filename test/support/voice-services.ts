import { pino } from 'pino';
import { type ClusterControl, ClusterService } from '../../src/cluster/cluster.service.js';
import type { ClusterNode } from '../../src/cluster/cluster-node.js';
import { LogLevelService } from '../../src/logging/log-level.service.js';
import { LogModules } from '../../src/logging/log-modules.js';
import { OrganizationFigures, type TrafficSource } from '../../src/metrics/organization-figures.js';
import { OrganizationMetricsService } from '../../src/metrics/organization-metrics.service.js';
import { RequestTally } from '../../src/metrics/request-tally.js';
import { MemoryOccupancy } from '../../src/occupancy/memory-occupancy.js';
import { OccupancyService } from '../../src/occupancy/occupancy.service.js';
import { ModerationService } from '../../src/sessions/moderation.service.js';
import { SessionService } from '../../src/sessions/session.service.js';
import { SessionIds } from '../../src/sessions/session-ids.js';
import { SessionRegistry } from '../../src/sessions/session-registry.js';
import type { VoiceQualitySource } from '../../src/sessions/voice-quality.js';
import { VoiceQualityService } from '../../src/sessions/voice-quality.service.js';
import type { TestServices } from './test-services.js';

const LIMITS = { maxConnections: 1000, maxUsersPerChannel: 50, maxJoinedChannels: 16 };

/** The sessions of voice clients and who of them is where, for tests without a voice door. */
export interface VoiceServices {
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  readonly moderation: ModerationService;
  readonly voiceQuality: VoiceQualityService;
  readonly cluster: ClusterService;
  readonly requests: RequestTally;
  readonly figures: OrganizationFigures;
  readonly organizationMetrics: OrganizationMetricsService;
  readonly logLevels: LogLevelService;
}

/** A relay through which nothing passes. */
const NO_TRAFFIC: TrafficSource = { organizationTraffic: async () => [], forgetOrganization: () => undefined };

const NOTHING_KNOWN: VoiceQualitySource = { qualitiesOf: async () => new Map() };

const node: ClusterNode = {
  ...{
    id: 'the only one',
    token: '1',
    name: 'node',
    version: '0.0.0',
    apiUrl: null,
    voice: null,
    link: null,
    sessions: 0,
  },
  ...{ draining: false, startedAt: new Date(0).toISOString() },
};

const ONE_NODE: ClusterControl = { self: node, all: [node], setDraining: async () => undefined };

/** `source` knows how voice goes; nobody does where it is left out. */
export function voiceServices(
  { channels, permissions, test: { database, events } }: TestServices,
  source = NOTHING_KNOWN,
  traffic = NO_TRAFFIC,
): VoiceServices {
  const registry = new SessionRegistry();
  const store = new MemoryOccupancy();
  const sessions = new SessionService(registry, new SessionIds(1), store, permissions, events, LIMITS);
  const occupancy = new OccupancyService(channels, permissions, registry, store, events, LIMITS);
  const moderation = new ModerationService(database, permissions, sessions, occupancy);
  const voiceQuality = new VoiceQualityService(sessions, source);
  const cluster = new ClusterService(database, permissions, ONE_NODE);
  const requests = new RequestTally();
  const nowMs = () => performance.now();
  const figures = new OrganizationFigures({ traffic, requests, registry, occupancy: store, events, nowMs });
  const organizationMetrics = new OrganizationMetricsService(database, permissions, figures);
  const logLevels = new LogLevelService(database, permissions, new LogModules(pino({ level: 'silent' }), 'info'));
  const counted = { requests, figures, organizationMetrics };
  return { sessions, occupancy, moderation, voiceQuality, cluster, ...counted, logLevels };
}
