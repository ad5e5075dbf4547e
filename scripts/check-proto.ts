/** Fails when the generated messages differ from what `proto/` generates now, or when `proto/` breaks the rules of its linter. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMMITTED = 'src/protocol/generated';

const folder = mkdtempSync(join(tmpdir(), 'parley-proto-'));
try {
  execFileSync('buf', ['generate', '--output', folder], { stdio: 'inherit' });
  const generated = read(join(folder, COMMITTED));
  const committed = read(COMMITTED);
  if (JSON.stringify(generated) !== JSON.stringify(committed)) {
    process.stderr.write(`${COMMITTED} is not what proto/ generates: run "npm run proto".\n`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

function read(path: string): readonly (readonly [string, string])[] {
  return readdirSync(path)
    .sort()
    .map((name) => [name, readFileSync(join(path, name), 'utf8')]);
}
