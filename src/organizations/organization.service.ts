import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { AuditEntry } from '../audit/audit-entry.entity.js';
import { type AuditSnapshot, differences } from '../audit/audit-record.js';
import type { PasswordHasher } from '../auth/password-hasher.js';
import { Channel } from '../channels/channel.entity.js';
import { ChannelAcl } from '../channels/channel-acl.entity.js';
import type { Database, Transaction } from '../database/database.js';
import { readRows } from '../database/read-rows.js';
import { SharedReads } from '../database/shared-reads.js';
import { refusingDuplicates } from '../database/unique-violation.js';
import { AppError, invalidInput, notFound } from '../errors.js';
import { requireVersion } from '../expected-version.js';
import { createOnce } from '../idempotency/idempotency.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.entity.js';
import type { OrganizationId, UserId } from '../ids.js';
import { type Page, type PageRequest, pageOf, pageStart } from '../pagination.js';
import { ALL_PERMISSIONS, MEMBER_PERMISSIONS } from '../permissions/bits.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import { Role } from '../roles/role.entity.js';
import { UserRole } from '../roles/user-role.entity.js';
import {
  comparisonKey,
  toEmail,
  toOrganizationName,
  toOrganizationTag,
  toPassword,
  toUsername,
} from '../text-rules.js';
import { User } from '../users/user.entity.js';
import { DEFAULT_MAX_CHANNELS, DEFAULT_MAX_USERS, Organization } from './organization.entity.js';

/** The role that each new user of an organization gets. */
export const MEMBER_ROLE = 'member';
/** The role that holds everything in an organization. */
export const ADMIN_ROLE = 'admin';
/** The channel that an organization is born with. */
export const FIRST_CHANNEL = 'Lobby';

export interface NewOrganization {
  readonly name: string;
  readonly tag: string;
  readonly maxUsers?: number | undefined;
  readonly maxChannels?: number | undefined;
  /** The first user, who becomes the owner. */
  readonly owner?:
    | { readonly username: string; readonly password: string; readonly email?: string | undefined }
    | undefined;
}

/** What is left out stays as it is. */
export interface OrganizationChange {
  readonly name?: string | undefined;
  readonly tag?: string | undefined;
  readonly maxUsers?: number | undefined;
  readonly maxChannels?: number | undefined;
  /** A user of the organization. */
  readonly ownerId?: UserId | undefined;
  /** Whether voice clients may record. Where they may not any more, the sessions that record end. */
  readonly recordingAllowed?: boolean | undefined;
  readonly expectedVersion?: number | undefined;
}

export interface OrganizationLimits {
  /** The most that `max_users` of an organization can be. */
  readonly maxUsers: number;
  /** The most that `max_channels` of an organization can be. */
  readonly maxChannels: number;
}

/** Tenants: made and deleted by platform admins, led by their owners. */
export class OrganizationService {
  readonly #database: Database;
  readonly #permissions: PermissionService;
  readonly #hasher: PasswordHasher;
  readonly #limits: OrganizationLimits;
  readonly #rows = new SharedReads<readonly Organization[]>();

  constructor(database: Database, permissions: PermissionService, hasher: PasswordHasher, limits: OrganizationLimits) {
    this.#database = database;
    this.#permissions = permissions;
    this.#hasher = hasher;
    this.#limits = limits;
  }

  /** Throws NOT_FOUND where it is absent or not the actor's. */
  async get(ctx: RequestContext, id: OrganizationId): Promise<Organization> {
    this.#permissions.requireAccess(ctx, id, 'organization');
    const [found] = await this.#database.readShared(ctx, this.#rows, String(id), (em) =>
      readRows(em, Organization, { id }),
    );
    if (found === undefined) throw notFound('organization');
    return found;
  }

  /** The organizations with these ids, in the same order; undefined for those that the actor does not reach. */
  async getMany(ctx: RequestContext, ids: readonly OrganizationId[]): Promise<(Organization | undefined)[]> {
    this.#permissions.requireLogin(ctx);
    const organizations = await this.#database.read(ctx, (em) => readRows(em, Organization, { id: { $in: [...ids] } }));
    const byId = new Map(organizations.map((organization) => [organization.id, organization]));
    return ids.map((id) => byId.get(id));
  }

  /** The organization of a tag, in any case. Throws NOT_FOUND as {@link get}. */
  async getByTag(ctx: RequestContext, tag: string): Promise<Organization> {
    this.#permissions.requireLogin(ctx);
    if (!/^[\w-]*$/.test(tag)) throw notFound('organization');
    const found = await this.#database.read(ctx, (em) =>
      em.findOne(Organization, { tag: { $ilike: tag.replace(/[\\%_]/g, '\\$&') } }),
    );
    this.#permissions.requireAccess(ctx, found?.id ?? null, 'organization');
    if (found === null) throw notFound('organization');
    return found;
  }

  /** All for a platform admin, otherwise the actor's own. */
  async list(ctx: RequestContext, page: PageRequest): Promise<Page<Organization>> {
    const { actor } = ctx;
    if (actor.kind !== 'user' || actor.organizationId === null) this.#permissions.requirePlatformAdmin(ctx);
    const { afterId, limit } = pageStart(page);
    const found = await this.#database.read(ctx, (em) =>
      readRows(em, Organization, { id: { $gt: afterId as OrganizationId } }, { orderBy: { id: 'asc' }, limit }),
    );
    return pageOf(found, page);
  }

  /** Makes an organization with its roles, its first channel and, where given, its owner. Platform admins only. */
  async create(ctx: RequestContext, input: NewOrganization): Promise<Organization> {
    this.#permissions.requirePlatformAdmin(ctx);
    const owner = input.owner === undefined ? undefined : await this.#checkedOwner(input.owner);
    const values = {
      name: toOrganizationName(input.name, ['input', 'name']),
      tag: toOrganizationTag(input.tag, ['input', 'tag']),
      maxUsers: this.#quota('maxUsers', input.maxUsers ?? Math.min(DEFAULT_MAX_USERS, this.#limits.maxUsers)),
      maxChannels: this.#quota(
        'maxChannels',
        input.maxChannels ?? Math.min(DEFAULT_MAX_CHANNELS, this.#limits.maxChannels),
      ),
    };
    return refusingDuplicates(TAG_TAKEN, () =>
      this.#database.write(ctx, async (transaction) => {
        const { em } = transaction;
        return createOnce(ctx, em, {
          operation: 'createOrganization',
          input,
          find: (id) => em.findOne(Organization, { id: id as OrganizationId }),
          create: () => found(transaction, values, owner),
        });
      }),
    );
  }

  /** Name, tag and recording: MANAGE in the organization. Owner: the owner. Quotas: platform admins. */
  async update(ctx: RequestContext, id: OrganizationId, change: OrganizationChange): Promise<Organization> {
    return refusingDuplicates(TAG_TAKEN, () =>
      this.#database.write(ctx, async (transaction) => {
        const { em, publish, record } = transaction;
        await this.#permissions.requireManage(ctx, em, id, 'organization');
        if (change.ownerId !== undefined) await this.#permissions.requireOwner(ctx, em, id, 'organization');
        if (change.maxUsers !== undefined || change.maxChannels !== undefined) {
          this.#permissions.requirePlatformAdmin(ctx);
        }
        const organization = await find(em, id, LockMode.PESSIMISTIC_WRITE);
        requireVersion(organization, change.expectedVersion);
        const before = snapshotOf(organization);
        if (change.name !== undefined) organization.name = toOrganizationName(change.name, ['input', 'name']);
        if (change.tag !== undefined) organization.tag = toOrganizationTag(change.tag, ['input', 'tag']);
        if (change.maxUsers !== undefined) organization.maxUsers = this.#quota('maxUsers', change.maxUsers);
        if (change.maxChannels !== undefined) organization.maxChannels = this.#quota('maxChannels', change.maxChannels);
        if (change.recordingAllowed !== undefined) organization.recordingAllowed = change.recordingAllowed;
        if (change.ownerId !== undefined) await transfer(transaction, organization, change.ownerId);
        await em.flush();
        const target = { type: 'organization' as const, id };
        record({
          organizationId: id,
          action: 'organization_updated',
          target,
          ...differences(before, snapshotOf(organization)),
        });
        publish({ type: 'organization_updated', organizationId: id });
        return organization;
      }),
    );
  }

  /** Deletes the organization and all that is in it; its sessions end at once. The owner or a platform admin. */
  async delete(ctx: RequestContext, id: OrganizationId, expectedVersion?: number): Promise<void> {
    await this.#database.write(ctx, async ({ em, publish, record }) => {
      await this.#permissions.requireOwner(ctx, em, id, 'organization');
      const organization = await find(em, id, LockMode.PESSIMISTIC_WRITE);
      requireVersion(organization, expectedVersion);
      const channels = await em.find(Channel, { organizationId: id }, { fields: ['id'] });
      const roles = await em.find(Role, { organizationId: id }, { fields: ['id'] });
      await em.nativeDelete(ChannelAcl, { channelId: { $in: channels.map((channel) => channel.id) } });
      await em.nativeDelete(UserRole, { roleId: { $in: roles.map((role) => role.id) } });
      // No foreign key: an actor of a key may be the server itself.
      const users = await em.find(User, { organizationId: id }, { fields: ['id'] });
      await em.nativeDelete(IdempotencyKey, { actorId: { $in: users.map((user) => user.id) } });
      await em.nativeDelete(Channel, { organizationId: id });
      await em.nativeDelete(Role, { organizationId: id });
      await em.nativeDelete(User, { organizationId: id });
      await em.nativeDelete(AuditEntry, { organizationId: id });
      await em.nativeDelete(Organization, { id });
      // The organization's own log is gone with it: what is left to tell belongs to the platform.
      const target = { type: 'organization' as const, id };
      record({ organizationId: null, action: 'organization_deleted', target, before: snapshotOf(organization) });
      publish({ type: 'organization_deleted', organizationId: id });
    });
  }

  #quota(name: 'maxUsers' | 'maxChannels', value: number): number {
    const max = this.#limits[name];
    if (Number.isInteger(value) && value >= 1 && value <= max) return value;
    throw invalidInput(['input', name], `It must be 1 to ${max}, which is the server's limit.`, { min: 1, max });
  }

  async #checkedOwner(owner: NonNullable<NewOrganization['owner']>): Promise<CheckedOwner> {
    const checked = {
      username: toUsername(owner.username, ['input', 'owner', 'username']),
      email: owner.email === undefined ? null : toEmail(owner.email, ['input', 'owner', 'email']),
    };
    const passwordHash = await this.#hasher.hash(toPassword(owner.password, ['input', 'owner', 'password']));
    return { ...checked, passwordHash };
  }
}

interface CheckedOwner {
  readonly username: string;
  readonly email: string | null;
  readonly passwordHash: string;
}

const TAG_TAKEN = {
  organizations_tag_unique: tagTaken,
  organizations_tag_key_unique: tagTaken,
};

function tagTaken(): AppError {
  return new AppError('ALREADY_EXISTS', 'Another organization has this tag.', { path: ['input', 'tag'] });
}

/** Makes the organization and all that it is born with. */
async function found(
  { em, publish, record }: Transaction,
  values: Pick<Organization, 'name' | 'tag' | 'maxUsers' | 'maxChannels'>,
  owner: CheckedOwner | undefined,
): Promise<Organization> {
  const organization = em.create(Organization, { ...values, ownerId: null });
  await em.persist(organization).flush();
  await furnish(em, organization, owner);
  const { id } = organization;
  const target = { type: 'organization' as const, id };
  record({ organizationId: id, action: 'organization_created', target, after: snapshotOf(organization) });
  publish({ type: 'organization_created', organizationId: id });
  return organization;
}

function snapshotOf({ name, tag, ownerId, maxUsers, maxChannels, recordingAllowed }: Organization): AuditSnapshot {
  return { name, tag, ownerId, maxUsers, maxChannels, recordingAllowed };
}

async function find(em: EntityManager, id: OrganizationId, lockMode = LockMode.NONE): Promise<Organization> {
  const found = await em.findOne(Organization, { id }, { lockMode });
  if (found === null) throw notFound('organization');
  return found;
}

async function furnish(em: EntityManager, organization: Organization, owner: CheckedOwner | undefined): Promise<void> {
  const organizationId = organization.id;
  const admin = em.create(Role, { organizationId, name: ADMIN_ROLE, permissions: ALL_PERMISSIONS });
  const member = em.create(Role, { organizationId, name: MEMBER_ROLE, permissions: MEMBER_PERMISSIONS });
  em.persist([
    admin,
    member,
    em.create(Channel, {
      organizationId,
      parentId: null,
      name: FIRST_CHANNEL,
      nameKey: comparisonKey(FIRST_CHANNEL),
      description: null,
      passwordHash: null,
      maxUsers: 0,
    }),
  ]);
  await em.flush();
  if (owner === undefined) return;
  const user = em.create(User, { organizationId, ...owner, usernameKey: comparisonKey(owner.username) });
  await em.persist(user).flush();
  for (const role of [admin, member]) em.persist(em.create(UserRole, { userId: user.id, roleId: role.id }));
  organization.ownerId = user.id;
  await em.flush();
}

async function transfer({ em, publish }: Transaction, organization: Organization, ownerId: UserId): Promise<void> {
  const user = await em.findOne(User, { id: ownerId, organizationId: organization.id });
  if (user === null) throw invalidInput(['input', 'ownerId'], 'The owner must be a user of the organization.');
  organization.ownerId = ownerId;
  publish({ type: 'owner_changed', organizationId: organization.id, ownerId });
}
