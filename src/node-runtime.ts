/**
 * The Node that Parley runs on. Loaded by whatever Node somebody has started, so it uses nothing new and imports nothing
 * but Node itself.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';

const OLDEST_MAJOR = 22;
const OLDEST_MINOR = 17;

/**
 * What Node is started with, by `npm start` too. V8 lets the young generation grow to 64 MB and more, and keeps it: at
 * 8 MB for each half of it a thousand connected users take 100 MB less, and its collections are shorter
 * (`docs/PERFORMANCE.md`).
 */
export const NODE_FLAGS: readonly string[] = ['--enable-source-maps', '--max-semi-space-size=8'];

/** Whether a version of Node (`24.21.0`) can run Parley. */
export function isRecentNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST_MAJOR || (major === OLDEST_MAJOR && minor >= OLDEST_MINOR);
}

/** Runs a script under the Node that came with the installation, in place of this process; in one line on stderr, and with the exit code 1, where there is none. */
export function runUnderInstalledNode(script: string, args: readonly string[]): void {
  const node = installedNode();
  if (node === undefined) {
    const needed = `Node ${OLDEST_MAJOR}.${OLDEST_MINOR} or newer`;
    process.stderr.write(
      `parley: needs ${needed}, and this is ${process.versions.node}: run "npm ci", which brings one.\n`,
    );
    process.exitCode = 1;
    return;
  }
  // By the channel the server learns when this process is killed, and ends too.
  const child = spawn(node, [...NODE_FLAGS, script, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
}

/** The Node of the optional dependency for this machine, or undefined where there is none. */
function installedNode(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return undefined;
  }
}
