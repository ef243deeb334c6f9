// What stands under a tracked cell: its last run, beside the one before.
import { formatDelta, formatNumber, formatDuration } from './format';
import { Runs } from './runs';
import { verdict } from './table';

export interface IBadge {
  run: string;
  title: string;
  state: string;
  stamp: string;
  duration: string;
  metric: string;
  delta: string;
  how: ReturnType<typeof verdict>;
  /** Number of runs this cell has. */
  count: number;
  /** Digest of the text that ran; empty where the run does not tell. */
  source: string;
}

const TEXTS = ['run', 'title', 'state', 'stamp', 'duration', 'metric', 'delta', 'how', 'source'] as const;

/** What a notebook keeps of a badge, in the metadata of a cell under our name; undefined where that is none: anybody may have written it. */
export function kept(metadata: unknown): IBadge | undefined {
  const found = (metadata as { badge?: Partial<IBadge> } | null | undefined)?.badge;
  const isWhole = typeof found === 'object' && found !== null && TEXTS.every(it => typeof found[it] === 'string') && Number.isInteger(found.count);
  return isWhole ? (found as IBadge) : undefined;
}

/** The last run of each cell, by the cell's id. Runs are numbered newest first. */
export function badges(runs: Runs, chosen: string | null): Map<string, IBadge> {
  const cells = runs.column('info/cell');
  const rows = new Map<string, number[]>();
  for (let row = 0; row < runs.count; row++) {
    const cell = cells?.text(row) ?? '';
    const known = rows.get(cell);
    if (known) {
      known.push(row);
    } else if (cell) {
      rows.set(cell, [row]);
    }
  }
  return new Map([...rows].map(([cell, own]) => [cell, badge(runs, own[0] as number, own[1], own.length, chosen)]));
}

function badge(runs: Runs, row: number, before: number | undefined, count: number, chosen: string | null): IBadge {
  const metrics = runs.all('metric').filter(column => column.has(row));
  const metric = metrics.find(column => column.name === chosen) ?? metrics[0];
  const value = metric ? (metric.numbers[row] ?? NaN) : NaN;
  const delta = metric && before !== undefined && metric.has(before) ? value - (metric.numbers[before] ?? NaN) : NaN;
  const isTold = metric !== undefined && Number.isFinite(delta);
  return {
    run: runs.ids[row] ?? '',
    title: runs.title(row),
    state: runs.column('info/state')?.text(row).toLowerCase() ?? '',
    stamp: runs.column('info/stamp')?.text(row) ?? '',
    duration: runs.column('info/duration')?.has(row) ? formatDuration(runs.column('info/duration')?.numbers[row] ?? NaN) : '',
    metric: metric ? `${metric.name} ${formatNumber(value)}` : '',
    delta: isTold ? formatDelta(delta) : '',
    how: isTold ? verdict(delta, metric.better) : '',
    count,
    source: runs.column('info/source')?.text(row) ?? ''
  };
}
