import { readFileSync } from 'node:fs';

/** The version of this Parley, as in package.json. */
export const VERSION: string = readVersion();

function readVersion(): string {
  // Compiled, this file lies one folder deeper.
  const path = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json';
  const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
  return String(version);
}
