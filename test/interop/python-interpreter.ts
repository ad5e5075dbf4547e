import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { installPackages } from '../support/debian-packages.js';

const run = promisify(execFile);

const CANDIDATES = ['/usr/bin/python3', 'python3'];
const CHECK =
  'import sys; from cryptography.hazmat.primitives.ciphers.aead import AESGCM; sys.exit(sys.version_info < (3, 11))';
const PACKAGES = ['python3', 'python3-cryptography'];

/**
 * The command of a Python 3.11 or newer that has the package `cryptography`. Installs Debian's by apt-get where there is
 * none and the process is root's. Throws with one line on how to get it otherwise.
 */
export async function pythonInterpreter(): Promise<string> {
  const present = await findInterpreter();
  if (present !== undefined) return present;
  const failure = await installPackages(PACKAGES);
  const installed = await findInterpreter();
  if (installed !== undefined) return installed;
  throw new Error(
    `The second client needs Python 3.11 with cryptography: run "apt-get install ${PACKAGES.join(' ')}" as root (${failure ?? 'it was installed, but does not suit'}).`,
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
