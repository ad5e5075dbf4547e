import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from './errors.js';
import {
  comparisonKey,
  composedPassword,
  toChannelName,
  toChannelPassword,
  toClientName,
  toDescription,
  toEmail,
  toMessageText,
  toOrganizationName,
  toOrganizationTag,
  toPassword,
  toReason,
  toRoleName,
  toUsername,
} from './text-rules.js';

const NAME_RULES = [
  toOrganizationName,
  toUsername,
  toChannelName,
  toRoleName,
  toClientName,
  toEmail,
  toOrganizationTag,
];
const RULES = [...NAME_RULES, toDescription, toMessageText, toReason, toPassword, toChannelPassword];

/** Any text, from ASCII to lone surrogates, with more of what is invisible than people type. */
const anyText = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({
    unit: fc.constantFrom('a', 'B', ' ', '\u200d', '\u202e', '\ufe0f', '\ud83d', '\u0301', '❤', '\n', '@'),
    maxLength: 20,
  }),
);
const RUNS = { numRuns: 1000 };

describe('every rule', () => {
  it('returns the text in its composed form, or refuses it with INVALID_INPUT', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...RULES), (text, rule) => {
        const outcome = attempt(rule, text);
        if (outcome instanceof AppError) expect(outcome).toMatchObject({ code: 'INVALID_INPUT', path: ['here'] });
        else expect(outcome).toBe(text.normalize('NFC'));
      }),
      RUNS,
    );
  });

  it('accepts again what it returned', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...RULES), (text, rule) => {
        const outcome = attempt(rule, text);
        if (typeof outcome === 'string') expect(attempt(rule, outcome)).toBe(outcome);
      }),
      RUNS,
    );
  });

  it('answers composed and decomposed text the same', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...RULES), (text, rule) => {
        const [composed, decomposed] = [attempt(rule, text.normalize('NFC')), attempt(rule, text.normalize('NFD'))];
        if (typeof composed === 'string') expect(decomposed).toBe(composed);
        else expect(decomposed).toBeInstanceOf(AppError);
      }),
      RUNS,
    );
  });
});

describe('a name', () => {
  it('that is accepted shows something and has nothing that hides', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...NAME_RULES), (text, rule) => {
        const name = attempt(rule, text);
        if (typeof name !== 'string' || name === '') return;
        expect(name).toBe(name.trim());
        expect(name).not.toMatch(/[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
        expect(comparisonKey(name)).not.toBe('');
      }),
      RUNS,
    );
  });
});

describe('each character of Unicode', () => {
  const assigned = Array.from({ length: 0x110000 }, (_, code) => String.fromCodePoint(code)).filter(
    (character) => !/[\p{Cn}\p{Co}\p{Cs}]/u.test(character),
  );

  it('is composed of at most six units, so that no text is refused as too long before it is composed', () => {
    const composed = assigned.filter((character) => character.normalize('NFC') === character);
    const lengths = new Set(composed.map((character) => character.normalize('NFD').length));
    expect(Math.max(...lengths)).toBe(6);
  });

  it('has a comparison key that is its own key, the same in upper and lower case', () => {
    const unstable = assigned.filter((character) => {
      const key = comparisonKey(character);
      const forms = [key, character.toUpperCase(), character.toLowerCase(), character.normalize('NFKD')];
      return new Set(forms).size > 1 && forms.some((form) => comparisonKey(form) !== key);
    });
    expect(unstable).toEqual([]);
  });
});

describe('the comparison key', () => {
  it('of a key is the key', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(comparisonKey(comparisonKey(text))).toBe(comparisonKey(text));
      }),
      RUNS,
    );
  });

  it('is the same for every way to compose a text', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD'), (text, form) => {
        expect(comparisonKey(text.normalize(form))).toBe(comparisonKey(text));
      }),
      RUNS,
    );
  });
});

describe('a password', () => {
  it('that was accepted is found again by what was typed, however the keyboard composed it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const stored = attempt(toChannelPassword, text);
        if (typeof stored !== 'string') return;
        for (const typed of [text, text.normalize('NFD')]) expect(composedPassword(typed)).toBe(stored);
      }),
      RUNS,
    );
  });
});

function attempt(rule: (text: string, path: readonly string[]) => string, text: string): string | AppError {
  try {
    return rule(text, ['here']);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
