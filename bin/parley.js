#!/usr/bin/env node
/** Starts the `parley` command under the Node that came with the installation, whichever one started this. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const OLDEST_MAJOR = 22;
const OLDEST_MINOR = 17;
const command = new URL('../dist/src/parley.js', import.meta.url);

if (!existsSync(command)) fail('Parley is not built yet: run `npm run build` first.');
else if (isRecent(process.versions.node)) await import(command.href);
else startUnder(installedNode());

/** @param {string} version */
function isRecent(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST_MAJOR || (major === OLDEST_MAJOR && minor >= OLDEST_MINOR);
}

/** The Node of the optional dependency for this machine, or undefined where there is none. */
function installedNode() {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return undefined;
  }
}

/** @param {string | undefined} node */
function startUnder(node) {
  if (node === undefined) {
    fail(`Parley needs Node ${OLDEST_MAJOR}.${OLDEST_MINOR} or newer, and this is ${process.versions.node}.`);
    return;
  }
  const child = spawn(node, [fileURLToPath(command), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself. What is sent to this process alone has to be handed on, under the other name:
  // the command takes each of the two signals once, so that both together still end it properly.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
}

/** @param {string} line */
function fail(line) {
  process.stderr.write(`parley: ${line}\n`);
  process.exitCode = 2;
}
