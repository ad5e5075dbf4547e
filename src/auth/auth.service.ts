import type { EntityManager } from '@mikro-orm/postgresql';
import type { CertificateFingerprints } from '../certificates/certificate-fingerprints.js';
import { ClientCertificate } from '../certificates/client-certificate.entity.js';
import type { Database } from '../database/database.js';
import { select } from '../database/select.js';
import { AppError } from '../errors.js';
import type { CertificateId, UserId } from '../ids.js';
import { onBehalfOf, type RequestContext, type UserActor } from '../request-context.js';
import { composedPassword, toPassword } from '../text-rules.js';
import { User } from '../users/user.entity.js';
import type { AccessTokens } from './access-token.js';
import { API_KEY_PREFIX } from './api-key-prefix.js';
import { AttemptLimiter } from './attempt-limiter.js';
import { type CredentialSubject, Identities, type Identity, type LastingCredential } from './identities.js';
import { KeyedGate } from './keyed-gate.js';
import { LoginTally } from './login-tally.js';
import type { PasswordHasher } from './password-hasher.js';
import { hashOfSecret } from './random-secret.js';
import type { RefreshTokens } from './refresh-tokens.js';

/** Who wants to log in. */
export interface PasswordLogin {
  /** The tag of the organization in any case, or null for a platform user. */
  readonly organizationTag: string | null;
  readonly username: string;
  readonly password: string;
}

/** What somebody who has logged in gets. */
export interface LoginResult {
  readonly accessToken: string;
  /** How long the access token is valid, in seconds. */
  readonly expiresInS: number;
  /** Good for one use: it gives the next pair. */
  readonly refreshToken: string;
  readonly user: User;
}

/** Failed logins to one account, from everywhere, and from one address, to every account. */
const ACCOUNT_LIMIT = { attempts: 10, windowS: 300 };
const ADDRESS_LIMIT = { attempts: 50, windowS: 300 };
/** Fewer at once than may fail, so that those who succeed are never refused because of each other. */
const ADDRESS_GATE = { concurrency: 25, maxWaiting: 2000 };
const ACCOUNT_GATE = { concurrency: 5, maxWaiting: 2000 };
/** Longer than any password that can be set: not worth hashing. */
const MAX_PASSWORD_LENGTH = 256;
/** Longer than any tag or username can be, in whatever form it is written. */
const MAX_NAME_LENGTH = 512;

interface VerifiedLogin {
  readonly user: User;
  readonly actor: UserActor;
}

/** Says who somebody is: by password, by access token, by refresh token. */
export class AuthService {
  readonly logins = new LoginTally();
  readonly #database: Database;
  readonly #hasher: PasswordHasher;
  readonly #accessTokens: AccessTokens;
  readonly #refreshTokens: RefreshTokens;
  readonly #identities: Identities;
  readonly #addressGate = new KeyedGate(ADDRESS_GATE);
  readonly #accountGate = new KeyedGate(ACCOUNT_GATE);
  readonly #accounts = new AttemptLimiter('login', ACCOUNT_LIMIT);
  readonly #addresses = new AttemptLimiter('login', ADDRESS_LIMIT);

  constructor(database: Database, hasher: PasswordHasher, accessTokens: AccessTokens, refreshTokens: RefreshTokens) {
    this.#database = database;
    this.#hasher = hasher;
    this.#accessTokens = accessTokens;
    this.#refreshTokens = refreshTokens;
    this.#identities = new Identities(database);
  }

  /** Throws INVALID_CREDENTIALS, the same for a wrong password, an unknown user and an unknown organization, or RATE_LIMITED. */
  async login(ctx: RequestContext, credentials: PasswordLogin): Promise<LoginResult> {
    return this.logins.counting(ctx.door, async () => {
      const { user } = await this.#verify(ctx, credentials);
      return this.#issue(user, await this.#refreshTokens.begin(internal(ctx), user.id));
    });
  }

  /** Logs in a user of whom the caller has made sure. */
  async loginAs(ctx: RequestContext, user: User): Promise<LoginResult> {
    return this.#issue(user, await this.#refreshTokens.begin(internal(ctx), user.id));
  }

  /** Gives a new pair for a refresh token. Throws UNAUTHENTICATED; a token that was used before ends its login. */
  async refresh(ctx: RequestContext, refreshToken: string): Promise<LoginResult> {
    const next = await this.#refreshTokens.rotate(internal(ctx), refreshToken);
    const user = await this.#database.read(internal(ctx), (em) => em.findOne(User, { id: next.userId }));
    const found = await this.#identities.ofUser(next.userId, ctx.remoteAddress);
    if (user === null || found === undefined) throw notAuthenticated();
    if (found.banned) throw banned();
    return this.#issue(user, next);
  }

  /** Ends the login of the actor's access token: neither it nor its refresh token is valid any more. */
  async logout(ctx: RequestContext): Promise<void> {
    if (ctx.actor.kind !== 'user') throw notAuthenticated();
    const { loginId } = ctx.actor.credential;
    if (loginId !== null) await this.#refreshTokens.revoke(internal(ctx), loginId);
  }

  /** Changes the actor's own password; all other logins and sessions of the user end. Throws WRONG_PASSWORD, INVALID_INPUT or RATE_LIMITED. */
  async changePassword(ctx: RequestContext, currentPassword: string, newPassword: string): Promise<LoginResult> {
    if (ctx.actor.kind !== 'user') throw notAuthenticated();
    const { userId } = ctx.actor;
    const checked = toPassword(newPassword, ['input', 'newPassword']);
    const user = await this.#database.read(internal(ctx), (em) => em.findOneOrFail(User, { id: userId }));
    const account = `user:${userId}`;
    this.#accounts.take(account);
    if (
      currentPassword.length > MAX_PASSWORD_LENGTH ||
      !(await this.#hasher.verify(user.passwordHash, composedPassword(currentPassword)))
    ) {
      throw new AppError('WRONG_PASSWORD', 'This is not your present password.', {
        path: ['input', 'currentPassword'],
      });
    }
    this.#accounts.giveBack(account);
    const passwordHash = await this.#hasher.hash(checked);
    const changed = await this.#database.write(ctx, async ({ em, publish, record }) => {
      const found = await em.findOneOrFail(User, { id: userId }, { filters: false });
      await this.setPassword(em, found, passwordHash);
      const { organizationId } = found;
      record({ organizationId, action: 'user_password_changed', target: { type: 'user', id: userId } });
      if (found.organizationId !== null) {
        publish({ type: 'user_credentials_changed', organizationId: found.organizationId, userId });
      }
      return found;
    });
    return this.#issue(changed, await this.#refreshTokens.begin(internal(ctx), userId));
  }

  /** Within a transaction: from now on this is the password, and nothing that was issued before, or bound by the old password, is valid. */
  async setPassword(em: EntityManager, user: User, passwordHash: string): Promise<void> {
    user.passwordHash = passwordHash;
    user.tokenVersion += 1;
    await this.#refreshTokens.revokeAllOf(em, user.id);
    await em.nativeDelete(ClientCertificate, { userId: user.id }, { filters: false });
  }

  /**
   * Who the token speaks for, as the database knows them now: an access token of a login, or an API key. Throws
   * UNAUTHENTICATED, and BANNED where the user or `remoteAddress` is banned from the organization.
   */
  async authenticate(token: string, remoteAddress: string | null): Promise<UserActor> {
    const found = token.startsWith(API_KEY_PREFIX)
      ? await this.#identities.ofApiKey(token, remoteAddress)
      : await this.#ofAccessToken(token, remoteAddress);
    if (found === undefined) throw notAuthenticated();
    if (found.banned) throw banned();
    return found.actor;
  }

  /**
   * As {@link authenticate}, for a connection that lasts: with the actor comes what {@link stillValid} looks at again.
   * The token itself need not be kept.
   */
  async authenticateLasting(
    token: string,
    remoteAddress: string | null,
  ): Promise<{ readonly actor: UserActor; readonly credential: LastingCredential }> {
    const actor = await this.authenticate(token, remoteAddress);
    if (token.startsWith(API_KEY_PREFIX)) {
      return { actor, credential: { kind: 'api_key', keyHash: hashOfSecret(token), remoteAddress } };
    }
    const claims = this.#accessTokens.read(token);
    if (claims === undefined) throw notAuthenticated();
    return { actor, credential: { kind: 'login', claims, remoteAddress } };
  }

  /** Who each of these speaks for now, in the same order; undefined for one that has expired, was revoked, or is banned. Only the server itself asks. */
  async stillValid(ctx: RequestContext, credentials: readonly LastingCredential[]): Promise<(UserActor | undefined)[]> {
    if (ctx.actor.kind !== 'system') throw notAuthenticated();
    if (credentials.length === 0) return [];
    const actors = await this.#identities.ofCredentials(credentials);
    return credentials.map((credential, index) =>
      credential.kind === 'login' && this.#accessTokens.isOver(credential.claims) ? undefined : actors[index],
    );
  }

  /** Of each of these, in their order, whether it does not hold any more: the password was changed, the login has ended, the API key is revoked or over, or the user is gone. */
  withdrawn(subjects: readonly CredentialSubject[]): Promise<readonly boolean[]> {
    return this.#identities.withdrawn(subjects);
  }

  /** Who has this password. Throws as {@link login}; issues nothing. */
  async verifyPassword(ctx: RequestContext, credentials: PasswordLogin): Promise<UserActor> {
    const { actor } = await this.#verify(ctx, credentials);
    return actor;
  }

  /**
   * Who of the organization is of this name and has this certificate bound, whose key the caller has seen at work.
   * Undefined where nobody is. Throws BANNED as {@link login} does.
   */
  async verifyCertificate(
    ctx: RequestContext,
    { organizationTag, username }: Pick<PasswordLogin, 'organizationTag' | 'username'>,
    { sha256, sha1 }: CertificateFingerprints,
  ): Promise<UserActor | undefined> {
    if (organizationTag === null || !isPlausible(organizationTag) || !isPlausible(username)) return undefined;
    const values = [organizationTag, username.normalize('NFC'), sha256, sha1];
    const [row] = await this.#database.read(internal(ctx), (em) =>
      select<{ id: UserId; certificate_id: CertificateId }>(em, OF_CERTIFICATE, values),
    );
    const found = row === undefined ? undefined : await this.#identities.ofUser(row.id, ctx.remoteAddress);
    if (row === undefined || found === undefined) return undefined;
    if (found.banned) throw banned();
    await this.#database.write(internal(ctx), ({ em }) =>
      em.nativeUpdate(ClientCertificate, { id: row.certificate_id }, { lastUsedAt: new Date() }),
    );
    return found.actor;
  }

  /** Many who come at once from one place, and know their passwords, wait for each other instead of being taken for guesses. */
  #verify(ctx: RequestContext, login: PasswordLogin): Promise<VerifiedLogin> {
    const address = ctx.remoteAddress ?? 'none';
    return this.#addressGate.run(address, async () => {
      this.#addresses.take(address);
      if (!isPlausible(login.organizationTag ?? '') || !isPlausible(login.username)) throw invalidCredentials();
      const account = JSON.stringify([login.organizationTag?.toLowerCase() ?? null, login.username]);
      return this.#accountGate.run(account, () => this.#guess(ctx, login, { address, account }));
    });
  }

  async #guess(
    ctx: RequestContext,
    { organizationTag, username, password }: PasswordLogin,
    { address, account }: { readonly address: string; readonly account: string },
  ): Promise<VerifiedLogin> {
    this.#accounts.take(account);
    const user = await this.#find(ctx, organizationTag, username);
    const fits = password.length <= MAX_PASSWORD_LENGTH;
    const verified = await this.#hasher.verify(user?.passwordHash ?? null, fits ? composedPassword(password) : '');
    if (user === null || !fits || !verified) throw invalidCredentials();
    this.#addresses.giveBack(address);
    this.#accounts.giveBack(account);
    const found = await this.#identities.ofUser(user.id, ctx.remoteAddress);
    if (found === undefined) throw invalidCredentials();
    if (found.banned) throw banned();
    return { user, actor: found.actor };
  }

  #find(ctx: RequestContext, organizationTag: string | null, username: string): Promise<User | null> {
    return this.#database.read(internal(ctx), async (em) => {
      const name = username.normalize('NFC');
      if (organizationTag === null) return em.findOne(User, { organizationId: null, username: name });
      const [row] = await select<{ id: UserId }>(
        em,
        'select u.id from users u join organizations o on o.id = u.org_id where lower(o.tag) = lower(?) and u.username = ?',
        [organizationTag, name],
      );
      return row === undefined ? null : em.findOne(User, { id: row.id });
    });
  }

  #issue(user: User, login: { readonly refreshToken: string; readonly familyId: string }): LoginResult {
    const { id, organizationId, tokenVersion } = user;
    const claims = { userId: id, organizationId, tokenVersion, loginId: login.familyId };
    const { ttlS } = this.#accessTokens;
    return { accessToken: this.#accessTokens.sign(claims), expiresInS: ttlS, refreshToken: login.refreshToken, user };
  }

  async #ofAccessToken(token: string, remoteAddress: string | null): Promise<Identity | undefined> {
    const claims = this.#accessTokens.read(token);
    return claims === undefined ? undefined : this.#identities.ofLogin(claims, remoteAddress);
  }
}

const OF_CERTIFICATE = `
select u.id, c.id as certificate_id
from client_certificates c join users u on u.id = c.user_id join organizations o on o.id = u.org_id
where lower(o.tag) = lower(?) and u.username = ? and c.fingerprint in (?, ?)`;

/** Nobody can have such a tag or name: it is not worth a key in a limiter or a query. PostgreSQL knows no text with a NUL. */
function isPlausible(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && !text.includes('\0');
}

/** Who logs in is nobody yet: what has to be read for it is read by the server. */
function internal(ctx: RequestContext): RequestContext {
  return onBehalfOf(ctx);
}

function invalidCredentials(): AppError {
  return new AppError('INVALID_CREDENTIALS', 'The organization, the username or the password is wrong.');
}

function banned(): AppError {
  return new AppError('BANNED', 'You are banned from this organization.');
}

function notAuthenticated(): AppError {
  return new AppError('UNAUTHENTICATED', 'The token is not valid, or not any more: log in again.');
}
