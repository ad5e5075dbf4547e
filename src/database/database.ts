import { AsyncLocalStorage } from 'node:async_hooks';
import { isNativeError } from 'node:util/types';
import { ConnectionException, type EntityManager, MikroORM, type RequiredEntityData } from '@mikro-orm/postgresql';
import type { Logger } from 'pino';
import { AuditEntry } from '../audit/audit-entry.entity.js';
import type { AuditRecord } from '../audit/audit-record.js';
import { AppError } from '../errors.js';
import { causeOf, type DomainEvent } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { ApiKeyScope, RequestContext } from '../request-context.js';
import { failureOf } from '../tracing/traced-services.js';
import type { Tracing } from '../tracing/tracing.js';
import type { DatabaseConnection } from './database-connection.js';
import { DatabaseTimes, type DatabaseWork } from './database-times.js';
import { type MigrationState, migrationState, type PendingMigration, pendingSql } from './migration-state.js';
import { ormOptions } from './orm-options.js';
import { OutageGate } from './outage-gate.js';
import { PoolConnections, type PoolState } from './pool-connections.js';
import { probeConnection } from './probe-connection.js';
import type { SharedReads } from './shared-reads.js';
import { StatementLogger } from './statement-logger.js';
import { scopeOf, tenantFilter } from './tenant-filter.js';

export interface DatabaseOptions {
  readonly connection: DatabaseConnection;
  /** How many connections the pool has at most. */
  readonly maxConnections: number;
  /** Is told what has happened, after the commit. */
  readonly events: EventBus;
  readonly logger: Logger;
  /** Null or left out where requests are not traced. */
  readonly tracing?: Tracing | null;
}

interface DatabaseParts {
  readonly orm: MikroORM;
  readonly events: EventBus;
  readonly gate: OutageGate;
  readonly connections: PoolConnections;
  readonly tracing: Tracing | null;
}

/** One change: what it does in the database, and what it tells once it is committed. */
export interface Transaction {
  readonly em: EntityManager;
  /** Tells the event after the commit; nothing is told where the transaction fails. */
  publish(event: DomainEvent): void;
  /** Writes the change down in the audit log, in this transaction. */
  record(record: AuditRecord): void;
}

/** What {@link Database.together} does, and whether it is to be kept. */
export interface Together<Result> {
  readonly result: Result;
  readonly isKept: boolean;
}

/** The transaction that several changes are made in. */
interface Joined {
  readonly em: EntityManager;
  readonly events: DomainEvent[];
}

/** The one way to PostgreSQL. What is read and written is bound to the organization of the actor. */
export class Database {
  readonly times = new DatabaseTimes();
  readonly #orm: MikroORM;
  readonly #events: EventBus;
  readonly #gate: OutageGate;
  readonly #joined = new AsyncLocalStorage<Joined>();
  readonly #connections: PoolConnections;
  readonly #tracing: Tracing | null;

  /** Throws AppError UNAVAILABLE, in one line, where PostgreSQL cannot be reached. */
  static async connect(options: DatabaseOptions): Promise<Database> {
    const { connection, maxConnections, events, logger, tracing = null } = options;
    const connections = new PoolConnections();
    const orm = await MikroORM.init({
      ...ormOptions(connection, maxConnections, connections.follow),
      logger: (message) => logger.debug(message),
      ...(tracing !== null && { loggerFactory: (made) => new StatementLogger(made, tracing) }),
    });
    const gate = new OutageGate({
      probe: (timeoutMs) => signOfLife(connection, timeoutMs),
      onAway: () => {
        logger.warn('the database is away: what needs it is refused until it is back');
        connections.breakAll();
      },
      onBack: () => logger.info('the database is back'),
    });
    const database = new Database({ orm, events, gate, connections, tracing });
    try {
      // At the start nobody else waits, and a machine that is about to come up is slow.
      await explained(() => orm.em.fork().execute('select 1'));
    } catch (error) {
      await database.close();
      throw error;
    }
    return database;
  }

  private constructor({ orm, events, gate, connections, tracing }: DatabaseParts) {
    this.#orm = orm;
    this.#events = events;
    this.#gate = gate;
    this.#connections = connections;
    this.#tracing = tracing;
  }

  /** Where the database stands on the way of migrations. */
  async migrations(): Promise<MigrationState> {
    return explained(() => migrationState(this.#orm));
  }

  /** What {@link migrate} would run now: each missing migration with its SQL. Changes nothing. */
  async pendingSql(): Promise<readonly PendingMigration[]> {
    return explained(() => pendingSql(this.#orm));
  }

  /** Applies the migrations that are missing, up to the named one or all, all or none, and returns their names. Throws AppError UNAVAILABLE where a newer Parley has been here. */
  async migrate(upTo?: string): Promise<readonly string[]> {
    const { unknown } = await this.migrations();
    if (unknown.length > 0) {
      throw new AppError('UNAVAILABLE', `The database is of a newer Parley, which knows ${unknown.join(', ')}.`);
    }
    const applied = await this.#orm.migrator.up(upTo === undefined ? {} : { to: upTo });
    return applied.map(({ name }) => name);
  }

  /** Throws AppError UNAVAILABLE where PostgreSQL does not answer. */
  async ping(): Promise<void> {
    await this.#gate.run(() => explained(() => this.#orm.em.fork().execute('select 1')));
  }

  /** Runs queries. Throws what `work` throws, and AppError UNAVAILABLE where PostgreSQL is away. */
  read<Result>(ctx: RequestContext, work: (em: EntityManager) => Promise<Result>): Promise<Result> {
    requireScope(ctx, 'read');
    if (this.#joined.getStore() !== undefined) return work(this.#scoped(ctx));
    return this.#traced(ctx, 'read', (span) => this.#timed('read', () => work(this.#scoped(ctx, span))));
  }

  /** As {@link read}, but shared with whoever reads the same at the same time, within the same organization. */
  readShared<Result>(
    ctx: RequestContext,
    reads: SharedReads<Result>,
    key: string,
    work: (em: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    requireScope(ctx, 'read');
    // What a transaction sees is for nobody else.
    if (this.#joined.getStore() !== undefined) return work(this.#scoped(ctx));
    const read = () => this.#traced(ctx, 'read', (span) => this.#timed('read', () => work(this.#scoped(ctx, span))));
    return reads.run(`${scopeOf(ctx.actor).organizationId} ${key}`, read);
  }

  /** Runs a change in one transaction, then tells its events. Throws what `work` throws, after a rollback, and AppError UNAVAILABLE where PostgreSQL is away. */
  async write<Result>(ctx: RequestContext, work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    requireScope(ctx, 'write');
    const joined = this.#joined.getStore();
    const events: DomainEvent[] = [];
    const change = (span?: string) =>
      this.#scoped(ctx, span).transactional((em) =>
        work({
          em,
          publish: (event) => events.push(event),
          record: (record) => em.persist(em.create(AuditEntry, toEntry(ctx, record))),
        }),
      );
    if (joined !== undefined) {
      const result = await change();
      joined.events.push(...events);
      return result;
    }
    const committed = async (span: string | undefined) => {
      const result = await change(span);
      // Also where nobody waits any more: what is committed is told.
      for (const event of events) this.#events.publish(event, causeOf(ctx));
      return result;
    };
    return this.#traced(ctx, 'write', (span) => this.#timed('write', () => committed(span)));
  }

  pool(): PoolState {
    return this.#connections.state;
  }

  /**
   * Runs what it calls in one transaction: every {@link read} and {@link write} within it, one after the other. All of it
   * is committed, and then told, or nothing: where `work` throws, and where it says that nothing is to be kept.
   */
  async together<Result>(work: () => Promise<Together<Result>>): Promise<Result> {
    return this.#timed('write', async () => {
      const events: DomainEvent[] = [];
      const em = this.#orm.em.fork();
      await em.begin();
      try {
        const { result, isKept } = await this.#joined.run({ em, events }, work);
        if (isKept) await em.commit();
        else await em.rollback();
        if (isKept) for (const event of events) this.#events.publish(event);
        return result;
      } catch (error) {
        if (em.isInTransaction()) await em.rollback();
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.#gate.close();
    await this.#orm.close(true);
  }

  #timed<Result>(kind: DatabaseWork, work: () => Promise<Result>): Promise<Result> {
    return this.times.measure(kind, () => this.#gate.run(() => explained(work)));
  }

  /** Within a request that is traced, the statements become a part of its trace. */
  async #traced<Result>(
    { traceParent }: RequestContext,
    kind: DatabaseWork,
    work: (traceParent: string | undefined) => Promise<Result>,
  ): Promise<Result> {
    if (this.#tracing === null || traceParent === undefined) return work(undefined);
    const span = this.#tracing.start(`database ${kind}`, { parent: traceParent, kind: 'client' });
    try {
      const result = await work(span.traceParent);
      span.end();
      return result;
    } catch (error) {
      span.end(failureOf(error));
      throw error;
    }
  }

  #scoped(ctx: RequestContext, traceParent?: string): EntityManager {
    const joined = this.#joined.getStore();
    const traced = traceParent === undefined ? {} : { loggerContext: { traceParent } };
    const em = joined === undefined ? this.#orm.em.fork(traced) : joined.em.fork({ keepTransactionContext: true });
    em.setFilterParams(tenantFilter.name, scopeOf(ctx.actor));
    return em;
  }
}

/** Every read and every change of an API key passes here, so its scopes hold at every door. */
function requireScope({ actor }: RequestContext, scope: ApiKeyScope): void {
  if (actor.kind !== 'user' || actor.scopes === null || actor.scopes.includes(scope)) return;
  throw new AppError('PERMISSION_DENIED', `This API key lacks the scope "${scope}".`, { params: { scope } });
}

function toEntry(
  { actor, door, requestId, reason }: RequestContext,
  { organizationId, action, target, before, after }: AuditRecord,
): RequiredEntityData<AuditEntry> {
  return {
    organizationId,
    actorId: actor.kind === 'user' ? actor.userId : null,
    actorName: actor.kind === 'user' ? actor.username : null,
    door,
    action,
    targetType: target.type,
    targetId: target.id,
    before: before ?? null,
    after: after ?? null,
    reason: reason ?? null,
    requestId,
  };
}

/** The SQLSTATE class of what says that the server is full. */
const FULL_CLASS = '53';
/** SQLSTATE classes that say that the server is away, going or full: connection, insufficient resources, operator intervention. */
const FAULT_CLASSES = ['08', '53', '57'];
/** Of these classes, what says that a statement was wrong: the client's fault, not the server's. */
const NO_FAULT_CODES = ['08P01'];
const FAULT_CODES = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
];
const FAULT_MESSAGES =
  /timeout exceeded when trying to connect|Connection terminated|Client was closed|Client has encountered a connection error/;

/** A server that has no place for one more connection is there. */
async function signOfLife(connection: DatabaseConnection, timeoutMs: number): Promise<void> {
  try {
    await probeConnection(connection, timeoutMs);
  } catch (error) {
    if (!(isError(error) && codeOf(error)?.startsWith(FULL_CLASS) === true)) throw error;
  }
}

async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isFault(error)) throw error;
    throw new AppError('UNAVAILABLE', `The database is not available: ${reasonOf(error)}.`, { cause: error });
  }
}

function isFault(error: unknown): error is Error {
  if (!isError(error) || error instanceof AppError) return false;
  if (error instanceof ConnectionException) return true;
  const code = codeOf(error);
  if (code !== undefined && NO_FAULT_CODES.includes(code)) return false;
  if (code !== undefined && (FAULT_CODES.includes(code) || FAULT_CLASSES.includes(code.slice(0, 2)))) return true;
  return FAULT_MESSAGES.test(error.message) || isFault(error.cause);
}

/** The runtime's own errors, of a socket that is not there, can be of another realm than ours. */
function isError(error: unknown): error is Error {
  return error instanceof Error || isNativeError(error);
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Without the statement, which the driver puts before its reason. */
function reasonOf(error: Error): string {
  const lines = error.message.split('\n').filter((line) => line.trim() !== '');
  const last = lines.at(-1)?.trim() ?? codeOf(error) ?? error.name;
  return last.replace(/\.$/, '');
}
