import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { ReflectMetadataProvider } from '@mikro-orm/decorators/legacy';
import { Migrator } from '@mikro-orm/migrations';
import { defineConfig, type Options } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import type { DatabaseConnection } from './database-connection.js';
import { entities } from './entities.js';
import { tenantFilter } from './tenant-filter.js';

/** How long somebody waits until a connection is made or another one free, in milliseconds. A server that refuses is noticed at once. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Longer statements are given up by the server, in milliseconds: none of ours takes so long. */
const STATEMENT_TIMEOUT_MS = 30_000;

/** How MikroORM finds the tables, the migrations and PostgreSQL. `maxConnections` bounds the pool, which is handed to `onPoolCreated`. */
export function ormOptions(
  connection: DatabaseConnection,
  maxConnections: number,
  onPoolCreated: (pool: Pool) => void = () => undefined,
): Options {
  return defineConfig({
    ...place(connection),
    entities,
    metadataProvider: ReflectMetadataProvider,
    extensions: [Migrator],
    filters: { [tenantFilter.name]: tenantFilter },
    pool: { min: 0, max: maxConnections },
    driverOptions: {
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      options: `-c timezone=UTC -c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
      keepAlive: true,
      onPoolCreated,
    },
    migrations: {
      tableName: 'migrations',
      path: compiledMigrations(),
      pathTs: 'migrations',
      snapshotName: '.snapshot',
      // A running server must never write into its own sources.
      snapshot: false,
      transactional: true,
      allOrNothing: true,
    },
    // Nothing is read from the environment behind the configuration's back.
    preferEnvVars: false,
  });
}

function place(connection: DatabaseConnection): Options {
  if (connection.kind === 'url') return { clientUrl: connection.url };
  const { host, port, user, database } = connection;
  return { host, port, user, dbName: database };
}

/** Migrations are always the compiled ones, also where tests run this very file from its source. */
export function compiledMigrations(): string {
  const path = import.meta.url.endsWith('.ts') ? '../../dist/migrations' : '../../migrations';
  return fileURLToPath(new URL(path, import.meta.url));
}
