import type { Client } from 'pg';
import { messageOf } from '../thrown.js';
import type { BackupContent } from './backup-content.js';
import { BackupError } from './backup-error.js';
import { readBackup } from './backup-reader.js';
import { BACKUP_TABLES, type BackupTable, presentTables } from './backup-tables.js';
import { type IdMaps, withMappedIds } from './mapped-ids.js';
import { TableLoader } from './table-loader.js';

/** Throws BackupError where what is there already is in the way of the backup. */
export async function requireRoomFor(client: Client, { header }: BackupContent): Promise<void> {
  const { organization } = header;
  if (organization === null) {
    for (const { name } of await presentTables(client, false)) {
      const { rows } = await client.query(`select 1 from "${name}" limit 1`);
      if (rows.length === 0) continue;
      const what = `There are ${name.replace('_', ' ')} already`;
      throw new BackupError('refused', `${what}: a backup of everything is restored into an empty database only.`);
    }
    return;
  }
  const { rows } = await client.query('select 1 from organizations where lower(tag) = lower($1)', [organization.tag]);
  if (rows.length === 0) return;
  throw new BackupError(
    'refused',
    `There is an organization "${organization.tag}" already: nothing is restored over it.`,
  );
}

/**
 * Writes a backup into the database, in one transaction: all of it or nothing. Everything keeps its ids; an organization
 * gets new ones. `beforeCommit` runs when all else is done, and takes it back by throwing. Throws BackupError.
 */
export async function restoreBackup(
  client: Client,
  file: string,
  content: BackupContent,
  beforeCommit: () => Promise<void>,
): Promise<void> {
  await client.query('begin');
  try {
    // Nobody makes the same organization, or the first admin, meanwhile.
    await client.query('lock table organizations, users in share row exclusive mode');
    await requireRoomFor(client, content);
    const maps = content.header.organization === null ? undefined : await newIds(client, content);
    await load(client, file, maps);
    await setSequences(client, content);
    await beforeCommit();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    if (!isFromDatabase(error)) throw error;
    throw new BackupError(
      'refused',
      `The backup does not fit this database: ${messageOf(error)}. Nothing was changed.`,
    );
  }
}

async function newIds(client: Client, { ids }: BackupContent): Promise<IdMaps> {
  const maps = new Map<string, ReadonlyMap<number, number>>();
  for (const [table, olds] of ids) {
    const { rows } = await client.query<{ id: number }>(
      `select nextval(pg_get_serial_sequence($1, 'id'))::int as id from generate_series(1, $2)`,
      [table, olds.length],
    );
    // Lists are in the order of ids, so that stays.
    const news = rows.map(({ id }) => id).sort((left, right) => left - right);
    const sorted = olds.toSorted((left, right) => left - right);
    maps.set(table, new Map(sorted.map((old, index) => [old, news[index] ?? 0])));
  }
  return maps;
}

/** Reads the file once more. It throws where that is not what was inspected. */
async function load(client: Client, file: string, maps: IdMaps | undefined): Promise<void> {
  let target: Target | undefined;
  for await (const part of readBackup(file)) {
    if (part.kind === 'table') {
      await target?.loader.flush();
      target = await targetOf(client, part.name, part.columns, maps !== undefined);
    } else if (part.kind === 'row' && target !== undefined) {
      const { table, columns, loader, kept } = target;
      const values = maps === undefined ? part.values : withMappedIds(table, columns, part.values, maps);
      await loader.add(kept.map((index) => values[index] ?? null));
    }
  }
  await target?.loader.flush();
}

interface Target {
  readonly table: BackupTable;
  /** As in the file. */
  readonly columns: readonly string[];
  /** Which of them are written. */
  readonly kept: readonly number[];
  readonly loader: TableLoader;
}

async function targetOf(client: Client, name: string, columns: readonly string[], isMapped: boolean): Promise<Target> {
  const table = BACKUP_TABLES.find((known) => known.name === name);
  if (table === undefined) throw new BackupError('unusable', `The backup has a table "${name}", which there is not.`);
  const isLeftOut = (column: string) => isMapped && table.isNumberedAnew === true && column === 'id';
  const kept = [...columns.keys()].filter((index) => !isLeftOut(columns[index] ?? ''));
  const loader = await TableLoader.open(
    client,
    name,
    kept.map((index) => columns[index] ?? ''),
  );
  return { table, columns, kept, loader };
}

async function setSequences(client: Client, { header }: BackupContent): Promise<void> {
  const known = new Set(BACKUP_TABLES.map(({ name }) => `${name}_id_seq`));
  for (const [name, last] of Object.entries(header.sequences)) {
    if (known.has(name)) await client.query('select setval(to_regclass(quote_ident($1)), $2)', [name, last]);
  }
}

/** PostgreSQL's errors have a SQLSTATE of five characters. */
function isFromDatabase(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);
}
