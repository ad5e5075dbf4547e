import type { EntityManager } from '@mikro-orm/postgresql';
import { type AuditSnapshot, differences } from '../audit/audit-record.js';
import { ChannelAcl } from '../channels/channel-acl.entity.js';
import type { Database } from '../database/database.js';
import { pagesOfLists } from '../database/list-pages.js';
import { readRows } from '../database/read-rows.js';
import { refusingDuplicates } from '../database/unique-violation.js';
import { AppError, invalidInput, notFound } from '../errors.js';
import { requireVersion } from '../expected-version.js';
import { createOnce } from '../idempotency/idempotency.js';
import type { OrganizationId, RoleId, UserId } from '../ids.js';
import { EMPTY_PAGE, type Page, type PageRequest } from '../pagination.js';
import { isPermissionMask, type PermissionMask, permissionNames } from '../permissions/bits.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import { toRoleName } from '../text-rules.js';
import { User } from '../users/user.entity.js';
import { Role } from './role.entity.js';
import { UserRole } from './user-role.entity.js';

export interface NewRole {
  readonly name: string;
  readonly permissions: PermissionMask;
}

/** What is left out stays as it is. */
export interface RoleChange {
  readonly name?: string | undefined;
  readonly permissions?: PermissionMask | undefined;
  readonly expectedVersion?: number | undefined;
}

/** Roles, and who holds them. Whoever changes them needs MANAGE in the organization, which is to hold everything there: nobody gives more than they have. */
export class RoleService {
  readonly #database: Database;
  readonly #permissions: PermissionService;

  constructor(database: Database, permissions: PermissionService) {
    this.#database = database;
    this.#permissions = permissions;
  }

  /** Throws NOT_FOUND where there is none, or it is not of the actor's organization. */
  async get(ctx: RequestContext, id: RoleId): Promise<Role> {
    this.#permissions.requireLogin(ctx);
    const role = await this.#database.read(ctx, (em) => find(em, id));
    this.#permissions.requireAccess(ctx, role.organizationId, 'role');
    return role;
  }

  /** The roles with these ids, in the same order; undefined for those that the actor does not reach. */
  async getMany(ctx: RequestContext, ids: readonly RoleId[]): Promise<(Role | undefined)[]> {
    this.#permissions.requireLogin(ctx);
    const roles = await this.#database.read(ctx, (em) => readRows(em, Role, { id: { $in: [...ids] } }));
    const byId = new Map(roles.map((role) => [role.id, role]));
    return ids.map((id) => byId.get(id));
  }

  /** The roles of the organization. */
  async list(ctx: RequestContext, organizationId: OrganizationId, page: PageRequest): Promise<Page<Role>> {
    return (await this.listOfMany(ctx, [organizationId], page)).get(organizationId) ?? EMPTY_PAGE;
  }

  /** The roles of each of these organizations, by id. */
  async listOfMany(
    ctx: RequestContext,
    organizationIds: readonly OrganizationId[],
    page: PageRequest,
  ): Promise<ReadonlyMap<OrganizationId, Page<Role>>> {
    for (const id of organizationIds) this.#permissions.requireAccess(ctx, id, 'organization');
    const keyOf = (role: Role) => role.organizationId;
    return this.#database.read(ctx, (em) =>
      pagesOfLists(em, Role, { column: 'org_id', keyOf, keys: organizationIds, page }),
    );
  }

  /** The roles of each of these users, whom the actor must reach. */
  async rolesOf(ctx: RequestContext, userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, readonly Role[]>> {
    this.#permissions.requireLogin(ctx);
    return this.#database.read(ctx, async (em) => {
      const held = await readRows(em, UserRole, { userId: { $in: [...userIds] } }, { orderBy: { roleId: 'asc' } });
      const roles = await readRows(em, Role, { id: { $in: [...new Set(held.map(({ roleId }) => roleId))] } });
      const byId = new Map(roles.map((role) => [role.id, role]));
      const rolesOf = new Map<UserId, Role[]>(userIds.map((id) => [id, []]));
      for (const { userId, roleId } of held) {
        const role = byId.get(roleId);
        if (role !== undefined) rolesOf.get(userId)?.push(role);
      }
      return rolesOf;
    });
  }

  /** Throws ALREADY_EXISTS where the organization has a role of this name. */
  async create(ctx: RequestContext, organizationId: OrganizationId, input: NewRole): Promise<Role> {
    return refusingDuplicates(NAME_TAKEN, () =>
      this.#database.write(ctx, async ({ em, publish, record }) => {
        await this.#permissions.requireManage(ctx, em, organizationId, 'organization');
        const name = toRoleName(input.name, ['input', 'name']);
        const values = { organizationId, name, permissions: checkedMask(input.permissions) };
        return createOnce(ctx, em, {
          operation: 'createRole',
          input: values,
          find: (id) => em.findOne(Role, { id: id as RoleId }),
          create: async () => {
            const role = em.create(Role, values);
            await em.persist(role).flush();
            record({ organizationId, action: 'role_created', target: targetOf(role), after: snapshotOf(role) });
            publish({ type: 'role_created', organizationId, roleId: role.id });
            return role;
          },
        });
      }),
    );
  }

  async update(ctx: RequestContext, id: RoleId, change: RoleChange): Promise<Role> {
    this.#permissions.requireLogin(ctx);
    return refusingDuplicates(NAME_TAKEN, () =>
      this.#database.write(ctx, async ({ em, publish, record }) => {
        const role = await this.#requireEdit(ctx, em, id);
        requireVersion(role, change.expectedVersion);
        const before = snapshotOf(role);
        if (change.name !== undefined) role.name = toRoleName(change.name, ['input', 'name']);
        if (change.permissions !== undefined) role.permissions = checkedMask(change.permissions);
        await em.flush();
        const { organizationId } = role;
        const changed = differences(before, snapshotOf(role));
        record({ organizationId, action: 'role_updated', target: targetOf(role), ...changed });
        if (organizationId !== null) publish({ type: 'role_updated', organizationId, roleId: id });
        return role;
      }),
    );
  }

  /** Takes the role from everybody and deletes it. Throws ROLE_IN_USE where a channel's ACL names no other role: without it the channel would be open to all. */
  async delete(ctx: RequestContext, id: RoleId, expectedVersion?: number): Promise<void> {
    this.#permissions.requireLogin(ctx);
    await this.#database.write(ctx, async ({ em, publish, record }) => {
      const role = await this.#requireEdit(ctx, em, id);
      requireVersion(role, expectedVersion);
      const { organizationId } = role;
      if (organizationId === null) throw notFound('role');
      await requireNoLastEntry(em, id);
      await em.nativeDelete(ChannelAcl, { roleId: id });
      await em.nativeDelete(UserRole, { roleId: id });
      await em.nativeDelete(Role, { id });
      record({ organizationId, action: 'role_deleted', target: targetOf(role), before: snapshotOf(role) });
      publish({ type: 'role_deleted', organizationId, roleId: id });
    });
  }

  /** Gives the role to a user of the same organization. Giving what is held is fine. */
  async assign(ctx: RequestContext, roleId: RoleId, userId: UserId): Promise<Role> {
    return this.#setHolder(ctx, roleId, userId, true);
  }

  /** Takes the role from a user. Taking what is not held is fine. */
  async unassign(ctx: RequestContext, roleId: RoleId, userId: UserId): Promise<Role> {
    return this.#setHolder(ctx, roleId, userId, false);
  }

  async #setHolder(ctx: RequestContext, roleId: RoleId, userId: UserId, holds: boolean): Promise<Role> {
    this.#permissions.requireLogin(ctx);
    return this.#database.write(ctx, async ({ em, publish, record }) => {
      const role = await this.#requireEdit(ctx, em, roleId);
      const { organizationId } = role;
      if (organizationId === null) throw notFound('role');
      if ((await em.count(User, { id: userId, organizationId })) === 0) throw notFound('user');
      const held = (await em.count(UserRole, { userId, roleId })) > 0;
      if (held === holds) return role;
      if (holds) await em.upsert(UserRole, { userId, roleId }, { onConflictAction: 'ignore' });
      else await em.nativeDelete(UserRole, { userId, roleId });
      const type = holds ? 'role_assigned' : 'role_unassigned';
      record({ organizationId, action: type, target: targetOf(role), after: { userId } });
      publish({ type, organizationId, roleId, userId });
      return role;
    });
  }

  async #requireEdit(ctx: RequestContext, em: EntityManager, id: RoleId): Promise<Role> {
    const role = await find(em, id);
    await this.#permissions.requireManage(ctx, em, role.organizationId, 'role');
    return role;
  }
}

/** Throws INVALID_INPUT for bits that no permission has. */
export function checkedMask(mask: number): PermissionMask {
  if (isPermissionMask(mask)) return mask;
  throw invalidInput(['input', 'permissions'], 'There are no such permissions.', { max: 15 });
}

function targetOf({ id }: Role): { readonly type: 'role'; readonly id: RoleId } {
  return { type: 'role', id };
}

function snapshotOf({ name, permissions }: Role): AuditSnapshot {
  return { name, permissions: permissionNames(permissions) };
}

const NAME_TAKEN = { roles_org_id_name_unique: nameTaken, roles_platform_name_unique: nameTaken };

function nameTaken(): AppError {
  return new AppError('ALREADY_EXISTS', 'Another role has this name.', { path: ['input', 'name'] });
}

async function find(em: EntityManager, id: RoleId): Promise<Role> {
  const role = await em.findOne(Role, { id });
  if (role === null) throw notFound('role');
  return role;
}

async function requireNoLastEntry(em: EntityManager, roleId: RoleId): Promise<void> {
  const entries = await em.find(ChannelAcl, { roleId });
  const channelIds = entries.map(({ channelId }) => channelId);
  const others = await em.find(ChannelAcl, { channelId: { $in: channelIds }, roleId: { $ne: roleId } });
  const closedByOthers = new Set(others.map(({ channelId }) => channelId));
  const [opened] = channelIds.filter((id) => !closedByOthers.has(id));
  if (opened === undefined) return;
  throw new AppError(
    'ROLE_IN_USE',
    'The ACL of a channel names this role alone. Without it the channel would be open to all: change that ACL first.',
    { params: { channelId: opened } },
  );
}
