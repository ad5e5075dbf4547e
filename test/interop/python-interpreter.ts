import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const CANDIDATES = ['/usr/bin/python3', 'python3'];
const CHECK =
  'import sys; from cryptography.hazmat.primitives.ciphers.aead import AESGCM; sys.exit(sys.version_info < (3, 11))';
const PACKAGES = ['python3', 'python3-cryptography'];
const MAX_OUTPUT_BYTES = 1 << 26;

/**
 * The command of a Python 3.11 or newer that has the package `cryptography`. Installs Debian's by apt-get where there is
 * none and the process is root's. Throws with one line on how to get it otherwise.
 */
export async function pythonInterpreter(): Promise<string> {
  const present = await findInterpreter();
  if (present !== undefined) return present;
  const failure = await install();
  const installed = await findInterpreter();
  if (installed !== undefined) return installed;
  throw new Error(
    `The second client needs Python 3.11 with cryptography: run "apt-get install ${PACKAGES.join(' ')}" as root (${failure}).`,
  );
}

async function findInterpreter(): Promise<string | undefined> {
  for (const candidate of CANDIDATES) {
    const suits = await run(candidate, ['-c', CHECK]).then(
      () => true,
      () => false,
    );
    if (suits) return candidate;
  }
  return undefined;
}

/** Returns why it did not work, for a person. */
async function install(): Promise<string> {
  if (process.getuid?.() !== 0) return 'this user may not install it';
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: MAX_OUTPUT_BYTES,
  };
  try {
    await run('apt-get', ['update'], options);
    await run(
      'apt-get',
      ['install', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...PACKAGES],
      options,
    );
    return 'it was installed, but does not suit';
  } catch (error) {
    const [line] = String(error).split('\n');
    return `installing it failed: ${line}`;
  }
}
