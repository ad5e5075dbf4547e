import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { inspectBackup } from '../../src/backup/backup-content.js';
import { BACKUP_TABLES } from '../../src/backup/backup-tables.js';
import { writeBackup } from '../../src/backup/backup-writer.js';
import { withMappedIds } from '../../src/backup/mapped-ids.js';
import { requireRoomFor, restoreBackup } from '../../src/backup/restore.js';
import { MeDocument } from '../graphql/generated/graphql.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { connectTo, TestDatabase } from '../support/test-database.js';
import { type BuiltOrganization, TestServer } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';
import { buildFullOrganization, clientOf, columnsOf, contentOf } from './backup-world.js';

let server: TestServer;
let first: BuiltOrganization;
let second: BuiltOrganization;
let client: Client;
let folder: TemporaryFolder;
beforeAll(async () => {
  server = await TestServer.start();
  first = await buildFullOrganization(server);
  second = await buildFullOrganization(server);
  client = await clientOf(server);
});
afterAll(async () => {
  await client.end();
  await server.stop();
});
beforeEach(async () => {
  folder = await TemporaryFolder.make();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

async function backUp(organizationTag?: string, secrets: ReadonlyMap<string, string> = new Map()): Promise<string> {
  const file = folder.pathOf(`${organizationTag ?? 'everything'}.backup`);
  await writeBackup(client, { file, organizationTag, secrets, parleyVersion: '0.1.0', now: new Date(0) });
  return file;
}

/** An empty database, and a connection to it. */
async function emptyDatabase() {
  const test = await TestDatabase.create();
  const target = await connectTo(test.connection);
  return {
    target,
    [Symbol.asyncDispose]: async () => {
      await target.end();
      await test.drop();
    },
  };
}

async function restore(target: Client, file: string): Promise<void> {
  await restoreBackup(target, file, await inspectBackup(file), async () => {});
}

describe('a backup of everything', () => {
  it('that is restored into an empty database is equal to the original, and goes on counting where that was', async () => {
    await client.query(`select nextval('users_id_seq')`);
    await using empty = await emptyDatabase();
    await restore(empty.target, await backUp());
    const content = await contentOf(empty.target);
    expect(content).toEqual(await contentOf(client));
    expect([...content].filter(([, rows]) => rows.length === 0)).toEqual([]);
    const next = `select nextval('users_id_seq') as users, nextval('audit_entries_id_seq') as audit`;
    expect((await empty.target.query(next)).rows).toEqual((await client.query(next)).rows);
  });

  it('is for its owner only, is not written over another file, and leaves nothing half-written', async () => {
    const file = await backUp();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await expect(backUp()).rejects.toThrow('is there already: name another file.');
    await expect(backUp('nowhere')).rejects.toThrow('There is no organization "nowhere".');
    expect(await readdir(folder.path)).toEqual(['everything.backup']);
  });

  it('holds one moment, whatever is written while it is made', async () => {
    const other = await clientOf(server);
    const query = client.query.bind(client);
    let writes = 0;
    const disturbed = new Proxy(client, {
      get: (target, name) =>
        name !== 'query'
          ? Reflect.get(target, name)
          : async (...args: Parameters<typeof query>) => {
              if (String(args[0]).startsWith('declare')) {
                writes += 1;
                await other.query(`insert into idempotency_keys values (0, 'k${writes}', 'op', 'hash', 1)`);
              }
              return query(...args);
            },
    });
    const file = folder.pathOf('disturbed');
    const request = { file, organizationTag: undefined, secrets: new Map(), parleyVersion: '0.1.0', now: new Date(0) };
    const { counts } = await writeBackup(disturbed, request);
    expect(writes).toBe(BACKUP_TABLES.length);
    expect((await inspectBackup(file)).header.counts).toEqual(counts);
    await other.query('delete from idempotency_keys where actor_id = 0');
    await other.end();
  });

  it('is refused where there is anything already', async () => {
    const file = await backUp();
    await using empty = await emptyDatabase();
    await empty.target.query(`insert into organizations (name, tag) values ('Here', 'here')`);
    const before = await contentOf(empty.target);
    await expect(restore(empty.target, file)).rejects.toThrow(
      'There are organizations already: a backup of everything is restored into an empty database only.',
    );
    expect(await contentOf(empty.target)).toEqual(before);
  });

  it('carries the secrets of the data folder, and one organization does not', async () => {
    const secrets = new Map([['jwt-secret', 'a secret\n']]);
    expect((await inspectBackup(await backUp(undefined, secrets))).secrets).toEqual(secrets);
    expect((await inspectBackup(await backUp(first.tag, secrets))).secrets).toEqual(new Map());
  });
});

describe('a backup of one organization', () => {
  it('that is restored beside others is the same organization under other numbers, with its passwords', async () => {
    const file = await backUp(second.tag);
    const other = await TestServer.start();
    const target = await clientOf(other);
    try {
      await restore(target, file);
      const again = folder.pathOf('again');
      const request = {
        file: again,
        organizationTag: second.tag,
        secrets: new Map(),
        parleyVersion: '0.1.0',
        now: new Date(0),
      };
      await writeBackup(target, request);
      const [original, copy] = [await withoutNumbers(file), await withoutNumbers(again)];
      expect(copy).toEqual(original);
      expect(original.map(({ table, rows }) => [table, rows.length > 0])).toEqual(
        BACKUP_TABLES.filter(({ ofOrganization }) => ofOrganization !== null).map(({ name }) => [name, true]),
      );
      const token = await other.login(second.tag, 'olga', PASSWORD);
      const { me } = await other.execute(MeDocument, {}, token);
      expect(me).toMatchObject({ username: 'olga' });
      expect(me?.id).not.toBe(second.ownerId);
    } finally {
      await target.end();
      await other.stop();
    }
  });

  it('is refused where there is one with its tag, and nothing of it stays', async () => {
    const file = await backUp(first.tag);
    const before = await contentOf(client);
    await expect(restore(client, file)).rejects.toThrow(`There is an organization "${first.tag}" already`);
    await expect(requireRoomFor(client, await inspectBackup(file))).rejects.toThrow('already');
    expect(await contentOf(client)).toEqual(before);
  });

  it('leaves nothing where it does not fit: not a row of those before the one that is refused', async () => {
    // The same invitation codes and API keys, under another tag.
    const file = await forged(await backUp(first.tag), (line) => line.replaceAll(`"${first.tag}"`, '"other"'));
    const before = await contentOf(client);
    await expect(restore(client, file)).rejects.toThrow(/does not fit this database: .*unique.*Nothing was changed/);
    expect(await contentOf(client)).toEqual(before);
  });
});

describe('a file that is no whole backup', () => {
  it('is refused wherever it is cut, and whichever byte is changed', async () => {
    const file = await backUp(first.tag);
    const whole = await readFile(file);
    const bad = folder.pathOf('bad');
    const step = Math.ceil(whole.length / 40);
    for (let at = 0; at < whole.length; at += step) {
      await writeFile(bad, whole.subarray(0, at));
      await expect(inspectBackup(bad)).rejects.toThrow(/is cut short|is no backup|is damaged/);
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      await writeFile(bad, changed);
      const outcome = await inspectBackup(bad).then(
        ({ header }) => JSON.stringify(header),
        (error: unknown) => String(error),
      );
      // A few bytes of gzip's own header mean nothing.
      expect(outcome).toMatch(at < 10 ? /./ : /is cut short|is no backup|is damaged/);
    }
  });

  it.each([
    ['a line that is missing', (lines: string[]) => lines.toSpliced(3, 1), 'its hash does not match'],
    ['an end that is missing', (lines: string[]) => lines.slice(0, -1), 'is cut short'],
    ['something after the end', (lines: string[]) => [...lines, '[]'], 'something follows its end'],
    ['another value', (lines: string[]) => lines.map((line) => line.replace('"olga"', '"otto"')), 'its hash does not'],
  ])('is refused for %s', async (_name, change, reason) => {
    const file = await backUp(first.tag);
    const lines = gunzipSync(await readFile(file))
      .toString()
      .trimEnd()
      .split('\n');
    await writeFile(file, gzipSync(`${change(lines).join('\n')}\n`));
    await expect(inspectBackup(file)).rejects.toThrow(reason);
  });

  it('is refused where its format is newer, or a table is not as its header says', async () => {
    const file = await backUp(first.tag);
    const newer = await forged(file, (line) => line.replace('"formatVersion":1', '"formatVersion":2'));
    await expect(inspectBackup(newer)).rejects.toThrow('is of a newer format (2): restore it with a newer Parley.');
    const fewer = await forged(file, (line) => line.replace(/"users":\d+/, '"users":99'));
    await expect(inspectBackup(fewer)).rejects.toThrow('the table "users" is not as its header says');
    const strange = await forged(file, (line) => line.replace('{"table":"bans"', '{"table":"pg_authid"'));
    await expect(inspectBackup(strange)).rejects.toThrow('the table "pg_authid" is not as its header says');
  });

  it('is told from a file that is something else, or is not there', async () => {
    const file = folder.pathOf('other');
    await writeFile(file, 'a letter');
    await expect(inspectBackup(file)).rejects.toThrow('is no backup of Parley.');
    await writeFile(file, gzipSync('{"a":1}\n'));
    await expect(inspectBackup(file)).rejects.toThrow('is no backup of Parley.');
    await expect(inspectBackup(folder.pathOf('nowhere'))).rejects.toThrow('cannot be read: ENOENT');
  });
});

describe('what a backup knows of the tables', () => {
  it('is every table, and in those of an organization every column that holds an id', async () => {
    const tables = `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`;
    const names = (await client.query<{ name: string }>(tables)).rows.map(({ name }) => name);
    expect(names.filter((name) => name !== 'migrations')).toEqual(BACKUP_TABLES.map(({ name }) => name).sort());
    for (const { name, ofOrganization, ids, isNumberedAnew } of BACKUP_TABLES) {
      if (ofOrganization === null) continue;
      const columns = (await columnsOf(client, name)).filter((column) => /^id$|_ids?$|_by$/.test(column));
      const known = [...Object.keys(ids), ...(isNumberedAnew ? ['id'] : [])];
      const byOtherMeans = name === 'audit_entries' ? ['target_id', 'request_id'] : [];
      expect({ name, columns: columns.sort() }).toEqual({ name, columns: [...known, ...byOtherMeans].sort() });
    }
  });

  it('is in the audit log too: the ids in its snapshots are those of the new database', async () => {
    const table = BACKUP_TABLES.find(({ name }) => name === 'audit_entries');
    const maps = new Map([
      ['users', new Map([[1, 100]])],
      ['roles', new Map([[2, 200]])],
      ['channels', new Map([[3, 300]])],
    ]);
    const after = JSON.stringify({ userId: 1, roleIds: [2, 9], parentId: 3, channelId: 9, name: 'a', maxUsers: 1 });
    const columns = ['actor_id', 'target_type', 'target_id', 'after'];
    expect(table && withMappedIds(table, columns, ['1', 'channel', '3', after], maps)).toEqual([
      '100',
      'channel',
      '300',
      JSON.stringify({ userId: 100, roleIds: [200], parentId: 300, channelId: null, name: 'a', maxUsers: 1 }),
    ]);
    expect(table && withMappedIds(table, columns, ['7', 'session', '5', after], maps)?.slice(0, 3)).toEqual([
      ...[null, 'session', '5'],
    ]);
  });
});

/** A backup in which lines are changed, with a hash that fits. */
async function forged(file: string, change: (line: string) => string): Promise<string> {
  const lines = gunzipSync(await readFile(file))
    .toString()
    .trimEnd()
    .split('\n')
    .slice(0, -1)
    .map(change);
  const text = lines.map((line) => `${line}\n`).join('');
  const end = JSON.stringify({ end: true, sha256: createHash('sha256').update(text).digest('hex') });
  await writeFile(`${file}.forged`, gzipSync(`${text}${end}\n`));
  return `${file}.forged`;
}

/** The rows of an organization's backup, with each id as its place among those of its kind. */
async function withoutNumbers(file: string) {
  const { ids } = await inspectBackup(file);
  const maps = new Map(
    [...ids].map(([table, olds]) => [table, new Map(olds.toSorted((a, b) => a - b).map((id, index) => [id, index]))]),
  );
  const lines = gunzipSync(await readFile(file))
    .toString()
    .trimEnd()
    .split('\n')
    .slice(1, -1);
  const tables: { table: string; columns: string[]; rows: unknown[] }[] = [];
  for (const line of lines) {
    const parsed = JSON.parse(line);
    if (!Array.isArray(parsed)) {
      tables.push({ table: parsed.table, columns: parsed.columns, rows: [] });
      continue;
    }
    const last = tables.at(-1);
    const table = BACKUP_TABLES.find(({ name }) => name === last?.table);
    if (last === undefined || table === undefined) throw new Error(line);
    const values = withMappedIds(table, last.columns, parsed, maps);
    last.rows.push(values.filter((_value, index) => !table.isNumberedAnew || last.columns[index] !== 'id'));
  }
  return tables;
}
