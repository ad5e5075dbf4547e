/** Where what is durable and what is live are kept. */
import { join } from 'node:path';
import { Closers } from '../closers.js';
import { DataFolder } from '../data-folder.js';
import { Database } from '../database/database.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { EmbeddedPostgres } from '../database/embedded-postgres.js';
import type { EventBus } from '../events/event-bus.js';
import { RedisLink } from '../redis/redis-link.js';
import type { Tracing } from '../tracing/tracing.js';
import type { ServerOptions } from './server-options.js';

/** Null where there is one process alone. */
export async function openRedis({ config, logger }: ServerOptions, closers: Closers): Promise<RedisLink | null> {
  if (config.redis.url === null) return null;
  const link = await RedisLink.connect(config.redis.url, logger);
  closers.add(() => link.close());
  return link;
}

export async function openDatabase(
  { config, logger, signal, tracing }: ServerOptions & { readonly tracing: Tracing | null },
  folder: DataFolder,
  events: EventBus,
  closers: Closers,
): Promise<Database> {
  const maxConnections = config.database.max_connections;
  let connection: DatabaseConnection;
  if (config.database.url === null) {
    const at = { folder: join(folder.path, 'postgres'), maxConnections };
    const postgres = await EmbeddedPostgres.start({ ...at, logger, signal });
    closers.add(() => postgres.stop());
    connection = { kind: 'socket', ...postgres.connection };
  } else {
    connection = { kind: 'url', url: config.database.url };
  }
  const database = await Database.connect({ connection, maxConnections, events, logger, tracing });
  closers.add(() => database.close());
  const migrations = await database.migrate();
  if (migrations.length > 0) logger.info({ migrations }, 'database migrated');
  return database;
}
