/** Where what is durable and what is live are kept. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Closers } from '../closers.js';
import { DataFolder } from '../data-folder.js';
import { Database } from '../database/database.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { EmbeddedPostgres } from '../database/embedded-postgres.js';
import type { EventBus } from '../events/event-bus.js';
import { MemoryEventBus } from '../events/memory-event-bus.js';
import { RedisEventBus } from '../events/redis-event-bus.js';
import { RedisPresence } from '../occupancy/redis-presence.js';
import { RedisLink } from '../redis/redis-link.js';
import { SessionRegistry } from '../sessions/session-registry.js';
import type { ServerOptions } from './server-options.js';

/** Null where there is one process alone. */
export async function openRedis({ config, logger }: ServerOptions, closers: Closers): Promise<RedisLink | null> {
  if (config.redis.url === null) return null;
  const link = await RedisLink.connect(config.redis.url, logger);
  closers.add(() => link.close());
  return link;
}

export async function openPresence(
  {
    redis: link,
    registry,
    events,
    logger,
  }: { redis: RedisLink; registry: SessionRegistry; events: EventBus; logger: Logger },
  closers: Closers,
): Promise<RedisPresence> {
  const presence = await RedisPresence.start({ link, registry, events, logger });
  closers.add(() => presence.stop());
  return presence;
}

export async function openEvents(link: RedisLink | null, logger: Logger): Promise<EventBus> {
  const local = new MemoryEventBus((err, { type }) =>
    logger.error({ err, type }, 'bug: a listener to an event failed'),
  );
  return link === null ? local : RedisEventBus.start({ link, local, logger });
}

export async function openDatabase(
  { config, logger, signal }: ServerOptions,
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
  const database = await Database.connect({ connection, maxConnections, events, logger });
  closers.add(() => database.close());
  const migrations = await database.migrate();
  if (migrations.length > 0) logger.info({ migrations }, 'database migrated');
  return database;
}
