import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const MAX_OUTPUT_BYTES = 1 << 26;

/** The command of a Redis server. Installs Debian's by apt-get where there is none and the process is root's. Throws with one line on how to get it otherwise. */
export async function redisServerCommand(): Promise<string> {
  if (await isThere()) return 'redis-server';
  const failure = await install();
  if (await isThere()) return 'redis-server';
  throw new Error(`The tests of Redis need a server: run "apt-get install redis-server" as root (${failure}).`);
}

async function isThere(): Promise<boolean> {
  return run('redis-server', ['--version']).then(
    () => true,
    () => false,
  );
}

/** The service that Debian's package would start is left alone: tests start servers of their own. Returns why it did not work. */
async function install(): Promise<string> {
  if (process.getuid?.() !== 0) return 'this user may not install it';
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    maxBuffer: MAX_OUTPUT_BYTES,
  };
  try {
    await run('apt-get', ['update'], options);
    const wait = ['-o', 'DPkg::Lock::Timeout=120'];
    await run('apt-get', ['install', '--yes', '--no-install-recommends', ...wait, 'redis-server'], options);
    return 'it was installed, but is not there';
  } catch (error) {
    const [line] = String(error).split('\n');
    return `installing it failed: ${line}`;
  }
}
