import type { EntityData, EntityManager } from '@mikro-orm/postgresql';
import type { AuditRecord, AuditSnapshot } from '../audit/audit-record.js';
import type { Database } from '../database/database.js';
import { toRows } from '../database/read-rows.js';
import { select } from '../database/select.js';
import { SharedReads } from '../database/shared-reads.js';
import { notFound } from '../errors.js';
import type { ChannelId, RoleId } from '../ids.js';
import { Permission, type PermissionMask, permissionNames } from '../permissions/bits.js';
import { denied, type PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import { Role } from '../roles/role.entity.js';
import { checkedMask } from '../roles/role.service.js';
import { Channel } from './channel.entity.js';
import { ChannelAcl } from './channel-acl.entity.js';

/** The entries of some channels, and the roles that they name. */
export interface AclEntries {
  readonly entries: ReadonlyMap<ChannelId, readonly ChannelAcl[]>;
  readonly roles: readonly Role[];
}

/** A list that is being changed, within a transaction. */
interface AclEdit {
  readonly em: EntityManager;
  readonly channel: Channel;
  /** What the actor holds in the channel. */
  readonly held: PermissionMask;
  /** Writes down what was done. */
  readonly note: (entry: AuditRecord) => void;
}

interface EntryRow {
  readonly entry: EntityData<ChannelAcl>;
  readonly role: EntityData<Role>;
}

/** The tenant filter does not reach into raw SQL: the statement names the organizations itself. */
const ENTRIES_STATEMENT = `
select to_json(a) as entry, to_json(r) as role
from channel_acl a join channels c on c.id = a.channel_id join roles r on r.id = a.role_id
where c.org_id = any(?::int[]) and a.channel_id = any(?::int[]) order by a.role_id`;

/** The lists of what each role may do in a channel. Whoever changes one needs MANAGE in the channel, and grants there no more than they hold. */
export class ChannelAclService {
  readonly #database: Database;
  readonly #permissions: PermissionService;
  readonly #entries = new SharedReads<AclEntries>();

  constructor(database: Database, permissions: PermissionService) {
    this.#database = database;
    this.#permissions = permissions;
  }

  /** The entries of each of these channels, by role id. */
  async entriesOf(ctx: RequestContext, channels: readonly Channel[]): Promise<AclEntries> {
    const organizationIds = [...new Set(channels.map(({ organizationId }) => organizationId))];
    for (const id of organizationIds) this.#permissions.requireAccess(ctx, id, 'channel');
    const channelIds = channels.map(({ id }) => id);
    const key = JSON.stringify([organizationIds, channelIds]);
    return this.#database.readShared(ctx, this.#entries, key, async (em) => {
      const values = [`{${organizationIds.join(',')}}`, `{${channelIds.join(',')}}`];
      const found = await select<EntryRow>(em, ENTRIES_STATEMENT, values);
      const entries = new Map<ChannelId, ChannelAcl[]>(channelIds.map((id) => [id, []]));
      for (const entry of toRows(
        em,
        ChannelAcl,
        found.map((row) => row.entry),
      ))
        entries.get(entry.channelId)?.push(entry);
      const roles = toRows(
        em,
        Role,
        found.map((row) => row.role),
      );
      return { entries, roles: [...new Map(roles.map((role) => [role.id, role])).values()] };
    });
  }

  /** Says what a role may do in the channel. The first entry makes the channel's list complete: roles that are not on it may do nothing there. */
  async setEntry(
    ctx: RequestContext,
    channelId: ChannelId,
    roleId: RoleId,
    permissions: PermissionMask,
  ): Promise<Channel> {
    this.#permissions.requireLogin(ctx);
    const mask = checkedMask(permissions);
    return this.#change(ctx, channelId, (edit) => put(edit, roleId, mask));
  }

  /** Takes a role off the list. Without any entry the channel follows its parent again. Removing what is not there is fine. */
  async removeEntry(ctx: RequestContext, channelId: ChannelId, roleId: RoleId): Promise<Channel> {
    this.#permissions.requireLogin(ctx);
    return this.#change(ctx, channelId, (edit) => take(edit, roleId));
  }

  /** Makes the list what is given, as a whole or not at all. An empty one is none: the channel follows its parent. */
  async replaceEntries(
    ctx: RequestContext,
    channelId: ChannelId,
    wanted: ReadonlyMap<RoleId, PermissionMask>,
  ): Promise<Channel> {
    this.#permissions.requireLogin(ctx);
    const masks = [...wanted].map(([roleId, permissions]) => [roleId, checkedMask(permissions)] as const);
    return this.#change(ctx, channelId, async (edit) => {
      const present = await edit.em.find(ChannelAcl, { channelId });
      const former = new Map(present.map(({ roleId, permissions }) => [roleId, permissions]));
      for (const [roleId, mask] of masks) if (former.get(roleId) !== mask) await put(edit, roleId, mask);
      for (const roleId of former.keys()) if (!wanted.has(roleId)) await take(edit, roleId);
    });
  }

  /** One transaction, and one event where something was recorded. */
  #change(ctx: RequestContext, channelId: ChannelId, change: (edit: AclEdit) => Promise<void>): Promise<Channel> {
    return this.#database.write(ctx, async ({ em, publish, record }) => {
      const { channel, held } = await this.#requireEdit(ctx, em, channelId);
      const { organizationId } = channel;
      let isChanged = false;
      const note = (entry: AuditRecord) => {
        isChanged = true;
        record(entry);
      };
      await change({ em, channel, held, note });
      if (isChanged) publish({ type: 'channel_acl_changed', organizationId, channelId });
      return channel;
    });
  }

  async #requireEdit(
    ctx: RequestContext,
    em: EntityManager,
    channelId: ChannelId,
  ): Promise<{ readonly channel: Channel; readonly held: PermissionMask }> {
    const channel = await em.findOne(Channel, { id: channelId });
    if (channel === null) throw notFound('channel');
    const place = { organizationId: channel.organizationId, channelId };
    return { channel, held: await this.#permissions.requireInChannel(ctx, em, place, Permission.MANAGE) };
  }
}

async function put({ em, channel, held, note }: AclEdit, roleId: RoleId, mask: PermissionMask): Promise<void> {
  const { id: channelId, organizationId } = channel;
  if ((await em.count(Role, { id: roleId, organizationId })) === 0) throw notFound('role');
  const former = await em.findOne(ChannelAcl, { channelId, roleId });
  const before = former === null ? undefined : snapshotOf(roleId, former.permissions);
  requireHeld(held, mask | (former?.permissions ?? 0));
  await em.upsert(ChannelAcl, { channelId, roleId, permissions: mask });
  note({
    organizationId,
    action: 'channel_acl_entry_set',
    target: { type: 'channel', id: channelId },
    before,
    after: snapshotOf(roleId, mask),
  });
}

async function take({ em, channel, held, note }: AclEdit, roleId: RoleId): Promise<void> {
  const { id: channelId, organizationId } = channel;
  const former = await em.findOne(ChannelAcl, { channelId, roleId });
  if (former === null) return;
  requireHeld(held, former.permissions);
  await em.nativeDelete(ChannelAcl, { channelId, roleId });
  const target = { type: 'channel' as const, id: channelId };
  note({ organizationId, action: 'channel_acl_entry_removed', target, before: snapshotOf(roleId, former.permissions) });
}

function snapshotOf(roleId: RoleId, permissions: PermissionMask): AuditSnapshot {
  return { roleId, permissions: permissionNames(permissions) };
}

/** An entry that grants what the actor does not hold is neither made nor undone by them. */
function requireHeld(held: PermissionMask, mask: PermissionMask): void {
  const missing = permissionNames(mask & ~held).join(', ');
  if (missing !== '') throw denied(`You cannot grant or take what you do not hold here yourself: ${missing}.`, missing);
}
