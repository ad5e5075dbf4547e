import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JWT_SECRET_FILE } from '../jwt-secret.js';
import { systemCodeOf } from '../thrown.js';
import { CERTIFICATE_FILE, CERTIFICATE_KEY_FILE } from '../tls-certificate.js';
import { BackupError } from './backup-error.js';

/** What Parley made for itself and others rely on: without it they log in anew and have to pin another certificate. */
const SECRET_FILES: readonly string[] = [JWT_SECRET_FILE, CERTIFICATE_KEY_FILE, CERTIFICATE_FILE];

/** Those of the data folder that are there, by name. */
export async function readSecretFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of SECRET_FILES) {
    const text = await readOrUndefined(join(folder, name));
    if (text !== undefined) found.set(name, text);
  }
  return found;
}

/** Throws BackupError where other secrets are there already. */
export async function requireNoOtherSecrets(folder: string, secrets: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, text] of secrets) {
    if (!SECRET_FILES.includes(name))
      throw new BackupError('unusable', `The backup has a file "${name}", which is none of ours.`);
    const present = await readOrUndefined(join(folder, name));
    if (present === undefined || present === text) continue;
    throw new BackupError('refused', `${join(folder, name)} is there already, and is another one: move it away first.`);
  }
}

/** Writes those that are not there yet, for their owner only, and returns what takes that back. */
export async function writeSecretFiles(
  folder: string,
  secrets: ReadonlyMap<string, string>,
): Promise<() => Promise<void>> {
  const made: string[] = [];
  const undo = async () => {
    for (const path of made) await rm(path, { force: true });
  };
  try {
    for (const [name, text] of secrets) {
      const path = join(folder, name);
      if ((await readOrUndefined(path)) !== undefined) continue;
      await writeFile(path, text, { mode: 0o600, flag: 'wx', flush: true });
      made.push(path);
    }
    return undo;
  } catch (error) {
    await undo();
    throw error;
  }
}

async function readOrUndefined(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
