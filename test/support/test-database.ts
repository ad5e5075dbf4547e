import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, DatabaseError } from 'pg';
import { pino } from 'pino';
import { Database } from '../../src/database/database.js';
import type { DatabaseConnection } from '../../src/database/database-connection.js';
import type { EventBus } from '../../src/events/event-bus.js';
import { MemoryEventBus } from '../../src/events/memory-event-bus.js';
import { eventually } from './eventually.js';

/** The SQLSTATE of what a role may not do. */
const INSUFFICIENT_PRIVILEGE = '42501';

/** Where the run's one PostgreSQL is: written by the global setup for the workers. */
export interface TestCluster {
  readonly connection: Extract<DatabaseConnection, { kind: 'socket' }>;
}

/** A migrated and empty database that nobody else sees. */
export const TEMPLATE_DATABASE = 'parley_template';

/** The file through which the global setup tells the workers; its name is in the environment that they inherit. */
export function clusterFile(): string {
  const file = process.env.TEST_CLUSTER_FILE;
  if (file === undefined) throw new Error('the global setup has not run');
  return file;
}

/** A new name for a file of this run. */
export function newClusterFile(): string {
  return join(tmpdir(), `parley-test-cluster-${process.pid}.json`);
}

/** A database of a test's own, made from the template in a moment. */
export class TestDatabase {
  readonly connection: TestCluster['connection'];
  readonly database: Database;
  readonly events: EventBus;
  readonly #name: string;
  readonly #cluster: TestCluster;

  static async create(maxConnections = 5): Promise<TestDatabase> {
    const cluster: TestCluster = JSON.parse(await readFile(clusterFile(), 'utf8'));
    const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
    await administer(cluster, `create database ${name} template ${TEMPLATE_DATABASE}`);
    const connection = { ...cluster.connection, database: name };
    const events = new MemoryEventBus((error) => {
      throw error;
    });
    const logger = pino({ level: 'silent' });
    const database = await Database.connect({ connection, maxConnections, events, logger });
    return new TestDatabase(cluster, name, connection, database, events);
  }

  private constructor(
    cluster: TestCluster,
    name: string,
    connection: TestCluster['connection'],
    database: Database,
    events: EventBus,
  ) {
    this.#cluster = cluster;
    this.#name = name;
    this.connection = connection;
    this.database = database;
    this.events = events;
  }

  async drop(): Promise<void> {
    await this.database.close();
    await eventually(() => this.#dropped());
  }

  /** False where PostgreSQL's own vacuum is in it, whom only PostgreSQL may end: it goes by itself. */
  async #dropped(): Promise<boolean> {
    try {
      await administer(this.#cluster, `drop database ${this.#name} with (force)`);
      return true;
    } catch (error) {
      if (error instanceof DatabaseError && error.code === INSUFFICIENT_PRIVILEGE) return false;
      throw error;
    }
  }
}

/** A plain client of the database, for what tests look at behind the server's back. */
export async function connectTo(connection: TestCluster['connection']): Promise<Client> {
  const { host, port, user, database } = connection;
  const client = new Client({ host, port, user, database, options: '-c timezone=UTC' });
  await client.connect();
  return client;
}

/** Runs one statement as the owner of the cluster. */
export async function administer({ connection }: TestCluster, statement: string): Promise<void> {
  const client = await connectTo({ ...connection, database: 'postgres' });
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
