// Names of a cell's last run, and how `%track exclude` is told to leave one out of later runs.
import { Runs } from './runs';

/** Metrics, then params, of the last run of a cell. Runs are numbered newest first. */
export function recorded(runs: Runs, cell: string): string[] {
  const cells = runs.column('info/cell');
  const row = runs.ids.findIndex((_, at) => cells?.text(at) === cell);
  return row < 0 ? [] : [...runs.all('metric'), ...runs.all('param')].filter(column => column.has(row)).map(column => column.name);
}

/** The line that leaves names out for good. What a line could take for something else becomes the sign for any one letter. */
export function exclusion(names: string[]): string {
  return `%track exclude ${names.map(name => name.replace(/[^\p{L}\p{N}_.:/@%+-]/gu, '?')).join(' ')}`;
}
