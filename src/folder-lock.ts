import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from './errors.js';
import { messageOf } from './thrown.js';

const LOCK_FILE = 'lock';
/** What `flock` ends with where somebody else has the lock. */
const HELD = 1;

/**
 * The exclusive use of a folder: an flock(2) on its file `lock`, which the kernel gives back when the process ends, however
 * it ends, and which holds across containers that share the folder. Node has no such call: the command of util-linux takes
 * the lock on a descriptor that this process keeps.
 */
export class FolderLock {
  readonly #descriptor: number;

  /** Throws AppError UNAVAILABLE, in one line, where another process uses the folder, or it cannot be written. `what` names it there. */
  static acquire(folder: string, what: string): FolderLock {
    const file = join(folder, LOCK_FILE);
    const descriptor = open(file);
    try {
      lock(descriptor, file, what);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    ftruncateSync(descriptor);
    writeSync(descriptor, `${process.pid}\n`);
    return new FolderLock(descriptor);
  }

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** To be called once. */
  release(): void {
    closeSync(this.#descriptor);
  }
}

function open(file: string): number {
  try {
    return openSync(file, 'a+', 0o600);
  } catch (error) {
    throw unavailable(`${file} cannot be written: ${messageOf(error)}`);
  }
}

function lock(descriptor: number, file: string, what: string): void {
  const { error, status, stderr } = spawnSync('flock', ['--nonblock', '--exclusive', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    encoding: 'utf8',
  });
  if (error !== undefined) throw unavailable('The command "flock" cannot be run: install util-linux.');
  if (status === HELD) throw inUse(file, what);
  if (status !== 0) throw unavailable(`${file} cannot be locked: ${stderr.trim()}`);
}

function inUse(file: string, what: string): AppError {
  const holder = readFileSync(file, 'utf8').trim();
  const by = /^\d+$/.test(holder) ? ` (process ${holder})` : '';
  return unavailable(`${what} is in use by another Parley${by}: stop that one, or give this one another folder.`);
}

function unavailable(line: string): AppError {
  return new AppError('UNAVAILABLE', line);
}
