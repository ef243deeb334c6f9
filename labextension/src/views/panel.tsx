// The runs of a notebook as a list beside it.
import { render, VNode } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';

import { Compare } from '../models/compare';
import { IHost } from '../models/host';
import { Grouping, GROUPINGS, listItems } from '../models/run_groups';
import { STRINGS } from '../models/strings';
import { Actions } from './actions';
import { Bar } from './bar';
import { useAnswer, useCompare, useId, useSize } from './hooks';
import { GroupItem, RunItem } from './run_item';
import { Select } from './select';
import { dress } from './theme';

const ROW = 46;
const BEYOND = 4;
const SPARK_POINTS = 12;

export interface IPanel {
  scope: string;
  scopes: [string, string][];
  setScope(scope: string): void;
  grouping: Grouping;
  setGrouping(grouping: Grouping): void;
  /** What cannot be read, and why; empty where all is well. */
  problem(): string;
  open(run: string): void;
  compare(): void;
}

function Panel({ compare, panel }: { compare: Compare; panel: IPanel }): VNode {
  useCompare(compare);
  const [scope, setScope] = useState(panel.scope);
  const [grouping, setGrouping] = useState(panel.grouping);
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
        <Select
          label={STRINGS.group.label}
          value={grouping}
          options={GROUPINGS.map(it => [it, STRINGS.panel.groupings[it]] as [string, string])}
          choose={value => {
            setGrouping(value as Grouping);
            panel.setGrouping(value as Grouping);
          }}
        />
        <button type="button" disabled={!compare.runs.count} onClick={() => panel.compare()}>
          {STRINGS.panel.compare}
        </button>
      </div>
      <Bar compare={compare} />
      <Actions compare={compare} />
      {problem && (
        <p class="nbt-note nbt-problem" role="alert">
          {problem}
        </p>
      )}
      {compare.runs.count > 0 && compare.runs.source.others && <p class="nbt-note">{STRINGS.panel.others(compare.runs.source.others)}</p>}
      {compare.sortedRows.length ? <List compare={compare} panel={panel} grouping={grouping} /> : <Empty compare={compare} />}
    </>
  );
}

function Empty({ compare }: { compare: Compare }): VNode {
  if (compare.runs.count) {
    return <p class="nbt-empty">{STRINGS.noMatch}</p>;
  }
  if (compare.runs.source.others) {
    return <p class="nbt-empty">{STRINGS.panel.others(compare.runs.source.others)}</p>;
  }
  return (
    <div class="nbt-empty">
      <p>{STRINGS.panel.empty}</p>
      <pre>{STRINGS.panel.example}</pre>
      <p>{STRINGS.panel.then}</p>
    </div>
  );
}

function List({ compare, panel, grouping }: { compare: Compare; panel: IPanel; grouping: Grouping }): VNode {
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(0);
  const [ref, size] = useSize<HTMLDivElement>();
  const id = useId('runs');
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const { runs, sortedRows, metric } = compare;
  const items = useMemo(() => listItems(runs, sortedRows, grouping, open), [runs, sortedRows, grouping, open]);
  const isTree = grouping !== 'none';
  const at = Math.min(active, items.length - 1);
  const first = Math.max(0, Math.floor(top / ROW) - BEYOND);
  const visible = items.slice(first, first + Math.ceil((size.height || 400) / ROW) + 2 * BEYOND);
  const curved = visible.flatMap(it => (it.kind === 'run' && Number(runs.column(`metric/${metric}`)?.source.count?.[it.row] ?? 0) > 2 ? [runs.ids[it.row] ?? ''] : []));
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
  const turn = (key: string, to?: boolean): void => {
    const next = new Set(open);
    if (to ?? !next.has(key)) {
      next.add(key);
    } else {
      next.delete(key);
    }
    setOpen(next);
  };
  const press = (event: KeyboardEvent): void => {
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8, Home: 0, End: items.length - 1 };
    const item = items[at];
    const run = item?.kind === 'run' ? runs.ids[item.row] : undefined;
    const target = moves[event.key];
    if (target !== undefined) {
      setActive(Math.max(0, Math.min(items.length - 1, target)));
    } else if (item?.kind === 'group' && ['Enter', ' ', 'ArrowRight', 'ArrowLeft'].includes(event.key)) {
      turn(item.key, event.key === 'ArrowRight' ? true : event.key === 'ArrowLeft' ? false : undefined);
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
      role={isTree ? 'tree' : 'listbox'}
      tabIndex={0}
      aria-multiselectable="true"
      aria-label={STRINGS.panel.label}
      aria-description={STRINGS.keys}
      aria-activedescendant={`${id}-${at}`}
      onKeyDown={press}
      onScroll={event => setTop(event.currentTarget.scrollTop)}
    >
      <div style={{ height: items.length * ROW }} class="nbt-canvas" role="presentation">
        {visible.map((item, n) => {
          const index = first + n;
          const isGroup = item.kind === 'group';
          const run = isGroup ? '' : (runs.ids[item.row] ?? '');
          const isSelected = !isGroup && compare.selected.has(run);
          return (
            <div
              key={isGroup ? item.key : run}
              id={`${id}-${index}`}
              role={isTree ? 'treeitem' : 'option'}
              aria-level={isTree ? (isGroup ? 1 : 1 + item.depth) : undefined}
              aria-expanded={isGroup ? item.isOpen : undefined}
              aria-selected={isSelected}
              aria-setsize={items.length}
              aria-posinset={index + 1}
              class={['nbt-item', isSelected && 'nbt-selected', index === at && 'nbt-active', !isGroup && item.depth && 'nbt-inner'].filter(Boolean).join(' ')}
              style={{ transform: `translateY(${index * ROW}px)`, height: ROW }}
              onClick={event => {
                setActive(index);
                if (isGroup) {
                  turn(item.key);
                } else if (event.ctrlKey || event.metaKey) {
                  compare.toggle(run);
                } else {
                  compare.select([run]);
                }
              }}
              onDblClick={() => run && panel.open(run)}
            >
              {isGroup ? (
                <GroupItem compare={compare} title={item.title} rows={item.rows} isOpen={item.isOpen} />
              ) : (
                <RunItem compare={compare} row={item.row} series={series.get(run)} />
              )}
            </div>
          );
        })}
      </div>
    </div>
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
