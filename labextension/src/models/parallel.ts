// Axes of parallel coordinates, and which runs pass through all brushes.
import { IScale, scaleOf } from '../charts/scale';
import { Column } from './runs';

export interface IAxis {
  column: Column;
  scale: IScale;
}

/** Part of an axis that is kept, as places from 0 to 1, by the axis' column. */
export type Brushes = ReadonlyMap<string, [number, number]>;

export function axesOf(columns: Column[], rows: number[], logs: ReadonlySet<string>): IAxis[] {
  return columns.map(column => ({ column, scale: scaleOf(column, rows, logs.has(column.id)) }));
}

/** Rows inside every brush; what has no value on a brushed axis is outside. */
export function kept(rows: number[], axes: IAxis[], brushes: Brushes): number[] {
  const active = axes.flatMap(({ column, scale }) => {
    const brush = brushes.get(column.id);
    return brush ? [{ scale, brush }] : [];
  });
  return rows.filter(row =>
    active.every(({ scale, brush }) => {
      const at = scale.at(row);
      return at >= brush[0] - 1e-9 && at <= brush[1] + 1e-9;
    })
  );
}

/** The same columns with one moved by some places. */
export function moved(order: string[], id: string, by: number): string[] {
  const from = order.indexOf(id);
  const to = Math.max(0, Math.min(order.length - 1, from + by));
  const rest = order.filter(other => other !== id);
  return [...rest.slice(0, to), id, ...rest.slice(to)];
}
