import { isIP } from 'node:net';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { AuditSnapshot } from '../audit/audit-record.js';
import type { Database, Transaction } from '../database/database.js';
import { pagesOfLists } from '../database/list-pages.js';
import { select } from '../database/select.js';
import { AppError, invalidInput, notFound } from '../errors.js';
import { createOnce } from '../idempotency/idempotency.js';
import type { BanId, OrganizationId, UserId } from '../ids.js';
import { Organization } from '../organizations/organization.entity.js';
import { EMPTY_PAGE, type Page, type PageRequest } from '../pagination.js';
import type { PermissionService } from '../permissions/permission.service.js';
import { type RequestContext, systemContext } from '../request-context.js';
import { toReason } from '../text-rules.js';
import { User } from '../users/user.entity.js';
import { Ban } from './ban.entity.js';
import { BAN_IN_FORCE, plainAddress } from './ban-match.js';
import { maskedNetwork } from './masked-network.js';

export interface NewBan {
  /** Either a user … */
  readonly userId?: UserId | undefined;
  /** … or an address or network: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/48`. */
  readonly addressRange?: string | undefined;
  readonly reason?: string | undefined;
  /** Left out: without an end. */
  readonly expiresAt?: Date | undefined;
}

/** Somebody who may be banned: a session, as far as bans look at it. */
export interface BanSubject {
  readonly userId: UserId;
  readonly remoteAddress: string | null;
}

/** The shortest prefixes that can be banned: a slip of the hand must not shut out the world. */
const MIN_PREFIX = { 4: 8, 6: 16 };

/** Bans of an organization: made and lifted by whoever holds MANAGE in it; enforced at every login and against sessions that exist. */
export class BanService {
  readonly #database: Database;
  readonly #permissions: PermissionService;

  constructor(database: Database, permissions: PermissionService) {
    this.#database = database;
    this.#permissions = permissions;
  }

  /** The bans of the organization, also those that are over. */
  async list(ctx: RequestContext, organizationId: OrganizationId, page: PageRequest): Promise<Page<Ban>> {
    return (await this.listOfMany(ctx, [organizationId], page)).get(organizationId) ?? EMPTY_PAGE;
  }

  /** The bans of each of these organizations. */
  async listOfMany(
    ctx: RequestContext,
    organizationIds: readonly OrganizationId[],
    page: PageRequest,
  ): Promise<ReadonlyMap<OrganizationId, Page<Ban>>> {
    return this.#database.read(ctx, async (em) => {
      for (const id of organizationIds) await this.#permissions.requireManage(ctx, em, id, 'organization');
      const keyOf = (ban: Ban) => ban.organizationId;
      return pagesOfLists(em, Ban, { column: 'org_id', keyOf, keys: organizationIds, page });
    });
  }

  /** Bans a user or a network; whoever is connected and falls under it is put out at once. Throws OWNER_REQUIRED for the owner. */
  async create(ctx: RequestContext, organizationId: OrganizationId, input: NewBan): Promise<Ban> {
    return this.#database.write(ctx, async (transaction) => {
      const { em } = transaction;
      await this.#permissions.requireManage(ctx, em, organizationId, 'organization');
      return createOnce(ctx, em, {
        operation: 'createBan',
        input: { organizationId, ...input },
        find: (id) => em.findOne(Ban, { id: id as BanId }),
        create: () => add(ctx, transaction, organizationId, input),
      });
    });
  }

  /** Lifts a ban before its time. */
  async lift(ctx: RequestContext, id: BanId): Promise<void> {
    this.#permissions.requireLogin(ctx);
    await this.#database.write(ctx, async (transaction) => {
      const ban = await transaction.em.findOne(Ban, { id });
      if (ban === null) throw notFound('ban');
      await this.#permissions.requireManage(ctx, transaction.em, ban.organizationId, 'ban');
      await remove(transaction, ban);
    });
  }

  /** Lifts some bans of the organization and makes others, all of it or nothing. A ban that is gone already is lifted. */
  async change(
    ctx: RequestContext,
    organizationId: OrganizationId,
    { lifted, made }: { readonly lifted: readonly BanId[]; readonly made: readonly NewBan[] },
  ): Promise<void> {
    await this.#database.write(ctx, async (transaction) => {
      const { em } = transaction;
      await this.#permissions.requireManage(ctx, em, organizationId, 'organization');
      const found = lifted.length === 0 ? [] : await em.find(Ban, { id: { $in: [...lifted] }, organizationId });
      for (const ban of found) await remove(transaction, ban);
      for (const input of made) await add(ctx, transaction, organizationId, input);
    });
  }

  /** For each of these, whether a ban of the organization is in force against them now. For the server itself. */
  async match(organizationId: OrganizationId, subjects: readonly BanSubject[]): Promise<boolean[]> {
    if (subjects.length === 0) return [];
    const addresses = subjects.map(({ remoteAddress }) => plainAddress(remoteAddress) ?? null);
    const rows = await this.#database.read(systemContext('bans'), (em) =>
      select<{ banned: boolean }>(em, MATCH_STATEMENT, [
        organizationId,
        JSON.stringify(subjects.map(({ userId }, index) => [userId, addresses[index]])),
      ]),
    );
    return rows.map(({ banned }) => banned);
  }
}

/** An owner is never shut out: somebody must be able to lift a ban. */
const MATCH_STATEMENT = `
select exists (
  select 1 from bans b join organizations o on o.id = b.org_id
  where b.org_id = ? and ${BAN_IN_FORCE} and o.owner_id is distinct from (s.value->>0)::int
    and (b.user_id = (s.value->>0)::int or b.address_range >>= (s.value->>1)::inet)
) as banned
from jsonb_array_elements(?::jsonb) with ordinality as s(value, place) order by s.place`;

async function add(
  ctx: RequestContext,
  { em, publish, record }: Transaction,
  organizationId: OrganizationId,
  input: NewBan,
): Promise<Ban> {
  const values = await checked(em, organizationId, input);
  const ban = em.create(Ban, { organizationId, issuedBy: issuerOf(ctx), ...values });
  await em.persist(ban).flush();
  record({ organizationId, action: 'ban_created', target: { type: 'ban', id: ban.id }, after: snapshotOf(ban) });
  publish({ type: 'ban_created', organizationId, banId: ban.id });
  return ban;
}

async function remove({ em, publish, record }: Transaction, ban: Ban): Promise<void> {
  const { id, organizationId } = ban;
  await em.nativeDelete(Ban, { id });
  record({ organizationId, action: 'ban_lifted', target: { type: 'ban', id }, before: snapshotOf(ban) });
  publish({ type: 'ban_lifted', organizationId, banId: id });
}

async function checked(
  em: EntityManager,
  organizationId: OrganizationId,
  { userId, addressRange, reason, expiresAt }: NewBan,
): Promise<Pick<Ban, 'userId' | 'addressRange' | 'reason' | 'expiresAt'>> {
  if ((userId === undefined) === (addressRange === undefined)) {
    throw invalidInput(['input'], 'Ban either a user or a range of addresses.');
  }
  if (userId !== undefined) await requireBannable(em, organizationId, userId);
  if (expiresAt !== undefined && expiresAt.getTime() <= Date.now()) {
    throw invalidInput(['input', 'expiresAt'], 'This time is over.');
  }
  return {
    userId: userId ?? null,
    addressRange: addressRange === undefined ? null : toNetwork(addressRange),
    reason: reason === undefined ? null : toReason(reason, ['input', 'reason']),
    expiresAt: expiresAt ?? null,
  };
}

async function requireBannable(em: EntityManager, organizationId: OrganizationId, userId: UserId): Promise<void> {
  if ((await em.count(User, { id: userId, organizationId })) === 0) throw notFound('user');
  const { ownerId } = await em.findOneOrFail(Organization, { id: organizationId });
  if (ownerId === userId)
    throw new AppError('OWNER_REQUIRED', 'The owner cannot be banned.', { path: ['input', 'userId'] });
}

/** The network in CIDR form with its host bits cleared by PostgreSQL's own rules: those that are set are refused. */
function toNetwork(text: string): string {
  const [, address = '', prefixText] = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  if ((family !== 4 && family !== 6) || address.includes('%') || prefix > bits) {
    throw invalidInput(
      ['input', 'addressRange'],
      'Give an address or a network: 192.0.2.7, 192.0.2.0/24, 2001:db8::/48.',
    );
  }
  if (prefix < MIN_PREFIX[family]) {
    throw invalidInput(['input', 'addressRange'], `The prefix must be /${MIN_PREFIX[family]} or longer.`, {
      min: MIN_PREFIX[family],
    });
  }
  return maskedNetwork(address, family, prefix);
}

function issuerOf({ actor }: RequestContext): UserId | null {
  return actor.kind === 'user' ? actor.userId : null;
}

function snapshotOf({ userId, addressRange, reason, expiresAt }: Ban): AuditSnapshot {
  return { userId, addressRange, reason, expiresAt: expiresAt?.toISOString() ?? null };
}
