import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Client } from 'pg';
import { messageOf, systemCodeOf } from '../thrown.js';
import { BackupError } from './backup-error.js';
import { type BackupHeader, FORMAT, FORMAT_VERSION } from './backup-format.js';
import { presentTables, selectRows, tablesOf } from './backup-tables.js';

/** So many rows are in memory at a time. */
const BATCH_ROWS = 500;

export interface BackupRequest {
  /** Where to; it must not be there yet. */
  readonly file: string;
  /** The tag of one organization, in any case; undefined for everything. */
  readonly organizationTag: string | undefined;
  /** Files of the data folder, by name: left out of an organization's backup. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly parleyVersion: string;
  readonly now: Date;
}

/** Writes a backup of what the database holds at one moment, while it is used. The file is there when it is whole. Throws BackupError. */
export async function writeBackup(client: Client, request: BackupRequest): Promise<BackupHeader> {
  // One snapshot for all tables, which nothing that is written meanwhile changes.
  await client.query('begin isolation level repeatable read read only');
  try {
    const organization = await organizationOf(client, request.organizationTag);
    const header = await headerOf(client, request, organization);
    await writeFile(request.file, linesOf(client, header, request, organization?.id));
    return header;
  } finally {
    await client.query('rollback');
  }
}

interface OrganizationRow {
  readonly id: number;
  readonly tag: string;
  readonly name: string;
}

async function organizationOf(client: Client, tag: string | undefined): Promise<OrganizationRow | undefined> {
  if (tag === undefined) return undefined;
  const statement = 'select id, tag, name from organizations where lower(tag) = lower($1)';
  const { rows } = await client.query<OrganizationRow>(statement, [tag]);
  if (rows[0] === undefined) throw new BackupError('refused', `There is no organization "${tag}".`);
  return rows[0];
}

async function headerOf(
  client: Client,
  { parleyVersion, now }: BackupRequest,
  organization: OrganizationRow | undefined,
): Promise<BackupHeader> {
  const isOfOrganization = organization !== undefined;
  const counts: Record<string, number> = {};
  for (const { name, ofOrganization } of await presentTables(client, isOfOrganization)) {
    const where = isOfOrganization ? `where ${ofOrganization}` : '';
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from "${name}" t ${where}`,
      isOfOrganization ? [organization.id] : [],
    );
    counts[name] = rows[0]?.count ?? 0;
  }
  const applied = await client.query<{ name: string }>('select name from migrations order by id');
  return {
    format: FORMAT,
    formatVersion: FORMAT_VERSION,
    parleyVersion,
    createdAt: now.toISOString(),
    organization: isOfOrganization ? { tag: organization.tag, name: organization.name } : null,
    migrations: applied.rows.map(({ name }) => name),
    counts,
    sequences: isOfOrganization ? {} : await sequencesOf(client),
  };
}

/** Where each sequence of the tables stands; one that was never used is left out. */
async function sequencesOf(client: Client): Promise<Record<string, number>> {
  const names = new Set(tablesOf(false).map(({ name }) => `${name}_id_seq`));
  const { rows } = await client.query<{ name: string; last: number }>(
    `select sequencename as name, last_value::int8::float8 as last from pg_sequences
     where schemaname = current_schema() and last_value is not null order by 1`,
  );
  return Object.fromEntries(rows.filter(({ name }) => names.has(name)).map(({ name, last }) => [name, last]));
}

/** The lines of the file, in pieces. */
async function* linesOf(
  client: Client,
  header: BackupHeader,
  { secrets }: BackupRequest,
  organizationId: number | undefined,
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const hashed = (text: string) => {
    hash.update(text);
    return text;
  };
  yield hashed(lineOf(header));
  if (organizationId === undefined) for (const [file, text] of secrets) yield hashed(lineOf({ file, text }));
  for (const table of await presentTables(client, organizationId !== undefined)) {
    const columns = await columnsOf(client, table.name);
    yield hashed(lineOf({ table: table.name, columns }));
    const statement = selectRows(table, columns.map(quoted), organizationId !== undefined);
    for await (const rows of batchesOf(client, statement, organizationId)) yield hashed(rows.map(lineOf).join(''));
  }
  yield lineOf({ end: true, sha256: hash.digest('hex') });
}

async function* batchesOf(client: Client, statement: string, organizationId: number | undefined) {
  const values = organizationId === undefined ? [] : [organizationId];
  await client.query(`declare backup_rows no scroll cursor for ${statement}`, values);
  for (;;) {
    const batch = { text: `fetch ${BATCH_ROWS} from backup_rows`, rowMode: 'array' as const };
    const { rows } = await client.query<(string | null)[]>(batch);
    if (rows.length > 0) yield rows;
    if (rows.length < BATCH_ROWS) break;
  }
  await client.query('close backup_rows');
}

async function columnsOf(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_schema = current_schema() and table_name = $1 order by ordinal_position`,
    [table],
  );
  return rows.map(({ name }) => name);
}

/** Under another name until it is whole, for its owner only. */
async function writeFile(file: string, lines: AsyncIterable<string>): Promise<void> {
  const unfinished = `${file}.unfinished`;
  if (await exists(file)) throw new BackupError('unusable', `${file} is there already: name another file.`);
  try {
    await rm(unfinished, { force: true });
    const target = createWriteStream(unfinished, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(Readable.from(lines), createGzip(), target);
    await rename(unfinished, file);
    await flushFolder(dirname(file));
  } catch (error) {
    await rm(unfinished, { force: true });
    if (systemCodeOf(error) === undefined) throw error;
    throw new BackupError('unusable', `${file} cannot be written: ${messageOf(error)}.`);
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Makes the rename last through a power failure. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function lineOf(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function quoted(name: string): string {
  return `"${name}"`;
}
