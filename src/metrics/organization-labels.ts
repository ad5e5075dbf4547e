import type { OrganizationId } from '../ids.js';
import type { OrganizationCounts, OrganizationPresence } from './organization-figures.js';

/** The label of all organizations that have none of their own. */
export const OTHER_ORGANIZATIONS = 'other';

/** How much an organization counts that was busy a scrape ago: what is past fades, so that ranks do not jump. */
const MEMORY = 0.9;
/** Another organization takes a label only where it is so much busier than the one that has it. */
const ADVANTAGE = 1.5;

/**
 * Says which organizations have a label of their own: at most so many, the busiest by their packets and requests. Time
 * series cost Prometheus memory for as long as it keeps them, so a label stays with who has it unless another one is
 * clearly busier.
 */
export class OrganizationLabels {
  readonly #max: number;
  readonly #activity = new Map<OrganizationId, number>();
  #former: ReadonlyMap<OrganizationId, number> = new Map();
  #labelled = new Set<OrganizationId>();

  /** `max` is 0 or more. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Takes what was counted until now, and who is here: only organizations that are in one of the two keep a label. */
  rank(
    counts: ReadonlyMap<OrganizationId, OrganizationCounts>,
    presences: ReadonlyMap<OrganizationId, OrganizationPresence>,
  ): ReadonlySet<OrganizationId> {
    const ids = new Set([...counts.keys(), ...presences.keys()]);
    for (const id of this.#activity.keys()) if (!ids.has(id)) this.#activity.delete(id);
    const work = new Map([...counts].map(([id, each]) => [id, workOf(each)]));
    for (const id of ids) {
      const done = (work.get(id) ?? 0) - (this.#former.get(id) ?? 0);
      this.#activity.set(id, MEMORY * (this.#activity.get(id) ?? 0) + done + (presences.get(id)?.activeUsers ?? 0));
    }
    this.#former = work;
    const rankOf = (id: OrganizationId) => (this.#activity.get(id) ?? 0) * (this.#labelled.has(id) ? ADVANTAGE : 1);
    const busiest = [...ids].sort((left, right) => rankOf(right) - rankOf(left) || left - right).slice(0, this.#max);
    this.#labelled = new Set(busiest);
    return this.#labelled;
  }
}

function workOf({ packetsIn, packetsOut, answered, refused, unavailable, failed }: OrganizationCounts): number {
  return packetsIn + packetsOut + answered + refused + unavailable + failed;
}
