import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import { FolderLock } from '../folder-lock.js';
import { messageOf } from '../thrown.js';
import { BoundedLogFile } from './bounded-log-file.js';
import { choosePostgresAccount, type PostgresAccount } from './postgres-account.js';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { DATABASE_USER, ensureCluster } from './postgres-cluster.js';
import { type ClusterIdentity, endLeftProcesses, isPostgres } from './postgres-processes.js';
import { SOCKET_PORT, SocketFolder } from './postgres-socket.js';
import { Postmaster } from './postmaster.js';

export interface EmbeddedPostgresOptions {
  /** A folder for the database alone, made where there is none. */
  readonly folder: string;
  readonly logger: Logger;
  /** How many connections are wanted at a time. A few more are there for tools. */
  readonly maxConnections?: number;
  /** Ends a start that is not complete yet. */
  readonly signal?: AbortSignal;
}

/** Where somebody else's PostgreSQL, which runs in this folder, takes connections. */
export async function runningPostgres(folder: string): Promise<EmbeddedPostgres['connection']> {
  const host = SocketFolder.pathOf(await realpath(folder));
  return { host, port: SOCKET_PORT, user: DATABASE_USER, database: DATABASE_USER };
}

type LostListener = (reason: Error) => void;

const DEFAULT_MAX_CONNECTIONS = 100;
/** Three that PostgreSQL keeps for superusers, and some for who looks in with `psql`. */
const SPARE_CONNECTIONS = 8;
const MAX_LOG_BYTES = 5_000_000;
const START_TIMEOUT_MS = 10_000;
const START_PAUSE_MS = 200;
const FIRST_RESTART_PAUSE_MS = 100;
const MAX_RESTART_PAUSE_MS = 10_000;

/**
 * PostgreSQL as a child process, in a folder, on a unix socket. It ends with this process, however that ends, and is
 * started again when it ends by itself: who is connected has to connect again, to the same place.
 *
 * The folder holds `cluster` (PostgreSQL's own), `socket`, `postgres.log` and `lock`.
 */
export class EmbeddedPostgres {
  readonly connection: {
    /** The folder of the socket. */
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  };
  readonly #parts: Parts;
  readonly #lostListeners: LostListener[] = [];
  readonly #stopping = new AbortController();
  readonly #supervision: Promise<void>;
  #postmaster: Postmaster;

  /** Makes the cluster where there is none, and resolves once it takes connections. Throws AppError UNAVAILABLE, in one line, and the signal's reason. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const binaries = await findPostgresBinaries();
    const folder = await makeFolder(options.folder);
    const lock = FolderLock.acquire(folder, `The database in ${folder}`);
    let parts: Parts | undefined;
    try {
      parts = await prepare(folder, binaries, lock, options);
      options.signal?.throwIfAborted();
      return new EmbeddedPostgres(parts, await launch(parts, options.signal));
    } catch (error) {
      if (parts === undefined) lock.release();
      else await release(parts);
      throw error;
    }
  }

  private constructor(parts: Parts, postmaster: Postmaster) {
    this.#parts = parts;
    this.#postmaster = postmaster;
    this.connection = {
      host: parts.socketFolder.path,
      port: SOCKET_PORT,
      user: DATABASE_USER,
      database: DATABASE_USER,
    };
    this.#supervision = this.#supervise();
  }

  /** Calls each time PostgreSQL has ended by itself, before it is started again. */
  onLost(listener: LostListener): void {
    this.#lostListeners.push(listener);
  }

  /** Ends PostgreSQL, in order, within 8 s. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    await this.#postmaster.stop();
    await this.#supervision;
    await release(this.#parts);
  }

  async #supervise(): Promise<void> {
    await this.#postmaster.exited;
    while (!this.#stopping.signal.aborted) {
      const reason = new Error(this.#postmaster.reason);
      this.#parts.logger.error({ err: reason }, 'database lost, starting it again');
      for (const listener of this.#lostListeners) listener(reason);
      await this.#restart();
      await this.#postmaster.exited;
    }
  }

  /** Tries until it succeeds or is to stop: what is in the way, a full disk say, may go away. */
  async #restart(): Promise<void> {
    const { signal } = this.#stopping;
    for (let pauseMs = FIRST_RESTART_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, MAX_RESTART_PAUSE_MS)) {
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        this.#postmaster = await launch(this.#parts, signal);
        if (signal.aborted) await this.#postmaster.stop();
        else this.#parts.logger.info('database is back');
        return;
      } catch (error) {
        if (!signal.aborted) this.#parts.logger.error({ err: error }, 'database does not start');
      }
    }
  }
}

/** The folder's one true path: what a former run has left is found by it. */
async function makeFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return await realpath(path);
  } catch (error) {
    throw new AppError('UNAVAILABLE', `The folder of the database cannot be made: ${messageOf(error)}`);
  }
}

/** What all runs of the postmaster have in common. */
interface Parts {
  readonly identity: ClusterIdentity;
  readonly binaries: PostgresBinaries;
  readonly account: PostgresAccount;
  readonly socketFolder: SocketFolder;
  readonly lock: FolderLock;
  readonly log: BoundedLogFile;
  readonly logger: Logger;
  readonly maxConnections: number;
}

async function prepare(
  folder: string,
  binaries: PostgresBinaries,
  lock: FolderLock,
  { logger, maxConnections = DEFAULT_MAX_CONNECTIONS, signal }: EmbeddedPostgresOptions,
): Promise<Parts> {
  const clusterFolder = join(folder, 'cluster');
  const account = await choosePostgresAccount(clusterFolder);
  await ensureCluster(clusterFolder, binaries, account, signal);
  const clusterName = `parley-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  const socketFolder = await SocketFolder.make(folder, account);
  const log = new BoundedLogFile(join(folder, 'postgres.log'), MAX_LOG_BYTES);
  const identity = { clusterFolder, clusterName };
  return { identity, binaries, account, socketFolder, lock, log, logger, maxConnections };
}

/** Gives back what is held while PostgreSQL runs. */
async function release({ socketFolder, log, lock }: Parts): Promise<void> {
  await socketFolder.remove();
  log.close();
  lock.release();
}

/** Starts a postmaster and waits until it is ready. A lock of a former one may stay for a moment. Throws AppError UNAVAILABLE. */
async function launch(parts: Parts, stopping?: AbortSignal): Promise<Postmaster> {
  for (let waitedMs = 0; ; waitedMs += START_PAUSE_MS) {
    await endLeftProcesses(parts.identity);
    await removeStaleLocks(parts);
    const postmaster = new Postmaster({
      postgres: parts.binaries.postgres,
      clusterFolder: parts.identity.clusterFolder,
      account: parts.account,
      settings: settingsOf(parts),
      onOutput: (chunk) => writeLog(parts, chunk),
    });
    const stop = () => void postmaster.stop();
    stopping?.addEventListener('abort', stop);
    try {
      await postmaster.untilReady();
      return postmaster;
    } catch (error) {
      await postmaster.stop();
      const isPassing = error instanceof AppError && /lock file|shared memory/.test(error.message);
      if (!isPassing || waitedMs >= START_TIMEOUT_MS || stopping?.aborted) throw error;
    } finally {
      stopping?.removeEventListener('abort', stop);
    }
    await sleep(START_PAUSE_MS);
  }
}

function settingsOf({ identity, socketFolder, maxConnections }: Parts): Record<string, string | number> {
  return {
    listen_addresses: '',
    unix_socket_directories: `"${socketFolder.path.replaceAll('"', '""')}"`,
    port: SOCKET_PORT,
    cluster_name: identity.clusterName,
    max_connections: maxConnections + SPARE_CONNECTIONS,
    shared_buffers: '32MB',
    fsync: 'on',
    // Processes that a database of this size does not need.
    io_method: 'sync',
    max_logical_replication_workers: 0,
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
    // Errors of statements go to whoever made them, with values that do not belong into a log.
    log_min_messages: 'log',
    log_checkpoints: 'off',
  };
}

/**
 * Removes the lock files of a postmaster that is gone. PostgreSQL does that too, but keeps them while any process,
 * one not yet reaped or one that got the same id after a reboot, has that id. A living PostgreSQL keeps them.
 */
async function removeStaleLocks({ identity, socketFolder }: Parts): Promise<void> {
  const socketLock = join(socketFolder.path, `.s.PGSQL.${SOCKET_PORT}.lock`);
  for (const file of [join(identity.clusterFolder, 'postmaster.pid'), socketLock]) {
    const firstLine = await readFile(file, 'utf8').then(
      (content) => content.split('\n')[0],
      () => undefined,
    );
    if (firstLine === undefined) continue;
    if (!(await isPostgres(Number(firstLine)))) await rm(file, { force: true });
  }
}

function writeLog({ log, logger }: Parts, chunk: Uint8Array): void {
  try {
    log.write(chunk);
  } catch (error) {
    logger.warn({ err: error }, 'the log of the database cannot be written');
  }
}
