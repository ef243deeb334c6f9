// Runs as a table. Only the rows and columns in sight exist, so ten thousand runs scroll as ten do.
import { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import { Compare, Item, NAME } from '../models/compare';
import { Column } from '../models/runs';
import { STRINGS } from '../models/strings';
import { content, groupContent, headOf, textOf } from './cell';
import { useId, useSize } from './hooks';

const ROW = 28;
const HEAD = 32;
const NARROW = 500; // pixels; the pinned names then leave room for a column
const BEYOND = 6; // rows and columns drawn beyond what is in sight

interface IPlace {
  column: Column;
  left: number;
  width: number;
}

export function Table({ compare }: { compare: Compare }): VNode {
  const [scroll, setScroll] = useState({ top: 0, left: 0 });
  const [active, setActive] = useState(0);
  const [ref, size] = useSize<HTMLDivElement>();
  const anchor = useRef(0);
  const id = useId('grid');
  const { items, columns, runs, baseline } = compare;
  const isPinned = baseline !== undefined && !compare.groupColumns.length;
  const top = HEAD + (isPinned ? ROW : 0);
  const at = Math.min(active, Math.max(0, items.length - 1));

  const places = useMemo(() => layout(columns, compare, size.width), [columns, runs, baseline, compare.groupColumns.length, size.width < NARROW]);
  const name = places[0] as IPlace;
  const last = places[places.length - 1] as IPlace;
  const total = last.left + last.width;
  const height = top + items.length * ROW;
  // Before it is measured a grid of usual height is drawn
  const inSight = size.height || 400;
  const first = Math.max(0, Math.floor(scroll.top / ROW) - BEYOND);
  const visible = items.slice(first, first + Math.ceil(inSight / ROW) + 2 * BEYOND);
  const width = size.width || 900;
  const cells = places.slice(1).filter(place => place.left + place.width > scroll.left - 200 && place.left < scroll.left + width + 200);

  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) {
      return;
    }
    // The active row is kept in sight, between what is pinned above and the lower edge
    const y = at * ROW;
    if (y < element.scrollTop) {
      element.scrollTop = y;
    } else if (y + ROW > element.scrollTop + element.clientHeight - top) {
      element.scrollTop = y + ROW - element.clientHeight + top;
    }
  }, [at]);
  const isNew = useRef(true);
  useEffect(() => {
    if (isNew.current) {
      isNew.current = false; // effects come after the first paint, and a key may have been pressed before
      return;
    }
    // Another order begins at its top; what is there already is left alone, as it would be drawn twice
    if (ref.current && ref.current.scrollTop > 0) {
      ref.current.scrollTop = 0;
    }
    setActive(0);
  }, [compare.sort, compare.filter]);

  const idsOf = (item: Item | undefined): string[] =>
    item === undefined ? [] : (item.kind === 'run' ? [item.row] : item.group.rows).map(row => runs.ids[row] ?? '');
  const toggle = (item: Item | undefined): void => {
    const ids = idsOf(item);
    const selected = new Set(compare.selected);
    const isOn = ids.every(id => selected.has(id));
    ids.forEach(id => (isOn ? selected.delete(id) : selected.add(id)));
    compare.select(selected);
  };
  const enter = (item: Item | undefined): void => {
    if (item?.kind === 'run') {
      compare.set({ details: runs.ids[item.row] ?? null });
    } else if (item) {
      const open = new Set(compare.open);
      if (!open.delete(item.group.key)) {
        open.add(item.group.key);
      }
      compare.set({ open });
    }
  };
  const click = (event: MouseEvent, index: number): void => {
    const item = items[index];
    if (event.shiftKey) {
      const [low, high] = [Math.min(anchor.current, index), Math.max(anchor.current, index)];
      compare.select(items.slice(low, high + 1).flatMap(idsOf));
    } else if (event.ctrlKey || event.metaKey) {
      toggle(item);
      anchor.current = index;
    } else {
      compare.select(idsOf(item));
      anchor.current = index;
    }
    setActive(index);
  };
  const press = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor((inSight - top) / ROW) - 1);
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: items.length - 1
    };
    const target = moves[event.key];
    if (target !== undefined) {
      const index = Math.max(0, Math.min(items.length - 1, target));
      setActive(index);
      if (event.shiftKey) {
        const [low, high] = [Math.min(anchor.current, index), Math.max(anchor.current, index)];
        compare.select(items.slice(low, high + 1).flatMap(idsOf));
      } else {
        anchor.current = index;
      }
    } else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      ref.current?.scrollBy({ left: event.key === 'ArrowRight' ? 120 : -120 });
    } else if (event.key === ' ') {
      toggle(items[at]);
    } else if (event.key === 'Enter') {
      enter(items[at]);
    } else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
      compare.select(items.flatMap(idsOf));
    } else if (event.key === 'b' && items[at]?.kind === 'run') {
      const [run] = idsOf(items[at]);
      compare.host.choose({ baseline: run && run !== compare.host.choices.baseline ? run : null });
    } else {
      return;
    }
    event.preventDefault();
  };

  const row = (item: Item, index: number, y: number | null): VNode => {
    const ids = idsOf(item);
    const isSelected = ids.length > 0 && ids.every(id => compare.selected.has(id));
    const title = item.kind === 'run' ? runs.title(item.row) : item.group.values.map((value, n) => `${compare.groupColumns[n]?.name}=${value || '—'}`).join(' ');
    const isBase = item.kind === 'run' && item.row === baseline;
    const classes = ['nbt-row', isSelected && 'nbt-selected', index === at && 'nbt-active', item.kind === 'group' && 'nbt-group', isBase && 'nbt-base'];
    return (
      <div
        key={item.kind === 'run' ? ids[0] : item.group.key}
        id={`${id}-${index}`}
        role="row"
        aria-rowindex={index + 2 + (isPinned && y !== null ? 1 : 0)}
        aria-selected={isSelected}
        aria-expanded={item.kind === 'group' ? item.isOpen : undefined}
        class={classes.filter(Boolean).join(' ')}
        style={y === null ? { top: HEAD, width: total } : { transform: `translateY(${y}px)`, width: total }}
        onClick={event => index >= 0 && click(event, index)}
        onDblClick={() => enter(item)}
      >
        <div role="rowheader" class="nbt-cell nbt-name" style={{ width: name.width }} title={title}>
          <input
            type="checkbox"
            tabIndex={-1}
            checked={isSelected}
            aria-label={STRINGS.select(title)}
            onClick={event => {
              event.stopPropagation();
              toggle(item);
              anchor.current = index;
            }}
          />
          {item.kind === 'group' && (
            <button
              type="button"
              tabIndex={-1}
              class="nbt-plain"
              aria-label={STRINGS.group.open}
              onClick={event => {
                event.stopPropagation();
                enter(item);
              }}
            >
              {item.isOpen ? '▾' : '▸'}
            </button>
          )}
          <span class="nbt-title">{title}</span>
          {isBase && <span class="nbt-tag">{STRINGS.baseline.is}</span>}
          {item.kind === 'group' && <span class="nbt-tag">{STRINGS.group.members(item.group.rows.length)}</span>}
        </div>
        {cells.map(({ column, left, width }) => (
          <div
            key={column.id}
            role="gridcell"
            aria-colindex={columns.indexOf(column) + 1}
            class={column.isNumeric ? 'nbt-cell nbt-number' : 'nbt-cell'}
            style={{ left, width }}
            title={item.kind === 'run' ? textOf(column, item.row) : undefined}
          >
            {item.kind === 'run' ? content(column, item.row, baseline) : groupContent(column, item.group.rows, baseline)}
          </div>
        ))}
      </div>
    );
  };

  return (
    <div
      ref={ref}
      class="nbt-grid"
      role="grid"
      tabIndex={0}
      aria-label={STRINGS.tabs.table}
      aria-description={STRINGS.keys}
      aria-multiselectable="true"
      aria-rowcount={items.length + 1 + (isPinned ? 1 : 0)}
      aria-colcount={columns.length}
      aria-activedescendant={items.length ? `${id}-${at}` : undefined}
      style={{ height: Math.min(460, height + 16) }}
      onScroll={event => setScroll({ top: event.currentTarget.scrollTop, left: event.currentTarget.scrollLeft })}
      onKeyDown={press}
    >
      <div style={{ height, width: total }} class="nbt-canvas">
        <div role="row" aria-rowindex={1} class="nbt-row nbt-head" style={{ width: total }}>
          {[name, ...cells].map(place => (
            <Head key={place.column.id} compare={compare} place={place} isFixed={place === name} />
          ))}
        </div>
        {isPinned && baseline !== undefined && row({ kind: 'run', row: baseline }, -1, null)}
        {visible.map((item, n) => row(item, first + n, top + (first + n) * ROW))}
      </div>
    </div>
  );
}

function Head({ compare, place, isFixed }: { compare: Compare; place: IPlace; isFixed: boolean }): VNode {
  const { column, left, width } = place;
  const sort = compare.sort?.column === column.id ? (compare.sort.descending ? 'descending' : 'ascending') : 'none';
  const text = headOf(column);
  const turn = (): void => {
    // First the order in which the interesting ones come first, then the other, then as they came
    const first = column.better === 'higher' || column.type === 'time';
    const next = sort === 'none' ? first : sort === (first ? 'descending' : 'ascending') ? !first : null;
    compare.set({ sort: next === null ? null : { column: column.id, descending: next } });
  };
  return (
    <div
      role="columnheader"
      aria-sort={sort}
      aria-colindex={compare.columns.indexOf(column) + 1}
      class={`nbt-cell ${isFixed ? 'nbt-name' : ''} ${column.isNumeric ? 'nbt-number' : ''}`}
      style={isFixed ? { width } : { left, width }}
    >
      <button type="button" class="nbt-plain" title={STRINGS.sort(text, sort)} onClick={turn}>
        {text}
        <span aria-hidden="true">{sort === 'none' ? '' : sort === 'ascending' ? ' ↑' : ' ↓'}</span>
      </button>
    </div>
  );
}

/** Where columns stand: as wide as what the first rows hold, within reason. */
function layout(columns: Column[], compare: Compare, room: number): IPlace[] {
  const places: IPlace[] = [];
  let left = 0;
  const isGrouped = compare.groupColumns.length > 0;
  for (const column of columns) {
    let letters = headOf(column).length + 2;
    for (const row of compare.rows.slice(0, 60)) {
      letters = Math.max(letters, (column.id === NAME ? compare.runs.title(row) : textOf(column, row)).length + (column.type === 'state' || column.type === 'stamp' ? 3 : 0));
    }
    const isMeasured = column.kind === 'metric' && column.better !== '';
    if (isGrouped && column.id === NAME) {
      letters = Math.max(...compare.groups.slice(0, 60).map(({ values }) => 14 + values.reduce((sum, value, n) => sum + value.length + (compare.groupColumns[n]?.name.length ?? 0) + 2, 0)));
    }
    const extra = (isGrouped && (isMeasured || column.type === 'duration') ? 110 : 0) + (isMeasured && compare.baseline !== undefined ? 78 : 0);
    const isName = column.id === NAME;
    const beside = isName ? (compare.baseline !== undefined && room >= NARROW ? 104 : 44) : 0; // the box, and the mark of the baseline
    const width = Math.round(Math.max(isName ? 80 : 64, Math.min(isName ? (room < NARROW ? 100 : 240) : 230, letters * 7.2 + 20)) + extra + beside);
    places.push({ column, left, width });
    left += width;
  }
  return places;
}
