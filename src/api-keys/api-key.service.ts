import type { AuditSnapshot } from '../audit/audit-record.js';
import { API_KEY_PREFIX } from '../auth/api-key-prefix.js';
import { hashOfSecret, randomSecret } from '../auth/random-secret.js';
import type { Database } from '../database/database.js';
import { pagesOfLists } from '../database/list-pages.js';
import { AppError, invalidInput, notFound } from '../errors.js';
import type { ApiKeyId, UserId } from '../ids.js';
import { EMPTY_PAGE, type Page, type PageRequest } from '../pagination.js';
import { denied, type PermissionService } from '../permissions/permission.service.js';
import type { ApiKeyScope, RequestContext } from '../request-context.js';
import { toApiKeyName } from '../text-rules.js';
import { refusalsToManage } from '../users/refusals-to-manage.js';
import { User } from '../users/user.entity.js';
import { ApiKey } from './api-key.entity.js';

export const API_KEY_SCOPES: readonly ApiKeyScope[] = ['read', 'write', 'voice'];
/** Keys that one user can have. */
const MAX_KEYS = 50;
/** How much of a key is kept to be shown. */
const SHOWN_CHARACTERS = API_KEY_PREFIX.length + 5;

export interface NewApiKey {
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  /** Left out: without an end. */
  readonly expiresAt?: Date | undefined;
}

/** API keys: everybody makes their own, and whoever manages the user sees and revokes them. */
export class ApiKeyService {
  readonly #database: Database;
  readonly #permissions: PermissionService;

  constructor(database: Database, permissions: PermissionService) {
    this.#database = database;
    this.#permissions = permissions;
  }

  /** The keys of a user: of oneself, or with MANAGE of another. */
  async list(ctx: RequestContext, userId: UserId, page: PageRequest): Promise<Page<ApiKey>> {
    const keys = (await this.listOfMany(ctx, [userId], page)).get(userId) ?? EMPTY_PAGE;
    if (keys instanceof AppError) throw keys;
    return keys;
  }

  /** The keys of each of these users, or the refusal where the actor may not see them. */
  async listOfMany(
    ctx: RequestContext,
    userIds: readonly UserId[],
    page: PageRequest,
  ): Promise<ReadonlyMap<UserId, Page<ApiKey> | AppError>> {
    this.#permissions.requireLogin(ctx);
    return this.#database.read(ctx, async (em) => {
      const refusals = await refusalsToManage(ctx, em, this.#permissions, userIds);
      const pages = await pagesOfLists(em, ApiKey, {
        column: 'user_id',
        keyOf: ({ userId }) => userId,
        keys: userIds.filter((id) => !refusals.has(id)),
        page,
        // A user of the platform belongs to no tenant, and reaches their own keys all the same.
        ...(isOfPlatform(ctx) && { filters: false }),
      });
      return new Map<UserId, Page<ApiKey> | AppError>([...pages, ...refusals]);
    });
  }

  /** Makes a key of the actor's own. The key is told here and never again. A key cannot make keys. */
  async create(ctx: RequestContext, input: NewApiKey): Promise<{ readonly apiKey: ApiKey; readonly key: string }> {
    const { actor } = ctx;
    this.#permissions.requireLogin(ctx);
    if (actor.kind !== 'user') throw denied('Only a user has API keys.');
    if (actor.scopes !== null) throw denied('An API key cannot make another one: log in.');
    const name = toApiKeyName(input.name, ['input', 'name']);
    const scopes = checkedScopes(input.scopes);
    if (input.expiresAt !== undefined && input.expiresAt <= new Date()) {
      throw invalidInput(['input', 'expiresAt'], 'This time is over.');
    }
    const key = API_KEY_PREFIX + randomSecret();
    const apiKey = await this.#database.write(ctx, async ({ em, record }) => {
      await em.execute('select id from users where id = ? for update', [actor.userId]);
      if ((await em.count(ApiKey, { userId: actor.userId }, { filters: false })) >= MAX_KEYS) {
        throw new AppError('QUOTA_EXCEEDED', `You have ${MAX_KEYS} API keys, which is all that you may have.`, {
          params: { quota: 'api_keys', max: MAX_KEYS },
        });
      }
      const made = em.create(ApiKey, {
        userId: actor.userId,
        name,
        scopes,
        keyHash: hashOfSecret(key),
        keyPrefix: key.slice(0, SHOWN_CHARACTERS),
        expiresAt: input.expiresAt ?? null,
        lastUsedAt: null,
      });
      await em.persist(made).flush();
      const target = { type: 'api_key' as const, id: made.id };
      record({ organizationId: actor.organizationId, action: 'api_key_created', target, after: snapshotOf(made) });
      return made;
    });
    return { apiKey, key };
  }

  /** The key is not valid any more. One's own, or with MANAGE another's. */
  async revoke(ctx: RequestContext, id: ApiKeyId): Promise<void> {
    this.#permissions.requireLogin(ctx);
    await this.#database.write(ctx, async ({ em, publish, record }) => {
      const apiKey = await em.findOne(ApiKey, { id }, { filters: false });
      if (apiKey === null) throw notFound('API key');
      const owner = await em.findOneOrFail(User, { id: apiKey.userId }, { filters: false });
      const { organizationId } = owner;
      if (!isSelf(ctx, apiKey.userId)) await this.#permissions.requireManage(ctx, em, organizationId, 'API key');
      await em.nativeDelete(ApiKey, { id }, { filters: false });
      const target = { type: 'api_key' as const, id };
      record({ organizationId, action: 'api_key_revoked', target, before: snapshotOf(apiKey) });
      if (organizationId !== null) {
        publish({ type: 'api_key_revoked', organizationId, userId: apiKey.userId, apiKeyId: id });
      }
    });
  }
}

function isOfPlatform({ actor }: RequestContext): boolean {
  return actor.kind === 'user' && actor.organizationId === null;
}

function isSelf({ actor }: RequestContext, userId: UserId): boolean {
  return actor.kind === 'user' && actor.userId === userId;
}

function checkedScopes(scopes: readonly ApiKeyScope[]): ApiKeyScope[] {
  const known = API_KEY_SCOPES.filter((scope) => scopes.includes(scope));
  if (known.length > 0 && known.length === new Set(scopes).size) return known;
  throw invalidInput(['input', 'scopes'], `Give at least one of ${API_KEY_SCOPES.join(', ')}.`);
}

function snapshotOf({ name, scopes, keyPrefix, expiresAt, userId }: ApiKey): AuditSnapshot {
  return { userId, name, scopes, keyPrefix, expiresAt: expiresAt?.toISOString() ?? null };
}
