import { readFile, stat } from 'node:fs/promises';
import { AppError } from '../errors.js';

/** Who PostgreSQL runs as. */
export interface PostgresAccount {
  readonly uid: number;
  readonly gid: number;
  /** The options of `setpriv` that make a process of this one that account's. */
  readonly setprivOptions: readonly string[];
}

/** `nobody`, on every Linux. */
const NOBODY = 65_534;
/** Bits of a capability set: see capabilities(7). */
const DAC_OVERRIDE = 1n << 1n;
const DAC_READ_SEARCH = 1n << 2n;

/**
 * Chooses the account for the cluster in a folder that need not exist yet: our own one, or, because PostgreSQL refuses root,
 * the owner of the folder or nobody. Throws AppError UNAVAILABLE, in one line, where there is no such account.
 */
export async function choosePostgresAccount(clusterFolder: string): Promise<PostgresAccount> {
  const owner = await stat(clusterFolder).catch(() => undefined);
  const uid = process.geteuid?.() ?? NOBODY;
  const gid = process.getegid?.() ?? NOBODY;
  if (uid === 0) return ofRoot(owner ?? { uid: NOBODY, gid: NOBODY }, clusterFolder);
  if (owner !== undefined && owner.uid !== uid) {
    throw new AppError(
      'UNAVAILABLE',
      `The database in ${clusterFolder} belongs to the user with id ${owner.uid}, and Parley runs as ${uid}: run it as that user or as root.`,
    );
  }
  return { uid, gid, setprivOptions: [] };
}

async function ofRoot(owner: { uid: number; gid: number }, clusterFolder: string): Promise<PostgresAccount> {
  if (owner.uid === 0) {
    throw new AppError(
      'UNAVAILABLE',
      `The database in ${clusterFolder} belongs to root, for whom PostgreSQL does not work: run "chown -R ${NOBODY}:${NOBODY} '${clusterFolder}'".`,
    );
  }
  const { uid, gid } = owner;
  return { uid, gid, setprivOptions: [...identity(uid, gid), ...passage(await ownCapabilities())] };
}

function identity(uid: number, gid: number): string[] {
  return [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'];
}

/**
 * The data folder, and often the installation, lie below folders that only root may enter. One capability to pass through
 * them is left to PostgreSQL. access(2), by which it looks for its own parts, heeds that only with `no_setuid_fixup`.
 */
function passage(capabilities: bigint): string[] {
  const name = nameOfPassage(capabilities);
  if (name === undefined) return [];
  const only = `-all,+${name}`;
  return [`--inh-caps=${only}`, `--ambient-caps=${only}`, `--bounding-set=${only}`, '--securebits=+no_setuid_fixup'];
}

/** Reading is enough. Containers often have the stronger capability only. */
function nameOfPassage(capabilities: bigint): string | undefined {
  if ((capabilities & DAC_READ_SEARCH) !== 0n) return 'dac_read_search';
  return (capabilities & DAC_OVERRIDE) === 0n ? undefined : 'dac_override';
}

/** What this process may do and hand on. */
async function ownCapabilities(): Promise<bigint> {
  const status = await readFile('/proc/self/status', 'utf8');
  const set = (field: string) => BigInt(`0x${new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
  return set('CapPrm') & set('CapBnd');
}
