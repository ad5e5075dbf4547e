import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Counter, Gauge, type Metric } from 'prom-client';
import type { OrganizationId } from '../ids.js';
import { type Difference, INVARIANTS, persisting } from './invariants.js';
import type { OccupancyCheck } from './occupancy-check.js';

export interface InvariantWatchOptions {
  readonly check: OccupancyCheck;
  /** From one check to the next, in milliseconds. */
  readonly intervalMs: number;
  readonly logger: Logger;
}

/** How long a difference must last to be a violation, in milliseconds: who is where is right 10 s after any fault. */
const LASTING_MS = 10_000;
/** Organizations are checked until so many sessions were looked at; the others come next. */
const MAX_SESSIONS_PER_CHECK = 5000;
/** How many violations a line of the log names. */
const MAX_NAMED = 10;

/** Checks now and then that all who say who is where say the same, and says so where they do not. */
export class InvariantWatch {
  /** For the metrics of the server. */
  readonly metrics: readonly Metric[];
  readonly #options: InvariantWatchOptions;
  readonly #violations = new Gauge({
    name: 'parley_invariant_violations',
    help: `What contradicts itself about who is where, and did ${LASTING_MS / 1000} s before, by invariant. 0 unless something is broken.`,
    labelNames: ['invariant'],
    registers: [],
  });
  readonly #checks = new Counter({
    name: 'parley_invariant_checks_total',
    help: 'Checks of who is where, by outcome: done, or failed.',
    labelNames: ['outcome'],
    registers: [],
  });
  readonly #lastOf = new Map<OrganizationId | null, readonly Difference[]>();
  readonly #timer: NodeJS.Timeout;
  readonly #stopping = new AbortController();
  #checking: Promise<readonly Difference[]> | null = null;
  #lastChecked: OrganizationId | null = null;

  constructor(options: InvariantWatchOptions) {
    this.#options = options;
    this.metrics = [this.#violations, this.#checks];
    this.#show();
    this.#timer = setInterval(() => void this.check().catch(() => undefined), options.intervalMs);
  }

  /** Looks twice, and returns all violations that are known then. Whoever asks meanwhile gets the same. */
  check(): Promise<readonly Difference[]> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#checking?.catch(() => undefined);
    this.#options.check.close();
  }

  async #check(): Promise<readonly Difference[]> {
    const { logger, intervalMs } = this.#options;
    try {
      const due = this.#due();
      const first = new Map<OrganizationId | null, readonly Difference[]>();
      for (const id of due) first.set(id, await this.#look(id));
      const suspects = due.filter((id) => (first.get(id) ?? []).length > 0);
      for (const id of due) this.#lastOf.delete(id);
      if (suspects.length > 0) {
        await sleep(Math.min(LASTING_MS, intervalMs), undefined, { signal: this.#stopping.signal });
        for (const id of suspects) this.#lastOf.set(id, persisting(first.get(id) ?? [], await this.#look(id)));
      }
      this.#checks.inc({ outcome: 'done' });
      return this.#tell();
    } catch (err) {
      if (!this.#stopping.signal.aborted) {
        this.#checks.inc({ outcome: 'failed' });
        logger.warn({ err }, 'who is where could not be checked');
      }
      throw err;
    }
  }

  #look(id: OrganizationId | null): Promise<readonly Difference[]> {
    const { check } = this.#options;
    return id === null ? check.lookAtNode() : check.look(id);
  }

  /** The node, and the organizations whose turn it is. */
  #due(): readonly (OrganizationId | null)[] {
    const sizes = this.#options.check.organizations();
    for (const id of this.#lastOf.keys()) if (id !== null && !sizes.has(id)) this.#lastOf.delete(id);
    const ids = [...sizes.keys()].sort((left, right) => left - right);
    const next = ids.findIndex((id) => id > (this.#lastChecked ?? 0));
    const inTurn = next < 0 ? ids : [...ids.slice(next), ...ids.slice(0, next)];
    const due: OrganizationId[] = [];
    for (let index = 0, sessions = 0; index < inTurn.length && sessions < MAX_SESSIONS_PER_CHECK; index += 1) {
      const [id] = inTurn.slice(index);
      if (id === undefined) break;
      due.push(id);
      sessions += sizes.get(id) ?? 0;
    }
    this.#lastChecked = due.at(-1) ?? null;
    return [...due, null];
  }

  #tell(): readonly Difference[] {
    this.#show();
    const violations = [...this.#lastOf.values()].flat();
    if (violations.length > 0) {
      const named = violations.slice(0, MAX_NAMED).map(({ invariant, subject }) => `${invariant}: ${subject}`);
      this.#options.logger.error({ violations: violations.length, named }, 'bug: who is where contradicts itself');
    }
    return violations;
  }

  #show(): void {
    const violations = [...this.#lastOf.values()].flat();
    for (const invariant of INVARIANTS) {
      this.#violations.set({ invariant }, violations.filter((each) => each.invariant === invariant).length);
    }
  }
}
