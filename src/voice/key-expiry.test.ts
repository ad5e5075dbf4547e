import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { type SessionId, sessionId } from '../ids.js';
import { KeyExpiry } from './key-expiry.js';

const DAY_MS = 86_400_000;
const over: SessionId[] = [];
let expiry: KeyExpiry;
beforeEach(() => {
  jest.useFakeTimers();
  over.length = 0;
  expiry = new KeyExpiry((id) => over.push(id));
});
afterEach(() => {
  expiry.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

it('tells once, after the key is over and within a second', () => {
  expiry.watch(sessionId(1), 5000);
  jest.advanceTimersByTime(5000);
  expect(over).toEqual([]);
  jest.advanceTimersByTime(1000);
  expect(over).toEqual([1]);
  jest.advanceTimersByTime(DAY_MS);
  expect(over).toEqual([1]);
});

it('tells of a key that is over already, and of one that lasts longer than a timer can', () => {
  expiry.watch(sessionId(1), -5);
  expiry.watch(sessionId(2), 60 * DAY_MS);
  jest.advanceTimersByTime(60 * DAY_MS - 1000);
  expect(over).toEqual([1]);
  jest.advanceTimersByTime(2000);
  expect(over).toEqual([1, 2]);
});

it('tells nothing of a session that has ended', () => {
  expiry.watch(sessionId(1), 1000);
  expiry.forget(sessionId(1));
  expiry.forget(sessionId(2));
  jest.advanceTimersByTime(DAY_MS);
  expect(over).toEqual([]);
});
