import { describe, expect, test } from 'vitest';

import { Compare } from '../src/models/compare';
import { IChoices, IHost } from '../src/models/host';
import { Runs, whole } from '../src/models/runs';
import { IColumn, IRuns } from '../src/models/shapes';
import { Signal } from '../src/models/signal';
import { available, differs, grouped, sorted, summary, verdict } from '../src/models/table';

const list = (kind: IColumn['kind'], name: string, type: IColumn['type'], values: IColumn['values']): IColumn => ({ key: `${kind}/${name}`, kind, name, type, better: '', values });

const SOURCE: IRuns = {
  version: 1,
  as_of_ms: 0,
  stale: '',
  names: {},
  baseline: null,
  metric: 'acc',
  group: null,
  columns: [
    list('info', 'id', 'text', ['a', 'b', 'c', 'd']),
    list('info', 'name', 'text', ['fit', 'fit', 'run10', 'run9']),
    list('param', 'lr', 'number', ['0.1', '1e-1', '10', null]),
    list('param', 'same', 'text', ['x', 'x', 'x', 'x']),
    { ...list('metric', 'acc', 'number', undefined), better: 'higher', last: [0.5, 'NaN', 'Infinity', null], best: [0.6, 0.6, 0.6, null], count: [1, 1, 1, null] }
  ]
};

/** A host without a kernel. */
class Still implements IHost {
  readonly changed = new Signal();
  readonly acts = [];
  runs = SOURCE;
  choices: IChoices = { selected: [], baseline: null, metric: null, filter: '' };

  choose(choices: Partial<IChoices>): void {
    this.choices = { ...this.choices, ...choices };
    this.changed.emit();
  }

  ask(): Promise<never> {
    return Promise.reject(new Error('nobody'));
  }
}

describe('a table', () => {
  const runs = new Runs(SOURCE);
  const column = (id: string) => runs.column(id)!;

  test('sorts numbers as numbers and what is missing last, either way', () => {
    expect(sorted([0, 1, 2, 3], column('metric/acc'), true)).toEqual([2, 0, 1, 3]);
    expect(sorted([0, 1, 2, 3], column('metric/acc'), false)).toEqual([0, 2, 1, 3]);
    expect(sorted([0, 1, 2, 3], column('param/lr'), true)).toEqual([2, 0, 1, 3]);
  });

  test('sorts texts as people do', () => {
    expect(sorted([0, 1, 2, 3], column('info/name'), false)).toEqual([0, 1, 3, 2]);
  });

  test('knows which columns tell runs apart', () => {
    expect([differs(column('param/same'), [0, 1, 2]), differs(column('param/lr'), [0, 2])]).toEqual([false, true]);
  });

  test('groups rows by values and sums them up without what is no number', () => {
    expect(grouped([0, 1, 2, 3], [column('param/same')]).map(group => group.rows)).toEqual([[0, 1, 2, 3]]);
    expect(summary(column('metric/acc:best'), [0, 1, 3])).toEqual({ mean: 0.6, std: 0, n: 2 });
    expect(summary(column('metric/acc'), [1, 2, 3]).n).toBe(0);
  });

  test('says what a difference means', () => {
    expect([verdict(1, 'higher'), verdict(1, 'lower'), verdict(0, 'lower'), verdict(NaN, 'lower'), verdict(1, '')]).toEqual(['better', 'worse', 'same', '', '']);
  });

  test('offers parts of metrics that there are', () => {
    expect(available(runs).map(it => it.id)).toContain('metric/acc:best');
  });

  test('tells runs of one name apart by their ids', () => {
    expect([runs.label(0), runs.label(2)]).toEqual(['fit (a)', 'run10']);
  });
});

describe('a comparison', () => {
  test('keeps the rows of the last filter that could be read', () => {
    const compare = new Compare(new Still());
    compare.filter = 'lr>1';
    expect(compare.rows).toEqual([2]);
    compare.filter = 'lr>';
    expect(compare.rows).toEqual([2]);
  });

  test('computes again only what follows from a change', () => {
    const compare = new Compare(new Still());
    const { rows, drawn, columns } = compare;
    compare.toggle('b');
    expect([compare.rows === rows, compare.columns === columns, compare.drawn === drawn]).toEqual([true, true, false]);
    expect(compare.drawn).toEqual([1]);
  });

  test('asks about all runs, or those that the filter leaves', () => {
    const compare = new Compare(new Still());
    expect(compare.some).toEqual({});
    compare.filter = 'lr>1';
    expect(compare.some).toEqual({ runs: ['c'] });
  });

  test('leaves out a baseline that is gone', () => {
    const compare = new Compare(new Still());
    compare.host.choose({ baseline: 'deleted' });
    expect([compare.baseline, compare.items.length]).toEqual([undefined, 4]);
  });
});

test('a part of a metric that is told by the name of another has its numbers', () => {
  const brief = { ...SOURCE, columns: [{ ...list('metric', 'acc', 'number', undefined), last: [1, 2], lowest: 'last', highest: [3, 4], best: 'highest' } as unknown as IColumn] };
  const [column] = whole(brief).columns;
  expect([column?.last, column?.lowest, column?.highest, column?.best]).toEqual([[1, 2], [1, 2], [3, 4], [3, 4]]);
});

test('a filter that found nothing says why, and no runs at all are another matter', () => {
  const why = (says: string) => new Runs({ ...SOURCE, columns: [], says }).why;
  expect(why('No run matches acx>1: no run has acx. Did you mean acc?')).toContain('Did you mean acc?');
  expect(why('No runs.')).toBe('');
});
