// From columns and choices to the rows and columns of a table.
import { Column, Runs } from './runs';
import { Better, Part } from './shapes';

export interface ISort {
  column: string;
  descending: boolean;
}

/** Rows in the order of a column. What is missing or NaN comes last either way; equals keep their order. */
export function sorted(rows: number[], column: Column, descending: boolean): number[] {
  const values = column.isNumeric ? column.numbers : column.ranks;
  const sign = descending ? -1 : 1;
  const [there, missing] = [[] as number[], [] as number[]];
  for (const row of rows) {
    (Number.isNaN(values[row]) ? missing : there).push(row);
  }
  // Infinity minus Infinity is NaN, so compared and not subtracted
  there.sort((a, b) => {
    const [left, right] = [values[a] as number, values[b] as number];
    return left < right ? -sign : left > right ? sign : a - b;
  });
  return there.concat(missing);
}

/** Whether a column tells these rows apart. */
export function differs(column: Column, rows: number[]): boolean {
  const first = column.text(rows[0] ?? 0);
  return rows.some(row => column.text(row) !== first);
}

/** Rows that have the same values in some columns. */
export interface IRowGroup {
  key: string;
  values: string[];
  rows: number[];
}

/** Groups in the order of their first rows. */
export function grouped(rows: number[], columns: Column[]): IRowGroup[] {
  const groups = new Map<string, IRowGroup>();
  for (const row of rows) {
    const values = columns.map(column => column.text(row));
    const key = JSON.stringify(values);
    const group = groups.get(key);
    if (group) {
      group.rows.push(row);
    } else {
      groups.set(key, { key, values, rows: [row] });
    }
  }
  return [...groups.values()];
}

/** Mean, sample standard deviation (NaN below two values) and number of what is there. */
export function summary(column: Column, rows: number[]): { mean: number; std: number; n: number } {
  const values = rows.map(row => column.numbers[row] as number).filter(value => Number.isFinite(value));
  const n = values.length;
  const mean = n ? values.reduce((sum, value) => sum + value, 0) / n : NaN;
  const std = n > 1 ? Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1)) : NaN;
  return { mean, std, n };
}

export type Verdict = 'better' | 'worse' | 'same' | '';

/** Whether a difference is for the better. */
export function verdict(delta: number, better: Better): Verdict {
  if (!better || Number.isNaN(delta)) {
    return '';
  }
  return delta === 0 ? 'same' : delta > 0 === (better === 'higher') ? 'better' : 'worse';
}

/** Columns a table has room for before anybody chose: id-like ones, and params and tags beyond the first that differ, are left to the menu. */
const SHOWN_AT_FIRST = ['info/name', 'info/state', 'info/started', 'info/duration', 'info/stamp'];
const PARAMS_AT_FIRST = 16;

/** All columns that can be shown. Parts of a metric stand behind it. */
export function available(runs: Runs): Column[] {
  const infos = runs.all('info').filter(column => column.name !== 'id' && column.name !== 'source');
  const metrics = runs
    .all('metric')
    .flatMap(column => ['', ':best', ':lowest', ':highest', ':step', ':count'].flatMap(part => runs.column(`${column.source.key}${part}`) ?? []));
  return [...infos, ...metrics, ...runs.all('param'), ...runs.all('tag')];
}

/** Columns before anybody chose. */
export function first(runs: Runs): Set<string> {
  const rows = Array.from({ length: runs.count }, (_, row) => row);
  const params = runs.all('param');
  const many = params.length > PARAMS_AT_FIRST;
  const chosen = (many ? params.filter(column => differs(column, rows)) : params).slice(0, PARAMS_AT_FIRST);
  const metrics = runs.all('metric').slice(0, PARAMS_AT_FIRST);
  return new Set([...SHOWN_AT_FIRST, ...metrics.map(it => it.id), ...chosen.map(it => it.id), ...runs.all('tag').slice(0, 4).map(it => it.id)]);
}

export function partName(part: Part | ''): string {
  return part === '' || part === 'last' ? '' : part;
}
