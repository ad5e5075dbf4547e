import { describe, expect, it } from '@jest/globals';
import { sessionId } from '../ids.js';
import { SessionIds } from './session-ids.js';

const nobody = () => false;

describe('session ids', () => {
  it('count up from where they start, and around the end without the 0', () => {
    const ids = new SessionIds(2 ** 32 - 2);
    expect([ids.next(nobody), ids.next(nobody), ids.next(nobody)]).toEqual([2 ** 32 - 2, 2 ** 32 - 1, 1]);
  });

  it('leave out those in use', () => {
    const used = new Set([7, 8, 10].map(sessionId));
    const ids = new SessionIds(7);
    expect([ids.next((id) => used.has(id)), ids.next((id) => used.has(id))]).toEqual([9, 11]);
  });

  it.each([0, -1, 2 ** 32, 1.5])('do not start at %p', (start) => {
    expect(() => new SessionIds(start)).toThrow(RangeError);
  });
});
