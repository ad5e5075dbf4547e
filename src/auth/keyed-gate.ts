import { AppError } from '../errors.js';

export interface KeyedGateOptions {
  /** How many with the same key are let through at once. */
  readonly concurrency: number;
  /** How many more with the same key may wait; beyond it the answer is RATE_LIMITED. */
  readonly maxWaiting: number;
}

interface Gate {
  running: number;
  readonly waiting: (() => void)[];
}

/** How long somebody who finds too many waiting should stay away, in milliseconds. */
const RETRY_AFTER_MS = 5000;

/**
 * Lets a bounded number of works with the same key run at once, and the others wait in the order of their coming. What is
 * limited by its failures can so be asked for by many at once who will succeed.
 */
export class KeyedGate {
  readonly #options: KeyedGateOptions;
  readonly #gates = new Map<string, Gate>();

  constructor(options: KeyedGateOptions) {
    this.#options = options;
  }

  /** Runs the work when it is its turn. Throws what it throws, and RATE_LIMITED where too many wait. */
  async run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const gate = this.#gates.get(key) ?? { running: 0, waiting: [] };
    this.#gates.set(key, gate);
    await this.#turn(gate);
    try {
      return await work();
    } finally {
      const next = gate.waiting.shift();
      if (next === undefined) gate.running -= 1;
      else next();
      if (gate.running === 0) this.#gates.delete(key);
    }
  }

  /** The one who ends hands its place on. */
  async #turn(gate: Gate): Promise<void> {
    if (gate.running < this.#options.concurrency) {
      gate.running += 1;
      return;
    }
    if (gate.waiting.length >= this.#options.maxWaiting) {
      throw new AppError('RATE_LIMITED', 'Too many logins at once. Try again in a moment.', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    await new Promise<void>((resolve) => gate.waiting.push(resolve));
  }
}
