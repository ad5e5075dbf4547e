import type { EntityManager, FilterQuery } from '@mikro-orm/postgresql';
import type { Database } from '../database/database.js';
import type { AuditEntryId, OrganizationId, UserId } from '../ids.js';
import { type Page, type PageRequest, pageOf, pageStart } from '../pagination.js';
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
    return this.#database.read(ctx, async (em) => {
      await this.#requireReader(ctx, em, organizationId);
      const { afterId, limit } = pageStart(page);
      const beforeId = afterId === 0 ? undefined : (afterId as AuditEntryId);
      return pageOf(await find(em, organizationId, filter, beforeId, limit), page);
    });
  }

  /** All entries that fit, the newest first, read batch by batch while they are consumed. */
  async *export(
    ctx: RequestContext,
    organizationId: OrganizationId | null,
    filter: AuditFilter,
  ): AsyncGenerator<AuditEntry> {
    await this.#database.read(ctx, (em) => this.#requireReader(ctx, em, organizationId));
    for (let beforeId: AuditEntryId | undefined; ; ) {
      const at = beforeId;
      const batch = await this.#database.read(ctx, (em) => find(em, organizationId, filter, at, EXPORT_BATCH));
      yield* batch;
      beforeId = batch.at(-1)?.id;
      if (batch.length < EXPORT_BATCH || beforeId === undefined) return;
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

function find(
  em: EntityManager,
  organizationId: OrganizationId | null,
  { actorId, actions, targetType, targetId, since, until }: AuditFilter,
  beforeId: AuditEntryId | undefined,
  limit: number,
): Promise<AuditEntry[]> {
  const conditions: FilterQuery<AuditEntry>[] = [{ organizationId }];
  if (actorId !== undefined) conditions.push({ actorId });
  if (actions !== undefined) conditions.push({ action: { $in: [...actions] } });
  if (targetType !== undefined) conditions.push({ targetType });
  if (targetId !== undefined) conditions.push({ targetId });
  if (since !== undefined) conditions.push({ createdAt: { $gte: since } });
  if (until !== undefined) conditions.push({ createdAt: { $lt: until } });
  if (beforeId !== undefined) conditions.push({ id: { $lt: beforeId } });
  return em.find(AuditEntry, { $and: conditions }, { orderBy: { id: 'desc' }, limit });
}
