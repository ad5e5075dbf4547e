import type { EntityManager } from '@mikro-orm/postgresql';
import type { Database } from '../database/database.js';
import { select } from '../database/select.js';
import { AppError, notFound } from '../errors.js';
import type { ChannelId, OrganizationId, RoleId, UserId } from '../ids.js';
import type { RequestContext } from '../request-context.js';
import { holds, type PermissionMask, permissionNames } from './bits.js';
import {
  type ChannelNode,
  effectivePermissions,
  holdsEverything,
  type OrganizationPolicy,
  type Subject,
} from './evaluate.js';

/** What the evaluator needs of an organization, and of some of its users. */
export interface LoadedPolicy {
  readonly policy: OrganizationPolicy;
  readonly subjects: ReadonlyMap<UserId, Subject>;
}

/** Loads what the permission rules are about, and answers by the one evaluator. The first call of every service method. */
export class PermissionService {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Refuses nobody but the anonymous: for what can only be judged once its object is found. */
  requireLogin({ actor }: RequestContext): void {
    if (actor.kind === 'anonymous') throw unauthenticated();
  }

  /** Refuses everybody but platform admins and the server itself. */
  requirePlatformAdmin(ctx: RequestContext): void {
    this.requireLogin(ctx);
    if (ctx.actor.kind === 'user' && !ctx.actor.platformAdmin) throw denied('Only a platform admin may do this.');
  }

  /** Refuses whoever does not belong to the organization: for them it is as if `noun` did not exist. */
  requireAccess(ctx: RequestContext, organizationId: OrganizationId | null, noun: string): void {
    this.requireLogin(ctx);
    if (!reaches(ctx, organizationId)) throw notFound(noun);
  }

  /** Refuses whoever does not hold everything in the organization: its owner, MANAGE by a role, platform admins. */
  async requireManage(
    ctx: RequestContext,
    em: EntityManager,
    organizationId: OrganizationId | null,
    noun: string,
  ): Promise<void> {
    this.requireAccess(ctx, organizationId, noun);
    if (isUnlimited(ctx)) return;
    const { policy, subject } = await this.#actorPolicy(ctx, em, organizationId, noun);
    if (!holdsEverything(policy, subject)) throw denied('This needs MANAGE in the organization.', 'MANAGE');
  }

  /** Refuses everybody but the organization's owner and platform admins. */
  async requireOwner(
    ctx: RequestContext,
    em: EntityManager,
    organizationId: OrganizationId,
    noun: string,
  ): Promise<void> {
    this.requireAccess(ctx, organizationId, noun);
    if (isUnlimited(ctx)) return;
    const { policy, subject } = await this.#actorPolicy(ctx, em, organizationId, noun);
    if (policy.ownerId !== subject.userId) throw denied('Only the owner of the organization may do this.');
  }

  /** Refuses an actor who lacks a bit of `wanted` in the channel, and returns all that the actor holds there. */
  async requireInChannel(
    ctx: RequestContext,
    em: EntityManager,
    place: { readonly organizationId: OrganizationId; readonly channelId: ChannelId },
    wanted: PermissionMask,
  ): Promise<PermissionMask> {
    this.requireAccess(ctx, place.organizationId, 'channel');
    const held = await this.permissionsIn(ctx, em, place);
    if (!holds(held, wanted)) {
      const missing = permissionNames(wanted & ~held).join(', ');
      throw denied(`You lack ${missing} in this channel.`, missing);
    }
    return held;
  }

  /** What the actor may do in the channel. */
  async permissionsIn(
    ctx: RequestContext,
    em: EntityManager,
    place: { readonly organizationId: OrganizationId; readonly channelId: ChannelId },
  ): Promise<PermissionMask> {
    const { policy, subject } = await this.#actorPolicy(ctx, em, place.organizationId, 'channel');
    return effectivePermissions(policy, subject, place.channelId);
  }

  /** True where the actor holds everything in the organization that they belong to; for platform admins and the server itself, in every one. */
  async managesOwnOrganization(ctx: RequestContext): Promise<boolean> {
    const { actor } = ctx;
    if (isUnlimited(ctx)) return true;
    if (actor.kind !== 'user' || actor.organizationId === null) return false;
    const { policy, subjects } = await this.policyOf(ctx, actor.organizationId, [actor.userId]);
    const subject = subjects.get(actor.userId);
    return subject !== undefined && holdsEverything(policy, subject);
  }

  /** Refuses to record in an organization that does not let its members. */
  async requireRecording(ctx: RequestContext, organizationId: OrganizationId): Promise<void> {
    this.requireAccess(ctx, organizationId, 'organization');
    const [row] = await this.#database.read(ctx, (em) =>
      select<{ recording_allowed: boolean }>(em, 'select recording_allowed from organizations where id = ?', [
        organizationId,
      ]),
    );
    if (row === undefined) throw notFound('organization');
    if (!row.recording_allowed) throw denied('This organization does not allow to record.');
  }

  /** What the rules are in the organization, for these of its users or for all: in one statement. */
  async policyOf(
    ctx: RequestContext,
    organizationId: OrganizationId,
    userIds: readonly UserId[] | 'all',
  ): Promise<LoadedPolicy> {
    this.requireAccess(ctx, organizationId, 'organization');
    return this.#database.read(ctx, (em) => loadPolicy(em, organizationId, userIds, 'organization'));
  }

  async #actorPolicy(
    { actor }: RequestContext,
    em: EntityManager,
    organizationId: OrganizationId | null,
    noun: string,
  ): Promise<{ readonly policy: OrganizationPolicy; readonly subject: Subject }> {
    if (organizationId === null) throw notFound(noun);
    const userIds = actor.kind === 'user' ? [actor.userId] : [];
    const { policy, subjects } = await loadPolicy(em, organizationId, userIds, noun);
    if (actor.kind === 'system') return { policy, subject: SYSTEM_SUBJECT };
    if (actor.kind === 'anonymous') throw unauthenticated();
    if (actor.platformAdmin) return { policy, subject: { userId: actor.userId, platformAdmin: true, roleIds: [] } };
    const subject = subjects.get(actor.userId);
    if (subject === undefined) throw notFound(noun);
    return { policy, subject };
  }
}

/** The refusal for a caller who has the right to know of an object and not to do this with it. */
export function denied(message: string, permission?: string): AppError {
  return new AppError('PERMISSION_DENIED', message, permission === undefined ? {} : { params: { permission } });
}

/** No user has this id: the system holds everything as a platform admin does. */
const SYSTEM_SUBJECT: Subject = { userId: 0 as UserId, platformAdmin: true, roleIds: [] };

function unauthenticated(): AppError {
  return new AppError('UNAUTHENTICATED', 'Log in first.');
}

function reaches({ actor }: RequestContext, organizationId: OrganizationId | null): boolean {
  if (actor.kind === 'system') return true;
  return (
    actor.kind === 'user' &&
    (actor.platformAdmin || (organizationId !== null && actor.organizationId === organizationId))
  );
}

function isUnlimited({ actor }: RequestContext): boolean {
  return actor.kind === 'system' || (actor.kind === 'user' && actor.platformAdmin);
}

/** What the statement below gives: pairs and triples of ids and masks, as JSON. */
interface PolicyRow {
  readonly owner_id: UserId | null;
  readonly roles: readonly (readonly [RoleId, PermissionMask])[];
  readonly channels: readonly (readonly [ChannelId, ChannelId | null])[];
  readonly acl: readonly (readonly [ChannelId, RoleId, PermissionMask])[];
  readonly users: readonly (readonly [UserId, readonly RoleId[]])[];
}

/** The tenant filter does not reach into raw SQL: every part names the organization itself. */
const POLICY_STATEMENT = `
select o.owner_id,
  (select coalesce(json_agg(json_build_array(r.id, r.permissions)), '[]') from roles r where r.org_id = o.id) as roles,
  (select coalesce(json_agg(json_build_array(c.id, c.parent_id)), '[]') from channels c where c.org_id = o.id) as channels,
  (select coalesce(json_agg(json_build_array(a.channel_id, a.role_id, a.permissions)), '[]')
     from channel_acl a join channels c on c.id = a.channel_id where c.org_id = o.id) as acl,
  (select coalesce(json_agg(json_build_array(u.id,
       (select coalesce(json_agg(ur.role_id), '[]') from user_roles ur where ur.user_id = u.id))), '[]')
     from users u where u.org_id = o.id and (?::int[] is null or u.id = any(?::int[]))) as users
from organizations o where o.id = ?`;

async function loadPolicy(
  em: EntityManager,
  organizationId: OrganizationId,
  userIds: readonly UserId[] | 'all',
  noun: string,
): Promise<LoadedPolicy> {
  const wanted = userIds === 'all' ? null : `{${userIds.join(',')}}`;
  const [row] = await select<PolicyRow>(em, POLICY_STATEMENT, [wanted, wanted, organizationId]);
  if (row === undefined) throw notFound(noun);
  const acl = new Map<ChannelId, Map<RoleId, PermissionMask>>();
  for (const [channel, role, mask] of row.acl) {
    const entries = acl.get(channel) ?? new Map<RoleId, PermissionMask>();
    acl.set(channel, entries.set(role, mask));
  }
  const channels = new Map<ChannelId, ChannelNode>();
  for (const [id, parentId] of row.channels) channels.set(id, { parentId, acl: acl.get(id) ?? NO_ENTRIES });
  const subjects = new Map<UserId, Subject>();
  for (const [id, roleIds] of row.users) subjects.set(id, { userId: id, platformAdmin: false, roleIds });
  return { policy: { ownerId: row.owner_id, roles: new Map(row.roles), channels }, subjects };
}

const NO_ENTRIES: ReadonlyMap<RoleId, PermissionMask> = new Map();
