import type { Pool, PoolClient } from 'pg';

/** The connections to PostgreSQL. */
export interface PoolState {
  readonly used: number;
  readonly idle: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
}

/** The connections that a pool has, in use or not. */
export class PoolConnections {
  readonly #clients = new Set<PoolClient>();
  #pool: Pool | undefined;

  get state(): PoolState {
    const { totalCount = 0, idleCount = 0, waitingCount = 0 } = this.#pool ?? {};
    return { used: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
  }

  /** Follows the pool from its beginning. */
  readonly follow = (pool: Pool): void => {
    this.#pool = pool;
    pool.on('connect', (client) => this.#clients.add(client));
    pool.on('remove', (client) => this.#clients.delete(client));
  };

  /** Breaks all of them: what waits for an answer fails, and the pool makes new ones. */
  breakAll(): void {
    for (const client of this.#clients) client.connection.stream.destroy();
    this.#clients.clear();
  }
}
