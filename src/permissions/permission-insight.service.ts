import { Channel } from '../channels/channel.entity.js';
import type { Database } from '../database/database.js';
import { invalidInput, notFound } from '../errors.js';
import type { ChannelId, OrganizationId, RoleId, UserId } from '../ids.js';
import type { RequestContext } from '../request-context.js';
import { Role } from '../roles/role.entity.js';
import { checkedMask } from '../roles/role.service.js';
import { User } from '../users/user.entity.js';
import { Permission, type PermissionMask } from './bits.js';
import { type Explanation, explainPermissions } from './explain.js';
import type { PermissionService } from './permission.service.js';
import { type PermissionChange, simulateAcl, simulateRole } from './simulate.js';

/** One line of an ACL that is tried out. */
export interface AclLine {
  readonly roleId: RoleId;
  readonly permissions: PermissionMask;
}

/** Says why somebody may do something or not, and who would gain and lose what, before anything is changed. */
export class PermissionInsightService {
  readonly #database: Database;
  readonly #permissions: PermissionService;

  constructor(database: Database, permissions: PermissionService) {
    this.#database = database;
    this.#permissions = permissions;
  }

  /** Why a user may do what they may in a channel: of oneself, or of others with MANAGE in the channel. */
  async explain(ctx: RequestContext, userId: UserId, channelId: ChannelId): Promise<Explanation> {
    this.#permissions.requireLogin(ctx);
    const organizationId = await this.#database.read(ctx, async (em) => {
      const channel = await em.findOne(Channel, { id: channelId });
      if (channel === null) throw notFound('channel');
      const place = { organizationId: channel.organizationId, channelId };
      if (!isSelf(ctx, userId)) await this.#permissions.requireInChannel(ctx, em, place, Permission.MANAGE);
      else this.#permissions.requireAccess(ctx, place.organizationId, 'channel');
      const user = await em.findOne(User, { id: userId });
      if (user === null || user.organizationId !== place.organizationId) throw notFound('user');
      return place.organizationId;
    });
    const { policy, subjects } = await this.#permissions.policyOf(ctx, organizationId, [userId]);
    const subject = subjects.get(userId);
    if (subject === undefined) throw notFound('user');
    return explainPermissions(policy, subject, channelId);
  }

  /** Who would gain and lose what, and where, if this were the whole ACL of the channel (none: it follows its parent). Needs MANAGE in the channel. */
  async simulateAcl(
    ctx: RequestContext,
    channelId: ChannelId,
    acl: readonly AclLine[],
  ): Promise<readonly PermissionChange[]> {
    this.#permissions.requireLogin(ctx);
    const organizationId = await this.#database.read(ctx, async (em) => {
      const channel = await em.findOne(Channel, { id: channelId });
      if (channel === null) throw notFound('channel');
      const place = { organizationId: channel.organizationId, channelId };
      await this.#permissions.requireInChannel(ctx, em, place, Permission.MANAGE);
      return place.organizationId;
    });
    const { policy, subjects } = await this.#permissions.policyOf(ctx, organizationId, 'all');
    const entries = new Map(acl.map(({ roleId, permissions }) => [roleId, checkedMask(permissions)]));
    if (entries.size !== acl.length) throw invalidInput(['input', 'acl'], 'A role stands there twice.');
    for (const roleId of entries.keys()) if (!policy.roles.has(roleId)) throw notFound('role');
    return simulateAcl(policy, subjects.values(), channelId, entries);
  }

  /** Who would gain and lose what, and where, if this were the role's own mask. Needs MANAGE in the organization. */
  async simulateRole(
    ctx: RequestContext,
    roleId: RoleId,
    permissions: PermissionMask,
  ): Promise<readonly PermissionChange[]> {
    this.#permissions.requireLogin(ctx);
    const mask = checkedMask(permissions);
    const organizationId = await this.#database.read(ctx, async (em): Promise<OrganizationId> => {
      const role = await em.findOne(Role, { id: roleId });
      if (role?.organizationId === undefined || role.organizationId === null) throw notFound('role');
      await this.#permissions.requireManage(ctx, em, role.organizationId, 'role');
      return role.organizationId;
    });
    const { policy, subjects } = await this.#permissions.policyOf(ctx, organizationId, 'all');
    return simulateRole(policy, subjects.values(), roleId, mask);
  }
}

function isSelf({ actor }: RequestContext, userId: UserId): boolean {
  return actor.kind === 'user' && actor.userId === userId;
}
