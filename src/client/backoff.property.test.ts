import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backoff } from './backoff.js';

const CLIENTS = 2000;
const WINDOW_MS = 100;
/** What `Math.random` gives: from 0 up to 1. */
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the pauses of many clients', () => {
  it('are spread evenly over a second at first, whatever chance says of each, and wider with each attempt', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), share, (failures, offset) => {
        // Each client draws another part of what may be drawn.
        const pausesMs = Array.from({ length: CLIENTS }, (_, client) => {
          const backoff = new Backoff(() => (client + offset) / CLIENTS);
          for (let failure = 0; failure < failures; failure += 1) backoff.nextPauseMs();
          return backoff.nextPauseMs();
        });
        const windowMs = WINDOW_MS * Math.min(10, 2 ** failures);
        const windows = [...Map.groupBy(pausesMs, (pauseMs) => Math.floor(pauseMs / windowMs)).values()];
        const busiest = Math.max(...windows.map(({ length }) => length));
        expect(busiest).toBeLessThanOrEqual(CLIENTS / 10 + 1);
      }),
    );
  });

  it('are a second at most at first, and ten seconds at most ever, after what the server has asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(share, fc.nat(60_000)), { minLength: 1, maxLength: 20 }), (draws) => {
        const shares = draws.map(([drawn]) => drawn);
        const backoff = new Backoff(() => shares.shift() ?? 0);
        for (const [index, [, retryAfterMs]] of draws.entries()) {
          const pauseMs = backoff.nextPauseMs(retryAfterMs);
          expect(pauseMs).toBeGreaterThanOrEqual(retryAfterMs);
          expect(pauseMs - retryAfterMs).toBeLessThanOrEqual(index === 0 ? 1000 : 10_000);
        }
      }),
    );
  });
});
