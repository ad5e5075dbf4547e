import { Counter, Gauge, type Registry } from 'prom-client';
import type { OrganizationId } from '../ids.js';
import type { OrganizationCounts, OrganizationFigures, OrganizationPresence } from './organization-figures.js';
import { OrganizationLabels, OTHER_ORGANIZATIONS } from './organization-labels.js';
import { NO_REQUESTS, type RequestOutcome } from './request-tally.js';

/** What {@link OrganizationSeries} reads. */
export type OrganizationFiguresSource = Pick<OrganizationFigures, 'counts' | 'presences'>;

type Shown = ReadonlyMap<string, ReturnType<typeof sumOfPresence>>;

/** The figures of organizations as metrics: a series for each of the busiest, one for all others together. */
export class OrganizationSeries {
  readonly #source: OrganizationFiguresSource;
  readonly #labels: OrganizationLabels;
  readonly #gauges: ReturnType<typeof makeGauges>;
  readonly #counters: ReturnType<typeof makeCounters>;
  #shown: ReadonlyMap<OrganizationId, OrganizationCounts> = new Map();
  #labelled: ReadonlySet<string> = new Set();

  /** `max` organizations have series of their own. */
  constructor(registry: Registry, source: OrganizationFiguresSource, max: number) {
    this.#source = source;
    this.#labels = new OrganizationLabels(max);
    this.#gauges = makeGauges(registry);
    this.#counters = makeCounters(registry);
  }

  /** Brings the metrics to what is true now. */
  async show(): Promise<void> {
    const [counts, presences] = await Promise.all([this.#source.counts(), this.#source.presences()]);
    const own = this.#labels.rank(counts, presences);
    const labelOf = (id: OrganizationId) => (own.has(id) ? String(id) : OTHER_ORGANIZATIONS);
    this.#removeAllBut(new Set([...own].map(String)));
    this.#showPresences(presencesByLabel(presences, labelOf, own));
    // What has come since the last time goes to the label of now: no total falls where an organization changes its label.
    for (const label of [OTHER_ORGANIZATIONS, ...[...own].map(String)]) this.#begin(label);
    for (const [id, now] of counts) this.#add(labelOf(id), now, this.#shown.get(id));
    this.#shown = counts;
  }

  /** A series begins at 0, so that Prometheus sees its first step. */
  #begin(organization: string): void {
    const { requests, ...plain } = this.#counters;
    for (const metric of Object.values(plain)) metric.inc({ organization }, 0);
    for (const outcome of OUTCOMES) requests.inc({ organization, outcome }, 0);
  }

  #add(organization: string, now: OrganizationCounts, former: OrganizationCounts | undefined): void {
    const since = (field: keyof OrganizationCounts) => Math.max(0, now[field] - (former?.[field] ?? 0));
    const { received, receivedBytes, sent, sentBytes, dropped, requests } = this.#counters;
    received.inc({ organization }, since('packetsIn'));
    receivedBytes.inc({ organization }, since('bytesIn'));
    sent.inc({ organization }, since('packetsOut'));
    sentBytes.inc({ organization }, since('bytesOut'));
    dropped.inc({ organization }, since('dropped'));
    for (const outcome of OUTCOMES) requests.inc({ organization, outcome }, since(outcome));
  }

  #showPresences(shown: Shown): void {
    for (const [organization, { activeUsers, occupiedChannels, channelMembers }] of shown) {
      this.#gauges.activeUsers.set({ organization }, activeUsers);
      this.#gauges.occupiedChannels.set({ organization }, occupiedChannels);
      this.#gauges.channelMembers.set({ organization }, channelMembers);
    }
  }

  #removeAllBut(labelled: ReadonlySet<string>): void {
    for (const organization of this.#labelled) {
      if (labelled.has(organization)) continue;
      const { requests, ...plain } = this.#counters;
      for (const metric of [...Object.values(this.#gauges), ...Object.values(plain)]) metric.remove({ organization });
      for (const outcome of OUTCOMES) requests.remove({ organization, outcome });
    }
    this.#labelled = labelled;
  }
}

const OUTCOMES = Object.keys(NO_REQUESTS).filter((name): name is RequestOutcome => name in NO_REQUESTS);

/** Every label has its sum, also that of an organization of which nobody is here. */
function presencesByLabel(
  presences: ReadonlyMap<OrganizationId, OrganizationPresence>,
  labelOf: (id: OrganizationId) => string,
  own: ReadonlySet<OrganizationId>,
): Shown {
  const labels = [OTHER_ORGANIZATIONS, ...[...own].map(String)];
  const byLabel = Map.groupBy(presences, ([id]) => labelOf(id));
  return new Map(
    labels.map((label) => [label, sumOfPresence((byLabel.get(label) ?? []).map(([, presence]) => presence))]),
  );
}

function sumOfPresence(presences: readonly OrganizationPresence[]): OrganizationPresence {
  return presences.reduce<OrganizationPresence>(
    (sum, each) => ({
      activeUsers: sum.activeUsers + each.activeUsers,
      occupiedChannels: sum.occupiedChannels + each.occupiedChannels,
      channelMembers: sum.channelMembers + each.channelMembers,
    }),
    { activeUsers: 0, occupiedChannels: 0, channelMembers: 0 },
  );
}

function makeGauges(registry: Registry) {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `parley_organization_${name}`, help, labelNames: ['organization'], registers: [registry] });
  return {
    activeUsers: gauge('active_users', 'Users of the organization who are connected by voice.'),
    occupiedChannels: gauge('occupied_channels', 'Channels of the organization that anybody is in.'),
    channelMembers: gauge(
      'channel_members',
      'Who is in the channels of the organization; who is in two of them counts twice.',
    ),
  };
}

function makeCounters(registry: Registry) {
  const counter = <Label extends string = never>(name: string, help: string, more: readonly Label[] = []) =>
    new Counter<'organization' | Label>({
      name: `parley_organization_${name}`,
      help,
      labelNames: ['organization', ...more],
      registers: [registry],
    });
  return {
    received: counter('packets_received_total', 'Packets of the sessions of the organization that verified.'),
    receivedBytes: counter('received_bytes_total', 'Bytes of the packets that verified.'),
    sent: counter('packets_sent_total', 'Copies of voice packets to the sessions of the organization, and pongs.'),
    sentBytes: counter('sent_bytes_total', 'Bytes of the packets that were sent.'),
    dropped: counter('packets_dropped_total', 'Packets of the organization that verified and were not forwarded.'),
    requests: counter(
      'requests_total',
      'Requests of GraphQL and REST by users of the organization: answered, refused, unavailable, failed.',
      ['outcome'],
    ),
  };
}
