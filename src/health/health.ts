import { setTimeout as sleep } from 'node:timers/promises';

/** Something without which the server is not whole. Rejects where it does not work. */
export interface HealthCheck {
  /** As in the answer: `database`. */
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

export type Readiness = 'starting' | 'ready' | 'degraded' | 'stopping';

export interface HealthReport {
  readonly status: Readiness;
  readonly checks: Readonly<Record<string, 'up' | 'down'>>;
}

/** How long a check may take until it counts as failed, in milliseconds. */
const CHECK_TIMEOUT_MS = 2000;

/** Says whether the server can do its work. */
export class Health {
  readonly #checks: readonly HealthCheck[];
  #phase: 'starting' | 'running' | 'stopping' = 'starting';
  #running: Promise<HealthReport> | undefined;

  constructor(checks: readonly HealthCheck[]) {
    this.#checks = checks;
  }

  /** The start is complete. */
  started(): void {
    this.#phase = 'running';
  }

  /** The server is about to end: nobody new should be sent to it. */
  stopping(): void {
    this.#phase = 'stopping';
  }

  /** Runs the checks. However many ask at a time, they run once. */
  report(): Promise<HealthReport> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<HealthReport> {
    const states = await Promise.all(this.#checks.map(async (check) => [check.name, await stateOf(check)] as const));
    const isWhole = states.every(([, state]) => state === 'up');
    const running = isWhole ? 'ready' : 'degraded';
    return { status: this.#phase === 'running' ? running : this.#phase, checks: Object.fromEntries(states) };
  }
}

async function stateOf({ run }: HealthCheck): Promise<'up' | 'down'> {
  const timeout = new AbortController();
  const tooLong = sleep(CHECK_TIMEOUT_MS, 'down' as const, { signal: timeout.signal }).catch(() => 'down' as const);
  const outcome = run().then(
    () => 'up' as const,
    () => 'down' as const,
  );
  try {
    return await Promise.race([outcome, tooLong]);
  } finally {
    timeout.abort();
  }
}
