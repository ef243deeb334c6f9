// The runs of a notebook as a list beside it.
import { render, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Compare } from '../models/compare';
import { formatClock, formatDelta, formatDuration, formatNumber } from '../models/format';
import { IHost } from '../models/host';
import { ISeries } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { verdict } from '../models/table';
import { Actions } from './actions';
import { Bar } from './bar';
import { MARKS } from './cell';
import { useAnswer, useCompare, useId, useSize } from './hooks';
import { Select } from './select';
import { Spark } from './spark';
import { dress } from './theme';

const ROW = 46;
const BEYOND = 4;
const SPARK_POINTS = 12;

export interface IPanel {
  scope: string;
  scopes: [string, string][];
  setScope(scope: string): void;
  /** What cannot be read, and why; empty where all is well. */
  problem(): string;
  open(run: string): void;
  compare(): void;
}

function Panel({ compare, panel }: { compare: Compare; panel: IPanel }): VNode {
  useCompare(compare);
  const [scope, setScope] = useState(panel.scope);
  const problem = panel.problem();
  const metrics = compare.runs.all('metric').map(column => column.name);
  return (
    <>
      <div class="nbt-bar">
        <Select
          label={STRINGS.panel.scope}
          value={scope}
          options={panel.scopes}
          choose={value => {
            setScope(value);
            panel.setScope(value);
          }}
        />
        {metrics.length > 0 && (
          <Select
            label={STRINGS.panel.metric}
            value={compare.metric ?? ''}
            options={metrics.map(name => [name, name] as [string, string])}
            choose={metric => compare.host.choose({ metric })}
          />
        )}
        <button type="button" disabled={!compare.runs.count} onClick={() => panel.compare()}>
          {STRINGS.panel.compare}
        </button>
      </div>
      <Bar compare={compare} />
      {compare.selected.size > 0 && <Actions compare={compare} />}
      {problem && (
        <p class="nbt-note nbt-problem" role="alert">
          {problem}
        </p>
      )}
      {compare.sortedRows.length ? <List compare={compare} panel={panel} /> : <Empty compare={compare} />}
    </>
  );
}

function Empty({ compare }: { compare: Compare }): VNode {
  if (compare.runs.count) {
    return <p class="nbt-empty">{STRINGS.noMatch}</p>;
  }
  return (
    <div class="nbt-empty">
      <p>{STRINGS.panel.empty}</p>
      <pre>{STRINGS.panel.example}</pre>
      <p>{STRINGS.panel.then}</p>
    </div>
  );
}

function List({ compare, panel }: { compare: Compare; panel: IPanel }): VNode {
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(0);
  const [ref, size] = useSize<HTMLDivElement>();
  const id = useId('runs');
  const { runs, sortedRows: rows, metric } = compare;
  const at = Math.min(active, rows.length - 1);
  const first = Math.max(0, Math.floor(top / ROW) - BEYOND);
  const visible = rows.slice(first, first + Math.ceil((size.height || 400) / ROW) + 2 * BEYOND);
  const curved = visible.filter(row => Number(runs.column(`metric/${metric}`)?.source.count?.[row] ?? 0) > 2).map(row => runs.ids[row] ?? '');
  const { answer } = useAnswer(
    compare.host,
    'curves',
    metric !== null && curved.length ? { metrics: [metric], runs: curved, x: 'step', range: null, points: SPARK_POINTS } : null
  );
  const series = new Map((answer?.series ?? []).map(it => [it.run, it]));
  useEffect(() => {
    const element = ref.current;
    if (element && at * ROW < element.scrollTop) {
      element.scrollTop = at * ROW;
    } else if (element && (at + 1) * ROW > element.scrollTop + element.clientHeight) {
      element.scrollTop = (at + 1) * ROW - element.clientHeight;
    }
  }, [at]);
  const press = (event: KeyboardEvent): void => {
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8, Home: 0, End: rows.length - 1 };
    const run = runs.ids[rows[at] ?? -1];
    const target = moves[event.key];
    if (target !== undefined) {
      setActive(Math.max(0, Math.min(rows.length - 1, target)));
    } else if (event.key === 'Enter' && run) {
      panel.open(run);
    } else if (event.key === ' ' && run) {
      compare.toggle(run);
    } else if (event.key === 'b' && run) {
      compare.host.choose({ baseline: run === compare.host.choices.baseline ? null : run });
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    <div
      ref={ref}
      class="nbt-runs"
      role="listbox"
      tabIndex={0}
      aria-multiselectable="true"
      aria-label={STRINGS.panel.label}
      aria-description={STRINGS.keys}
      aria-activedescendant={`${id}-${at}`}
      onKeyDown={press}
      onScroll={event => setTop(event.currentTarget.scrollTop)}
    >
      <div style={{ height: rows.length * ROW }} class="nbt-canvas" role="presentation">
        {visible.map((row, n) => {
          const index = first + n;
          const run = runs.ids[row] ?? '';
          return (
            <div
              key={run}
              id={`${id}-${index}`}
              role="option"
              aria-selected={compare.selected.has(run)}
              aria-setsize={rows.length}
              aria-posinset={index + 1}
              class={['nbt-item', compare.selected.has(run) && 'nbt-selected', index === at && 'nbt-active'].filter(Boolean).join(' ')}
              style={{ transform: `translateY(${index * ROW}px)`, height: ROW }}
              onClick={event => {
                setActive(index);
                if (event.ctrlKey || event.metaKey) {
                  compare.toggle(run);
                } else {
                  compare.select([run]);
                }
              }}
              onDblClick={() => panel.open(run)}
            >
              <Item compare={compare} row={row} series={series.get(run)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Item({ compare, row, series }: { compare: Compare; row: number; series: ISeries | undefined }): VNode {
  const { runs, baseline } = compare;
  const state = runs.column('info/state')?.text(row).toLowerCase() ?? '';
  const stamp = runs.column('info/stamp')?.text(row) ?? '';
  const column = compare.metric === null ? undefined : runs.column(`metric/${compare.metric}`);
  const value = column?.has(row) ? (column.numbers[row] ?? NaN) : undefined;
  const delta = baseline === undefined || baseline === row || !column?.has(baseline) ? NaN : (value ?? NaN) - (column.numbers[baseline] ?? NaN);
  const how = column ? verdict(delta, column.better) : '';
  const duration = runs.column('info/duration');
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
        {baseline === row && <span class="nbt-tag">{STRINGS.baseline.is}</span>}
        <span class="nbt-value">{value === undefined ? '' : `${compare.metric ?? ''} ${formatNumber(value)}`}</span>
      </div>
      <div class="nbt-item-line nbt-faint">
        <span>
          {formatClock(runs.column('info/started')?.numbers[row] ?? NaN, Date.now())}
          {duration?.has(row) ? `, ${formatDuration(duration.numbers[row] ?? NaN)}` : ''}
        </span>
        {series && <Spark x={series.x} y={series.y} says={STRINGS.panel.curve(series.metric, series.count)} />}
        <span class={`nbt-value nbt-delta nbt-${how}`} title={STRINGS.verdicts[how]}>
          {Number.isNaN(delta) ? '' : formatDelta(delta)}
        </span>
      </div>
    </>
  );
}

/** Show the list in an element, until the function that is returned is called. */
export function showPanel(element: HTMLElement, host: IHost, panel: IPanel): () => void {
  const compare = new Compare(host);
  const undress = dress(element, STRINGS.panel.label);
  render(<Panel compare={compare} panel={panel} />, element);
  return () => {
    render(null, element);
    undress();
    compare.dispose();
  };
}
