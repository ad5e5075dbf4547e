import type { z } from 'zod';
import { CONFIG_KEYS, type Config, configSchema, SECRET_KEYS } from './config-schema.js';
import { type ConfigProblem, nameOf, originOf, type Setting } from './config-settings.js';

const MAX_SHOWN_CHARACTERS = 60;

/** Checks each value by itself. Values that are wrong are left out of the configuration, and told. */
export function checkSettings(settings: readonly Setting[]): { config: Config; problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  let known = settings.filter((setting) => !isEmptySection(setting));
  // A value that is wrong may have replaced another one that is wrong too: `server: x` in a file, PARLEY_SERVER_HTTP_PORT beside it.
  for (;;) {
    const checked = configSchema.safeParse(treeOf(known));
    if (checked.success) return { config: checked.data, problems };
    const wrong = checked.error.issues.flatMap((issue) => problemsOf(issue, known));
    const rest = known.filter((setting) => !wrong.some(({ keys }) => keys.some((key) => isWithin(setting, key))));
    if (rest.length === known.length) throw checked.error;
    problems.push(...wrong);
    known = rest;
  }
}

function isWithin({ path }: Setting, key: string): boolean {
  return nameOf(path) === key || nameOf(path).startsWith(`${key}.`);
}

/** A section whose keys are all commented out. */
function isEmptySection({ path, value }: Setting): boolean {
  return value === null && CONFIG_KEYS.some((key) => nameOf(key.path).startsWith(`${nameOf(path)}.`));
}

interface Tree {
  [name: string]: unknown;
}

function treeOf(settings: readonly Setting[]): Tree {
  const root = emptyTree();
  for (const { path, value } of settings) {
    let branch = root;
    for (const name of path.slice(0, -1)) {
      const next = branch[name];
      branch = isTree(next) ? next : emptyTree(branch, name);
    }
    branch[path.at(-1) ?? ''] = value;
  }
  return root;
}

/** Without a prototype, so that no key means anything but itself. */
function emptyTree(parent?: Tree, name = ''): Tree {
  const tree: Tree = Object.create(null);
  if (parent !== undefined) parent[name] = tree;
  return tree;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}

function problemsOf(issue: z.core.$ZodIssue, settings: readonly Setting[]): readonly ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...issue.path, key], settings));
  }
  const name = nameOf(issue.path);
  const what =
    issue.code === 'invalid_type' && issue.expected === 'object' ? 'must hold keys and values' : issue.message;
  const value = settings.findLast(({ path }) => nameOf(path) === name)?.value;
  const not = SECRET_KEYS.includes(name) ? '' : `, not ${shown(value)}`;
  return [{ keys: [name], line: `${name} ${what}${not} (${originOf(settings, name)}).` }];
}

function unknownKey(path: readonly PropertyKey[], settings: readonly Setting[]): ConfigProblem {
  const name = nameOf(path);
  const siblings = CONFIG_KEYS.map((key) => key.path)
    .filter((known) => nameOf(known.slice(0, path.length - 1)) === nameOf(path.slice(0, -1)))
    .map((known) => known[path.length - 1]);
  const names = [...new Set(siblings)].join(', ');
  return { keys: [name], line: `${name} is no key (${originOf(settings, name)}). There are: ${names}.` };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}
