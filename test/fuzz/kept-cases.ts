import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FuzzFailure } from './fuzz-target.js';

const CORPUS = 'test/fuzz/corpus';
const EXTENSION = '.json';

/** A case that was found once, and is tried in every run of the tests since. */
export interface KeptCase {
  /** What it is about. */
  readonly name: string;
  readonly text: string;
}

/** The cases of a target that are kept in the repository. */
export function keptCases(target: string): readonly KeptCase[] {
  const folder = join(CORPUS, target);
  return fileNames(folder).map((file) => ({
    name: file.slice(0, -EXTENSION.length).replaceAll('-', ' '),
    text: readFileSync(join(folder, file), 'utf8'),
  }));
}

/** Keeps the case of a failure under its seed, until somebody gives the file a name. Returns the path. */
export function keepCase({ target, seed, caseText }: FuzzFailure): string {
  const folder = join(CORPUS, target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `seed-${seed}${EXTENSION}`);
  writeFileSync(path, `${caseText}\n`);
  return path;
}

function fileNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((file) => file.endsWith(EXTENSION));
  } catch {
    // Most targets have none.
    return [];
  }
}
