import { type OrganizationId, organizationId } from '../ids.js';

/** What passed through the relay for one organization, since it first had a session here. */
export interface OrganizationTotals {
  readonly organizationId: OrganizationId;
  /** Packets of its sessions that verified, and their bytes. */
  readonly packetsIn: number;
  readonly bytesIn: number;
  /** Copies to its sessions, and pongs. */
  readonly packetsOut: number;
  readonly bytesOut: number;
  /** Of those that came in, the ones that were not forwarded for whatever reason. */
  readonly dropped: number;
}

/** In place of an index of a session that counts for no organization. */
export const NO_ORGANIZATION = -1;

const PACKETS_IN = 0;
const BYTES_IN = 1;
const PACKETS_OUT = 2;
const BYTES_OUT = 3;
const DROPPED = 4;
const FIELDS = 5;
/** A row of {@link OrganizationTraffic.snapshot}: the id, then the fields. */
const ROW = FIELDS + 1;
const INITIAL_ORGANIZATIONS = 16;

/**
 * Running totals by organization, in one array: counting looks nothing up and allocates nothing. An organization keeps
 * its place and its totals when its last session has gone, until it is forgotten.
 */
export class OrganizationTraffic {
  readonly #indexes = new Map<OrganizationId, number>();
  readonly #sessionCounts = new Map<OrganizationId, number>();
  readonly #leaving = new Set<OrganizationId>();
  readonly #freeIndexes: number[] = [];
  #used = 0;
  #totals = new Float64Array(INITIAL_ORGANIZATIONS * FIELDS);

  /** A session of the organization has come: where its packets are counted. */
  enter(id: OrganizationId): number {
    this.#sessionCounts.set(id, (this.#sessionCounts.get(id) ?? 0) + 1);
    const known = this.#indexes.get(id);
    if (known !== undefined) return known;
    const index = this.#freeIndexes.pop() ?? this.#used;
    if (index === this.#used) this.#used += 1;
    this.#growTo(this.#used * FIELDS);
    this.#totals.fill(0, index * FIELDS, (index + 1) * FIELDS);
    this.#indexes.set(id, index);
    return index;
  }

  /** A session that {@link enter} was called for has gone. */
  leave(id: OrganizationId): void {
    const left = (this.#sessionCounts.get(id) ?? 0) - 1;
    if (left > 0) {
      this.#sessionCounts.set(id, left);
      return;
    }
    this.#sessionCounts.delete(id);
    if (this.#leaving.delete(id)) this.#free(id);
  }

  /** The organization is no more: its totals go, at the latest with its last session. */
  forget(id: OrganizationId): void {
    if (this.#sessionCounts.has(id)) this.#leaving.add(id);
    else this.#free(id);
  }

  countIn(index: number, bytes: number): void {
    if (index === NO_ORGANIZATION) return;
    this.#add(index, PACKETS_IN, 1);
    this.#add(index, BYTES_IN, bytes);
  }

  /** So many copies of a packet of so many bytes. */
  countOut(index: number, copies: number, bytes: number): void {
    if (index === NO_ORGANIZATION) return;
    this.#add(index, PACKETS_OUT, copies);
    this.#add(index, BYTES_OUT, copies * bytes);
  }

  countDrop(index: number): void {
    if (index !== NO_ORGANIZATION) this.#add(index, DROPPED, 1);
  }

  /** All totals as numbers alone, which cross to another thread as one buffer: {@link organizationTotals} reads them. */
  snapshot(): Float64Array {
    const rows = new Float64Array(this.#indexes.size * ROW);
    let at = 0;
    for (const [id, index] of this.#indexes) {
      rows[at] = id;
      rows.set(this.#totals.subarray(index * FIELDS, (index + 1) * FIELDS), at + 1);
      at += ROW;
    }
    return rows;
  }

  #add(index: number, field: number, amount: number): void {
    const at = index * FIELDS + field;
    this.#totals[at] = (this.#totals[at] ?? 0) + amount;
  }

  #free(id: OrganizationId): void {
    const index = this.#indexes.get(id);
    if (index === undefined) return;
    this.#indexes.delete(id);
    this.#freeIndexes.push(index);
  }

  #growTo(length: number): void {
    if (length <= this.#totals.length) return;
    const larger = new Float64Array(2 * this.#totals.length);
    larger.set(this.#totals);
    this.#totals = larger;
  }
}

/** Reads a {@link OrganizationTraffic.snapshot}. */
export function organizationTotals(rows: Float64Array): readonly OrganizationTotals[] {
  return Array.from({ length: rows.length / ROW }, (_, row) => {
    const [id = 0, packetsIn = 0, bytesIn = 0, packetsOut = 0, bytesOut = 0, dropped = 0] = rows.subarray(row * ROW);
    return { organizationId: organizationId(id), packetsIn, bytesIn, packetsOut, bytesOut, dropped };
  });
}
