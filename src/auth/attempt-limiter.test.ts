import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AttemptLimiter } from './attempt-limiter.js';

const YEAR_MS = 365 * 86_400_000;

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the limit of attempts', () => {
  it('refuses with the time to wait, until an attempt is given back', () => {
    const limiter = new AttemptLimiter('login', { attempts: 2, windowS: 300 });
    limiter.take('alice');
    limiter.take('alice');
    expect(() => limiter.take('alice')).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }));
    try {
      limiter.take('alice');
    } catch (error) {
      expect(error).toMatchObject({ message: 'Too many failed attempts at the login. Try again later.' });
      expect(error).toHaveProperty('retryAfterMs', expect.any(Number));
    }
    limiter.take('bob');
    limiter.giveBack('alice');
    limiter.take('alice');
  });

  it('does not care for the time of day, however it jumps', () => {
    const limiter = new AttemptLimiter('login', { attempts: 1, windowS: 300 });
    const clock = jest.spyOn(Date, 'now');
    limiter.take('alice');
    for (const jumpMs of [YEAR_MS, -YEAR_MS, 0]) {
      clock.mockReturnValue(1_700_000_000_000 + jumpMs);
      expect(() => limiter.take('alice')).toThrow(expect.objectContaining({ retryAfterMs: expect.any(Number) }));
      const other = `somebody at ${jumpMs}`;
      limiter.take(other);
      limiter.giveBack(other);
    }
  });
});
