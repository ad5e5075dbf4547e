import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const MAX_OUTPUT_BYTES = 1 << 26;

/** A program of a package of Debian's. */
export interface DebianProgram {
  readonly command: string;
  /** With which it says its version and ends. */
  readonly versionFlag: string;
  readonly packageName: string;
}

/** The command of the program. Installs its package by apt-get where it is missing and the process is root's. Throws with one line on how to get it otherwise. */
export async function debianProgram(program: DebianProgram): Promise<string> {
  const { command, packageName } = program;
  if (await isThere(program)) return command;
  const failure = await install(packageName);
  if (await isThere(program)) return command;
  throw new Error(`These tests need ${command}: run "apt-get install ${packageName}" as root (${failure}).`);
}

async function isThere({ command, versionFlag }: DebianProgram): Promise<boolean> {
  return run(command, [versionFlag]).then(
    () => true,
    () => false,
  );
}

/** The service that a package would start is left alone: tests start servers of their own. Returns why it did not work. */
async function install(packageName: string): Promise<string> {
  if (process.getuid?.() !== 0) return 'this user may not install it';
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    maxBuffer: MAX_OUTPUT_BYTES,
  };
  try {
    await run('apt-get', ['update'], options);
    const wait = ['-o', 'DPkg::Lock::Timeout=120'];
    await run('apt-get', ['install', '--yes', '--no-install-recommends', ...wait, packageName], options);
    return 'it was installed, but is not there';
  } catch (error) {
    const [line] = String(error).split('\n');
    return `installing it failed: ${line}`;
  }
}
