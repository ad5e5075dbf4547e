import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { repositoryRoot } from './source-files.js';

const document = readFileSync(join(repositoryRoot, 'docs/THREAT_MODEL.md'), 'utf8');
const rows = document.split('\n').filter((line) => /^\| (?!---|threat)/.test(line));

it('the threat model names a test for each threat', () => {
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter((row) => !/\| `[\w/.-]+\.test\.ts`: "[^"]+" \|$/.test(row))).toEqual([]);
});

it('each test that the threat model names is there', () => {
  const missing = rows.flatMap((row) => {
    const [, file = '', name = ''] = /`([\w/.-]+\.test\.ts)`: "([^"]+)"/.exec(row) ?? [];
    return textOf(file).includes(name) ? [] : [`${file}: ${name}`];
  });
  expect(missing).toEqual([]);
});

function textOf(file: string): string {
  try {
    return readFileSync(join(repositoryRoot, file), 'utf8');
  } catch {
    return '';
  }
}
