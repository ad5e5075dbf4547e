/** Every table that a backup holds: in which order, what of it belongs to one organization, and where ids are in it. */
import type { Client } from 'pg';

/** A table that others refer to by its ids. */
export type IdTable =
  | 'organizations'
  | 'users'
  | 'roles'
  | 'channels'
  | 'invitations'
  | 'bans'
  | 'api_keys'
  | 'client_certificates';

export interface BackupTable {
  readonly name: string;
  /** A condition on its rows `t`, with the organization's id as `$1`; null where an organization's backup leaves the table out. */
  readonly ofOrganization: string | null;
  /** The columns that hold ids (one or a list of them), and of which table. What is not in a backup becomes null, or is left out of the list. */
  readonly ids: Readonly<Record<string, IdTable>>;
  /** True where the rows have numbers of their own that nothing refers to: in another database they get new ones. */
  readonly isNumberedAnew?: true;
  /** Columns by which its rows are in order. */
  readonly order: string;
  /** A table of the same rows, each after the one that it stands below, where the order is not enough; `depth` leads the order. */
  readonly source?: string;
}

/** Channels by depth, so that a parent comes before what is below it. */
const CHANNELS_BY_DEPTH = `(with recursive tree as (
  select c.*, 0 as depth from channels c where c.parent_id is null
  union all select c.*, p.depth + 1 from channels c join tree p on c.parent_id = p.id) select * from tree)`;

const BY_ORGANIZATION = 't.org_id = $1';
const BY_USER = 't.user_id in (select u.id from users u where u.org_id = $1)';

/** In an order in which each row comes after those that it refers to. */
export const BACKUP_TABLES: readonly BackupTable[] = [
  {
    name: 'organizations',
    ofOrganization: 't.id = $1',
    ids: { id: 'organizations', owner_id: 'users' },
    order: 't.id',
  },
  { name: 'users', ofOrganization: BY_ORGANIZATION, ids: { id: 'users', org_id: 'organizations' }, order: 't.id' },
  { name: 'roles', ofOrganization: BY_ORGANIZATION, ids: { id: 'roles', org_id: 'organizations' }, order: 't.id' },
  {
    name: 'channels',
    ofOrganization: BY_ORGANIZATION,
    ids: { id: 'channels', org_id: 'organizations', parent_id: 'channels' },
    order: 't.depth, t.id',
    source: CHANNELS_BY_DEPTH,
  },
  {
    name: 'user_roles',
    ofOrganization: BY_USER,
    ids: { user_id: 'users', role_id: 'roles' },
    order: 't.user_id, t.role_id',
  },
  {
    name: 'channel_acl',
    ofOrganization: 't.channel_id in (select c.id from channels c where c.org_id = $1)',
    ids: { channel_id: 'channels', role_id: 'roles' },
    order: 't.channel_id, t.role_id',
  },
  { name: 'api_keys', ofOrganization: BY_USER, ids: { id: 'api_keys', user_id: 'users' }, order: 't.id' },
  {
    name: 'client_certificates',
    ofOrganization: BY_USER,
    ids: { id: 'client_certificates', user_id: 'users' },
    order: 't.id',
  },
  {
    name: 'invitations',
    ofOrganization: BY_ORGANIZATION,
    ids: { id: 'invitations', org_id: 'organizations', role_ids: 'roles', channel_id: 'channels', created_by: 'users' },
    order: 't.id',
  },
  {
    name: 'bans',
    ofOrganization: BY_ORGANIZATION,
    ids: { id: 'bans', org_id: 'organizations', user_id: 'users', issued_by: 'users' },
    order: 't.id',
  },
  {
    name: 'audit_entries',
    ofOrganization: BY_ORGANIZATION,
    // `target_id` and the snapshots are mapped by what they are about: see `mapped-ids.ts`.
    ids: { org_id: 'organizations', actor_id: 'users' },
    isNumberedAnew: true,
    order: 't.id',
  },
  // Logins are with one server: who moves to another one logs in there.
  { name: 'refresh_tokens', ofOrganization: null, ids: { user_id: 'users' }, isNumberedAnew: true, order: 't.id' },
  { name: 'idempotency_keys', ofOrganization: null, ids: {}, order: 't.actor_id, t.key' },
];

/** The statement that reads a table's rows, all values as texts of PostgreSQL. `columns` are quoted names. */
export function selectRows(table: BackupTable, columns: readonly string[], isOfOrganization: boolean): string {
  const texts = columns.map((column) => `t.${column}::text`).join(', ');
  const where = isOfOrganization && table.ofOrganization !== null ? `where ${table.ofOrganization}` : '';
  return `select ${texts} from ${table.source ?? `"${table.name}"`} t ${where} order by ${table.order}`;
}

/** The tables of a backup of everything, or of one organization. */
export function tablesOf(isOfOrganization: boolean): readonly BackupTable[] {
  return BACKUP_TABLES.filter(({ ofOrganization }) => !isOfOrganization || ofOrganization !== null);
}

/** Those of them that there are: a database that waits for migrations lacks the newest. */
export async function presentTables(client: Client, isOfOrganization: boolean): Promise<BackupTable[]> {
  const statement = 'select tablename as name from pg_tables where schemaname = current_schema()';
  const { rows } = await client.query<{ name: string }>(statement);
  const names = new Set(rows.map(({ name }) => name));
  return tablesOf(isOfOrganization).filter(({ name }) => names.has(name));
}
