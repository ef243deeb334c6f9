// One run, or one group of runs, in the list beside a notebook.
import { VNode } from 'preact';

import { Compare } from '../models/compare';
import { formatClock, formatDelta, formatDuration, formatNumber } from '../models/format';
import { progressOf } from '../models/run_groups';
import { ISeries } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { verdict } from '../models/table';
import { MARKS } from './cell';
import { Spark } from './spark';

export function RunItem({ compare, row, series }: { compare: Compare; row: number; series: ISeries | undefined }): VNode {
  const { runs, baseline } = compare;
  const state = runs.column('info/state')?.text(row).toLowerCase() ?? '';
  const stamp = runs.column('info/stamp')?.text(row) ?? '';
  const role = runs.column('info/role')?.text(row) ?? '';
  const column = compare.metric === null ? undefined : runs.column(`metric/${compare.metric}`);
  const value = column?.has(row) ? (column.numbers[row] ?? NaN) : undefined;
  const delta = baseline === undefined || baseline === row || !column?.has(baseline) ? NaN : (value ?? NaN) - (column.numbers[baseline] ?? NaN);
  const how = column ? verdict(delta, column.better) : '';
  const duration = runs.column('info/duration');
  const started = runs.column('info/started')?.numbers[row] ?? NaN;
  const now = Date.now();
  const seconds = duration?.has(row) ? (duration.numbers[row] ?? NaN) : state === 'running' ? (now - started) / 1000 : NaN;
  const progress = progressOf(runs, row, compare.metric, now);
  return (
    <>
      <div class="nbt-item-line">
        <span class={`nbt-mark nbt-mark-${state}`} title={state}>
          <span aria-hidden="true">{MARKS[state] ?? '·'}</span>
          <span class="nbt-hidden">{state}</span>
        </span>
        <span class="nbt-title">{runs.title(row)}</span>
        {stamp && (
          <span class={`nbt-stamp nbt-mark-${stamp}`} title={STRINGS.stamps[stamp]}>
            <span class="nbt-hidden">{STRINGS.stamps[stamp]}</span>
          </span>
        )}
        {value !== undefined && (
          <span class="nbt-value">
            <span class="nbt-value-of">{compare.metric}</span> <span>{formatNumber(value)}</span>
          </span>
        )}
      </div>
      <div class="nbt-item-line nbt-faint">
        <span>
          {formatClock(started, now)}
          {Number.isFinite(seconds) ? `, ${formatDuration(seconds)}` : ''}
        </span>
        {progress !== undefined && (
          <progress class="nbt-progress" value={progress} title={STRINGS.panel.progress(progress)} aria-label={STRINGS.panel.progress(progress)} />
        )}
        {series && <Spark x={series.x} y={series.y} says={STRINGS.panel.curve(series.metric, series.count)} />}
        <span class={`nbt-value nbt-delta nbt-${how}`} title={STRINGS.verdicts[how]}>
          {Number.isNaN(delta) ? '' : formatDelta(delta)}
        </span>
        {role && (
          <span class="nbt-tag" title={STRINGS.roles[role]}>
            {role}
          </span>
        )}
        {baseline === row && <span class="nbt-tag">{STRINGS.baseline.is}</span>}
      </div>
    </>
  );
}

export function GroupItem({ compare, title, rows, isOpen }: { compare: Compare; title: string; rows: number[]; isOpen: boolean }): VNode {
  const { runs, metric } = compare;
  const column = metric === null ? undefined : runs.column(`metric/${metric}`);
  const values = rows.map(row => column?.numbers[row] ?? NaN).filter(value => !Number.isNaN(value));
  const best = values.length ? (column?.better === 'lower' ? Math.min(...values) : Math.max(...values)) : NaN;
  const running = rows.filter(row => runs.column('info/state')?.text(row) === 'RUNNING').length;
  return (
    <>
      <div class="nbt-item-line">
        <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
        <span class="nbt-title">{title}</span>
        <span class="nbt-value">{Number.isNaN(best) ? '' : STRINGS.panel.best(metric ?? '', formatNumber(best))}</span>
      </div>
      <div class="nbt-item-line nbt-faint">
        <span>
          {STRINGS.runs(rows.length)}
          {running ? `, ${STRINGS.panel.running(running)}` : ''}
        </span>
      </div>
    </>
  );
}
