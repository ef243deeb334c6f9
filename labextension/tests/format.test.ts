import { describe, expect, test } from 'vitest';

import { formatDelta, formatDuration, formatNumber, toNumber } from '../src/models/format';

describe('numbers', () => {
  test.each([
    [0, '0'],
    [0.97777777, '0.97778'],
    [0.1 + 0.2, '0.3'],
    [-1.5, '−1.5'],
    [123456789, '123456789'],
    [1.5e12, '1.5e12'],
    [0.00001, '1e−5'],
    [NaN, 'NaN'],
    [-Infinity, '−∞']
  ])('%d is written %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test('what JSON cannot hold arrives as a word', () => {
    expect([toNumber('NaN'), toNumber('-Infinity'), toNumber(null), toNumber(2)]).toEqual([NaN, -Infinity, NaN, 2]);
  });

  test('a difference always has a sign', () => {
    expect([formatDelta(0.01234), formatDelta(-2), formatDelta(0)]).toEqual(['+0.0123', '−2', '±0']);
  });
});

test.each([
  [0.314, '0.31 s'],
  [42, '42 s'],
  [200, '3 min 20 s'],
  [7500, '2 h 5 min'],
  [86400, '1 d']
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
