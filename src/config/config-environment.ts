import { readFileSync } from 'node:fs';
import { toPassword } from '../text-rules.js';
import { messageOf } from '../thrown.js';
import { CONFIG_KEYS, type ConfigKey, SECRET_KEYS } from './config-schema.js';
import { nameOf, type Setting, type Settings } from './config-settings.js';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'PARLEY_';
const FROM_FILE = '_FILE';
const ADMIN_PASSWORD = 'PARLEY_ADMIN_PASSWORD';

/** Variables of this prefix that are no keys: the entry's own, and those of the `parley` command. */
const OTHER_VARIABLES: readonly string[] = [
  'PARLEY_CONFIG',
  ADMIN_PASSWORD,
  ADMIN_PASSWORD + FROM_FILE,
  'PARLEY_PASSWORD',
  'PARLEY_TOKEN',
  'PARLEY_URL',
  'PARLEY_CREDENTIALS',
  'PARLEY_NEW_PASSWORD',
];

/** Reads keys from variables: `server.control_port` is PARLEY_SERVER_CONTROL_PORT. An empty variable is as good as none. */
export function readConfigEnvironment(environment: Environment): Settings {
  const settings: Setting[] = [];
  const problems: string[] = [];
  const known = new Set(OTHER_VARIABLES);
  for (const key of CONFIG_KEYS) {
    const variable = variableOf(key);
    known.add(variable);
    const isSecret = SECRET_KEYS.includes(nameOf(key.path));
    if (isSecret) known.add(variable + FROM_FILE);
    const found = isSecret ? readSecret(environment, variable) : readPlain(environment, variable);
    if (found === undefined) continue;
    if ('problem' in found) problems.push(found.problem);
    else settings.push({ path: key.path, value: parsed(key, found.text), from: found.from });
  }
  for (const variable of Object.keys(environment)) {
    if (variable.startsWith(PREFIX) && !known.has(variable)) problems.push(`${variable} is no variable of Parley.`);
  }
  return { settings, problems };
}

/** What a variable holds, or why it cannot be read. */
export type Found = { readonly text: string; readonly from: string } | { readonly problem: string };

/** The password for the first administrator: a secret that is no key, because it matters at the first start only. */
export function readAdminPassword(environment: Environment): Found | undefined {
  const found = readSecret(environment, ADMIN_PASSWORD);
  if (found === undefined || 'problem' in found) return found;
  try {
    toPassword(found.text, [ADMIN_PASSWORD]);
    return found;
  } catch (error) {
    return { problem: `${found.from}: ${messageOf(error)}` };
  }
}

/** Reads a value from a variable, or from the file that the variable with `_FILE` names. Undefined where neither is set. */
function readSecret(environment: Environment, variable: string): Found | undefined {
  const fileVariable = variable + FROM_FILE;
  const plain = readPlain(environment, variable);
  const file = environment[fileVariable];
  if (file === undefined || file === '') return plain;
  if (plain !== undefined) return { problem: `${variable} and ${fileVariable} are both set: leave one out.` };
  try {
    const text = readFileSync(file, 'utf8').trimEnd();
    return text === '' ? { problem: `${fileVariable}: ${file} is empty.` } : { text, from: fileVariable };
  } catch (error) {
    return { problem: `${fileVariable} cannot be read: ${messageOf(error)}` };
  }
}

function readPlain(environment: Environment, variable: string): Found | undefined {
  const text = environment[variable];
  return text === undefined || text === '' ? undefined : { text, from: variable };
}

function variableOf({ path }: ConfigKey): string {
  return PREFIX + path.join('_').toUpperCase();
}

/** What is not of the key's kind stays a text, which the schema refuses. */
function parsed({ kind }: ConfigKey, text: string): unknown {
  switch (kind) {
    case 'number':
      return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'text':
      return text;
  }
}
