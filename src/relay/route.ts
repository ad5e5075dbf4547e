import type { SessionId } from '../ids.js';
import type { RouteUpdate } from './relay-update.js';
import type { SessionTable } from './session-table.js';

/** How long the epoch before stays acceptable after a change, in milliseconds. */
export const FORMER_EPOCH_MS = 2000;

/** What the relay knows of a target, with the receivers ready for the packet path. */
export class Route {
  readonly target: number;
  #listeners: ReadonlySet<SessionId> = new Set();
  #speakers: ReadonlySet<SessionId> = new Set();
  #epoch: number;
  #formerEpoch: number | null = null;
  #formerUntilMs = 0;
  #udpSlots = new Uint32Array(0);
  #tunnelIds: readonly SessionId[] = [];
  #linkSlots = new Uint32Array(0);
  #tunnelSlots = new Uint32Array(0);

  /** A route without listeners and speakers, before {@link replace}. */
  constructor(target: number, epoch: number) {
    this.target = target;
    this.#epoch = epoch;
  }

  /** Takes the new truth; {@link refresh} must follow. */
  replace(update: RouteUpdate, nowMs: number): void {
    if (update.epoch !== this.#epoch) {
      this.#formerEpoch = this.#epoch;
      this.#formerUntilMs = nowMs + FORMER_EPOCH_MS;
      this.#epoch = update.epoch;
    }
    this.#listeners = new Set(update.listeners);
    this.#speakers = new Set(update.speakers);
    this.#linkSlots = Uint32Array.from(update.links ?? []);
  }

  get listeners(): ReadonlySet<SessionId> {
    return this.#listeners;
  }

  get speakers(): ReadonlySet<SessionId> {
    return this.#speakers;
  }

  /** Slots of the listeners with a proven address. Never changed in place: a backend may still hold it. */
  get udpSlots(): Uint32Array {
    return this.#udpSlots;
  }

  /** The links to other nodes where somebody listens. */
  get linkSlots(): Uint32Array {
    return this.#linkSlots;
  }

  /** Listeners who get voice through their control connection. */
  get tunnelIds(): readonly SessionId[] {
    return this.#tunnelIds;
  }

  /** The slots of {@link tunnelIds}, in the same order. */
  get tunnelSlots(): Uint32Array {
    return this.#tunnelSlots;
  }

  maySpeak(id: SessionId): boolean {
    return this.#speakers.has(id);
  }

  /** `epochByte` is the low 8 bits of an epoch, as a packet carries it. */
  acceptsEpoch(epochByte: number, nowMs: number): boolean {
    if ((this.#epoch & 0xff) === epochByte) return true;
    return this.#formerEpoch !== null && (this.#formerEpoch & 0xff) === epochByte && nowMs < this.#formerUntilMs;
  }

  /** Makes the receivers ready. To be called whenever listeners, sessions or paths have changed. */
  refresh(sessions: SessionTable): void {
    const udpSlots: number[] = [];
    const tunnelIds: SessionId[] = [];
    const tunnelSlots: number[] = [];
    for (const id of this.#listeners) {
      const session = sessions.find(id);
      if (session?.path.kind === 'udp') udpSlots.push(session.slot);
      if (session?.path.kind === 'tunnel') {
        tunnelIds.push(id);
        tunnelSlots.push(session.slot);
      }
    }
    this.#udpSlots = Uint32Array.from(udpSlots);
    this.#tunnelIds = tunnelIds;
    this.#tunnelSlots = Uint32Array.from(tunnelSlots);
  }
}
