import { BAN_IN_FORCE, plainAddress } from '../bans/ban-match.js';
import type { Database } from '../database/database.js';
import { ReadBatches } from '../database/read-batches.js';
import { select } from '../database/select.js';
import type { ApiKeyId, OrganizationId, UserId } from '../ids.js';
import { Permission } from '../permissions/bits.js';
import { type ApiKeyScope, type Credential, systemContext, type UserActor } from '../request-context.js';
import type { AccessTokenClaims, ReadClaims } from './access-token.js';
import { hashOfSecret } from './random-secret.js';

/** Somebody as the database knows them now. */
export interface Identity {
  readonly actor: UserActor;
  /** True where a ban of the organization is in force against the user, or the address that they come from. */
  readonly banned: boolean;
}

/** What a connection that lasts has shown to say who it is, without the secret: it can be looked at again as long as it is used. */
export type LastingCredential = (
  | { readonly kind: 'login'; readonly claims: ReadClaims }
  | { readonly kind: 'api_key'; readonly keyHash: string }
) & { readonly remoteAddress: string | null };

/** Somebody who has proved who they are, at some time before. */
export interface CredentialSubject {
  readonly userId: UserId;
  readonly credential: Credential;
}

/**
 * Finds who somebody is, each time anew, so that what was revoked has no effect a moment later. Those who come at the same
 * time are found in one statement.
 */
export class Identities {
  readonly #database: Database;
  readonly #rows: ReadBatches<Question, IdentityRow | undefined>;

  constructor(database: Database) {
    this.#database = database;
    this.#rows = new ReadBatches((questions) => this.#read(questions));
  }

  async ofUser(userId: UserId, remoteAddress: string | null): Promise<Identity | undefined> {
    const row = await this.#rows.ask({ userId, remoteAddress });
    return row === undefined ? undefined : toIdentity(row, null, null);
  }

  /** The user of an access token, if neither the token's login nor its version is revoked. */
  async ofLogin(claims: AccessTokenClaims, remoteAddress: string | null): Promise<Identity | undefined> {
    const { userId, loginId, tokenVersion, organizationId } = claims;
    const row = await this.#rows.ask({ userId, tokenVersion, loginId, remoteAddress });
    return row === undefined || row.org_id !== organizationId ? undefined : toIdentity(row, loginId, null);
  }

  /** The user of an API key that is not over, within its scopes. */
  async ofApiKey(key: string, remoteAddress: string | null): Promise<Identity | undefined> {
    const row = await this.#rows.ask({ keyHash: hashOfSecret(key), remoteAddress });
    if (row === undefined || row.key_id === null || row.scopes === null) return undefined;
    if (row.key_is_idle) await this.#touch(row.key_id);
    return toIdentity(row, null, row.scopes);
  }

  /** Who each of these speaks for now, in the same order: undefined for one that is none any more, and where a ban is in force. All in one statement. */
  async ofCredentials(credentials: readonly LastingCredential[]): Promise<(UserActor | undefined)[]> {
    const rows = await this.#read(credentials.map(toQuestion));
    return credentials.map((credential, index) => {
      const row = rows[index];
      if (row === undefined || row.banned) return undefined;
      if (credential.kind === 'api_key') return toIdentity(row, null, row.scopes).actor;
      const { loginId, organizationId } = credential.claims;
      return row.org_id === organizationId ? toIdentity(row, loginId, null).actor : undefined;
    });
  }

  /** Of each of these, in their order, whether what they have proved themselves by does not hold any more. */
  async withdrawn(subjects: readonly CredentialSubject[]): Promise<readonly boolean[]> {
    if (subjects.length === 0) return [];
    const list = subjects.map(({ userId, credential: { tokenVersion, loginId, apiKey } }) => [
      ...[userId, tokenVersion, loginId, apiKey?.id ?? null],
    ]);
    const rows = await this.#database.read(systemContext('identity'), (em) =>
      select<{ withdrawn: boolean }>(em, WITHDRAWN_STATEMENT, [JSON.stringify(list)]),
    );
    return rows.map(({ withdrawn }) => withdrawn);
  }

  async #read(questions: readonly Question[]): Promise<readonly (IdentityRow | undefined)[]> {
    const values = JSON.stringify(questions.map(toJson));
    const rows = await this.#database.read(systemContext('identity'), (em) =>
      select<IdentityRow>(em, STATEMENT, [Permission.MANAGE, values]),
    );
    const byPlace = new Map(rows.map((row) => [row.place, row]));
    return questions.map((_question, place) => byPlace.get(place));
  }

  async #touch(id: ApiKeyId): Promise<void> {
    await this.#database.write(systemContext('identity'), async ({ em }) => {
      await em.execute('update api_keys set last_used_at = localtimestamp where id = ?', [id]);
    });
  }
}

/** Who is meant: a user, where given only with a login that holds; or who has an API key. */
type Question = { readonly remoteAddress: string | null } & (
  | { readonly userId: UserId; readonly tokenVersion?: number; readonly loginId?: string }
  | { readonly keyHash: string }
);

/** With the names that the statement reads. */
function toQuestion(credential: LastingCredential): Question {
  const { remoteAddress } = credential;
  if (credential.kind === 'api_key') return { keyHash: credential.keyHash, remoteAddress };
  const { userId, tokenVersion, loginId } = credential.claims;
  return { userId, tokenVersion, loginId, remoteAddress };
}

function toJson({ remoteAddress, ...who }: Question, place: number): object {
  return { place, address: plainAddress(remoteAddress) ?? null, ...who };
}

interface IdentityRow {
  /** Of the question. */
  readonly place: number;
  readonly id: UserId;
  readonly org_id: OrganizationId | null;
  readonly username: string;
  readonly platform_manager: boolean;
  readonly banned: boolean;
  readonly token_version: number;
  readonly key_id: ApiKeyId | null;
  /** How long the key is good for, in milliseconds; null for a key without an end, and where there is none. */
  readonly key_left_ms: number | null;
  readonly scopes: readonly ApiKeyScope[] | null;
  /** True where the key's last use is not within the last minute. */
  readonly key_is_idle: boolean;
}

/** An owner is never shut out: somebody must be able to lift a ban. */
const STATEMENT = `
select q.place, u.id, u.org_id, u.username, u.token_version, k.id as key_id,
  (extract(epoch from k.expires_at - localtimestamp) * 1000)::float8 as key_left_ms, to_json(k.scopes) as scopes,
  coalesce(k.last_used_at < localtimestamp - interval '1 minute', true) as key_is_idle,
  exists (select 1 from user_roles ur join roles r on r.id = ur.role_id
    where ur.user_id = u.id and r.org_id is null and (r.permissions & ?) <> 0) as platform_manager,
  exists (select 1 from bans b join organizations o on o.id = b.org_id
    where b.org_id = u.org_id and ${BAN_IN_FORCE} and o.owner_id is distinct from u.id
      and (b.user_id = u.id or b.address_range >>= q.address)) as banned
from json_to_recordset(?::json) as q(place int, "userId" int, "tokenVersion" int, "loginId" uuid, "keyHash" text, address inet)
left join api_keys k on k.key_hash = q."keyHash" and (k.expires_at is null or k.expires_at > localtimestamp)
join users u on u.id = coalesce(q."userId", k.user_id)
where (q."tokenVersion" is null or u.token_version = q."tokenVersion")
  and (q."loginId" is null or exists (
    select 1 from refresh_tokens t where t.user_id = u.id and t.family_id = q."loginId" and t.revoked_at is null))`;

/** A login of which no refresh token is left has run out unused, which ends nothing that it has opened. */
const WITHDRAWN_STATEMENT = `
select not exists (select 1 from users u where u.id = (s.value->>0)::int and u.token_version = (s.value->>1)::int)
  or exists (select 1 from refresh_tokens t where t.family_id = (s.value->>2)::uuid and t.revoked_at is not null)
  or (s.value->>3 is not null and not exists (select 1 from api_keys k
    where k.id = (s.value->>3)::int and (k.expires_at is null or k.expires_at > localtimestamp))) as withdrawn
from jsonb_array_elements(?::jsonb) with ordinality as s(value, place) order by s.place`;

function toIdentity(row: IdentityRow, loginId: string | null, scopes: readonly ApiKeyScope[] | null): Identity {
  const { id, org_id: organizationId, username, platform_manager: isManager, banned } = row;
  const platformAdmin = organizationId === null && isManager;
  const apiKey = row.key_id === null ? null : { id: row.key_id, leftMs: row.key_left_ms };
  const credential = { tokenVersion: row.token_version, loginId, apiKey };
  return { actor: { kind: 'user', userId: id, organizationId, username, platformAdmin, credential, scopes }, banned };
}
