/**
 * Builds the addon that makes UDP cheaper. It is never needed: where it cannot be built this says why in one line, and
 * Parley uses Node's own UDP. An argument names another folder for the addon than `native/build`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILERS = ['cc', 'gcc', 'clang'];
const FLAGS = ['-std=c11', '-O2', '-Wall', '-Wextra', '-fPIC', '-shared', '-fvisibility=hidden', '-Wl,-z,now'];

const folder = dirname(fileURLToPath(import.meta.url));
const outputFolder = resolve(process.argv[2] ?? join(folder, 'build'));
const output = join(outputFolder, 'udp-batch.node');

// What an earlier version left must not be taken for this one's.
rmSync(output, { force: true });
const problem = build();
process.stdout.write(
  problem === null
    ? 'The UDP addon is built.\n'
    : `The UDP addon is not built (${problem}): voice uses Node's own UDP.\n`,
);

/** Returns why there is no addon now, or null where there is. */
function build() {
  if (process.platform !== 'linux') return 'it is for Linux';
  const headers = findHeaders();
  if (headers === undefined) return 'the headers of Node are not there';
  const compiler = COMPILERS.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
  if (compiler === undefined) return 'there is no C compiler';
  mkdirSync(outputFolder, { recursive: true });
  // Built beside its place and moved there, so that nobody loads half of it.
  const unfinished = `${output}.${process.pid}`;
  const sources = ['udp-batch.c', 'sealed-udp.c', 'crypt-state.c', 'block-cipher.c', 'session-tag.c'].map((name) =>
    join(folder, name),
  );
  const { status, stderr } = spawnSync(compiler, [...FLAGS, '-I', headers, ...sources, '-o', unfinished], {
    encoding: 'utf8',
  });
  if (status !== 0) return `${compiler} said: ${stderr.trim().split('\n')[0] ?? 'nothing'}`;
  renameSync(unfinished, output);
  return null;
}

/** Those of the Node that Parley runs on, else those of the Node that runs this. The addon runs on any that is newer. */
function findHeaders() {
  const own = resolve(folder, '..', 'node_modules', `node-linux-${process.arch}`, 'include', 'node');
  const candidates = [own, resolve(dirname(process.execPath), '..', 'include', 'node')];
  return candidates.find(
    (candidate) => existsSync(join(candidate, 'node_api.h')) && existsSync(join(candidate, 'uv.h')),
  );
}
