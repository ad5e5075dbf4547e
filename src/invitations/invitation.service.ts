import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import type { AuditSnapshot } from '../audit/audit-record.js';
import { AttemptLimiter } from '../auth/attempt-limiter.js';
import type { AuthService, LoginResult } from '../auth/auth.service.js';
import { hashOfSecret, randomSecret } from '../auth/random-secret.js';
import { Channel } from '../channels/channel.entity.js';
import type { Database } from '../database/database.js';
import { pagesOfLists } from '../database/list-pages.js';
import { invalidInput, notFound } from '../errors.js';
import type { ChannelId, InvitationId, OrganizationId, RoleId } from '../ids.js';
import { EMPTY_PAGE, type Page, type PageRequest } from '../pagination.js';
import type { PermissionService } from '../permissions/permission.service.js';
import { type RequestContext, systemContext } from '../request-context.js';
import { Role } from '../roles/role.entity.js';
import type { UserService } from '../users/user.service.js';
import { Invitation } from './invitation.entity.js';

export interface NewInvitation {
  /** The roles of whoever redeems it; left out, the role `member`. */
  readonly roleIds?: readonly RoleId[] | undefined;
  readonly channelId?: ChannelId | undefined;
  /** 1 to {@link MAX_USES}; left out, any number. */
  readonly maxUses?: number | undefined;
  /** At most a year from now; left out, a week from now. */
  readonly expiresAt?: Date | undefined;
}

export interface Redemption {
  readonly code: string;
  readonly username: string;
  readonly password: string;
  readonly email?: string | undefined;
}

export const MAX_USES = 10_000;
const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;
const MAX_DAYS = 365;
/** Wrong codes from one address. */
const CODE_LIMIT = { attempts: 20, windowS: 300 };

/** Codes that make users. Needs MANAGE to make, see and revoke; redeeming one needs the code alone. */
export class InvitationService {
  readonly #database: Database;
  readonly #permissions: PermissionService;
  readonly #users: UserService;
  readonly #auth: AuthService;
  readonly #codes = new AttemptLimiter('invitation', CODE_LIMIT);

  constructor(database: Database, permissions: PermissionService, users: UserService, auth: AuthService) {
    this.#database = database;
    this.#permissions = permissions;
    this.#users = users;
    this.#auth = auth;
  }

  /** The invitations of the organization, also those that are over. */
  async list(ctx: RequestContext, organizationId: OrganizationId, page: PageRequest): Promise<Page<Invitation>> {
    return (await this.listOfMany(ctx, [organizationId], page)).get(organizationId) ?? EMPTY_PAGE;
  }

  /** The invitations of each of these organizations. */
  async listOfMany(
    ctx: RequestContext,
    organizationIds: readonly OrganizationId[],
    page: PageRequest,
  ): Promise<ReadonlyMap<OrganizationId, Page<Invitation>>> {
    return this.#database.read(ctx, async (em) => {
      for (const id of organizationIds) await this.#permissions.requireManage(ctx, em, id, 'organization');
      const keyOf = (invitation: Invitation) => invitation.organizationId;
      return pagesOfLists(em, Invitation, { column: 'org_id', keyOf, keys: organizationIds, page });
    });
  }

  /** Makes an invitation. Its code is told here and never again. */
  async create(
    ctx: RequestContext,
    organizationId: OrganizationId,
    input: NewInvitation,
  ): Promise<{ readonly invitation: Invitation; readonly code: string }> {
    const code = randomSecret();
    const invitation = await this.#database.write(ctx, async ({ em, record }) => {
      await this.#permissions.requireManage(ctx, em, organizationId, 'organization');
      const made = em.create(Invitation, {
        organizationId,
        codeHash: hashOfSecret(code),
        roleIds: await roleIdsFor(em, organizationId, input.roleIds),
        channelId: await channelIdFor(em, organizationId, input.channelId),
        maxUses: input.maxUses === undefined ? null : checkedUses(input.maxUses),
        expiresAt: checkedExpiry(input.expiresAt, new Date()),
        createdBy: ctx.actor.kind === 'user' ? ctx.actor.userId : null,
      });
      await em.persist(made).flush();
      const target = { type: 'invitation' as const, id: made.id };
      record({ organizationId, action: 'invitation_created', target, after: snapshotOf(made) });
      return made;
    });
    return { invitation, code };
  }

  /** The code makes no more users. */
  async revoke(ctx: RequestContext, id: InvitationId): Promise<void> {
    this.#permissions.requireLogin(ctx);
    await this.#database.write(ctx, async ({ em, record }) => {
      const invitation = await em.findOne(Invitation, { id });
      if (invitation === null) throw notFound('invitation');
      const { organizationId } = invitation;
      await this.#permissions.requireManage(ctx, em, organizationId, 'invitation');
      await em.nativeDelete(Invitation, { id });
      const target = { type: 'invitation' as const, id };
      record({ organizationId, action: 'invitation_revoked', target, before: snapshotOf(invitation) });
    });
  }

  /** Makes a user by a code and logs them in. Throws NOT_FOUND for a code that is unknown, used up or over, and what `UserService.create` throws. */
  async redeem(
    ctx: RequestContext,
    redemption: Redemption,
  ): Promise<{ readonly login: LoginResult; readonly channelId: ChannelId | null }> {
    const { code, username, password, email } = redemption;
    const address = ctx.remoteAddress ?? 'none';
    this.#codes.take(address);
    const internal = { ...systemContext(ctx.requestId), door: ctx.door, remoteAddress: ctx.remoteAddress };
    const taken = await this.#take(internal, code);
    this.#codes.giveBack(address);
    const { organizationId, channelId, roleIds } = taken;
    try {
      const user = await this.#users.create(internal, organizationId, { username, password, email, roleIds });
      await this.#database.write(internal, async ({ record }) => {
        const target = { type: 'invitation' as const, id: taken.id };
        record({ organizationId, action: 'invitation_redeemed', target, after: { userId: user.id, username } });
      });
      return { login: await this.#auth.loginAs(internal, user), channelId };
    } catch (error) {
      // The code made no user, so the use is given back.
      await this.#giveBack(internal, taken.id);
      throw error;
    }
  }

  #take(internal: RequestContext, code: string): Promise<Invitation> {
    return this.#database.write(internal, async ({ em }) => {
      const options = { lockMode: LockMode.PESSIMISTIC_WRITE } as const;
      const invitation = await em.findOne(Invitation, { codeHash: hashOfSecret(code) }, options);
      if (invitation === null || !isUsable(invitation, new Date())) throw notFound('invitation');
      invitation.uses += 1;
      const roles = await em.find(Role, { id: { $in: invitation.roleIds } }, { fields: ['id'] });
      invitation.roleIds = roles.map(({ id }) => id);
      return invitation;
    });
  }

  async #giveBack(internal: RequestContext, id: InvitationId): Promise<void> {
    await this.#database.write(internal, async ({ em }) => {
      await em.execute('update invitations set uses = uses - 1 where id = ? and uses > 0', [id]);
    });
  }
}

function isUsable({ uses, maxUses, expiresAt }: Invitation, now: Date): boolean {
  return (maxUses === null || uses < maxUses) && expiresAt > now;
}

async function roleIdsFor(
  em: EntityManager,
  organizationId: OrganizationId,
  roleIds: readonly RoleId[] | undefined,
): Promise<RoleId[]> {
  const where =
    roleIds === undefined ? { organizationId, name: 'member' } : { organizationId, id: { $in: [...roleIds] } };
  const found = (await em.find(Role, where, { fields: ['id'] })).map(({ id }) => id);
  if (roleIds !== undefined && found.length !== new Set(roleIds).size) {
    throw invalidInput(['input', 'roleIds'], 'One of these roles is not a role of the organization.');
  }
  return found;
}

async function channelIdFor(
  em: EntityManager,
  organizationId: OrganizationId,
  channelId: ChannelId | undefined,
): Promise<ChannelId | null> {
  if (channelId === undefined) return null;
  if ((await em.count(Channel, { id: channelId, organizationId })) === 0) throw notFound('channel');
  return channelId;
}

function checkedUses(maxUses: number): number {
  if (Number.isInteger(maxUses) && maxUses >= 1 && maxUses <= MAX_USES) return maxUses;
  throw invalidInput(['input', 'maxUses'], `It must be 1 to ${MAX_USES}.`, { min: 1, max: MAX_USES });
}

function checkedExpiry(expiresAt: Date | undefined, now: Date): Date {
  if (expiresAt === undefined) return new Date(now.getTime() + DEFAULT_DAYS * DAY_MS);
  if (expiresAt > now && expiresAt.getTime() <= now.getTime() + MAX_DAYS * DAY_MS) return expiresAt;
  throw invalidInput(['input', 'expiresAt'], `It must be in the future, and at most ${MAX_DAYS} days away.`, {
    maxDays: MAX_DAYS,
  });
}

function snapshotOf({ roleIds, channelId, maxUses, expiresAt }: Invitation): AuditSnapshot {
  return { roleIds, channelId, maxUses, expiresAt: expiresAt.toISOString() };
}
