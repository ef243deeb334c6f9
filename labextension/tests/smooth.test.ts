import { describe, expect, test } from 'vitest';

import { at, band, smooth } from '../src/models/smooth';

describe('smoothing', () => {
  test('begins at the first value and keeps gaps', () => {
    expect([...smooth([1, 1, NaN, 1], 0.9)].map(value => Math.round(value * 1e9) / 1e9)).toEqual([1, 1, NaN, 1]);
  });

  test('by nothing changes nothing', () => {
    expect([...smooth([3, -1, 2], 0)]).toEqual([3, -1, 2]);
  });

  test('stays between lowest and highest', () => {
    const values = Array.from({ length: 200 }, (_, n) => Math.sin(n));
    expect(Math.max(...smooth(values, 0.97))).toBeLessThanOrEqual(1);
  });
});

test('between its points a curve is a line, outside and at a gap nothing', () => {
  const curve = { x: [0, 2, 4], y: [0, 4, NaN] };
  expect([at(curve, 1), at(curve, 2), at(curve, 3), at(curve, 5)]).toEqual([2, 4, NaN, NaN]);
});

test('a band holds the curves that have a value there', () => {
  const found = band(
    [
      { x: [0, 1, 2], y: [0, 1, 2] },
      { x: [0, 1], y: [2, 3] }
    ],
    'range'
  );
  expect([...found.mid]).toEqual([1, 2, 2]);
  expect([...found.low]).toEqual([0, 1, 2]);
  expect([...found.high]).toEqual([2, 3, 2]);
});
