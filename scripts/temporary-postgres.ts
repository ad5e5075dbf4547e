import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { DatabaseConnection } from '../src/database/database-connection.js';
import { EmbeddedPostgres } from '../src/database/embedded-postgres.js';

/** The embedded PostgreSQL in a temporary folder: empty, and gone with all that it held when it is stopped. */
export class TemporaryPostgres {
  readonly #postgres: EmbeddedPostgres;
  readonly #folder: string;

  static async start(): Promise<TemporaryPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-postgres-'));
    try {
      const postgres = await EmbeddedPostgres.start({ folder, logger: pino({ level: 'silent' }) });
      return new TemporaryPostgres(postgres, folder);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(postgres: EmbeddedPostgres, folder: string) {
    this.#postgres = postgres;
    this.#folder = folder;
  }

  get connection(): Extract<DatabaseConnection, { kind: 'socket' }> {
    return { kind: 'socket', ...this.#postgres.connection };
  }

  async stop(): Promise<void> {
    await this.#postgres.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
