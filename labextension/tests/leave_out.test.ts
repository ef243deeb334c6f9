import { expect, test } from 'vitest';

import { exclusion, recorded } from '../src/models/leave_out';
import { Runs } from '../src/models/runs';
import { IColumn } from '../src/models/shapes';

const text = (kind: 'info' | 'param', name: string, values: (string | null)[]): IColumn => ({ key: `${kind}/${name}`, kind, name, type: 'text', better: '', values });

test('names are those of the last run of the cell', () => {
  const columns: IColumn[] = [
    text('info', 'id', ['c', 'b', 'a']),
    text('info', 'cell', ['c1', 'c2', 'c1']),
    text('param', 'lr', ['0.1', null, '0.2']),
    text('param', 'depth', [null, null, '3']),
    { key: 'metric/loss', kind: 'metric', name: 'loss', type: 'number', better: 'lower', last: [0.25, 0.5, null] }
  ];
  const runs = new Runs({ version: 1, as_of_ms: 0, stale: '', names: {}, baseline: null, metric: null, group: null, columns });
  expect(recorded(runs, 'c1')).toEqual(['loss', 'lr']);
  expect(recorded(runs, 'c2')).toEqual(['loss']);
  expect(recorded(runs, 'other')).toEqual([]);
});

test('a line takes every name', () => {
  expect(exclusion(['val_loss', 'macro avg.f1-score', "it's {x} $HOME", '精度'])).toBe('%track exclude val_loss macro?avg.f1-score it?s??x???HOME 精度');
});
