import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { AppError } from '../errors.js';
import type { PostgresAccount } from './postgres-account.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { asPostgres } from './postgres-command.js';

/** The user that Parley connects as, and the name of its database. Not a superuser: who owns the tables needs no more. */
export const DATABASE_USER = 'parley';

/** Each statement on a line of its own, as a backend that runs alone reads them. */
const FIRST_STATEMENTS = `create role ${DATABASE_USER} login createdb\ncreate database ${DATABASE_USER} owner ${DATABASE_USER}\n`;

/**
 * Makes an empty cluster in `clusterFolder` where there is none. It is made beside and then renamed, so that one that was
 * interrupted is never taken for a whole one. Throws AppError UNAVAILABLE with PostgreSQL's reason, in one line, and the
 * signal's reason.
 */
export async function ensureCluster(
  clusterFolder: string,
  { initdb, postgres }: PostgresBinaries,
  account: PostgresAccount,
  signal?: AbortSignal,
): Promise<void> {
  await removeUnfinished(clusterFolder);
  if (await exists(clusterFolder)) return;
  const unfinished = await mkdtemp(`${clusterFolder}${UNFINISHED}`);
  await chown(unfinished, account.uid, account.gid);
  const locale = ['--encoding=UTF8', '--no-locale'];
  const trust = ['--username=postgres', '--auth-local=trust', '--auth-host=reject'];
  await run([initdb, '-D', unfinished, '--no-instructions', ...locale, ...trust], '', account);
  signal?.throwIfAborted();
  await run([postgres, '--single', '-D', unfinished, 'postgres'], FIRST_STATEMENTS, account);
  await rename(unfinished, clusterFolder);
  await flushFolder(dirname(clusterFolder));
}

const UNFINISHED = '.new-';

async function removeUnfinished(clusterFolder: string): Promise<void> {
  const folder = dirname(clusterFolder);
  const prefix = `${basename(clusterFolder)}${UNFINISHED}`;
  const left = (await readdir(folder)).filter((name) => name.startsWith(prefix));
  // What an interrupted initdb has started may write for another moment.
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 20 });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Runs a program to its end. Its last words are the reason where it fails. */
async function run(command: readonly string[], input: string, account: PostgresAccount): Promise<void> {
  const [file, ...args] = asPostgres(command, account, 'SIGKILL');
  const child = spawn(file, args, { detached: true, stdio: ['pipe', 'ignore', 'pipe'] });
  // A program that ends early does not read on: its exit code tells.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  if (code === 0 && !/^.*\b(ERROR|FATAL): /m.test(said)) return;
  const reason =
    said
      .trim()
      .split('\n')
      .find((line) => /error|FATAL|ERROR/.test(line)) ?? said.trim().split('\n').at(-1);
  throw new AppError('UNAVAILABLE', `The database cannot be made: ${reason}`);
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
