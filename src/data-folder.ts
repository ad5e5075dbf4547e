import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from './errors.js';
import { FolderLock } from './folder-lock.js';
import { messageOf, systemCodeOf } from './thrown.js';

/** The bits of a mode for the group and for everybody, and the right of everybody to write. */
const OPEN_TO_OTHERS = 0o077;
const WRITABLE_BY_ALL = 0o002;

/** The folder of all that Parley keeps, for one server at a time. */
export class DataFolder {
  readonly path: string;
  /** True where its group or everybody may look into it. */
  readonly isOpenToOthers: boolean;
  readonly #lock: FolderLock;

  /**
   * Makes the folder, with access for its owner only, where there is none. Throws AppError UNAVAILABLE, in one line, where it
   * cannot be made or written, everybody may write into it, or another server uses it.
   */
  static async open(path: string): Promise<DataFolder> {
    let mode: number;
    try {
      mode = await makePrivate(path);
    } catch (error) {
      throw new AppError('UNAVAILABLE', `The data folder ${path} cannot be used: ${messageOf(error)}`);
    }
    if ((mode & WRITABLE_BY_ALL) !== 0) {
      throw new AppError('UNAVAILABLE', `The data folder ${path} can be written by everybody: chmod 700 ${path}`);
    }
    return new DataFolder(path, (mode & OPEN_TO_OTHERS) !== 0, FolderLock.acquire(path, `The data folder ${path}`));
  }

  private constructor(path: string, isOpenToOthers: boolean, lock: FolderLock) {
    this.path = path;
    this.isOpenToOthers = isOpenToOthers;
    this.#lock = lock;
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  /** The text of a file, or undefined where there is none. Throws AppError UNAVAILABLE, in one line, where it cannot be read. */
  async read(name: string): Promise<string | undefined> {
    try {
      return await readFile(this.pathOf(name), 'utf8');
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      throw new AppError('UNAVAILABLE', `${this.pathOf(name)} cannot be read: ${messageOf(error)}`);
    }
  }

  /** As {@link read}, of what nobody else may know. Throws AppError UNAVAILABLE where others can read or write the file. */
  async readSecret(name: string): Promise<string | undefined> {
    const text = await this.read(name);
    if (text === undefined) return undefined;
    const path = this.pathOf(name);
    const { mode } = await stat(path);
    if ((mode & OPEN_TO_OTHERS) === 0) return text;
    throw new AppError('UNAVAILABLE', `${path} holds a secret and is open to others: chmod 600 ${path}`);
  }

  /** Writes a whole file, for its owner only: after a crash it is as before or as it should be. Throws AppError UNAVAILABLE, in one line. */
  async write(name: string, text: string): Promise<void> {
    const temporary = this.pathOf(`${name}.new-${randomBytes(4).toString('hex')}`);
    try {
      await writeThrough(temporary, text);
      await rename(temporary, this.pathOf(name));
      await flushFolder(this.path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw new AppError('UNAVAILABLE', `${this.pathOf(name)} cannot be written: ${messageOf(error)}`);
    }
  }

  /** Lets another server use the folder. To be called once. */
  close(): void {
    this.#lock.release();
  }
}

/** Returns its mode. */
async function makePrivate(path: string): Promise<number> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  // What is in use for something else as well is left as it is: secrets in it are private by themselves.
  const isOurs = (await stat(path)).uid === process.geteuid?.();
  if (isOurs && (await readdir(path)).length === 0) await chmod(path, 0o700);
  return (await stat(path)).mode;
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename last through a power failure. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
