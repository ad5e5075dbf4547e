/** How much the operations of one actor may cost over time. */
import { AppError } from '../errors.js';

/** What somebody has left. */
export interface BudgetState {
  /** In units of cost, rounded down. */
  readonly remaining: number;
  /** How long until all of it is there again, in milliseconds. */
  readonly resetAfterMs: number;
}

export interface CostBudgetOptions {
  /** What may be spent at once, and what comes back in a minute, bit by bit. */
  readonly costPerMinute: number;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

/** Keys are looked through for those that are full again each time that so many were added. */
const SWEEP_AFTER = 1000;
/** Units are counted as time: what is less than this was lost in counting. */
const ROUNDING = 1e-3;

/** Bounds what each actor spends. A budget is one moment: the one at which it is full again. */
export class CostBudget {
  readonly #capacity: number;
  readonly #unitMs: number;
  readonly #now: () => number;
  readonly #fullAtMs = new Map<string, number>();
  #addedSinceSweep = 0;

  constructor({ costPerMinute, now }: CostBudgetOptions) {
    this.#capacity = costPerMinute;
    this.#unitMs = 60_000 / costPerMinute;
    this.#now = now;
  }

  /** Spends `cost` and says what is left. Throws RATE_LIMITED, with the time to wait, where less than that is there; it then spends nothing. */
  take(key: string, cost: number): BudgetState {
    const { remaining } = this.of(key);
    const spentMs = this.#spentMs(key) + cost * this.#unitMs;
    if (cost > remaining) {
      throw new AppError('RATE_LIMITED', 'You have asked for too much in the last minute. Try again later.', {
        params: { cost, remaining },
        retryAfterMs: Math.ceil(spentMs - this.#capacity * this.#unitMs),
      });
    }
    this.#keep(key, this.#now() + spentMs);
    return this.of(key);
  }

  /** What is left, without spending anything. */
  of(key: string): BudgetState {
    const spentMs = this.#spentMs(key);
    const remaining = Math.floor(this.#capacity - spentMs / this.#unitMs + ROUNDING);
    return { remaining, resetAfterMs: Math.ceil(spentMs) };
  }

  /** How long it takes until what was spent is there again. */
  #spentMs(key: string): number {
    return Math.max(0, (this.#fullAtMs.get(key) ?? 0) - this.#now());
  }

  #keep(key: string, fullAtMs: number): void {
    if (!this.#fullAtMs.has(key)) this.#addedSinceSweep += 1;
    this.#fullAtMs.set(key, fullAtMs);
    if (this.#addedSinceSweep < SWEEP_AFTER) return;
    this.#addedSinceSweep = 0;
    const now = this.#now();
    for (const [each, full] of this.#fullAtMs) if (full <= now) this.#fullAtMs.delete(each);
  }
}
