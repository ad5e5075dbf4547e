/** `npm run schema` writes the schema to a file; with `--check` it fails where the file is not what the resolvers say. */
import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { describeSchema } from '../src/graphql/schema.js';

const HEADER = '# Generated from the resolvers by `npm run schema`.\n\n';

const check = process.argv.includes('--check');
const path = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? 'schema.graphql';
const text = `${HEADER}${printSchema(lexicographicSortSchema(await describeSchema()))}\n`;

if (!check) {
  writeFileSync(path, text);
} else if (read(path) !== text) {
  process.stderr.write(`${path} is not what the resolvers say: run "npm run schema".\n`);
  process.exitCode = 1;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
