import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Client } from 'pg';
import { pino } from 'pino';
import { writeBackup } from '../../src/backup/backup-writer.js';
import { Database } from '../../src/database/database.js';
import { MemoryEventBus } from '../../src/events/memory-event-bus.js';
import { columnsOf } from '../backup/backup-world.js';
import { CommandRun } from '../e2e/command-run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { connectTo, TestDatabase } from '../support/test-database.js';
import { PASSWORD, TestServices } from '../support/test-services.js';

// Processes are started, which takes long on a machine that does much else.
jest.setTimeout(180_000);

/** What a version has left, by the last migration that it had. A new one joins with each release; none is changed. */
const VERSIONS = [{ file: 'test/migrations/management.sql', last: 'Migration20261124163414_management' }];

let test: TestDatabase;
let client: Client;
beforeEach(async () => {
  test = await TestDatabase.create();
  client = await connectTo(test.connection);
});
afterEach(async () => {
  await client.end();
  await test.drop();
});

/** Puts what an older version has left in place of the database. */
async function loadVersion(file: string): Promise<void> {
  await client.query('drop schema public cascade; create schema public');
  await client.query(await readFile(file, 'utf8'));
}

type Rows = readonly Readonly<Record<string, string | null>>[];

/** The rows of each table as texts, in the order of all their columns. */
async function rowsOf(tables: ReadonlyMap<string, readonly string[]>): Promise<ReadonlyMap<string, Rows>> {
  const found = new Map<string, Rows>();
  for (const [table, columns] of tables) {
    const texts = columns.map((column) => `"${column}"::text`).join(', ');
    const order = columns.map((_column, index) => index + 1).join(', ');
    const { rows } = await client.query<Record<string, string | null>>(
      `select ${texts} from "${table}" order by ${order}`,
    );
    found.set(table, rows);
  }
  return found;
}

async function tablesAndColumns(): Promise<ReadonlyMap<string, readonly string[]>> {
  const statement = `select table_name as name from information_schema.tables where table_schema = 'public' and table_name <> 'migrations' order by 1`;
  const tables = new Map<string, readonly string[]>();
  for (const { name } of (await client.query<{ name: string }>(statement)).rows) {
    tables.set(name, await columnsOf(client, name));
  }
  return tables;
}

/** Everything that makes the schema what it is, in the order of its names. */
async function schemaOf(of: Client): Promise<unknown> {
  const statements = [
    `select table_name, column_name, data_type, character_maximum_length, is_nullable, column_default
     from information_schema.columns where table_schema = 'public' and table_name <> 'migrations' order by 1, 2`,
    `select indexname, indexdef from pg_indexes where schemaname = 'public' and tablename <> 'migrations' order by 1`,
    `select conrelid::regclass::text as table, conname, pg_get_constraintdef(oid) as definition from pg_constraint
     where connamespace = 'public'::regnamespace and conrelid <> 'migrations'::regclass order by 1, 2`,
  ];
  const parts = [];
  for (const statement of statements) parts.push((await of.query(statement)).rows);
  return parts;
}

describe.each(VERSIONS)('the database of a version that had $last', ({ file, last }) => {
  it('becomes what a new one is, and keeps every value', async () => {
    const fresh = await schemaOf(client);
    await loadVersion(file);
    const tables = await tablesAndColumns();
    const before = await rowsOf(tables);
    expect([...before].filter(([, rows]) => rows.length === 0)).toEqual([]);
    const { applied, pending } = await test.database.migrations();
    expect(applied.at(-1)).toBe(last);
    expect(await test.database.migrate()).toEqual(pending);
    expect(await rowsOf(tables)).toEqual(before);
    expect(await schemaOf(client)).toEqual(fresh);
  });

  it('serves its people as before: passwords, API keys, channels below one another', async () => {
    await loadVersion(file);
    await test.database.migrate();
    const services = TestServices.on(test);
    const login = { organizationTag: 'org1', username: 'olga', password: PASSWORD };
    const { accessToken } = await services.auth.login(services.system, login);
    const actor = await services.auth.authenticate(accessToken, null);
    const ctx = { ...services.system, actor };
    const organization = await services.organizations.getByTag(ctx, 'org1');
    expect(organization).toMatchObject({ tag: 'org1', recordingAllowed: true });
    const channels = await services.channels.tree(services.system, organization.id);
    const older = channels.find(({ name }) => name === 'Older, but below');
    expect(channels.find(({ id }) => id === older?.parentId)?.name).toBe('Jünger 🎲, "above"');
    const made = await services.roles.create(ctx, organization.id, { name: 'of today', permissions: 1 });
    expect(made.id).toBeGreaterThan(4);
  });

  it('has the SQL that will run told before, and telling it changes nothing', async () => {
    await loadVersion(file);
    const before = await schemaOf(client);
    const told = await test.database.pendingSql();
    expect(told[0]).toEqual({
      name: 'Migration20261124181647_recording',
      statements: ['alter table "organizations" add "recording_allowed" boolean not null default true;'],
    });
    expect(await schemaOf(client)).toEqual(before);
    for (const { statements } of told) for (const statement of statements) await client.query(statement);
    await client.query('update organizations set recording_allowed = recording_allowed');
  });

  it('can be restored from a backup of that time, into a server of today', async () => {
    await loadVersion(file);
    await using folder = await TemporaryFolder.make();
    const backup = folder.pathOf('old.backup');
    const request = { file: backup, organizationTag: undefined, secrets: new Map(), now: new Date(0) };
    await writeBackup(client, { ...request, parleyVersion: '0.0.9' });
    const environment = { PARLEY_DATA_DIR: folder.pathOf('data') };
    const run = new CommandRun(['restore', backup, '--json'], environment);
    expect([await run.exitCode(), run.stderr]).toEqual([0, '']);
    const status = new CommandRun(['admin', 'status', '--database', '--json'], environment);
    expect(await status.exitCode()).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({ migrations: { pending: [] }, counts: { organizations: 2 } });
  });
});

describe('the database of a newer version', () => {
  it('is refused, and left as it is', async () => {
    await client.query(`insert into migrations (name) values ('Migration99990101000000_future')`);
    const at = { connection: test.connection, maxConnections: 1, logger: pino({ level: 'silent' }) };
    const database = await Database.connect({ ...at, events: new MemoryEventBus(() => undefined) });
    await expect(database.migrate()).rejects.toThrow(
      'The database is of a newer Parley, which knows Migration99990101000000_future.',
    );
    await database.close();
  });
});
