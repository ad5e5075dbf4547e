import { randomUUID } from 'node:crypto';
import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import type { Database, Transaction } from '../database/database.js';
import { AppError } from '../errors.js';
import type { OrganizationId, UserId } from '../ids.js';
import type { RequestContext } from '../request-context.js';
import { hashOfSecret, randomSecret } from './random-secret.js';
import { RefreshToken } from './refresh-token.entity.js';

/** A token that was just made. Only its hash is kept. */
export interface IssuedRefreshToken {
  readonly userId: UserId;
  readonly refreshToken: string;
  readonly familyId: string;
}

/** Refresh tokens that are good for one use each. Using one twice ends its whole family: either the thief or the owner holds a copy (RFC 9700, 4.14.2). */
export class RefreshTokens {
  readonly #database: Database;
  readonly #ttlS: number;

  /** `ttlS` is how long an unused token is valid, in seconds. */
  constructor(database: Database, ttlS: number) {
    this.#database = database;
    this.#ttlS = ttlS;
  }

  /** Begins a login. What has expired of the user's former ones is deleted. */
  begin(ctx: RequestContext, userId: UserId): Promise<IssuedRefreshToken> {
    return this.#database.write(ctx, async ({ em }) => {
      await em.nativeDelete(RefreshToken, { userId, expiresAt: { $lt: new Date() } });
      return this.#add(em, userId, randomUUID());
    });
  }

  /** Gives the next token of the family. Throws UNAUTHENTICATED for one that is unknown, expired, revoked, or was used: then the family ends. */
  async rotate(ctx: RequestContext, refreshToken: string): Promise<IssuedRefreshToken> {
    const next = await this.#database.write(ctx, async ({ em, publish }) => {
      // Of two uses at once the second waits here, and sees the first.
      const token = await em.findOne(
        RefreshToken,
        { tokenHash: hashOfSecret(refreshToken) },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      if (token === null || token.revokedAt !== null) return undefined;
      if (token.usedAt !== null) {
        await revokeFamily({ em, publish }, token.familyId);
        return undefined;
      }
      if (token.expiresAt.getTime() <= Date.now()) return undefined;
      token.usedAt = new Date();
      return this.#add(em, token.userId, token.familyId);
    });
    if (next === undefined) {
      throw new AppError('UNAUTHENTICATED', 'The refresh token is not valid, or not any more: log in again.');
    }
    return next;
  }

  /** Ends a login. */
  async revoke(ctx: RequestContext, familyId: string): Promise<void> {
    await this.#database.write(ctx, (transaction) => revokeFamily(transaction, familyId));
  }

  /** Within a transaction: ends every login of the user. */
  async revokeAllOf(em: EntityManager, userId: UserId): Promise<void> {
    await em.nativeUpdate(RefreshToken, { userId, revokedAt: null }, { revokedAt: new Date() });
  }

  #add(em: EntityManager, userId: UserId, familyId: string): IssuedRefreshToken {
    const refreshToken = randomSecret();
    const expiresAt = new Date(Date.now() + this.#ttlS * 1000);
    em.persist(em.create(RefreshToken, { userId, familyId, tokenHash: hashOfSecret(refreshToken), expiresAt }));
    return { userId, refreshToken, familyId };
  }
}

/** What the login has opened ends too: whoever serves it hears of it. */
async function revokeFamily({ em, publish }: Pick<Transaction, 'em' | 'publish'>, familyId: string): Promise<void> {
  const rows = await em.execute<{ user_id: UserId; org_id: OrganizationId | null }[]>(REVOKE_STATEMENT, [familyId]);
  for (const { user_id: userId, org_id: organizationId } of new Map(rows.map((row) => [row.user_id, row])).values()) {
    if (organizationId !== null) publish({ type: 'login_ended', organizationId, userId, loginId: familyId });
  }
}

const REVOKE_STATEMENT = `
update refresh_tokens t set revoked_at = localtimestamp from users u
where u.id = t.user_id and t.family_id = ?::uuid and t.revoked_at is null returning t.user_id, u.org_id`;
