import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly unknown[];
}

it('the bill of materials names every package that the server needs, with its version, hash and licence', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/scripts/sbom.js'], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const bill: { bomFormat: string; components: Component[] } = JSON.parse(stdout);
  expect(bill.bomFormat).toBe('CycloneDX');
  const {
    dependencies,
    devDependencies,
  }: Record<'dependencies' | 'devDependencies', Record<string, string>> = JSON.parse(
    await readFile('package.json', 'utf8'),
  );
  const listed = new Set(bill.components.map((component) => `${component.name}@${component.version}`));
  const listOf = (packages: Record<string, string>) =>
    Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  expect(listOf(dependencies).filter((name) => !listed.has(name))).toEqual([]);
  // Of what is for development, all but what the server needs too: a compiler is no part of it.
  const tools = listOf(devDependencies).filter((name) => /^(typescript|jest|@biomejs)/.test(name));
  expect(tools.length).toBe(3);
  expect(tools.filter((name) => listed.has(name))).toEqual([]);
  const incomplete = bill.components.filter(
    ({ hashes, licenses, purl }) => !hashes?.length || !licenses?.length || !purl,
  );
  expect(incomplete.map(({ name }) => name)).toEqual([]);
});
