import { writeFile } from 'node:fs/promises';
import { pino } from 'pino';
import { TemporaryPostgres } from '../../scripts/temporary-postgres.js';
import { Database } from '../../src/database/database.js';
import { MemoryEventBus } from '../../src/events/memory-event-bus.js';
import { rememberCluster } from './test-cluster.js';
import { administer, newClusterFile, TEMPLATE_DATABASE } from './test-database.js';

/** One PostgreSQL for the run, with a migrated template from which each test makes its own database. */
export default async function setup(): Promise<void> {
  const postgres = await TemporaryPostgres.start();
  const cluster = { connection: postgres.connection };
  await administer(cluster, `create database ${TEMPLATE_DATABASE}`);
  const template = await Database.connect({
    connection: { ...postgres.connection, database: TEMPLATE_DATABASE },
    maxConnections: 1,
    events: new MemoryEventBus(() => undefined),
    logger: pino({ level: 'silent' }),
  });
  await template.migrate();
  await template.close();
  const file = newClusterFile();
  await writeFile(file, JSON.stringify(cluster));
  process.env.TEST_CLUSTER_FILE = file;
  rememberCluster(postgres, file);
}
