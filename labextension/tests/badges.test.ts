import { expect, test } from 'vitest';

import { badges, kept } from '../src/models/badges';
import { Runs } from '../src/models/runs';
import { ColumnType, IColumn, JsonNumber } from '../src/models/shapes';

const info = (name: string, values: (string | number | null)[], type: ColumnType = 'text'): IColumn => ({ key: `info/${name}`, kind: 'info', name, type, better: '', values });
const metric = (name: string, better: 'higher' | 'lower', last: JsonNumber[]): IColumn => ({ key: `metric/${name}`, kind: 'metric', name, type: 'number', better, last });
const runs = new Runs({
  version: 1, as_of_ms: 0, stale: '', names: {}, baseline: null, metric: null, group: null,
  columns: [
    info('id', ['c', 'b', 'a']),
    info('name', ['fit', 'load', 'fit']),
    info('cell', ['c1', 'c2', 'c1']),
    info('state', ['FAILED', 'FINISHED', 'FINISHED']),
    info('stamp', ['no', '', 'yes']),
    info('attempt', [2, 1, 1], 'number'),
    metric('loss', 'lower', [0.25, null, 0.5]),
    metric('acc', 'higher', [0.75, null, 0.875])
  ]
});

test('a badge tells the last run of its cell beside the one before', () => {
  const found = badges(runs, 'loss');
  expect([...found.keys()]).toEqual(['c1', 'c2']);
  expect(found.get('c1')).toMatchObject({ run: 'c', title: 'fit #2', state: 'failed', stamp: 'no', metric: 'loss 0.25', how: 'better', count: 2 });
  expect(badges(runs, 'acc').get('c1')).toMatchObject({ metric: 'acc 0.75', how: 'worse' });
  expect(found.get('c2')).toMatchObject({ metric: '', delta: '', count: 1 });
});

test('what a notebook keeps is the badge, and what somebody else wrote there is none', () => {
  const badge = badges(runs, 'loss').get('c1');
  expect(kept(JSON.parse(JSON.stringify({ number: 3, badge })))).toEqual(badge);
  for (const other of [undefined, null, 'x', {}, { badge: null }, { badge: 'x' }, { badge: { ...badge, title: 1 } }, { badge: { ...badge, count: '2' } }]) {
    expect(kept(other)).toBeUndefined();
  }
});
