import { expect, test } from 'vitest';

import { apart, scaleOf } from '../src/charts/scale';
import { lines } from '../src/models/curves';
import { Column } from '../src/models/runs';
import { IRuns } from '../src/models/shapes';
import { PageHost } from '../src/widgets/page';

const entry = { key: 'a', name: 'fit', ink: 0, runs: ['a'] };
const series = [{ run: 'a', metric: 'loss', count: 3, is_thinned: false, x: [0, 1, 2], y: [4, 2, 0] }];

test('a smoothed curve has the raw one behind it', () => {
  const [plain] = lines(series, 'loss', [entry], 'none', 0);
  const [smoothed] = lines(series, 'loss', [entry], 'none', 0.9);
  expect([plain?.y, plain?.raw]).toEqual([[4, 2, 0], undefined]);
  expect([smoothed?.raw, Number(smoothed?.y[2]) > 1]).toEqual([[4, 2, 0], true]);
});

test('a band is of the runs of its group', () => {
  const two = [...series, { ...series[0]!, run: 'b', y: [2, 0, -2] }];
  const [band] = lines(two, 'loss', [{ ...entry, runs: ['a', 'b'] }], 'range', 0);
  expect([[...band!.band!.low], [...band!.band!.high], [...(band!.y as Float64Array)]]).toEqual([[2, 0, -2], [4, 2, 0], [3, 1, -1]]);
});

test.each([
  [[0, 1], [0, 0.5, 1]],
  [[1e16, 1e16 + 2], [1e16]],
  [[1.79e18, 1.79e18 + 256], [1.79e18]],
  [[-1e308, 1e308], []]
])('the ticks of %j are few, whatever the numbers', (values, ticks) => {
  const column = new Column({ key: 'metric/a', kind: 'metric', name: 'a', type: 'number', better: '', last: values }, 'last');
  const scale = scaleOf(column, [0, 1]);
  expect(scale.ticks.length).toBeLessThanOrEqual(6);
  expect(scale.ticks.map(tick => Number(tick.text.replace('−', '-')))).toEqual(expect.arrayContaining(ticks.map(tick => Number(tick.toPrecision(4)))));
});

test('ends of an axis are apart by more than their last digit', () => {
  const [low, high] = apart([1e16, 1e16 + 2]);
  expect([high - low > 1000, apart([1, 2])]).toEqual([true, [1, 2]]);
});

test('a page answers a filtered question with what it keeps of all runs, and says so', async () => {
  const runs = { version: 1, as_of_ms: 0, stale: '', names: {}, baseline: null, metric: 'acc', group: null, columns: [] } as IRuns;
  const kept = { answer: { params: [], method: '', warning: '', says: 'lr matters most.' } };
  const host = new PageHost({ runs, answers: [{ ask: { ask: 'importance', metric: 'acc' }, ...kept }] as never });
  expect((await host.ask('importance', { metric: 'acc' })).says).toBe('lr matters most.');
  expect((await host.ask('importance', { metric: 'acc', runs: ['a'] })).says).toBe('lr matters most. Kept for all runs; the filter changes nothing here.');
});
