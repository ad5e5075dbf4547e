import type { SessionId } from '../ids.js';
import { NO_ORGANIZATION, OrganizationTraffic } from './organization-traffic.js';
import type { SessionUpdate } from './relay-update.js';
import { Session } from './session.js';
import { CryptoTagKey, type MakeSessionTagKey } from './session-tag.js';

const INITIAL_SLOTS = 64;

/** See `RelayOptions`. */
export interface SessionTableOptions {
  readonly maxBitrate: number;
  readonly firstServerCounter?: number;
  readonly makeTagKey?: MakeSessionTagKey;
}

/** Who is known, by id and by slot, each in constant time; and what was sent to each slot. */
export class SessionTable {
  readonly organizations = new OrganizationTraffic();
  readonly #byId = new Map<SessionId, Session>();
  readonly #freeSlots: number[] = [];
  readonly #maxBitrate: number;
  readonly #firstServerCounter: number;
  readonly #makeTagKey: MakeSessionTagKey;
  #slotCount = 0;
  #packetsOut = new Float64Array(INITIAL_SLOTS);
  #bytesOut = new Float64Array(INITIAL_SLOTS);

  constructor(options: SessionTableOptions) {
    this.#maxBitrate = options.maxBitrate;
    this.#firstServerCounter = options.firstServerCounter ?? 0;
    this.#makeTagKey = options.makeTagKey ?? ((bytes) => new CryptoTagKey(bytes));
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The session with this number, which may come from the network and be any. */
  find(id: number): Session | undefined {
    return this.#byId.get(id as SessionId);
  }

  all(): Iterable<Session> {
    return this.#byId.values();
  }

  /** Makes a session, whose id must not be known, in a free slot. */
  add(update: SessionUpdate, nowMs: number): Session {
    const slot = this.#freeSlots.at(-1) ?? this.#slotCount;
    const { organizationId } = update;
    const session = new Session({
      update,
      slot,
      organizationIndex: organizationId === undefined ? NO_ORGANIZATION : this.organizations.enter(organizationId),
      maxBitrate: this.#maxBitrate,
      makeTagKey: this.#makeTagKey,
      nowMs,
    });
    session.serverCounter = this.#firstServerCounter;
    if (slot === this.#slotCount) this.#slotCount += 1;
    else this.#freeSlots.pop();
    this.#growTo(this.#slotCount);
    this.#packetsOut[slot] = 0;
    this.#bytesOut[slot] = 0;
    this.#byId.set(session.id, session);
    return session;
  }

  remove(session: Session): void {
    this.#byId.delete(session.id);
    this.#freeSlots.push(session.slot);
    if (session.organizationId !== null) this.organizations.leave(session.organizationId);
  }

  /** Counts one packet to the slot. */
  countOut(slot: number, bytes: number): void {
    this.#packetsOut[slot] = this.packetsOut(slot) + 1;
    this.#bytesOut[slot] = this.bytesOut(slot) + bytes;
  }

  packetsOut(slot: number): number {
    return this.#packetsOut[slot] ?? 0;
  }

  bytesOut(slot: number): number {
    return this.#bytesOut[slot] ?? 0;
  }

  #growTo(slots: number): void {
    if (slots <= this.#packetsOut.length) return;
    this.#packetsOut = doubled(this.#packetsOut);
    this.#bytesOut = doubled(this.#bytesOut);
  }
}

function doubled(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}
