import { describe, expect, it } from '@jest/globals';
import { parseFingerprint } from './certificate.js';

const digits = 'AB'.repeat(32);

describe('a fingerprint', () => {
  it.each([
    ['with colons', Array(32).fill('AB').join(':')],
    ['bare', digits],
    ['in lower case', digits.toLowerCase()],
  ])('is read %s', (_, text) => {
    expect(parseFingerprint(text)).toBe(digits);
  });

  it.each(['', 'AB', `${digits}AB`, digits.replace('A', 'G')])('is refused as "%s"', (text) => {
    expect(parseFingerprint(text)).toBeUndefined();
  });
});
