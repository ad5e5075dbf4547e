import type { Pool, PoolClient } from 'pg';

/** The connections that a pool has, in use or not. */
export class PoolConnections {
  readonly #clients = new Set<PoolClient>();

  /** Follows the pool from its beginning. */
  readonly follow = (pool: Pool): void => {
    pool.on('connect', (client) => this.#clients.add(client));
    pool.on('remove', (client) => this.#clients.delete(client));
  };

  /** Breaks all of them: what waits for an answer fails, and the pool makes new ones. */
  breakAll(): void {
    for (const client of this.#clients) client.connection.stream.destroy();
    this.#clients.clear();
  }
}
