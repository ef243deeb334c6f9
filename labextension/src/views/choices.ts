// Columns that a chart can be asked to draw.
import { Column, Runs } from '../models/runs';
import { differs } from '../models/table';
import { headOf } from './cell';

/** Metrics, params that differ, and what a run measures of itself: everything with a place on an axis. */
export function drawable(runs: Runs, rows: number[]): Column[] {
  const infos = ['duration', 'started'].flatMap(name => runs.column(`info/${name}`) ?? []);
  const params = runs.all('param').filter(column => differs(column, rows));
  return [...runs.all('metric'), ...params, ...infos];
}

export function options(columns: Column[]): [string, string][] {
  return columns.map(column => [column.id, headOf(column)]);
}
