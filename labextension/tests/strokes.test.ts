import { describe, expect, test } from 'vitest';

import { extent, paint, within } from '../src/charts/strokes';

/** Says which path was drawn. */
function drawn(y: number[], isLog = false): string {
  let told = '';
  const tell =
    (sign: string) =>
    (...at: number[]): void => {
      told += `${sign}${at.slice(0, 2).join(',')} `;
    };
  const context = { moveTo: tell('M'), lineTo: tell('L'), arc: tell('O'), beginPath: () => undefined, stroke: () => undefined, setLineDash: () => undefined };
  const x = y.map((_, index) => index);
  const stroke = { x, y, colour: '#000', width: 1, dash: [] };
  paint(
    context as unknown as CanvasRenderingContext2D,
    [],
    [stroke],
    { isLog: false, ends: [0, x.length - 1], pixels: [0, 10 * (x.length - 1)] },
    { isLog, ends: isLog ? [1, 100] : [0, 10], pixels: [100, 0] },
    1
  );
  return told.trim();
}

describe('a line', () => {
  test('is broken where a value is no number', () => {
    expect(drawn([0, 10, NaN, 5, 5])).toBe('M0,100 L10,0 M30,50 L40,50');
  });

  test('of one point is a dot', () => {
    expect(drawn([NaN, 5, Infinity])).toContain('O10,50');
  });

  test('has no place for zero and below on a logarithmic axis', () => {
    expect(drawn([1, 0, 100, 10], true)).toMatch(/^M[\d.]+,100 O0,100 M20,0 L30,50$/);
  });
});

test('the values over a part of x include what crosses its edges', () => {
  const line = { x: [0, 10, 20], y: [0, 100, NaN] };
  expect(extent([line], [4, 6], false)).toEqual([40, 60]);
  expect(extent([line], [0, 20], false)).toEqual([0, 100]);
  expect(extent([line], [0, 20], true)).toEqual([100, 100]);
  expect(extent([{ x: [], y: [] }], [0, 1], false)).toBeNull();
});

test('points inside and their neighbours are drawn', () => {
  expect(within([0, 1, 2, 3, 4], [1.5, 2.5])).toEqual([1, 4]);
  expect(within([0, 1], [5, 6])).toEqual([1, 2]);
  expect(within([], [0, 1])).toEqual([0, 0]);
});
