import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../config/config-environment.js';
import { messageOf, systemCodeOf } from '../thrown.js';
import { AdminError, AdminExit } from './admin-error.js';

const credentials = z.strictObject({
  /** The API's address, without a path. */
  url: z.string(),
  /** The SHA-256 of the certificate that the server must show, or null for one that others vouch for. */
  fingerprint: z.string().nullable(),
  accessToken: z.string(),
  refreshToken: z.string(),
  /** When the access token is over, in milliseconds since 1970. */
  expiresAtMs: z.number(),
});

/** A login that is remembered from one command to the next. */
export type Credentials = z.infer<typeof credentials>;

/** The file of the login: `PARLEY_CREDENTIALS`, or `parley/credentials.json` in the folder for configuration. For its owner only. */
export class CredentialsFile {
  readonly path: string;

  constructor({ PARLEY_CREDENTIALS: given, XDG_CONFIG_HOME: folder }: Environment) {
    this.path = given || join(folder || join(homedir(), '.config'), 'parley', 'credentials.json');
  }

  /** Undefined where nobody has logged in. Throws AdminError where the file cannot be read. */
  async read(): Promise<Credentials | undefined> {
    try {
      return credentials.parse(JSON.parse(await readFile(this.path, 'utf8')));
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      const reason = systemCodeOf(error) === undefined ? 'it is damaged' : messageOf(error);
      throw new AdminError(AdminExit.usage, `${this.path} cannot be read: ${reason}. Log in again, or delete it.`);
    }
  }

  /** Throws AdminError where the file cannot be written. */
  async write(content: Credentials): Promise<void> {
    const temporary = `${this.path}.${process.pid}.new`;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
      await chmod(temporary, 0o600);
      await rename(temporary, this.path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw new AdminError(AdminExit.usage, `${this.path} cannot be written: ${messageOf(error)}`);
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }
}
