import { LiveFigures } from '../../src/live/live-figures.js';
import type { MetricsSources } from '../../src/metrics/metrics.js';

const NO_DOOR = { sessions: 0, waiting: 0, newcomers: 0, accepted: 0, failedHandshakes: 0, droppedVoice: 0 };

/** The metrics of a server in which nothing happens: a test puts its own sources in place of some. */
export const QUIET_SOURCES: MetricsSources = {
  version: '1',
  relays: async () => [],
  voiceDoor: () => ({ ...NO_DOOR, sentOff: { late: 0, crowded: 0, hasty: 0 } }),
  mumbleDoor: async () => null,
  live: () => ({ ...new LiveFigures(() => 0).summary(), readers: 0, connections: 0 }),
  others: [],
  maxSessions: 1000,
  apiConnections: async () => 0,
  health: async () => ({ status: 'ready', checks: {} }),
  databasePool: () => ({ used: 0, idle: 0, waiting: 0 }),
  redisReconnects: () => null,
  organizations: { figures: { counts: async () => new Map(), presences: async () => new Map() }, max: 0 },
};
