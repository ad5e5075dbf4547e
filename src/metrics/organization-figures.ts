import type { EventBus } from '../events/event-bus.js';
import type { OrganizationId } from '../ids.js';
import type { Occupancy } from '../occupancy/occupancy.js';
import type { OrganizationTotals } from '../relay/organization-traffic.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { NO_REQUESTS, type RequestTally, type RequestTotals } from './request-tally.js';

/** Who counts voice by organization: workers of the relay. */
export interface TrafficSource {
  /** Of each worker, in the same order each time; null of one that is away. */
  organizationTraffic(): Promise<readonly (readonly OrganizationTotals[] | null)[]>;
  /** The organization was deleted. */
  forgetOrganization(id: OrganizationId): void;
}

type Traffic = Omit<OrganizationTotals, 'organizationId'>;

/** What has been counted for an organization since the start of the server. */
export interface OrganizationCounts extends Traffic, RequestTotals {}

/** Who of an organization is connected to this node now, and where. */
export interface OrganizationPresence {
  /** Users with a voice session. */
  readonly activeUsers: number;
  /** Channels that anybody is in. */
  readonly occupiedChannels: number;
  /** Memberships: who is in two channels counts twice. */
  readonly channelMembers: number;
}

/** What has happened within the last minute, per second where a rate is meant. */
export interface OrganizationRates {
  /** What was looked at, in seconds: from the counts that are about a minute old to those of now. */
  readonly windowS: number;
  readonly packetsInPerS: number;
  readonly packetsOutPerS: number;
  readonly bytesInPerS: number;
  readonly bytesOutPerS: number;
  readonly droppedPerS: number;
  /** How many requests of GraphQL and REST ended in which way. */
  readonly requests: RequestTotals;
}

export interface OrganizationFiguresOptions {
  readonly traffic: TrafficSource;
  readonly requests: RequestTally;
  readonly registry: SessionRegistry;
  readonly occupancy: Occupancy;
  readonly events: EventBus;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

/** How long rates look back, and how often it is written down what was counted until then, in milliseconds. */
const WINDOW_MS = 60_000;
const SAMPLE_INTERVAL_MS = 10_000;

const NOTHING: OrganizationCounts = {
  ...{ packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0, dropped: 0 },
  ...NO_REQUESTS,
};
const NOBODY: OrganizationPresence = { activeUsers: 0, occupiedChannels: 0, channelMembers: 0 };

interface Sample {
  readonly atMs: number;
  readonly counts: ReadonlyMap<OrganizationId, OrganizationCounts>;
}

/** The figures of every organization on this node: the workers' and the API's put together, with their last minute. */
export class OrganizationFigures {
  readonly #options: OrganizationFiguresOptions;
  readonly #traffic = new Map<OrganizationId, Traffic>();
  /** What each worker has told last. */
  readonly #told: Map<OrganizationId, OrganizationTotals>[] = [];
  /** An answer that was under way must not bring back what was deleted. Ids are never used again. */
  readonly #deleted = new Set<OrganizationId>();
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #samples: readonly Sample[];

  constructor(options: OrganizationFiguresOptions) {
    this.#options = options;
    this.#samples = [{ atMs: options.nowMs(), counts: new Map() }];
    this.#unsubscribe = options.events.subscribe((event) => {
      if (event.type === 'organization_deleted') this.#forget(event.organizationId);
    });
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_INTERVAL_MS);
  }

  /** What has been counted for each organization until now. Numbers never fall, also where a worker begins again. */
  async counts(): Promise<ReadonlyMap<OrganizationId, OrganizationCounts>> {
    const parts = await this.#options.traffic.organizationTraffic();
    for (const [worker, part] of parts.entries()) if (part !== null) this.#take(part, worker);
    const requests = this.#options.requests.ofOrganizations();
    const ids = new Set([...this.#traffic.keys(), ...requests.keys()]);
    return new Map(
      [...ids].map((id) => [id, { ...NOTHING, ...this.#traffic.get(id), ...(requests.get(id) ?? NO_REQUESTS) }]),
    );
  }

  /** Of these organizations, in their order. */
  async rates(ids: readonly OrganizationId[]): Promise<readonly OrganizationRates[]> {
    const now = await this.counts();
    const nowMs = this.#options.nowMs();
    const before = this.#samples.find(({ atMs }) => atMs >= nowMs - WINDOW_MS - SAMPLE_INTERVAL_MS);
    const windowS = before === undefined ? 0 : (nowMs - before.atMs) / 1000;
    return ids.map((id) => ratesOf(before?.counts.get(id) ?? NOTHING, now.get(id) ?? NOTHING, windowS));
  }

  async presence(id: OrganizationId): Promise<OrganizationPresence> {
    const { registry, occupancy } = this.#options;
    const sessions = registry.localOf(id);
    if (sessions.length === 0) return NOBODY;
    const joined = (await Promise.all(sessions.map((session) => occupancy.channelsOf(session.id)))).flat();
    return {
      activeUsers: sessions.length,
      occupiedChannels: new Set(joined).size,
      channelMembers: joined.length,
    };
  }

  /** Of all organizations of which anybody is connected. */
  async presences(): Promise<ReadonlyMap<OrganizationId, OrganizationPresence>> {
    const ids = this.#options.registry.organizations();
    return new Map(await Promise.all(ids.map(async (id) => [id, await this.presence(id)] as const)));
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#timer);
  }

  async #sample(): Promise<void> {
    const counts = await this.counts();
    const atMs = this.#options.nowMs();
    const former = this.#samples.filter((sample) => sample.atMs >= atMs - WINDOW_MS - SAMPLE_INTERVAL_MS);
    this.#samples = [...former, { atMs, counts }];
  }

  /** A total that is smaller than what was told before is that of a worker that has begun again. */
  #take(part: readonly OrganizationTotals[], worker: number): void {
    const before = this.#told[worker] ?? new Map<OrganizationId, OrganizationTotals>();
    for (const now of part) {
      const id = now.organizationId;
      if (this.#deleted.has(id)) continue;
      const former = before.get(id);
      const isAnew = former === undefined || now.packetsIn < former.packetsIn || now.packetsOut < former.packetsOut;
      this.#traffic.set(id, sumOf(this.#traffic.get(id) ?? NOTHING, now, isAnew ? NOTHING : former));
    }
    this.#told[worker] = new Map(part.map((now) => [now.organizationId, now]));
  }

  #forget(id: OrganizationId): void {
    this.#deleted.add(id);
    this.#traffic.delete(id);
    this.#options.requests.forget(id);
    this.#options.traffic.forgetOrganization(id);
  }
}

/** What was counted, and what has come since `former`. */
function sumOf(counted: Traffic, now: Traffic, former: Traffic): Traffic {
  return {
    packetsIn: counted.packetsIn + now.packetsIn - former.packetsIn,
    bytesIn: counted.bytesIn + now.bytesIn - former.bytesIn,
    packetsOut: counted.packetsOut + now.packetsOut - former.packetsOut,
    bytesOut: counted.bytesOut + now.bytesOut - former.bytesOut,
    dropped: counted.dropped + now.dropped - former.dropped,
  };
}

function ratesOf(before: OrganizationCounts, now: OrganizationCounts, windowS: number): OrganizationRates {
  const rate = (field: keyof Traffic) => (windowS > 0 ? (now[field] - before[field]) / windowS : 0);
  return {
    windowS,
    packetsInPerS: rate('packetsIn'),
    packetsOutPerS: rate('packetsOut'),
    bytesInPerS: rate('bytesIn'),
    bytesOutPerS: rate('bytesOut'),
    droppedPerS: rate('dropped'),
    requests: {
      answered: now.answered - before.answered,
      refused: now.refused - before.refused,
      unavailable: now.unavailable - before.unavailable,
      failed: now.failed - before.failed,
    },
  };
}
