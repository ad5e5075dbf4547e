import { AppError } from '../../src/errors.js';
import { parseSerial } from '../../src/ids.js';
import { cursorOf, MAX_PAGE_SIZE, pageStart } from '../../src/pagination.js';
import * as rules from '../../src/text-rules.js';
import { requireThat } from './expectation.js';
import type { FuzzRandom } from './fuzz-random.js';
import { fuzzTarget } from './fuzz-target.js';
import { randomText } from './random-message.js';

const RULES = {
  toOrganizationName: rules.toOrganizationName,
  toOrganizationTag: rules.toOrganizationTag,
  toUsername: rules.toUsername,
  toChannelName: rules.toChannelName,
  toMessageText: rules.toMessageText,
  toReason: rules.toReason,
  toEmail: rules.toEmail,
  toPassword: rules.toPassword,
  toChannelPassword: rules.toChannelPassword,
};
const ODD_CHARACTERS = [
  '\ud800',
  '\udfff',
  '\0',
  '\u202e',
  '\u200b',
  '\u2800',
  'e\u0301',
  'ß',
  'ı',
  '👩‍👩‍👧',
  '🏳️‍🌈',
  '\u{1f1e6}',
  '\ufdfa',
  '\n',
  '\t',
  ' ',
  '@',
  '/',
];

interface TextsCase {
  readonly text: string;
  readonly first: number;
}

/** Names, texts and passwords, cursors and ids: each is taken in one form, or refused as bad input. */
export const textsTarget = fuzzTarget<TextsCase>({
  name: 'texts',
  unit: 'texts',
  testEpisodes: 1500,
  generate: (random) => ({
    text: oddText(random),
    first: random.pick([random.edge(), -1, 0.5, Number.NaN, 1, MAX_PAGE_SIZE]),
  }),
  run(fuzzCase) {
    for (const rule of Object.values(RULES)) requireRule(rule, fuzzCase.text);
    requireComparison(fuzzCase.text);
    requireCursor(fuzzCase);
    const serial = parseSerial(fuzzCase.text);
    requireThat(serial === undefined || String(serial) === fuzzCase.text, 'an id in two forms');
    return 1;
  },
});

function oddText(random: FuzzRandom): string {
  if (random.chance(0.2)) return cursorOf(random.edge() * random.pick([1, 1000]));
  if (random.chance(0.1)) return String(random.edge());
  const parts = Array.from({ length: random.between(1, 4) }, () =>
    random.chance(0.5)
      ? random.pick(ODD_CHARACTERS).repeat(random.length(random.chance(0.9) ? 3 : 4200))
      : randomText(random),
  );
  return parts.join('');
}

function requireRule(rule: (text: string, path: readonly string[]) => string, text: string): void {
  const taken = accepted(() => rule(text, ['input', 'text']));
  if (taken === undefined) return;
  requireThat(taken.isWellFormed(), 'half a character was taken');
  requireThat(taken === text.normalize('NFC'), 'a text was changed');
  requireThat(accepted(() => rule(taken, [])) === taken, 'what was taken once is refused or changed');
}

function requireComparison(text: string): void {
  const key = rules.comparisonKey(text);
  requireThat(rules.comparisonKey(key) === key, 'the key of a key is another one');
  requireThat(
    rules.composedPassword(rules.composedPassword(text)) === rules.composedPassword(text),
    'a password in two forms',
  );
}

function requireCursor({ text, first }: TextsCase): void {
  const start = accepted(() => pageStart({ first, after: text }));
  if (start === undefined) return;
  requireThat(Number.isSafeInteger(start.afterId) && start.afterId >= 0, `the id ${start.afterId}`);
  requireThat(start.limit >= 2 && start.limit <= MAX_PAGE_SIZE + 1, `the limit ${start.limit}`);
  requireThat(pageStart({ first, after: cursorOf(start.afterId) }).afterId === start.afterId, 'the cursor of a cursor');
}

/** What was taken, or undefined for bad input. Anything else that is thrown is a failure. */
function accepted<Value>(take: () => Value): Value | undefined {
  try {
    return take();
  } catch (error) {
    if (error instanceof AppError && error.code === 'INVALID_INPUT' && !error.message.includes('\n')) return undefined;
    throw error;
  }
}
