import { describe, expect, it } from '@jest/globals';
import { cursorOf, MAX_PAGE_SIZE, pageOf, pageStart } from './pagination.js';

describe('a page', () => {
  it('begins after the item whose cursor is given', () => {
    expect(pageStart({ first: 10, after: cursorOf(42) })).toEqual({ afterId: 42, limit: 11 });
    expect(pageStart({ first: 10, after: null })).toEqual({ afterId: 0, limit: 11 });
  });

  it.each([0, -1, MAX_PAGE_SIZE + 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses the size %d', (first) => {
    expect(() => pageStart({ first, after: null })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });

  it.each([
    '',
    'nonsense',
    '42',
    Buffer.from('id:').toString('base64url'),
    Buffer.from('id:99999999999').toString('base64url'),
  ])('refuses the cursor %j', (after) => {
    expect(() => pageStart({ first: 10, after })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', path: ['after'] }),
    );
  });

  it('knows whether another one follows', () => {
    expect(pageOf([1, 2, 3], { first: 2, after: null })).toEqual({ items: [1, 2], hasNextPage: true });
    expect(pageOf([1, 2], { first: 2, after: null })).toEqual({ items: [1, 2], hasNextPage: false });
  });
});
