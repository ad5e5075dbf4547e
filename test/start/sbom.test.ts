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
  const { stdout } = await promisify(execFile)('npm', ['run', '-s', 'sbom'], { maxBuffer: 64 * 1024 * 1024 });
  const bill: { bomFormat: string; components: Component[] } = JSON.parse(stdout);
  expect(bill.bomFormat).toBe('CycloneDX');
  const {
    dependencies,
    devDependencies,
  }: Record<'dependencies' | 'devDependencies', Record<string, string>> = JSON.parse(
    await readFile('package.json', 'utf8'),
  );
  const listed = new Map(bill.components.map((component) => [component.name, component]));
  for (const [name, version] of Object.entries(dependencies)) {
    expect({ name, version: listed.get(name)?.version }).toEqual({ name, version });
  }
  expect(Object.keys(devDependencies).filter((name) => listed.has(name) && !(name in dependencies))).toEqual([]);
  const incomplete = bill.components.filter(
    ({ hashes, licenses, purl }) => !hashes?.length || !licenses?.length || !purl,
  );
  expect(incomplete.map(({ name }) => name)).toEqual([]);
});
