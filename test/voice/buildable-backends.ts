import { spawnSync } from 'node:child_process';
import { platform } from 'node:os';

/** The UDP backends that must work on this machine: the native one wherever `native/build.mjs` could build it. */
export function buildableBackends(): readonly ('dgram' | 'native')[] {
  const hasCompiler = platform() === 'linux' && spawnSync('cc', ['--version']).status === 0;
  return hasCompiler ? ['dgram', 'native'] : ['dgram'];
}
