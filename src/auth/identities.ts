import { BAN_IN_FORCE, plainAddress } from '../bans/ban-match.js';
import type { Database } from '../database/database.js';
import type { ApiKeyId, OrganizationId, UserId } from '../ids.js';
import { Permission } from '../permissions/bits.js';
import { type ApiKeyScope, systemContext, type UserActor } from '../request-context.js';
import type { AccessTokenClaims, ReadClaims } from './access-token.js';
import { hashOfSecret } from './random-secret.js';

/** Somebody as the database knows them now. */
export interface Identity {
  readonly actor: UserActor;
  /** True where a ban of the organization is in force against the user, or the address that they come from. */
  readonly banned: boolean;
}

/** Finds who somebody is, each time in one statement, so that what was revoked has no effect a moment later. */
/** What somebody has shown to say who they are, without the secret: it can be looked at again as long as it is used. */
export type Credential = (
  | { readonly kind: 'login'; readonly claims: ReadClaims }
  | { readonly kind: 'api_key'; readonly keyHash: string }
) & { readonly remoteAddress: string | null };

export class Identities {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async ofUser(userId: UserId, remoteAddress: string | null): Promise<Identity | undefined> {
    const row = await this.#row('left join api_keys k on false where u.id = ?', [userId], remoteAddress);
    return row === undefined ? undefined : toIdentity(row, null, null);
  }

  /** The user of an access token, if neither the token's login nor its version is revoked. */
  async ofLogin(claims: AccessTokenClaims, remoteAddress: string | null): Promise<Identity | undefined> {
    const { userId, loginId, tokenVersion, organizationId } = claims;
    const row = await this.#row(LOGIN_CONDITION, [userId, tokenVersion, loginId], remoteAddress);
    return row === undefined || row.org_id !== organizationId ? undefined : toIdentity(row, loginId, null);
  }

  /** The user of an API key that is not over, within its scopes. */
  async ofApiKey(key: string, remoteAddress: string | null): Promise<Identity | undefined> {
    const row = await this.#row(API_KEY_CONDITION, [hashOfSecret(key)], remoteAddress);
    if (row === undefined || row.key_id === null || row.scopes === null) return undefined;
    if (row.key_is_idle) await this.#touch(row.key_id);
    return toIdentity(row, null, row.scopes);
  }

  /** Who each of these speaks for now, in the same order: undefined for one that is none any more, and where a ban is in force. All in one statement. */
  async ofCredentials(credentials: readonly Credential[]): Promise<(UserActor | undefined)[]> {
    const rows = await this.#database.read(systemContext('identity'), (em) =>
      em.execute<(IdentityRow & { readonly place: number })[]>(CREDENTIALS_STATEMENT, [
        Permission.MANAGE,
        JSON.stringify(credentials.map(toShown)),
      ]),
    );
    const byPlace = new Map(rows.map((row) => [row.place, row]));
    return credentials.map((credential, place) => {
      const row = byPlace.get(place);
      if (row === undefined || row.banned) return undefined;
      if (credential.kind === 'api_key') return toIdentity(row, null, row.scopes).actor;
      const { loginId, organizationId } = credential.claims;
      return row.org_id === organizationId ? toIdentity(row, loginId, null).actor : undefined;
    });
  }

  #row(condition: string, values: readonly unknown[], remoteAddress: string | null): Promise<IdentityRow | undefined> {
    const address = plainAddress(remoteAddress) ?? null;
    return this.#database.read(systemContext('identity'), async (em) => {
      const [row] = await em.execute<IdentityRow[]>(`${STATEMENT} ${condition}`, [
        Permission.MANAGE,
        address,
        ...values,
      ]);
      return row;
    });
  }

  async #touch(id: ApiKeyId): Promise<void> {
    await this.#database.write(systemContext('identity'), async ({ em }) => {
      await em.execute('update api_keys set last_used_at = localtimestamp where id = ?', [id]);
    });
  }
}

interface IdentityRow {
  readonly id: UserId;
  readonly org_id: OrganizationId | null;
  readonly username: string;
  readonly platform_manager: boolean;
  readonly banned: boolean;
  readonly key_id: ApiKeyId | null;
  readonly scopes: readonly ApiKeyScope[] | null;
  /** True where the key's last use is not within the last minute. */
  readonly key_is_idle: boolean;
}

/** An owner is never shut out: somebody must be able to lift a ban. */
const columns = (address: string) => `u.id, u.org_id, u.username, k.id as key_id, to_json(k.scopes) as scopes,
  coalesce(k.last_used_at < localtimestamp - interval '1 minute', true) as key_is_idle,
  exists (select 1 from user_roles ur join roles r on r.id = ur.role_id
    where ur.user_id = u.id and r.org_id is null and (r.permissions & ?) <> 0) as platform_manager,
  exists (select 1 from bans b join organizations o on o.id = b.org_id
    where b.org_id = u.org_id and ${BAN_IN_FORCE} and o.owner_id is distinct from u.id
      and (b.user_id = u.id or b.address_range >>= ${address})) as banned`;

const STATEMENT = `select ${columns('?::inet')} from users u`;

const KEY_IN_FORCE = '(k.expires_at is null or k.expires_at > localtimestamp)';

/** Login and API keys alike, each with its place in the list. */
const CREDENTIALS_STATEMENT = `select c.place, ${columns('c.address')}
from jsonb_to_recordset(?::jsonb) as c(place int, user_id int, version int, login_id uuid, key_hash text, address inet)
left join api_keys k on k.key_hash = c.key_hash and ${KEY_IN_FORCE}
join users u on u.id = coalesce(c.user_id, k.user_id)
where c.key_hash is not null or (u.token_version = c.version and exists (
  select 1 from refresh_tokens t where t.user_id = u.id and t.family_id = c.login_id and t.revoked_at is null))`;

function toShown({ remoteAddress, ...credential }: Credential, place: number) {
  const at = { place, address: plainAddress(remoteAddress) ?? null };
  if (credential.kind === 'api_key') return { ...at, key_hash: credential.keyHash };
  const { userId, tokenVersion, loginId } = credential.claims;
  return { ...at, user_id: userId, version: tokenVersion, login_id: loginId };
}

const LOGIN_CONDITION = `left join api_keys k on false where u.id = ? and u.token_version = ? and exists (
  select 1 from refresh_tokens t where t.user_id = u.id and t.family_id = ?::uuid and t.revoked_at is null)`;

const API_KEY_CONDITION = `join api_keys k on k.user_id = u.id where k.key_hash = ? and ${KEY_IN_FORCE}`;

function toIdentity(row: IdentityRow, loginId: string | null, scopes: readonly ApiKeyScope[] | null): Identity {
  const { id, org_id: organizationId, username, platform_manager: isManager, banned } = row;
  const platformAdmin = organizationId === null && isManager;
  return { actor: { kind: 'user', userId: id, organizationId, username, platformAdmin, loginId, scopes }, banned };
}
