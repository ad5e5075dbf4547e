import { describe, expect, it } from '@jest/globals';
import { AppError } from './errors.js';
import {
  comparisonKey,
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

const PATH = ['input', 'text'];
type Rule = (text: string, path: readonly string[]) => string;

describe('names', () => {
  const rules: readonly (readonly [string, Rule, number])[] = [
    ['organization name', toOrganizationName, 255],
    ['username', toUsername, 64],
    ['channel name', toChannelName, 255],
    ['role name', toRoleName, 64],
  ];

  it.each(rules)('of the kind %s are one character to the limit, counted as people count them', (noun, rule, max) => {
    for (const character of ['x', 'é', '語', '😀', 'e\u0301']) {
      expect(rule(character.repeat(max), PATH)).toBe(character.normalize('NFC').repeat(max));
      expect(refusalOf(rule, character.repeat(max + 1))).toMatchObject({
        message: `The ${noun} must have 1 to ${max} characters.`,
        params: { rule: 'LENGTH', min: 1, max },
      });
    }
    expect(refusalOf(rule, '').params).toMatchObject({ rule: 'LENGTH' });
  });

  it.each(rules)('of the kind %s are refused with white space around them', (_noun, rule) => {
    for (const text of [' x', 'x ', '\tx', 'x\n', '\u00a0x', 'x\u3000', ' ', '\ufeffx']) {
      expect(refusalOf(rule, text).params).toMatchObject({ rule: 'OUTER_WHITE_SPACE' });
    }
    expect(rule('a b', PATH)).toBe('a b');
  });

  it.each(rules)('of the kind %s are refused with what shows nothing or turns the text around', (_noun, rule) => {
    const refused = {
      'U+0000': 'a\u0000b',
      'U+0007': 'a\u0007b',
      'U+000A': 'a\nb',
      'U+0085': 'a\u0085b',
      'U+00AD': 'soft\u00adhyphen',
      'U+034F': 'a\u034fb',
      'U+115F': 'a\u115fb',
      'U+200B': 'a\u200bb',
      'U+200D': 'a\u200db',
      'U+202E': 'a\u202eb',
      'U+2028': 'a\u2028b',
      'U+2066': 'a\u2066b',
      'U+2800': 'a\u2800b',
      'U+3164': 'a\u3164b',
      'U+D800': 'a\ud800b',
      'U+E000': 'a\ue000b',
      'U+FE0F': 'a\ufe0fb',
      'U+0378': 'a\u0378b',
      'U+FFFF': 'a\uffffb',
      'U+E0041': 'a\u{e0041}b',
    };
    for (const [character, text] of Object.entries(refused)) {
      expect(refusalOf(rule, text).params).toEqual({ rule: 'CHARACTER', character });
    }
  });

  it('may have emoji, also those that are held together by joiners', () => {
    for (const name of ['🎮 Games', '❤️', '👨‍👩‍👧 family', '🏳️‍🌈', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '1️⃣ first', '👍🏽']) {
      expect(toChannelName(name, PATH)).toBe(name);
    }
  });

  it('may be of any script', () => {
    for (const name of ['Zoë', 'Иван', '小明', 'محمد', 'नमस्ते', 'Ἀχιλλεύς']) {
      expect(toUsername(name, PATH)).toBe(name.normalize('NFC'));
    }
  });

  it('of users have no character that separates names elsewhere', () => {
    for (const character of ['@', '/', ':', '#']) {
      expect(refusalOf(toUsername, `a${character}b`).message).toBe(`The username must not contain "${character}".`);
    }
  });

  it('of channels have no slash, and may have the others', () => {
    expect(refusalOf(toChannelName, 'Games/Squad').message).toBe('The channel name must not contain "/".');
    expect(toChannelName('#1: you @ home', PATH)).toBe('#1: you @ home');
  });
});

describe('the tag of an organization', () => {
  it('is stored as given', () => {
    for (const tag of ['ab', 'DEMO', '4x4', 'a-b_c', 'x'.repeat(16)]) expect(toOrganizationTag(tag, PATH)).toBe(tag);
  });

  it('is short, of ASCII, and begins with a letter or digit', () => {
    for (const tag of ['', 'a', 'x'.repeat(17)]) {
      expect(refusalOf(toOrganizationTag, tag).params).toEqual({ rule: 'LENGTH', min: 2, max: 16 });
    }
    for (const tag of ['-ab', '_ab', 'a b', ' ab', 'ab\n', 'é1', 'a.b']) {
      expect(refusalOf(toOrganizationTag, tag).params).toEqual({ rule: 'FORMAT' });
    }
  });
});

describe('a description', () => {
  it('has any number of lines and any white space', () => {
    for (const text of ['', '\n a\r\n\tb \n', 'x'.repeat(4000), 'می\u200cخواهم'])
      expect(toDescription(text, PATH)).toBe(text);
  });

  it('is refused when it is long, and with what breaks the text around it', () => {
    expect(refusalOf(toDescription, 'x'.repeat(4001)).message).toBe(
      'The description must have at most 4000 characters.',
    );
    for (const text of ['\u0000', '\u001b[31m', '\u202e', '\u2066', '\udc00']) {
      expect(refusalOf(toDescription, text).params).toMatchObject({ rule: 'CHARACTER' });
    }
  });
});

describe('a text', () => {
  it('has any number of lines, and says something', () => {
    for (const text of ['x', ' indented\n\tas code ', '🤫'.repeat(1000), 'e\u0301'.repeat(1000)]) {
      expect(toMessageText(text, PATH)).toBe(text.normalize('NFC'));
    }
    for (const text of ['', ' \n\t ', '\u3000', 'x'.repeat(1001)]) {
      expect(refusalOf(toMessageText, text).message).toBe('The text must have 1 to 1000 characters.');
    }
    for (const text of ['a\u0007', '\u001b[2J', 'a\u202eb', 'a\udc00b']) {
      expect(refusalOf(toMessageText, text).params).toMatchObject({ rule: 'CHARACTER' });
    }
  });
});

describe('a reason', () => {
  it('is one line that says something', () => {
    expect(toReason('He shouted: "no!"', PATH)).toBe('He shouted: "no!"');
    expect(refusalOf(toReason, '').params).toMatchObject({ rule: 'LENGTH' });
    expect(refusalOf(toReason, 'x'.repeat(513)).params).toMatchObject({ rule: 'LENGTH' });
    expect(refusalOf(toReason, '   ').params).toMatchObject({ rule: 'OUTER_WHITE_SPACE' });
    for (const text of ['a\nb', 'a\rb', 'a\u2028b', 'a\tb', 'a\u202eb']) {
      expect(refusalOf(toReason, text).params).toMatchObject({ rule: 'CHARACTER' });
    }
  });
});

describe('an email address', () => {
  it('is taken as it is when it could be one', () => {
    const possible = [
      'a@b',
      'Ann.Lee+parley@Example.org',
      'root@localhost',
      "o'neil@sub.example.co.uk",
      'jürgen@bücher.de',
    ];
    for (const email of possible) expect(toEmail(email, PATH)).toBe(email);
  });

  it('is refused when it cannot be one', () => {
    for (const email of ['abc', '@b.c', 'ab@', 'a@b@c', 'a b@c.d', 'a@b..c', 'a@.b', 'a@b.', '<a@b.c>', 'a,b@c.d']) {
      expect(refusalOf(toEmail, email).params).toEqual({ rule: 'FORMAT' });
    }
    expect(refusalOf(toEmail, `${'x'.repeat(65)}@b.c`).params).toEqual({ rule: 'FORMAT' });
    expect(refusalOf(toEmail, `a@${'b.'.repeat(127)}c`).params).toMatchObject({ rule: 'LENGTH' });
  });
});

describe('passwords', () => {
  it('have any characters, white space around them too', () => {
    for (const password of ['        ', ' secret word ', 'pässwörter', '🔑'.repeat(8), 'x'.repeat(256)]) {
      expect(toPassword(password, PATH)).toBe(password);
    }
    expect(toChannelPassword('1', PATH)).toBe('1');
  });

  it('are refused when they are short or long', () => {
    for (const password of ['', '1234567', '🔑'.repeat(7), 'x'.repeat(257)]) {
      expect(refusalOf(toPassword, password).params).toEqual({ rule: 'LENGTH', min: 8, max: 256 });
    }
    for (const password of ['', 'x'.repeat(257)]) {
      expect(refusalOf(toChannelPassword, password).params).toEqual({ rule: 'LENGTH', min: 1, max: 256 });
    }
  });

  it('are refused with control characters, and nothing tells what was in them', () => {
    const { message, params } = refusalOf(toPassword, 'secret\nsecret');
    expect(message).toBe('The password must not contain control characters.');
    expect(params).toEqual({ rule: 'CHARACTER' });
  });
});

describe('the name of a client', () => {
  it('has at most 64 bytes and may be empty', () => {
    for (const name of ['', 'parley 0.1.0', 'x'.repeat(64), 'é'.repeat(32)])
      expect(toClientName(name, PATH)).toBe(name);
    expect(refusalOf(toClientName, 'x'.repeat(65)).params).toMatchObject({ rule: 'LENGTH' });
    expect(refusalOf(toClientName, 'é'.repeat(33)).params).toEqual({ rule: 'LENGTH', maxBytes: 64 });
    expect(refusalOf(toClientName, 'a\u001b[0m').params).toMatchObject({ rule: 'CHARACTER' });
  });
});

describe('a refusal', () => {
  it('is INVALID_INPUT at the place that it was told', () => {
    expect(refusalOf(toUsername, '')).toMatchObject({ code: 'INVALID_INPUT', path: PATH });
  });

  it('of a giant text costs nothing', () => {
    expect(refusalOf(toUsername, 'e\u0301'.repeat(10_000_000)).params).toMatchObject({ rule: 'LENGTH' });
  });
});

describe('the comparison key', () => {
  it.each([
    ['case', 'ALICE', 'alice'],
    ['sharp s', 'Straße', 'STRASSE'],
    ['final sigma', 'ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
    ['dotless i', 'alıce', 'alice'],
    ['full-width letters', 'Ａｌｉｃｅ', 'alice'],
    ['circled letters', 'Ⓐⓛⓘⓒⓔ', 'alice'],
    ['mathematical letters', '𝐚𝐥𝐢𝐜𝐞', 'alice'],
    ['ligatures', 'ﬁre', 'fire'],
    ['composition', 'Zoe\u0308', 'zoë'],
    ['runs of white space', 'a \u00a0\u2003 b', 'a b'],
    ['invisible characters', 'al\u200bi\u00adce\ufe0f', 'alice'],
    ['how emoji are shown', '❤️', '❤'],
  ])('takes no notice of %s', (_what, left, right) => {
    expect(comparisonKey(left)).toBe(comparisonKey(right));
  });

  it.each([
    ['scripts', 'аlice', 'alice'],
    ['look-alikes of one script', 'a1ice', 'alice'],
    ['accents', 'zoe', 'zoë'],
    ['a space', 'a b', 'ab'],
    ['punctuation', 'a_b', 'a-b'],
  ])('tells apart %s', (_what, left, right) => {
    expect(comparisonKey(left)).not.toBe(comparisonKey(right));
  });
});

function refusalOf(rule: Rule, text: string): AppError {
  try {
    rule(text, PATH);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`was accepted: ${JSON.stringify(text)}`);
}
