/** The parts of a server that is down, for commands that go to its database directly: a composition root of its own. */
import { join } from 'node:path';
import { pino } from 'pino';
import { Closers } from '../closers.js';
import { type LastServices, makeServices, type Services } from '../composition/services.js';
import type { Environment } from '../config/config-environment.js';
import { type Config, ConfigError, findConfigFile, loadConfig } from '../config.js';
import { DataFolder } from '../data-folder.js';
import { Database } from '../database/database.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { EmbeddedPostgres, runningPostgres } from '../database/embedded-postgres.js';
import { AppError } from '../errors.js';
import type { EventBus } from '../events/event-bus.js';
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
  /** What to do while a server runs: refuse (as it is where it is left out), or use the database beside it. */
  readonly whenRunning?: 'refuse' | 'share';
  /** True where the API of a server that runs does the same, without `--database`. */
  readonly isInApi?: boolean;
}

const MAX_CONNECTIONS = 4;

export class DirectServer {
  readonly config: Config;
  readonly database: Database;
  /** Where the database is, for who reads or writes whole tables. */
  readonly connection: DatabaseConnection;
  readonly #folder: DataFolder | null;
  readonly #events: EventBus;
  readonly #closers: Closers;

  /** Throws AdminError where a server runs that the database is not shared with, and AppError where the database cannot be reached. */
  static async open(options: DirectServerOptions): Promise<DirectServer> {
    const config = readConfig(options);
    const closers = new Closers(new AbortController().signal);
    try {
      const folder = await folderOf(config, options);
      closers.add(() => folder?.close());
      const connection = await connectionOf(config, folder, closers);
      const events = new MemoryEventBus((error) => {
        throw error;
      });
      const at = { connection, maxConnections: MAX_CONNECTIONS, events, logger: pino({ level: 'silent' }) };
      const database = await Database.connect(at);
      closers.add(() => database.close());
      await bringUpToDate(database, options.whenOlder);
      return new DirectServer({ config, database, connection, folder, events, closers });
    } catch (error) {
      await closers.close();
      throw error;
    }
  }

  private constructor(parts: DirectServerParts) {
    this.config = parts.config;
    this.database = parts.database;
    this.connection = parts.connection;
    this.#folder = parts.folder;
    this.#events = parts.events;
    this.#closers = parts.closers;
  }

  /** The services of the server that this one takes the place of. */
  async services(): Promise<Omit<Services, keyof LastServices>> {
    if (this.#folder === null) throw new Error('a server that runs has the services');
    const secret = await jwtSecret(this.config.security.jwt_secret, this.#folder);
    const live = { registry: new SessionRegistry(), store: new MemoryOccupancy() };
    return makeServices(this.config, { database: this.database, events: this.#events, secret, ...live });
  }

  async close(): Promise<void> {
    await this.#closers.close();
  }
}

interface DirectServerParts {
  readonly config: Config;
  readonly database: Database;
  readonly connection: DatabaseConnection;
  /** Null where a server that runs has it. */
  readonly folder: DataFolder | null;
  readonly events: EventBus;
  readonly closers: Closers;
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

async function folderOf(
  config: Config,
  { whenRunning = 'refuse', isInApi = false }: DirectServerOptions,
): Promise<DataFolder | null> {
  try {
    return await DataFolder.open(config.data_dir);
  } catch (error) {
    const line = messageOf(error);
    if (!(error instanceof AppError) || !line.includes('in use by another Parley')) throw error;
    if (whenRunning === 'share') return null;
    const [process = ''] = /\(process \d+\)/.exec(line) ?? [];
    throw new AdminError(
      AdminExit.refused,
      `A server uses ${config.data_dir} ${process}: stop it first${isInApi ? ', or leave out --database to go through its API' : ''}.`,
    );
  }
}

async function connectionOf(config: Config, folder: DataFolder | null, closers: Closers): Promise<DatabaseConnection> {
  if (config.database.url !== null) return { kind: 'url', url: config.database.url };
  const place = join(config.data_dir, 'postgres');
  if (folder === null) return { kind: 'socket', ...(await runningPostgres(place)) };
  const logger = pino({ level: 'silent' });
  const postgres = await EmbeddedPostgres.start({ folder: place, maxConnections: MAX_CONNECTIONS, logger });
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
