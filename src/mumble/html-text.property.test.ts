import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { htmlText, plainText } from './html-text.js';

describe('texts of Mumble clients', () => {
  it('come back as they were, when they are plain', () => {
    const plain = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/\r\n?/g, '\n').trim());
    fc.assert(fc.property(plain, (text) => expect(plainText(htmlText(text))).toBe(text)));
  });

  it('are shown with no tag that somebody has written', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(htmlText(text).replaceAll('<br/>', '')).not.toMatch(/[<>"]/)));
  });

  it.each([
    ['<p>one</p><p>two</p>', 'one\ntwo'],
    ['a &amp;&lt;&#65;&#x42; &unknown; &#0; &#xd800;', 'a &<AB &unknown; &#0; &#xd800;'],
    ['<a href="http://x">here</a>', 'here'],
    ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
    ['<style>p { }</style>text', 'text'],
  ])('of %j are the words %j', (html, words) => {
    expect(plainText(html)).toBe(words);
  });
});
