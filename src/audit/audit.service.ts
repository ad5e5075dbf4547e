import { type EntityManager, type FilterQuery, raw } from '@mikro-orm/postgresql';
import type { Database } from '../database/database.js';
import { pagesOfLists, type SqlCondition } from '../database/list-pages.js';
import type { OrganizationId, UserId } from '../ids.js';
import { EMPTY_PAGE, type Page, type PageRequest, pageOf, pageStart } from '../pagination.js';
import type { PermissionService } from '../permissions/permission.service.js';
import { type RequestContext, systemContext } from '../request-context.js';
import { AuditEntry } from './audit-entry.entity.js';
import type { AuditAction, AuditTarget } from './audit-record.js';

/** Which entries are asked for; what is left out does not matter. */
export interface AuditFilter {
  readonly actorId?: UserId | undefined;
  readonly actions?: readonly AuditAction[] | undefined;
  readonly targetType?: AuditTarget | undefined;
  readonly targetId?: number | undefined;
  /** From this time on. */
  readonly since?: Date | undefined;
  /** Before this time. */
  readonly until?: Date | undefined;
}

/** How many entries an export reads at once. */
const EXPORT_BATCH = 500;
const DAY_MS = 86_400_000;

/** Reads the audit log, which is written by `Transaction.record`. Needs MANAGE in the organization. */
export class AuditService {
  readonly #database: Database;
  readonly #permissions: PermissionService;

  constructor(database: Database, permissions: PermissionService) {
    this.#database = database;
    this.#permissions = permissions;
  }

  /** The entries of an organization, or (null, platform admins only) of what belongs to none: the newest first. */
  async list(
    ctx: RequestContext,
    organizationId: OrganizationId | null,
    filter: AuditFilter,
    page: PageRequest,
  ): Promise<Page<AuditEntry>> {
    if (organizationId !== null) {
      return (await this.listOfMany(ctx, [organizationId], filter, page)).get(organizationId) ?? EMPTY_PAGE;
    }
    return this.#database.read(ctx, async (em) => {
      await this.#requireReader(ctx, em, organizationId);
      const { afterId, limit } = pageStart(page);
      return pageOf(await find(em, organizationId, filter, afterId, limit), page);
    });
  }

  /** The entries of each of these organizations, the newest first. */
  async listOfMany(
    ctx: RequestContext,
    organizationIds: readonly OrganizationId[],
    filter: AuditFilter,
    page: PageRequest,
  ): Promise<ReadonlyMap<OrganizationId, Page<AuditEntry>>> {
    return this.#database.read(ctx, async (em) => {
      for (const id of organizationIds) await this.#requireReader(ctx, em, id);
      const keyOf = (entry: AuditEntry) => entry.organizationId;
      const lists = { column: 'org_id', keyOf, keys: organizationIds, page };
      return pagesOfLists(em, AuditEntry, { ...lists, newestFirst: true, where: conditionsOf(filter) });
    });
  }

  /** All entries that fit, the newest first, read batch by batch while they are consumed. Whoever loses the right meanwhile gets no further batch. */
  async *export(
    ctx: RequestContext,
    organizationId: OrganizationId | null,
    filter: AuditFilter,
  ): AsyncGenerator<AuditEntry> {
    for (let beforeId = 0; ; ) {
      const at = beforeId;
      const batch = await this.#database.read(ctx, async (em) => {
        await this.#requireReader(ctx, em, organizationId);
        return find(em, organizationId, filter, at, EXPORT_BATCH);
      });
      yield* batch;
      beforeId = batch.at(-1)?.id ?? 0;
      if (batch.length < EXPORT_BATCH) return;
    }
  }

  /** Deletes what is older than so many days. Returns how many entries that were. */
  async trim(retentionDays: number, now: Date): Promise<number> {
    const oldest = new Date(now.getTime() - retentionDays * DAY_MS);
    return this.#database.write(systemContext('audit-retention'), ({ em }) =>
      em.nativeDelete(AuditEntry, { createdAt: { $lt: oldest } }),
    );
  }

  async #requireReader(ctx: RequestContext, em: EntityManager, organizationId: OrganizationId | null): Promise<void> {
    if (organizationId === null) this.#permissions.requirePlatformAdmin(ctx);
    else await this.#permissions.requireManage(ctx, em, organizationId, 'organization');
  }
}

/** The newest entries of one list; `beforeId` is 0 at its beginning. */
function find(
  em: EntityManager,
  organizationId: OrganizationId | null,
  filter: AuditFilter,
  beforeId: number,
  limit: number,
): Promise<AuditEntry[]> {
  const conditions = [
    organizationId === null ? condition('x.org_id is null') : condition('x.org_id = ?', organizationId),
    ...(beforeId === 0 ? [] : [condition('x.id < ?', beforeId)]),
    ...conditionsOf(filter),
  ];
  const ids = `(select x.id from audit_entries x where ${conditions.map(({ sql }) => sql).join(' and ')} order by x.id desc limit ?)`;
  const where: object = { id: { $in: raw(ids, [...conditions.flatMap(({ values }) => values), limit]) } };
  return em.find(AuditEntry, where as FilterQuery<AuditEntry>, { orderBy: { id: 'desc' } });
}

function conditionsOf({ actorId, actions, targetType, targetId, since, until }: AuditFilter): SqlCondition[] {
  const conditions: SqlCondition[] = [];
  if (actorId !== undefined) conditions.push(condition('x.actor_id = ?', actorId));
  if (actions !== undefined) conditions.push(condition('x.action = any(?::text[])', `{${actions.join(',')}}`));
  if (targetType !== undefined) conditions.push(condition('x.target_type = ?', targetType));
  if (targetId !== undefined) conditions.push(condition('x.target_id = ?', targetId));
  if (since !== undefined) conditions.push(condition('x.created_at >= ?::timestamp', since.toISOString()));
  if (until !== undefined) conditions.push(condition('x.created_at < ?::timestamp', until.toISOString()));
  return conditions;
}

function condition(sql: string, ...values: readonly unknown[]): SqlCondition {
  return { sql, values };
}
