import { readFileSync } from 'node:fs';
import { checkSettings } from '../../src/config/config-check.js';
import { readConfigEnvironment } from '../../src/config/config-environment.js';
import { parseConfigFile } from '../../src/config/config-file.js';
import { CONFIG_KEYS } from '../../src/config/config-schema.js';
import { requireThat } from './expectation.js';
import type { FuzzRandom } from './fuzz-random.js';
import { fuzzTarget, withoutParts } from './fuzz-target.js';
import { mutate } from './mutate.js';
import { randomText } from './random-message.js';

const EXAMPLE = 'config/server.yaml';
const VALUES = [
  '',
  'null',
  '~',
  'true',
  '-1',
  '0',
  '9000',
  '65536',
  '1e400',
  '0x10',
  '.nan',
  '[]',
  '[1, 2]',
  '{}',
  '{a: 1}',
  '*a',
  '&a 1',
  '|',
  '"',
  '!!binary x',
  '2026-11-24',
  '__proto__',
];

interface ConfigCase {
  readonly lines: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Configuration files and variables: what is wrong with them is told in lines, and never thrown. */
export const configTarget = fuzzTarget<ConfigCase>({
  name: 'config',
  unit: 'files',
  testEpisodes: 80,
  generate: (random) => ({ lines: configText(random).split('\n'), environment: environment(random) }),
  run({ lines, environment }) {
    const file = parseConfigFile(lines.join('\n'), EXAMPLE);
    const variables = readConfigEnvironment(environment);
    const { problems } = checkSettings([...file.settings, ...variables.settings]);
    const told = [...file.problems, ...variables.problems, ...problems.map(({ line }) => line)];
    for (const line of told)
      requireThat(line !== '' && !/[\n\r]/.test(line), `a problem is not one line: ${JSON.stringify(line)}`);
    return 1;
  },
  *smaller(fuzzCase) {
    for (const lines of withoutParts(fuzzCase.lines)) yield { ...fuzzCase, lines };
  },
});

function configText(random: FuzzRandom): string {
  if (random.chance(0.5)) return Array.from({ length: random.below(12) }, () => configLine(random)).join('\n');
  let bytes: Uint8Array = readFileSync(EXAMPLE);
  for (let left = random.between(1, 20); left > 0; left--) bytes = mutate(bytes, random);
  return Buffer.from(bytes).toString('utf8');
}

function configLine(random: FuzzRandom): string {
  const path = random.pick(CONFIG_KEYS).path;
  const value = random.chance(0.8) ? random.pick(VALUES) : randomText(random);
  const [section = '', key = ''] = path;
  const line =
    path.length === 1 ? `${section}: ${value}` : `${section}:\n${' '.repeat(random.below(4))}${key}: ${value}`;
  return random.chance(0.9) ? line : `${' '.repeat(random.below(4))}${randomText(random)}`;
}

function environment(random: FuzzRandom): Record<string, string> {
  const keys = random.some(CONFIG_KEYS, 0.1).filter(({ path }) => path[0] !== 'security');
  return Object.fromEntries(
    keys.map(({ path }) => [
      `PARLEY_${path.join('_').toUpperCase()}`,
      random.chance(0.7) ? random.pick(VALUES) : randomText(random),
    ]),
  );
}
