import { expect, test } from 'vitest';

import { listItems, progressOf } from '../src/models/run_groups';
import { Runs } from '../src/models/runs';
import { ColumnType, IColumn } from '../src/models/shapes';

const info = (name: string, values: (string | number | null)[], type: ColumnType = 'text'): IColumn => ({ key: `info/${name}`, kind: 'info', name, type, better: '', values });
const runsOf = (...columns: IColumn[]): Runs =>
  new Runs({ version: 1, as_of_ms: 0, stale: '', names: {}, columns, baseline: null, metric: null, group: null });
const told = (runs: Runs, grouping: 'none' | 'attempt' | 'pipeline' | 'parent', ...open: string[]): string[] =>
  listItems(runs, [...runs.ids.keys()], grouping, new Set(open)).map(it => (it.kind === 'group' ? `${it.title} (${it.rows.length})` : `${'-'.repeat(it.depth)}${runs.ids[it.row] ?? ''}`));

const runs = runsOf(
  info('id', ['e', 'd', 'c', 'b', 'a']),
  info('name', ['fit', 'train', 'prepare', 'fit', 'nightly']),
  info('cell', ['c1', '', '', 'c1', '']),
  info('parent', ['', 'a', 'a', '', '']),
  info('pipeline', ['', '', '', '', 'nightly'])
);

test('runs stand in groups, and alone where they are alone', () => {
  expect(told(runs, 'none')).toEqual(['e', 'd', 'c', 'b', 'a']);
  expect(told(runs, 'attempt')).toEqual(['fit (2)', 'd', 'c', 'a']);
  expect(told(runs, 'attempt', 'c1')).toEqual(['fit (2)', '-e', '-b', 'd', 'c', 'a']);
  expect(told(runs, 'parent')).toEqual(['e', 'nightly (3)', 'b']);
  expect(told(runs, 'pipeline', 'a')).toEqual(['e', 'nightly (3)', '-d', '-c', '-a', 'b']);
});

test('a run that is its own ancestor ends nothing', () => {
  expect(told(runsOf(info('id', ['a', 'b']), info('parent', ['b', 'a']), info('name', ['x', 'y'])), 'pipeline')).toEqual(['a', 'b']);
});

test('how far a run is goes by the last one of its cell', () => {
  const going = runsOf(
    info('id', ['c', 'b', 'a']),
    info('state', ['RUNNING', 'FAILED', 'FINISHED']),
    info('cell', ['x', 'x', 'x']),
    info('started', [1000, 0, 0], 'time'),
    info('duration', [null, 1, 10], 'duration'),
    { key: 'metric/loss', kind: 'metric', name: 'loss', type: 'number', better: 'lower', last: [1, 1, 1], count: [5, 1, 20] }
  );
  expect(progressOf(going, 0, 'loss', 0)).toBe(0.25);
  expect(progressOf(going, 0, null, 6000)).toBe(0.5);
  expect(progressOf(going, 2, 'loss', 0)).toBeUndefined();
});

test('ten thousand runs are grouped at once', () => {
  const ids = Array.from({ length: 10_000 }, (_, n) => `r${n}`);
  const many = runsOf(info('id', ids), info('cell', ids.map((_, n) => `c${n % 40}`)), info('name', ids));
  expect(listItems(many, [...ids.keys()], 'attempt', new Set(['c0']))).toHaveLength(40 + 250);
});
