import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { type AuditSnapshot, differences } from '../audit/audit-record.js';
import type { AuthService } from '../auth/auth.service.js';
import type { PasswordHasher } from '../auth/password-hasher.js';
import type { Database, Transaction } from '../database/database.js';
import { pagesOfLists } from '../database/list-pages.js';
import { readRows } from '../database/read-rows.js';
import { select } from '../database/select.js';
import { refusingDuplicates } from '../database/unique-violation.js';
import { AppError, invalidInput, notFound } from '../errors.js';
import { requireVersion } from '../expected-version.js';
import { createOnce } from '../idempotency/idempotency.js';
import type { OrganizationId, RoleId, UserId } from '../ids.js';
import { DEFAULT_MAX_USERS, Organization } from '../organizations/organization.entity.js';
import { MEMBER_ROLE } from '../organizations/organization.service.js';
import { type Page, type PageRequest, pageOf, pageStart } from '../pagination.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import { Role } from '../roles/role.entity.js';
import { UserRole } from '../roles/user-role.entity.js';
import { comparisonKey, toEmail, toPassword, toUsername } from '../text-rules.js';
import { User } from './user.entity.js';

export interface NewUser {
  readonly username: string;
  readonly password: string;
  readonly email?: string | undefined;
  /** Exactly these roles; left out, the role `member`. */
  readonly roleIds?: readonly RoleId[] | undefined;
}

/** What is left out stays as it is. */
export interface UserChange {
  readonly username?: string | undefined;
  /** Null deletes it. */
  readonly email?: string | null | undefined;
  /** A new password ends all logins and sessions of the user. */
  readonly password?: string | undefined;
  readonly expectedVersion?: number | undefined;
}

export interface UserDeletion {
  readonly expectedVersion?: number | undefined;
  /** NOT_FOUND where the user is of another organization. */
  readonly within?: OrganizationId | undefined;
}

/** The people and tools of an organization. */
export class UserService {
  readonly #database: Database;
  readonly #permissions: PermissionService;
  readonly #auth: AuthService;
  readonly #hasher: PasswordHasher;
  readonly #maxUsersPerOrganization: number;

  constructor(
    database: Database,
    permissions: PermissionService,
    auth: AuthService,
    hasher: PasswordHasher,
    limits: { readonly maxUsersPerOrganization: number },
  ) {
    this.#database = database;
    this.#permissions = permissions;
    this.#auth = auth;
    this.#hasher = hasher;
    this.#maxUsersPerOrganization = limits.maxUsersPerOrganization;
  }

  /** Throws NOT_FOUND where there is none, or it is not of the actor's organization. */
  async get(ctx: RequestContext, id: UserId): Promise<User> {
    this.#permissions.requireLogin(ctx);
    // A user of the platform belongs to no tenant, and reaches themselves all the same.
    const options = isSelf(ctx, id) ? { filters: false as const } : {};
    const user = await this.#database.read(ctx, (em) => em.findOne(User, { id }, options));
    if (!isSelf(ctx, id)) this.#permissions.requireAccess(ctx, user?.organizationId ?? null, 'user');
    if (user === null) throw notFound('user');
    return user;
  }

  /** The users with these ids, in the same order; undefined for those that the actor does not reach. */
  async getMany(ctx: RequestContext, ids: readonly UserId[]): Promise<(User | undefined)[]> {
    this.#permissions.requireLogin(ctx);
    const users = await this.#database.read(ctx, (em) => readRows(em, User, { id: { $in: [...ids] } }));
    const byId = new Map(users.map((user) => [user.id, user]));
    return ids.map((id) => byId.get(id));
  }

  /** The users of each of these organizations. */
  async listOfMany(
    ctx: RequestContext,
    organizationIds: readonly OrganizationId[],
    page: PageRequest,
  ): Promise<ReadonlyMap<OrganizationId, Page<User>>> {
    for (const id of organizationIds) this.#permissions.requireAccess(ctx, id, 'organization');
    const keyOf = (user: User) => user.organizationId;
    return this.#database.read(ctx, (em) =>
      pagesOfLists(em, User, { column: 'org_id', keyOf, keys: organizationIds, page }),
    );
  }

  /** The users who hold each of these roles. */
  async listOfRoles(
    ctx: RequestContext,
    roles: readonly Role[],
    page: PageRequest,
  ): Promise<ReadonlyMap<RoleId, Page<User>>> {
    for (const { organizationId } of roles) this.#permissions.requireAccess(ctx, organizationId, 'role');
    const { afterId, limit } = pageStart(page);
    const roleIds = roles.map(({ id }) => id);
    return this.#database.read(ctx, async (em) => {
      const holders = await select<Holder>(em, HOLDERS_STATEMENT, [`{${roleIds.join(',')}}`, afterId, limit]);
      const users = await readRows(em, User, { id: { $in: [...new Set(holders.map((holder) => holder.user_id))] } });
      const byId = new Map(users.map((user) => [user.id, user]));
      const lists = Map.groupBy(holders, (holder) => holder.role_id);
      const listOf = (id: RoleId) => (lists.get(id) ?? []).flatMap((holder) => byId.get(holder.user_id) ?? []);
      return new Map(roleIds.map((id) => [id, pageOf(listOf(id), page)]));
    });
  }

  /**
   * The email addresses of users whom the actor reaches, null for those that the actor may not see: one's own everybody
   * may see, all others whoever holds MANAGE in the organization.
   */
  async emailsVisibleTo(ctx: RequestContext, users: readonly User[]): Promise<ReadonlyMap<UserId, string | null>> {
    const { actor } = ctx;
    const isOfOthers = users.some(({ id }) => !isSelf(ctx, id));
    const seesAll = isOfOthers && (await this.#permissions.managesOwnOrganization(ctx));
    const organizationId = actor.kind === 'user' && !actor.platformAdmin ? actor.organizationId : undefined;
    const isInReach = (user: User) => organizationId === undefined || user.organizationId === organizationId;
    return new Map(
      users.map((user) => [user.id, isSelf(ctx, user.id) || (seesAll && isInReach(user)) ? user.email : null]),
    );
  }

  /** Adds a user. Needs MANAGE; throws QUOTA_EXCEEDED where the organization is full. */
  async create(ctx: RequestContext, organizationId: OrganizationId, input: NewUser): Promise<User> {
    await this.#database.read(ctx, (em) => this.#permissions.requireManage(ctx, em, organizationId, 'organization'));
    const values = {
      organizationId,
      username: toUsername(input.username, ['input', 'username']),
      usernameKey: comparisonKey(input.username),
      email: input.email === undefined ? null : toEmail(input.email, ['input', 'email']),
    };
    const passwordHash = await this.#hasher.hash(toPassword(input.password, ['input', 'password']));
    return refusingDuplicates(NAME_TAKEN, () =>
      this.#database.write(ctx, async (transaction) => {
        const { em } = transaction;
        await this.#permissions.requireManage(ctx, em, organizationId, 'organization');
        return createOnce(ctx, em, {
          operation: 'createUser',
          input: { organizationId, ...input },
          find: (id) => em.findOne(User, { id: id as UserId }),
          create: async () => {
            await this.#requirePlace(em, organizationId);
            return add(transaction, { ...values, passwordHash }, await rolesFor(em, organizationId, input.roleIds));
          },
        });
      }),
    );
  }

  /** Needs MANAGE, for the owner's own user ownership; one's own email address everybody may change. */
  async update(ctx: RequestContext, id: UserId, change: UserChange): Promise<User> {
    this.#permissions.requireLogin(ctx);
    await this.#database.read(ctx, (em) => this.#requireEdit(ctx, em, id, change));
    const newPassword = change.password === undefined ? undefined : toPassword(change.password, ['input', 'password']);
    const passwordHash = newPassword === undefined ? undefined : await this.#hasher.hash(newPassword);
    return refusingDuplicates(NAME_TAKEN, () =>
      this.#database.write(ctx, async ({ em, publish, record }) => {
        const user = await this.#requireEdit(ctx, em, id, change);
        requireVersion(user, change.expectedVersion);
        const before = snapshotOf(user);
        if (change.username !== undefined) {
          user.username = toUsername(change.username, ['input', 'username']);
          user.usernameKey = comparisonKey(change.username);
        }
        if (change.email !== undefined) {
          user.email = change.email === null ? null : toEmail(change.email, ['input', 'email']);
        }
        if (passwordHash !== undefined) await this.#auth.setPassword(em, user, passwordHash);
        await em.flush();
        const { organizationId } = user;
        const target = { type: 'user' as const, id };
        record({ organizationId, action: 'user_updated', target, ...differences(before, snapshotOf(user)) });
        if (passwordHash !== undefined) record({ organizationId, action: 'user_password_changed', target });
        if (organizationId !== null) {
          publish({ type: 'user_updated', organizationId, userId: id });
          if (passwordHash !== undefined) publish({ type: 'user_credentials_changed', organizationId, userId: id });
        }
        return user;
      }),
    );
  }

  /** Removes a user, whose sessions end at once. Needs MANAGE; throws OWNER_REQUIRED for the owner. */
  async delete(ctx: RequestContext, id: UserId, { expectedVersion, within }: UserDeletion = {}): Promise<void> {
    this.#permissions.requireLogin(ctx);
    await this.#database.write(ctx, async ({ em, publish, record }) => {
      const user = await find(em, id);
      const { organizationId } = user;
      if (within !== undefined && within !== organizationId) throw notFound('user');
      await this.#permissions.requireManage(ctx, em, organizationId, 'user');
      if (organizationId === null) throw notFound('user');
      const organization = await em.findOneOrFail(
        Organization,
        { id: organizationId },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      if (organization.ownerId === id) {
        throw new AppError(
          'OWNER_REQUIRED',
          'The owner cannot be removed: give the organization to somebody else first.',
        );
      }
      requireVersion(user, expectedVersion);
      await em.nativeDelete(UserRole, { userId: id });
      await em.nativeDelete(User, { id });
      const target = { type: 'user' as const, id };
      record({ organizationId, action: 'user_deleted', target, before: snapshotOf(user) });
      publish({ type: 'user_deleted', organizationId, userId: id });
    });
  }

  async #requireEdit(ctx: RequestContext, em: EntityManager, id: UserId, change: UserChange): Promise<User> {
    const user = await find(em, id);
    if (isSelf(ctx, id) && change.username === undefined && change.password === undefined) return user;
    await this.#permissions.requireManage(ctx, em, user.organizationId, 'user');
    const { organizationId } = user;
    if (organizationId === null) {
      this.#permissions.requirePlatformAdmin(ctx);
      return user;
    }
    const organization = await em.findOneOrFail(Organization, { id: organizationId });
    if (organization.ownerId === id) await this.#permissions.requireOwner(ctx, em, organizationId, 'user');
    return user;
  }

  /** Locks the organization, so that of those who come at once no more than fit are let in. */
  async #requirePlace(em: EntityManager, organizationId: OrganizationId): Promise<void> {
    const organization = await em.findOne(
      Organization,
      { id: organizationId },
      { lockMode: LockMode.PESSIMISTIC_WRITE },
    );
    if (organization === null) throw notFound('organization');
    const max = Math.min(organization.maxUsers ?? DEFAULT_MAX_USERS, this.#maxUsersPerOrganization);
    if ((await em.count(User, { organizationId })) < max) return;
    throw new AppError('QUOTA_EXCEEDED', `The organization has ${max} users, which is all that it may have.`, {
      params: { quota: 'max_users', max },
    });
  }
}

interface Holder {
  readonly role_id: RoleId;
  readonly user_id: UserId;
}

/** The first of those who hold each role. The tenant filter does not reach into raw SQL: the users are read behind it. */
const HOLDERS_STATEMENT = `
select k.id as role_id, p.user_id
from unnest(?::int[]) as k(id) cross join lateral (
  select x.user_id from user_roles x where x.role_id = k.id and x.user_id > ? order by x.user_id limit ?) p
order by p.user_id`;

const NAME_TAKEN = {
  users_org_id_username_unique: nameTaken,
  users_org_id_username_key_unique: nameTaken,
  users_platform_username_key_unique: nameTaken,
};

function nameTaken(): AppError {
  return new AppError('ALREADY_EXISTS', 'Another user has this name, or one that looks like it.', {
    path: ['input', 'username'],
  });
}

function isSelf({ actor }: RequestContext, id: UserId): boolean {
  return actor.kind === 'user' && actor.userId === id;
}

async function add(
  { em, publish, record }: Transaction,
  values: Pick<User, 'username' | 'usernameKey' | 'email' | 'passwordHash'> & {
    readonly organizationId: OrganizationId;
  },
  roles: readonly Role[],
): Promise<User> {
  const { organizationId } = values;
  const user = em.create(User, values);
  await em.persist(user).flush();
  for (const role of roles) em.persist(em.create(UserRole, { userId: user.id, roleId: role.id }));
  const target = { type: 'user' as const, id: user.id };
  const after = { ...snapshotOf(user), roleIds: roles.map(({ id }) => id) };
  record({ organizationId, action: 'user_created', target, after });
  publish({ type: 'user_created', organizationId, userId: user.id });
  return user;
}

function snapshotOf({ username, email }: User): AuditSnapshot {
  return { username, email };
}

async function find(em: EntityManager, id: UserId): Promise<User> {
  const user = await em.findOne(User, { id });
  if (user === null) throw notFound('user');
  return user;
}

async function rolesFor(
  em: EntityManager,
  organizationId: OrganizationId,
  roleIds: readonly RoleId[] | undefined,
): Promise<readonly Role[]> {
  if (roleIds === undefined) return em.find(Role, { organizationId, name: MEMBER_ROLE });
  const wanted = [...new Set(roleIds)];
  const roles = await em.find(Role, { organizationId, id: { $in: wanted } });
  if (roles.length === wanted.length) return roles;
  throw invalidInput(['input', 'roleIds'], 'One of these roles is not a role of the organization.');
}
