import fc from 'fast-check';
import { percentile, slopeOf } from './statistics.js';

const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 50 });

test('the slope of points on a line is that of the line', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -50, max: 50 }),
      fc.integer(),
      fc.integer({ min: 2, max: 40 }),
      (rise, start, count) => {
        const points = Array.from({ length: count }, (_, x) => ({ x, y: start + rise * x }));
        expect(slopeOf(points)).toBeCloseTo(rise, 3);
      },
    ),
  );
});

test('what goes up and down around the same value has no slope', () => {
  expect(slopeOf([-1, 1, 1, -1].map((y, x) => ({ x, y })))).toBe(0);
});

test('points of one moment have no slope that could be told', () => {
  expect(slopeOf([1, 2].map((y) => ({ x: 3, y })))).toBeNaN();
});

test('a percentile is one of the values, and so many are not above it', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 100 }), (values, percent) => {
      const value = percentile(values, percent);
      expect(values).toContain(value);
      expect(values.filter((each) => each <= value).length).toBeGreaterThanOrEqual((percent / 100) * values.length);
      expect(values.filter((each) => each < value).length).toBeLessThan((percent / 100) * values.length);
    }),
  );
});

test('nothing has no percentile', () => {
  expect(percentile([], 50)).toBeNaN();
});
