import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const MAX_OUTPUT_BYTES = 1 << 26;
/** Other installations that run at the same time are waited for, in seconds. */
const LOCK_TIMEOUT_S = 120;

/**
 * Installs packages of Debian by apt-get where the process is root's. The services that they would start are left alone:
 * tests start servers of their own. Returns why it did not work, for a person, or undefined where it did.
 */
export async function installPackages(names: readonly string[]): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'this user may not install it';
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    maxBuffer: MAX_OUTPUT_BYTES,
  };
  try {
    await run('apt-get', ['update'], options);
    const wait = ['-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`];
    await run('apt-get', ['install', '--yes', '--no-install-recommends', ...wait, ...names], options);
    return undefined;
  } catch (error) {
    const [line] = String(error).split('\n');
    return `installing it failed: ${line}`;
  }
}

/** True where a program of this name is on the path. */
export async function isProgramThere(name: string): Promise<boolean> {
  return run('sh', ['-c', 'command -v "$1"', 'sh', name]).then(
    () => true,
    () => false,
  );
}
