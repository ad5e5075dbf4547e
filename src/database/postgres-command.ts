import type { PostgresAccount } from './postgres-account.js';

/** Stops a program that was started when its parent had died already: the kernel's signal would never come then. */
const UNLESS_ORPHANED = '[ "$PPID" = "$0" ] && exec "$@"';

/**
 * The command that runs a program of PostgreSQL under its account, and that ends with this process: the kernel sends the
 * program `signalAtOurEnd` when this one ends, be it by SIGKILL. To be spawned from the main thread.
 */
export function asPostgres(
  command: readonly string[],
  { setprivOptions }: PostgresAccount,
  signalAtOurEnd: NodeJS.Signals,
): [string, ...string[]] {
  const signal = `--pdeathsig=${signalAtOurEnd.slice('SIG'.length)}`;
  return ['setpriv', ...setprivOptions, signal, '--', 'sh', '-c', UNLESS_ORPHANED, String(process.pid), ...command];
}
