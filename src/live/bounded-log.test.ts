import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BoundedLog } from './bounded-log.js';

describe('a bounded log', () => {
  it('keeps the last entries under the numbers that they were given, and no others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 60 }), (capacity, count) => {
        const log = new BoundedLog<number>(capacity);
        for (let entry = 1; entry <= count; entry += 1) log.append(entry);
        expect(log.last).toBe(count);
        expect(log.horizon).toBe(Math.max(0, count - capacity));
        for (let number = -1; number <= count + 1; number += 1) {
          expect(log.at(number)).toBe(number > log.horizon && number <= count ? number : undefined);
        }
      }),
    );
  });
});
