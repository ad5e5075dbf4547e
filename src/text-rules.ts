/**
 * What names and texts may be. Each rule takes the text as it came and `path`, its place in the input, and returns the
 * text to be stored: as given, in Unicode's composed form (NFC). Otherwise it throws INVALID_INPUT. `params.rule` says
 * which rule was broken: LENGTH, OUTER_WHITE_SPACE, CHARACTER or FORMAT.
 *
 * Lengths count characters (code points) after composition, as PostgreSQL does, unless they say otherwise.
 */
import { type AppError, type ErrorParams, invalidInput } from './errors.js';

/** Where the text is in the input, outermost first. */
type Path = readonly string[];

/** The name of an organization: 1 to 255 characters. */
export function toOrganizationName(text: string, path: Path): string {
  return toName(text, { noun: 'organization name', min: 1, max: 255, path });
}

/** The tag of an organization: 2 to 16 ASCII letters, digits, `_` and `-`, the first one a letter or digit. Tags are compared without regard to case. */
export function toOrganizationTag(text: string, path: Path): string {
  const subject = { noun: 'organization tag', min: 2, max: 16, path };
  const tag = toComposed(text, subject);
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(tag)) {
    throw refusal(
      subject,
      'FORMAT',
      'must have only letters a to z, digits, "-" and "_", and begin with a letter or digit',
    );
  }
  return tag;
}

/** The name by which a user logs in: 1 to 64 characters, none of them `@`, `/`, `:` or `#`. */
export function toUsername(text: string, path: Path): string {
  return toName(text, { noun: 'username', min: 1, max: 64, path }, /[@/:#]/u);
}

/** The name of a channel: 1 to 255 characters, none of them `/`, which separates names in paths. */
export function toChannelName(text: string, path: Path): string {
  return toName(text, { noun: 'channel name', min: 1, max: 255, path }, /\//u);
}

/** The name of a role: 1 to 64 characters. */
export function toRoleName(text: string, path: Path): string {
  return toName(text, { noun: 'role name', min: 1, max: 64, path });
}

/** What an API key is for: 1 to 64 characters. */
export function toApiKeyName(text: string, path: Path): string {
  return toName(text, { noun: 'API key name', min: 1, max: 64, path });
}

/** Name and version of a client program, as the voice protocol carries it: at most 64 bytes of UTF-8, may be empty. */
export function toClientName(text: string, path: Path): string {
  const subject = { noun: 'client name', min: 0, max: 64, path };
  const name = toName(text, subject);
  if (Buffer.byteLength(name) <= subject.max) return name;
  throw refusal(subject, 'LENGTH', `must have at most ${subject.max} bytes`, { maxBytes: subject.max });
}

/** What is told about a channel: 0 to 4000 characters in any number of lines, white space anywhere. */
export function toDescription(text: string, path: Path): string {
  const subject = { noun: 'description', min: 0, max: 4000, path };
  return requireCharacters(toComposed(text, subject), subject, REFUSED_IN_TEXTS);
}

/** What somebody writes to others: 1 to 1000 characters in any number of lines, not only white space. */
export function toMessageText(text: string, path: Path): string {
  const subject = { noun: 'text', min: 1, max: 1000, path };
  const composed = toComposed(text, subject);
  if (composed.trim() === '') throw tooLongOrShort(subject);
  return requireCharacters(composed, subject, REFUSED_IN_TEXTS);
}

/** Why somebody did something, for the audit log: one line of 1 to 512 characters. */
export function toReason(text: string, path: Path): string {
  const subject = { noun: 'reason', min: 1, max: 512, path };
  const composed = requireNoOuterSpace(toComposed(text, subject), subject);
  return requireCharacters(composed, subject, REFUSED_IN_LINES);
}

/** An email address of at most 255 characters, looked at only for plain mistakes: what is right is known when a mail arrives. */
export function toEmail(text: string, path: Path): string {
  const subject = { noun: 'email address', min: 3, max: 255, path };
  const email = toName(text, subject);
  const [local = '', domain = '', ...more] = email.split('@');
  const isPlausible =
    more.length === 0 &&
    /^[^\s"(),:;<>[\\\]]{1,64}$/u.test(local) &&
    domain.split('.').every((label) => /^[\p{L}\p{M}\p{N}-]{1,63}$/u.test(label));
  if (!isPlausible) throw refusal(subject, 'FORMAT', 'must look like name@example.org');
  return email;
}

/** The password of a user: 8 to 256 characters of any kind but control characters. Compare with {@link composedPassword}. */
export function toPassword(text: string, path: Path): string {
  return toSecret(text, { noun: 'password', min: 8, max: 256, path });
}

/** The password of a channel: 1 to 256 characters of any kind but control characters. Compare with {@link composedPassword}. */
export function toChannelPassword(text: string, path: Path): string {
  return toSecret(text, { noun: 'channel password', min: 1, max: 256, path });
}

/** A password that somebody typed, in the form in which {@link toPassword} would have stored it: keyboards differ in how they compose `é`. Refuses nothing, so that a wrong password is always just wrong. */
export function composedPassword(text: string): string {
  return text.normalize('NFC');
}

/**
 * Equal for names that look or sound like the same word to a person: for usernames of an organization, and names of
 * sibling channels, where one must not pass for another. Not for display or storage in place of the name.
 *
 * It takes for equal: upper and lower case (also `ß` and `ss`, `ı` and `i`), full-width, circled and other
 * compatibility forms (NFKC), composed and decomposed accents, any runs of any white space, and names that differ only
 * in invisible characters.
 *
 * It does not take for equal: letters of different scripts that look alike (Latin `a`, Cyrillic `а`), look-alikes
 * within a script (`l`, `1` and `I`; `rn` and `m`), letters with and without an accent.
 */
export function comparisonKey(name: string): string {
  return folded(folded(name.replace(INVISIBLE, '')))
    .replace(/\s+/gu, ' ')
    .trim();
}

/** No character has more UTF-16 units than this before it is composed. */
const MAX_UNITS_PER_CHARACTER = 6;

/** Control, format (direction, zero width), surrogate, private and unassigned characters, line breaks, and what shows nothing. */
const REFUSED_IN_NAMES = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** Control characters but tab and line breaks, lone surrogates, and what turns the direction of the text after it. */
const REFUSED_IN_TEXTS = /(?![\t\n\r])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;
const REFUSED_IN_LINES = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
const REFUSED_IN_SECRETS = /[\p{Cc}\p{Cs}]/u;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** Some emoji are held together by characters that show nothing by themselves. */
const EMOJI = /\p{RGI_Emoji}/gv;

type Rule = 'LENGTH' | 'OUTER_WHITE_SPACE' | 'CHARACTER' | 'FORMAT';

/** What a text is called, how long it may be, and where it is in the input. */
interface TextSubject {
  readonly noun: string;
  readonly min: number;
  readonly max: number;
  readonly path: Path;
}

function toName(text: string, subject: TextSubject, refused?: RegExp): string {
  const name = requireNoOuterSpace(toComposed(text, subject), subject);
  requireCharacters(name.replace(EMOJI, ''), subject, REFUSED_IN_NAMES);
  if (refused !== undefined) requireCharacters(name, subject, refused);
  return name;
}

function toSecret(text: string, subject: TextSubject): string {
  const secret = toComposed(text, subject);
  // Which character it is would tell something of the secret.
  if (REFUSED_IN_SECRETS.test(secret)) throw refusal(subject, 'CHARACTER', 'must not contain control characters');
  return secret;
}

function toComposed(text: string, subject: TextSubject): string {
  // Composing costs time, so a text that is too long in any form is refused before.
  if (text.length > MAX_UNITS_PER_CHARACTER * subject.max) throw tooLongOrShort(subject);
  const composed = text.normalize('NFC');
  const { length } = Array.from(composed);
  if (length < subject.min || length > subject.max) throw tooLongOrShort(subject);
  return composed;
}

function requireNoOuterSpace(text: string, subject: TextSubject): string {
  if (text.trim() === text) return text;
  throw refusal(subject, 'OUTER_WHITE_SPACE', 'must not begin or end with white space');
}

function requireCharacters(text: string, subject: TextSubject, refused: RegExp): string {
  const [found] = refused.exec(text) ?? [];
  if (found === undefined) return text;
  const character = codePointName(found);
  const shown = /^[!-~]$/.test(found) ? `"${found}"` : `the character ${character}`;
  throw refusal(subject, 'CHARACTER', `must not contain ${shown}`, { character });
}

function tooLongOrShort(subject: TextSubject): AppError {
  const { min, max } = subject;
  return refusal(subject, 'LENGTH', `must have ${min === 0 ? 'at most' : `${min} to`} ${max} characters`, { min, max });
}

/** `must` goes on from "The username …". */
function refusal({ noun, path }: TextSubject, rule: Rule, must: string, params: ErrorParams = {}): AppError {
  return invalidInput(path, `The ${noun} ${must}.`, { rule, ...params });
}

function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Through upper case, because some letters have one upper and several lower forms: `ß` and `ss`, `ς` and `σ`. */
function folded(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase();
}
