// What is shown of a comparison: runs and the reader's choices, and what follows from both.
import { IHost } from './host';
import { IQuery, parseQuery, QueryError } from './query';
import { Column, Runs } from './runs';
import { Signal } from './signal';
import { available, differs, first, grouped, IRowGroup, ISort, sorted } from './table';

export const TABS = ['table', 'curves', 'parallel', 'scatter', 'importance', 'changed', 'figures', 'statistics'] as const;
export type Tab = (typeof TABS)[number];

/** A line of the table: a run, or a group with its runs below it where it is open. */
export type Item = { kind: 'run'; row: number } | { kind: 'group'; group: IRowGroup; isOpen: boolean };

/** Runs drawn at once where none is selected; more lines than that nobody tells apart. */
export const MOST_DRAWN = 100;

/** The column that is always there, first and pinned. */
export const NAME = 'info/name';

export class Compare {
  readonly changed = new Signal();
  runs: Runs;
  tab: Tab = 'table';
  sort: ISort | null = null;
  /** Columns that are shown; null before anybody chose. */
  shown: Set<string> | null = null;
  isDiffering = false;
  group: string[] = [];
  open = new Set<string>();
  /** Run whose details are shown. */
  details: string | null = null;

  constructor(readonly host: IHost) {
    this.runs = new Runs(host.runs);
    this.group = host.runs.group ? [host.runs.group] : [];
    this._disconnect = host.changed.connect(() => this._renew());
  }

  dispose(): void {
    this._disconnect();
  }

  /** Change choices that are this view's own. */
  set(choices: Partial<Pick<Compare, 'tab' | 'sort' | 'shown' | 'isDiffering' | 'group' | 'open' | 'details'>>): void {
    Object.assign(this, choices);
    this.changed.emit();
  }

  get filter(): string {
    return this.host.choices.filter;
  }

  set filter(filter: string) {
    this.host.choose({ filter });
  }

  get selected(): Set<string> {
    return this._once('selected', [this.host.choices.selected], () => new Set(this.host.choices.selected));
  }

  select(ids: Iterable<string>): void {
    this.host.choose({ selected: [...ids] });
  }

  toggle(id: string): void {
    const selected = new Set(this.selected);
    if (!selected.delete(id)) {
      selected.add(id);
    }
    this.select(selected);
  }

  /** Row of the pinned baseline. */
  get baseline(): number | undefined {
    return this.host.choices.baseline === null ? undefined : this.runs.row(this.host.choices.baseline);
  }

  get metric(): string | null {
    const { metric } = this.host.choices;
    return metric !== null && this.runs.column(`metric/${metric}`) ? metric : (this.runs.all('metric')[0]?.name ?? null);
  }

  /** The filter, understood; or why not. */
  get query(): IQuery | QueryError {
    return this._once('query', [this.filter], () => {
      try {
        return parseQuery(this.filter);
      } catch (error) {
        if (error instanceof QueryError) {
          return error;
        }
        throw error;
      }
    });
  }

  /** Rows for which the filter holds, in the order they came. While a filter cannot be read the last good one holds. */
  get rows(): number[] {
    return this._once('rows', [this.runs, this.query], () => {
      const query = this.query;
      if (!(query instanceof QueryError)) {
        this._lastQuery = query;
      }
      const holds = this._lastQuery.bind(this.runs);
      const rows: number[] = [];
      for (let row = 0; row < this.runs.count; row++) {
        if (holds(row)) {
          rows.push(row);
        }
      }
      return rows;
    });
  }

  get sortedRows(): number[] {
    return this._once('sorted', [this.runs, this.rows, this.sort], () => {
      const column = this.sort ? this.runs.column(this.sort.column) : undefined;
      return this.sort && column ? sorted(this.rows, column, this.sort.descending) : this.rows;
    });
  }

  get groupColumns(): Column[] {
    return this._once('group columns', [this.runs, this.group], () => this.group.flatMap(name => this.runs.column(`param/${name}`) ?? []));
  }

  get groups(): IRowGroup[] {
    return this._once('groups', [this.sortedRows, this.groupColumns], () => (this.groupColumns.length ? grouped(this.sortedRows, this.groupColumns) : []));
  }

  /** Lines of the table from top to bottom, the pinned baseline left out: it stands above. */
  get items(): Item[] {
    return this._once('items', [this.sortedRows, this.groups, this.open, this.baseline], () => {
      if (!this.groupColumns.length) {
        return this.sortedRows.filter(row => row !== this.baseline).map(row => ({ kind: 'run', row }));
      }
      return this.groups.flatMap(group => {
        const isOpen = this.open.has(group.key);
        return [{ kind: 'group', group, isOpen } as Item, ...(isOpen ? group.rows.map(row => ({ kind: 'run', row }) as Item) : [])];
      });
    });
  }

  /** Columns that are shown, the name first. */
  get columns(): Column[] {
    return this._once('columns', [this.runs, this.shown, this.isDiffering && this.rows], () => {
      const shown = this.shown ?? first(this.runs);
      const columns = available(this.runs).filter(column => shown.has(column.id) && column.id !== NAME);
      const name = this.runs.column(NAME);
      return [...(name ? [name] : []), ...(this.isDiffering ? columns.filter(column => differs(column, this.rows)) : columns)];
    });
  }

  /** Runs that charts draw: those selected, else the first the filter leaves. */
  get drawn(): number[] {
    return this._once('drawn', [this.sortedRows, this.selected], () => {
      const selected = this.rows.filter(row => this.selected.has(this.runs.ids[row] ?? ''));
      return (selected.length ? selected : this.sortedRows).slice(0, MOST_DRAWN);
    });
  }

  /** Which runs are asked about: those the filter leaves, nothing where it leaves all. */
  get some(): { runs?: string[] } {
    return this._once('some', [this.runs, this.rows], () => (this.rows.length < this.runs.count ? { runs: this.rows.map(row => this.runs.ids[row] ?? '') } : {}));
  }

  private _renew(): void {
    if (this.host.runs !== this.runs.source) {
      this.runs = new Runs(this.host.runs);
    }
    this.changed.emit();
  }

  /** Computed again only when what it follows from is another: views compare by identity, too. */
  private _once<T>(name: string, from: unknown[], compute: () => T): T {
    const known = this._known.get(name);
    if (known && from.every((value, index) => value === known.from[index])) {
      return known.value as T;
    }
    const value = compute();
    this._known.set(name, { from, value });
    return value;
  }

  private _known = new Map<string, { from: unknown[]; value: unknown }>();
  private _lastQuery: IQuery = parseQuery('');
  private _disconnect: () => void;
}
