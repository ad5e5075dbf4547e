import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { type AuditSnapshot, differences } from '../audit/audit-record.js';
import type { PasswordHasher } from '../auth/password-hasher.js';
import type { Database } from '../database/database.js';
import { pagesOfLists } from '../database/list-pages.js';
import { readRows } from '../database/read-rows.js';
import { SharedReads } from '../database/shared-reads.js';
import { refusingDuplicates } from '../database/unique-violation.js';
import { AppError, invalidInput, notFound } from '../errors.js';
import { requireVersion } from '../expected-version.js';
import { createOnce } from '../idempotency/idempotency.js';
import type { ChannelId, OrganizationId } from '../ids.js';
import { DEFAULT_MAX_CHANNELS, Organization } from '../organizations/organization.entity.js';
import { EMPTY_PAGE, type Page, type PageRequest } from '../pagination.js';
import { Permission } from '../permissions/bits.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import { comparisonKey, composedPassword, toChannelName, toChannelPassword, toDescription } from '../text-rules.js';
import { Channel } from './channel.entity.js';
import { ChannelAcl } from './channel-acl.entity.js';
import { depthOf, heightOf, inTreeOrder, subtreeOf } from './channel-tree.js';

/** How deep the tree of channels may be. */
export const MAX_CHANNEL_DEPTH = 16;
/** Positions are from minus to plus this. */
export const MAX_POSITION = 1_000_000;

export interface NewChannel {
  readonly name: string;
  /** Left out: at the root. */
  readonly parentId?: ChannelId | undefined;
  readonly description?: string | undefined;
  readonly password?: string | undefined;
  /** 0 means the server's limit. */
  readonly maxUsers?: number | undefined;
  readonly position?: number | undefined;
}

/** What is left out stays as it is. */
export interface ChannelChange {
  readonly name?: string | undefined;
  /** Null moves the channel to the root. */
  readonly parentId?: ChannelId | null | undefined;
  readonly description?: string | null | undefined;
  /** Null takes the password away. */
  readonly password?: string | null | undefined;
  readonly maxUsers?: number | undefined;
  readonly position?: number | undefined;
  readonly expectedVersion?: number | undefined;
}

export interface ChannelLimits {
  readonly maxChannelsPerOrganization: number;
  readonly maxUsersPerChannel: number;
}

/** The tree of channels of an organization. Who holds MANAGE in a channel manages it and everything below it. */
export class ChannelService {
  readonly #database: Database;
  readonly #permissions: PermissionService;
  readonly #hasher: PasswordHasher;
  readonly #limits: ChannelLimits;
  readonly #lists = new SharedReads<ReadonlyMap<OrganizationId, Page<Channel>>>();

  constructor(database: Database, permissions: PermissionService, hasher: PasswordHasher, limits: ChannelLimits) {
    this.#database = database;
    this.#permissions = permissions;
    this.#hasher = hasher;
    this.#limits = limits;
  }

  /** Throws NOT_FOUND where there is none, or it is not of the actor's organization. */
  async get(ctx: RequestContext, id: ChannelId): Promise<Channel> {
    this.#permissions.requireLogin(ctx);
    const channel = await this.#database.read(ctx, (em) => find(em, id));
    this.#permissions.requireAccess(ctx, channel.organizationId, 'channel');
    return channel;
  }

  /** The channels with these ids, in the same order; undefined for those that the actor does not reach. */
  async getMany(ctx: RequestContext, ids: readonly ChannelId[]): Promise<(Channel | undefined)[]> {
    this.#permissions.requireLogin(ctx);
    const channels = await this.#database.read(ctx, (em) => readRows(em, Channel, { id: { $in: [...ids] } }));
    const byId = new Map(channels.map((channel) => [channel.id, channel]));
    return ids.map((id) => byId.get(id));
  }

  /** The channels of the organization, by id. */
  async list(ctx: RequestContext, organizationId: OrganizationId, page: PageRequest): Promise<Page<Channel>> {
    return (await this.listOfMany(ctx, [organizationId], page)).get(organizationId) ?? EMPTY_PAGE;
  }

  /** The channels of each of these organizations, by id. */
  async listOfMany(
    ctx: RequestContext,
    organizationIds: readonly OrganizationId[],
    page: PageRequest,
  ): Promise<ReadonlyMap<OrganizationId, Page<Channel>>> {
    for (const id of organizationIds) this.#permissions.requireAccess(ctx, id, 'organization');
    const keyOf = (channel: Channel) => channel.organizationId;
    const key = JSON.stringify([organizationIds, page]);
    return this.#database.readShared(ctx, this.#lists, key, (em) =>
      pagesOfLists(em, Channel, { column: 'org_id', keyOf, keys: organizationIds, page }),
    );
  }

  /** All channels of the organization, parents before children, siblings in their order. */
  async tree(ctx: RequestContext, organizationId: OrganizationId): Promise<Channel[]> {
    this.#permissions.requireAccess(ctx, organizationId, 'organization');
    return inTreeOrder(await this.#database.read(ctx, (em) => readRows(em, Channel, { organizationId })));
  }

  /** The children of each of these channels, in their order. */
  async childrenOf(
    ctx: RequestContext,
    parentIds: readonly ChannelId[],
  ): Promise<ReadonlyMap<ChannelId, readonly Channel[]>> {
    this.#permissions.requireLogin(ctx);
    const orderBy = { position: 'asc', id: 'asc' } as const;
    const found = await this.#database.read(ctx, (em) =>
      readRows(em, Channel, { parentId: { $in: [...parentIds] } }, { orderBy }),
    );
    const children = new Map<ChannelId, Channel[]>(parentIds.map((id) => [id, []]));
    for (const channel of found) if (channel.parentId !== null) children.get(channel.parentId)?.push(channel);
    return children;
  }

  /** True where the channel has no password, or this one. */
  async verifyPassword(channel: Channel, password: string): Promise<boolean> {
    return (
      channel.passwordHash === null || (await this.#hasher.verify(channel.passwordHash, composedPassword(password)))
    );
  }

  /** Needs MANAGE in the parent, or in the organization for a channel at the root. Throws QUOTA_EXCEEDED, ALREADY_EXISTS. */
  async create(ctx: RequestContext, organizationId: OrganizationId, input: NewChannel): Promise<Channel> {
    await this.#database.read(ctx, (em) => this.#requireManage(ctx, em, organizationId, input.parentId ?? null));
    const name = toChannelName(input.name, ['input', 'name']);
    const values = {
      organizationId,
      name,
      nameKey: comparisonKey(name),
      description: input.description === undefined ? null : toDescription(input.description, ['input', 'description']),
      maxUsers: this.#checkedMaxUsers(input.maxUsers ?? 0),
      position: checkedPosition(input.position ?? 0),
      passwordHash: await this.#passwordHash(input.password ?? null),
    };
    return refusingDuplicates(NAME_TAKEN, () =>
      this.#database.write(ctx, async ({ em, publish, record }) => {
        const parentId = input.parentId ?? null;
        await this.#requireManage(ctx, em, organizationId, parentId);
        return createOnce(ctx, em, {
          operation: 'createChannel',
          input: { organizationId, ...input },
          find: (id) => em.findOne(Channel, { id: id as ChannelId }),
          create: async () => {
            await this.#requirePlace(em, await lockedOrganization(em, organizationId));
            if (parentId !== null) requireDepth(depthOf(await em.find(Channel, { organizationId }), parentId) + 1);
            const channel = em.create(Channel, { ...values, parentId });
            await em.persist(channel).flush();
            record({
              organizationId,
              action: 'channel_created',
              target: targetOf(channel),
              after: snapshotOf(channel),
            });
            publish({ type: 'channel_created', organizationId, channelId: channel.id });
            return channel;
          },
        });
      }),
    );
  }

  /** Needs MANAGE in the channel, and for a move in the new parent too (in the organization for the root). */
  async update(ctx: RequestContext, id: ChannelId, change: ChannelChange): Promise<Channel> {
    this.#permissions.requireLogin(ctx);
    const { password } = change;
    await this.#database.read(ctx, (em) => this.#requireEdit(ctx, em, id));
    const passwordHash = password === undefined ? undefined : await this.#passwordHash(password);
    return refusingDuplicates(NAME_TAKEN, () =>
      this.#database.write(ctx, async ({ em, publish, record }) => {
        const channel = await this.#requireEdit(ctx, em, id);
        const { organizationId } = channel;
        await lockedOrganization(em, organizationId);
        await em.refresh(channel);
        requireVersion(channel, change.expectedVersion);
        const before = snapshotOf(channel);
        if (change.name !== undefined) {
          channel.name = toChannelName(change.name, ['input', 'name']);
          channel.nameKey = comparisonKey(channel.name);
        }
        if (change.description !== undefined) {
          channel.description =
            change.description === null ? null : toDescription(change.description, ['input', 'description']);
        }
        if (passwordHash !== undefined) channel.passwordHash = passwordHash;
        if (change.maxUsers !== undefined) channel.maxUsers = this.#checkedMaxUsers(change.maxUsers);
        if (change.position !== undefined) channel.position = checkedPosition(change.position);
        if (change.parentId !== undefined && change.parentId !== channel.parentId) {
          await this.#move(ctx, em, channel, change.parentId);
        }
        await em.flush();
        const changed = differences(before, snapshotOf(channel));
        record({ organizationId, action: 'channel_updated', target: targetOf(channel), ...changed });
        publish({ type: 'channel_updated', organizationId, channelId: id });
        return channel;
      }),
    );
  }

  /** Deletes the channel; who is in it is put out. Throws HAS_CHILDREN unless `recursive`. Needs MANAGE in the channel. */
  async delete(
    ctx: RequestContext,
    id: ChannelId,
    { recursive, expectedVersion }: { readonly recursive: boolean; readonly expectedVersion?: number | undefined },
  ): Promise<void> {
    this.#permissions.requireLogin(ctx);
    await this.#database.write(ctx, async ({ em, publish, record }) => {
      const channel = await this.#requireEdit(ctx, em, id);
      const { organizationId } = channel;
      await lockedOrganization(em, organizationId);
      await em.refresh(channel);
      requireVersion(channel, expectedVersion);
      const channels = await em.find(Channel, { organizationId });
      const ids = [...subtreeOf(channels, id)];
      if (ids.length > 1 && !recursive) {
        throw new AppError('HAS_CHILDREN', 'There are channels below it. Delete them too, or move them first.', {
          params: { channels: ids.length - 1 },
        });
      }
      await em.nativeDelete(ChannelAcl, { channelId: { $in: ids } });
      await em.nativeDelete(Channel, { id: { $in: ids } });
      for (const deleted of channels.filter((each) => ids.includes(each.id))) {
        record({ organizationId, action: 'channel_deleted', target: targetOf(deleted), before: snapshotOf(deleted) });
        publish({ type: 'channel_deleted', organizationId, channelId: deleted.id });
      }
    });
  }

  async #move(ctx: RequestContext, em: EntityManager, channel: Channel, parentId: ChannelId | null): Promise<void> {
    const { organizationId, id } = channel;
    await this.#requireManage(ctx, em, organizationId, parentId);
    if (parentId !== null) {
      const channels = await em.find(Channel, { organizationId });
      if (subtreeOf(channels, id).has(parentId)) {
        throw invalidInput(['input', 'parentId'], 'A channel cannot be moved into itself or below itself.');
      }
      requireDepth(depthOf(channels, parentId) + heightOf(channels, id));
    }
    channel.parentId = parentId;
  }

  async #requireEdit(ctx: RequestContext, em: EntityManager, id: ChannelId): Promise<Channel> {
    const channel = await find(em, id);
    const { organizationId } = channel;
    await this.#permissions.requireInChannel(ctx, em, { organizationId, channelId: id }, Permission.MANAGE);
    return channel;
  }

  async #requireManage(
    ctx: RequestContext,
    em: EntityManager,
    organizationId: OrganizationId,
    parentId: ChannelId | null,
  ): Promise<void> {
    if (parentId === null) {
      await this.#permissions.requireManage(ctx, em, organizationId, 'organization');
      return;
    }
    this.#permissions.requireAccess(ctx, organizationId, 'organization');
    if ((await em.count(Channel, { id: parentId, organizationId })) === 0) throw notFound('channel');
    await this.#permissions.requireInChannel(ctx, em, { organizationId, channelId: parentId }, Permission.MANAGE);
  }

  async #requirePlace(em: EntityManager, organization: Organization): Promise<void> {
    const max = Math.min(organization.maxChannels ?? DEFAULT_MAX_CHANNELS, this.#limits.maxChannelsPerOrganization);
    if ((await em.count(Channel, { organizationId: organization.id })) < max) return;
    throw new AppError('QUOTA_EXCEEDED', `The organization has ${max} channels, which is all that it may have.`, {
      params: { quota: 'max_channels', max },
    });
  }

  #checkedMaxUsers(maxUsers: number): number {
    const max = this.#limits.maxUsersPerChannel;
    if (Number.isInteger(maxUsers) && maxUsers >= 0 && maxUsers <= max) return maxUsers;
    throw invalidInput(['input', 'maxUsers'], `It must be 0 to ${max}; 0 means ${max}, the server's limit.`, {
      min: 0,
      max,
    });
  }

  async #passwordHash(password: string | null): Promise<string | null> {
    return password === null ? null : this.#hasher.hash(toChannelPassword(password, ['input', 'password']));
  }
}

function targetOf({ id }: Channel): { readonly type: 'channel'; readonly id: ChannelId } {
  return { type: 'channel', id };
}

function snapshotOf(channel: Channel): AuditSnapshot {
  const { name, parentId, description, maxUsers, position, passwordHash } = channel;
  return { name, parentId, description, maxUsers, position, hasPassword: passwordHash !== null };
}

const NAME_TAKEN = {
  channels_sibling_name_key_unique: () =>
    new AppError('ALREADY_EXISTS', 'A channel beside it has this name, or one that looks like it.', {
      path: ['input', 'name'],
    }),
};

function checkedPosition(position: number): number {
  if (Number.isInteger(position) && Math.abs(position) <= MAX_POSITION) return position;
  throw invalidInput(['input', 'position'], `It must be a whole number from -${MAX_POSITION} to ${MAX_POSITION}.`);
}

function requireDepth(depth: number): void {
  if (depth <= MAX_CHANNEL_DEPTH) return;
  throw invalidInput(['input', 'parentId'], `Channels can be nested ${MAX_CHANNEL_DEPTH} deep.`, {
    max: MAX_CHANNEL_DEPTH,
  });
}

async function find(em: EntityManager, id: ChannelId): Promise<Channel> {
  const channel = await em.findOne(Channel, { id });
  if (channel === null) throw notFound('channel');
  return channel;
}

/** Changes of the tree come one after the other: neither a quota is passed nor a cycle made by two at once. */
async function lockedOrganization(em: EntityManager, id: OrganizationId): Promise<Organization> {
  const organization = await em.findOne(Organization, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (organization === null) throw notFound('organization');
  return organization;
}
