/** The parts of a server that is down, for commands that go to its database directly: a composition root of its own. */
import { join } from 'node:path';
import { pino } from 'pino';
import { Closers } from '../closers.js';
import { makeServices, type Services } from '../composition/services.js';
import type { Environment } from '../config/config-environment.js';
import { type Config, ConfigError, findConfigFile, loadConfig } from '../config.js';
import { DataFolder } from '../data-folder.js';
import { Database } from '../database/database.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { EmbeddedPostgres } from '../database/embedded-postgres.js';
import { AppError } from '../errors.js';
import { MemoryEventBus } from '../events/memory-event-bus.js';
import { jwtSecret } from '../jwt-secret.js';
import { MemoryOccupancy } from '../occupancy/memory-occupancy.js';
import { SessionRegistry } from '../sessions/session-registry.js';
import { messageOf } from '../thrown.js';
import { AdminError, AdminExit } from './admin-error.js';

export interface DirectServerOptions {
  /** As for the server: left out, what the server would read. */
  readonly configFile: string | undefined;
  readonly environment: Environment;
  readonly workingFolder: string;
  /** What to do where the database is of an older version: nothing (as it is), refuse, or bring it up to date. */
  readonly whenOlder: 'keep' | 'refuse' | 'migrate';
}

const MAX_CONNECTIONS = 4;

export class DirectServer {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly database: Database;
  readonly services: Omit<Services, 'voiceQuality'>;
  /** Where the database is, for who reads or writes whole tables. */
  readonly connection: DatabaseConnection;
  readonly #closers: Closers;

  /** Takes the place of the server. Throws AdminError where it runs, and AppError where the database cannot be reached. */
  static async open(options: DirectServerOptions): Promise<DirectServer> {
    const config = readConfig(options);
    const closers = new Closers(new AbortController().signal);
    try {
      const folder = await lockedFolder(config);
      closers.add(() => folder.close());
      const connection = await connectionOf(config, folder, closers);
      const logger = pino({ level: 'silent' });
      const events = new MemoryEventBus((error) => {
        throw error;
      });
      const database = await Database.connect({ connection, maxConnections: MAX_CONNECTIONS, events, logger });
      closers.add(() => database.close());
      await bringUpToDate(database, options.whenOlder);
      const secret = await jwtSecret(config.security.jwt_secret, folder);
      const parts = { database, events, secret, registry: new SessionRegistry(), store: new MemoryOccupancy() };
      return new DirectServer(config, folder, database, makeServices(config, parts), connection, closers);
    } catch (error) {
      await closers.close();
      throw error;
    }
  }

  private constructor(
    config: Config,
    folder: DataFolder,
    database: Database,
    services: Omit<Services, 'voiceQuality'>,
    connection: DatabaseConnection,
    closers: Closers,
  ) {
    this.config = config;
    this.folder = folder;
    this.database = database;
    this.services = services;
    this.connection = connection;
    this.#closers = closers;
  }

  async close(): Promise<void> {
    await this.#closers.close();
  }
}

/** Runs `work` with the parts of the server, and gives them back. */
export async function withDirectServer<Result>(
  options: DirectServerOptions,
  work: (server: DirectServer) => Promise<Result>,
): Promise<Result> {
  const server = await DirectServer.open(options);
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

/** The configuration that the server would start with. Throws AdminError with all that is wrong, one line each. */
export function readConfig({
  configFile,
  environment,
  workingFolder,
}: Pick<DirectServerOptions, 'configFile' | 'environment' | 'workingFolder'>): Config {
  try {
    return loadConfig({ file: findConfigFile(configFile, environment, workingFolder), environment, workingFolder });
  } catch (error) {
    if (error instanceof ConfigError) throw new AdminError(AdminExit.usage, error.problems.join('\nparley: '));
    throw error;
  }
}

async function lockedFolder(config: Config): Promise<DataFolder> {
  try {
    return await DataFolder.open(config.data_dir);
  } catch (error) {
    const line = messageOf(error);
    if (!(error instanceof AppError) || !line.includes('in use by another Parley')) throw error;
    const [process = ''] = /\(process \d+\)/.exec(line) ?? [];
    throw new AdminError(
      AdminExit.refused,
      `A server uses ${config.data_dir} ${process}: leave out --database to go through its API, or stop it first.`,
    );
  }
}

async function connectionOf(config: Config, folder: DataFolder, closers: Closers): Promise<DatabaseConnection> {
  if (config.database.url !== null) return { kind: 'url', url: config.database.url };
  const postgres = await EmbeddedPostgres.start({
    folder: join(folder.path, 'postgres'),
    maxConnections: MAX_CONNECTIONS,
    logger: pino({ level: 'silent' }),
  });
  closers.add(() => postgres.stop());
  return { kind: 'socket', ...postgres.connection };
}

async function bringUpToDate(database: Database, whenOlder: DirectServerOptions['whenOlder']): Promise<void> {
  if (whenOlder === 'migrate') {
    await database.migrate();
    return;
  }
  const { pending } = await database.migrations();
  if (pending.length === 0 || whenOlder === 'keep') return;
  throw new AdminError(
    AdminExit.refused,
    'The database is of an older version: run "parley admin migrations" first, or start the server, which does it.',
  );
}
