import { readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, parseDocument, type Scalar } from 'yaml';
import { messageOf } from '../thrown.js';
import type { Setting, Settings } from './config-settings.js';

/** Reads a configuration file. `name` is how people know it. A file that cannot be read is a problem too: nothing is thrown. */
export function readConfigFile(path: string, name: string): Settings {
  try {
    return parseConfigFile(readFileSync(path, 'utf8'), name);
  } catch (error) {
    return { settings: [], problems: [`${name} cannot be read: ${messageOf(error)}`] };
  }
}

/** As {@link readConfigFile}, of a text. */
export function parseConfigFile(text: string, name: string): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeOf = (offset: number) => `${name}, line ${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => `${placeOf(pos[0])}: ${oneLine(message)}`);
    return { settings: [], problems };
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return { settings: [], problems: [] };
  if (!isMap(contents)) return { settings: [], problems: [`${name} must hold keys and values, like "server:".`] };
  return { settings: settingsOf(contents.items, [], placeOf), problems: [] };
}

interface Pair {
  readonly key: unknown;
  readonly value: unknown;
}

function settingsOf(pairs: readonly Pair[], path: readonly string[], placeOf: (offset: number) => string): Setting[] {
  return pairs.flatMap(({ key, value }) => {
    const inner = [...path, isScalar(key) ? String(key.value) : String(key)];
    if (isMap(value) && value.items.length > 0) return settingsOf(value.items, inner, placeOf);
    return [{ path: inner, value: plainValue(value), from: placeOf(isScalar(key) ? offsetOf(key) : 0) }];
  });
}

/** Lists, aliases and the like are shown as they are written: no key wants one. */
function plainValue(value: unknown): unknown {
  if (value === null) return null;
  if (isScalar(value)) return value.value;
  return isMap(value) ? {} : [String(value).trim()];
}

function offsetOf(key: Scalar): number {
  return key.range?.[0] ?? 0;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
