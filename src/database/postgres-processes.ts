import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;
/** How long a postmaster without a master has for an orderly end, in milliseconds. */
const ORDERLY_END_MS = 5000;
const KILLED_END_MS = 5000;

/** How the processes of one cluster are known: a postmaster by its arguments, its children by the title that they take. */
export interface ClusterIdentity {
  /** The data directory, as the postmaster is told it. */
  readonly clusterFolder: string;
  /** The setting `cluster_name`. */
  readonly clusterName: string;
}

/**
 * Ends what a former run has left of a cluster, and waits until it is gone. To be called by the holder of the folder's lock
 * only. Left are a postmaster that has not seen its master die, or children in the middle of something whose postmaster was
 * killed. What was committed is safe either way.
 */
export async function endLeftProcesses(identity: ClusterIdentity): Promise<void> {
  const signals = [
    { signal: 'SIGINT', withinMs: ORDERLY_END_MS },
    { signal: 'SIGKILL', withinMs: KILLED_END_MS },
  ] as const;
  for (const { signal, withinMs } of signals) {
    for (const { pid, isPostmaster } of await processesOf(identity)) {
      // To a child, SIGINT means to give up its statement.
      send(pid, isPostmaster ? signal : 'SIGKILL');
    }
    for (let waitedMs = 0; waitedMs < withinMs; waitedMs += POLL_MS) {
      if ((await processesOf(identity)).length === 0) return;
      await sleep(POLL_MS);
    }
  }
}

/** Whether a living process with this id is a PostgreSQL, anybody's. */
export async function isPostgres(pid: number): Promise<boolean> {
  return /^(?:[^\0]*\/)?postgres(?:\0|: )/.test(await commandLineOf(pid));
}

async function processesOf(identity: ClusterIdentity): Promise<{ pid: number; isPostmaster: boolean }[]> {
  const found: { pid: number; isPostmaster: boolean }[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const line = await commandLineOf(pid);
    const isPostmaster = line.includes(`\0-D\0${identity.clusterFolder}\0`);
    if (isPostmaster || line.startsWith(`postgres: ${identity.clusterName}: `)) found.push({ pid, isPostmaster });
  }
  return found;
}

/** Empty where there is no such process, and for one that has ended and is not reaped yet. */
async function commandLineOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile, or is not ours to end: whether it is gone is looked at anyway.
  }
}
