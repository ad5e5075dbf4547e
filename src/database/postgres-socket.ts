import { createHash } from 'node:crypto';
import { chown, lchown, lstat, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresAccount } from './postgres-account.js';

/** A part of the socket's name. PostgreSQL listens on no TCP port. */
export const SOCKET_PORT = 5432;

/** How long the path of a socket may be on Linux, in bytes. */
const MAX_SOCKET_PATH_BYTES = 107;

/** The folder of the socket: `socket` in the database's own one, or one of a short name where that path would be too long. */
export class SocketFolder {
  readonly path: string;
  readonly #isTemporary: boolean;

  /** Where the socket of a database that runs in `folder` is. */
  static pathOf(folder: string): string {
    const own = join(folder, 'socket');
    return fits(own) ? own : shortPath(folder);
  }

  /** Makes the folder. Only the account, and root, may enter it. */
  static async make(folder: string, account: PostgresAccount): Promise<SocketFolder> {
    const own = join(folder, 'socket');
    if (fits(own)) return new SocketFolder(await privateFolder(own, account), false);
    const short = shortPath(folder);
    const path = await privateFolder(short, account).catch(async () => {
      // Somebody else has taken the name.
      const unique = await mkdtemp(`${short.slice(0, -6)}-`);
      await chown(unique, account.uid, account.gid);
      return unique;
    });
    return new SocketFolder(path, true);
  }

  private constructor(path: string, isTemporary: boolean) {
    this.path = path;
    this.#isTemporary = isTemporary;
  }

  async remove(): Promise<void> {
    if (this.#isTemporary) await rm(this.path, { recursive: true, force: true });
  }
}

function shortPath(folder: string): string {
  const base = [tmpdir(), '/tmp'].find((candidate) => fits(join(candidate, 'parley-0123456789abcdef'))) ?? '/tmp';
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return join(base, `parley-${name}`);
}

function fits(folder: string): boolean {
  return Buffer.byteLength(join(folder, `.s.PGSQL.${SOCKET_PORT}`)) <= MAX_SOCKET_PATH_BYTES;
}

/** Makes a folder, or takes the one that is there when it is as it should be. */
async function privateFolder(path: string, { uid, gid }: PostgresAccount): Promise<string> {
  await mkdir(path, { mode: 0o700 }).catch(() => undefined);
  // Whoever starts PostgreSQL can have been killed right after making it.
  if ((await lstat(path)).uid === process.geteuid?.()) await lchown(path, uid, gid);
  const state = await lstat(path);
  if (!state.isDirectory() || state.uid !== uid || (state.mode & 0o077) !== 0) {
    throw new Error(`${path} is not a private folder of the user with id ${uid}`);
  }
  return path;
}
