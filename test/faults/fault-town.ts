import { createHash, randomUUID } from 'node:crypto';
import { DemoApi } from '../../scripts/demo-api.js';
import { AccessTokens } from '../../src/auth/access-token.js';
import { organizationId, userId } from '../../src/ids.js';
import type { FaultPostgres } from './fault-postgres.js';

/** The organization of the tests: its people have logged in, without the passwords that would take most of the time. */
export interface FaultTown {
  readonly organizationId: string;
  /** In the order of their ids. */
  readonly userIds: readonly number[];
  /** An access token of each user. */
  readonly tokens: readonly string[];
  readonly channelIds: readonly number[];
}

export interface FaultTownOptions {
  readonly url: string;
  readonly adminPassword: string;
  readonly postgres: FaultPostgres;
  readonly jwtSecret: string;
  readonly accessTokenTtlS: number;
  readonly users: number;
  readonly channels: number;
}

const PEOPLE = `
with people as (
  insert into users (org_id, username, username_key)
  select $1, 'user ' || n, 'user ' || n from generate_series(1, $2) n returning id
), holders as (
  insert into user_roles (user_id, role_id) select id, $3 from people
)
select id from people order by id`;
const LOGINS = `
insert into refresh_tokens (user_id, family_id, token_hash, expires_at)
select * from unnest($1::int[], $2::uuid[], $3::text[], array_fill(now()::timestamp + interval '30 days', array[cardinality($1)]))`;

export async function buildFaultTown(options: FaultTownOptions): Promise<FaultTown> {
  const { url, adminPassword, postgres, jwtSecret, accessTokenTtlS, users, channels } = options;
  const admin = new DemoApi(url);
  await admin.login('admin', adminPassword);
  const room = { maxUsers: users, maxChannels: channels + 1 };
  const id = await admin.createOrganization('Faults', 'faults', room);
  const roleId = await admin.createSpeakerRole(id, 'speaker');
  for (let channel = 0; channel < channels; channel += 1) await admin.createChannel(id, `Channel ${channel}`);
  const people = await postgres.query<{ readonly id: number }>(PEOPLE, [Number(id), users, Number(roleId)]);
  const logins = people.map(({ id: user }) => ({ user, loginId: randomUUID() }));
  const hashes = logins.map(({ loginId }) => createHash('sha256').update(loginId).digest('hex'));
  await postgres.query(LOGINS, [logins.map(({ user }) => user), logins.map(({ loginId }) => loginId), hashes]);
  const signer = new AccessTokens({ secret: jwtSecret, ttlS: accessTokenTtlS });
  const rows = await postgres.query<{ readonly id: number }>(
    `select id from channels where org_id = $1 and name like 'Channel %' order by id`,
    [Number(id)],
  );
  return {
    organizationId: id,
    userIds: logins.map(({ user }) => user),
    tokens: logins.map(({ user, loginId }) =>
      signer.sign({ userId: userId(user), organizationId: organizationId(Number(id)), tokenVersion: 0, loginId }),
    ),
    channelIds: rows.map((row) => row.id),
  };
}
