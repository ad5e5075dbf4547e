import type { EntityManager } from '@mikro-orm/postgresql';
import { AppError } from '../errors.js';
import type { UserId } from '../ids.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import { User } from './user.entity.js';

/** For those of these users whom the actor neither is nor manages, why not. One question for each organization. */
export async function refusalsToManage(
  ctx: RequestContext,
  em: EntityManager,
  permissions: PermissionService,
  userIds: readonly UserId[],
): Promise<ReadonlyMap<UserId, AppError>> {
  const { actor } = ctx;
  const others = userIds.filter((id) => actor.kind !== 'user' || actor.userId !== id);
  if (others.length === 0) return new Map();
  const found = await em.find(User, { id: { $in: others } });
  const organizations = new Map(found.map(({ id, organizationId }) => [id, organizationId]));
  const refusals = new Map<UserId, AppError>();
  for (const [organizationId, ids] of Map.groupBy(others, (id) => organizations.get(id) ?? null)) {
    const refusal = await refusalOf(() => permissions.requireManage(ctx, em, organizationId, 'user'));
    for (const id of ids) if (refusal !== undefined) refusals.set(id, refusal);
  }
  return refusals;
}

async function refusalOf(check: () => Promise<void>): Promise<AppError | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    if (error instanceof AppError && error.kind === 'refusal') return error;
    throw error;
  }
}
