// Runs as columns, with the numbers of each column laid out once for sorting, filtering and drawing.
import { toNumber } from './format';
import { Better, ColumnKind, ColumnType, IColumn, IRuns, JsonNumber, Part, PARTS } from './shapes';

const NUMBER = /^\s*(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?inf(?:inity)?|nan)\s*$/i;

/** The number that a param's text says; undefined where it says none. */
export function parseNumber(text: string): number | undefined {
  if (!NUMBER.test(text)) {
    return undefined;
  }
  const word = text.trim().toLowerCase();
  return word.includes('inf') ? (word.startsWith('-') ? -Infinity : Infinity) : word.includes('nan') ? NaN : Number(word);
}

/** Runs as they came over the wire: a part of a metric that is the same as another is told by that one's name. */
export function whole(runs: IRuns): IRuns {
  for (const column of runs.columns as unknown as Record<string, unknown>[]) {
    for (const part of PARTS) {
      const told = column[part];
      if (typeof told === 'string') {
        column[part] = column[told];
      }
    }
  }
  return runs;
}

/** One list of values: a column, or one part of a metric. */
export class Column {
  /** What tells it from others: the key, and for a metric's part `key:part`. */
  readonly id: string;
  readonly kind: ColumnKind;
  readonly type: ColumnType;
  readonly name: string;
  readonly part: Part | '';

  constructor(
    readonly source: IColumn,
    part: Part | ''
  ) {
    this.part = part;
    this.kind = source.kind;
    this.name = source.name;
    this.id = part && part !== 'last' ? `${source.key}:${part}` : source.key;
    this.type = source.type;
    this._values = (part ? source[part] : source.values) ?? [];
  }

  /** Which way is better; a step or a count is no better for being higher. */
  get better(): Better {
    return this.part === 'step' || this.part === 'count' ? '' : this.source.better;
  }

  get isNumeric(): boolean {
    return this.type === 'number' || this.type === 'time' || this.type === 'duration';
  }

  value(row: number): string | JsonNumber {
    return this._values[row] ?? null;
  }

  /** The text that is told of it, empty where there is none. */
  text(row: number): string {
    const value = this._values[row];
    return value === null || value === undefined ? '' : String(value);
  }

  has(row: number): boolean {
    const value = this._values[row];
    return value !== null && value !== undefined && value !== '';
  }

  /** One number a run; NaN also for what is missing or no number. */
  get numbers(): Float64Array {
    if (!this._numbers) {
      const values = this._values;
      const numbers = new Float64Array(values.length);
      for (let row = 0; row < values.length; row++) {
        const value = values[row];
        numbers[row] = this.kind === 'param' && typeof value === 'string' ? (parseNumber(value) ?? NaN) : toNumber(value as JsonNumber);
      }
      this._numbers = numbers;
    }
    return this._numbers;
  }

  /** Rank of each run's text among all, missing ones last: comparing ranks is far quicker than comparing texts. */
  get ranks(): Float64Array {
    if (!this._ranks) {
      const texts = this._values.map((_, row) => this.text(row));
      const distinct = [...new Set(texts)].sort(COLLATOR.compare);
      const rank = new Map(distinct.map((text, index) => [text, index]));
      this._ranks = Float64Array.from(texts, (text, row) => (this.has(row) ? (rank.get(text) ?? NaN) : NaN));
    }
    return this._ranks;
  }

  private _values: (string | JsonNumber)[];
  private _numbers?: Float64Array;
  private _ranks?: Float64Array;
}

const COLLATOR = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** All runs of a comparison. Rows are numbered as they came: newest first. */
export class Runs {
  readonly count: number;
  readonly ids: string[];

  constructor(readonly source: IRuns) {
    for (const column of source.columns) {
      this._sources.set(column.key, column);
    }
    this.ids = (this._sources.get('info/id')?.values ?? []) as string[];
    this.count = this.ids.length;
    this.ids.forEach((id, row) => this._rows.set(id, row));
  }

  /** Why the filter of the comparison found none; empty where it had none, or found some. */
  get why(): string {
    const says = this.source.says ?? '';
    return says.startsWith('No run matches') ? says : '';
  }

  /** Number of a run's row; undefined where it is not here, such as when it was deleted meanwhile. */
  row(id: string): number | undefined {
    return this._rows.get(id);
  }

  /** A column by its key or, for a metric's part, `key:part`. */
  column(id: string): Column | undefined {
    let column = this._columns.get(id);
    if (!column) {
      const source = this._sources.get(id);
      if (source) {
        column = new Column(source, source.kind === 'metric' ? 'last' : '');
      } else {
        const at = id.lastIndexOf(':');
        const metric = at > 0 ? this._sources.get(id.slice(0, at)) : undefined;
        if (metric?.kind !== 'metric') {
          return undefined;
        }
        column = new Column(metric, id.slice(at + 1) as Part);
      }
      this._columns.set(id, column);
    }
    return column;
  }

  /** Columns of a kind, in the order they came. */
  all(kind: ColumnKind): Column[] {
    return this.source.columns.filter(column => column.kind === kind).map(column => this.column(column.key) as Column);
  }

  /** Name with the attempt where it is not the first: `forest #3`. */
  title(row: number): string {
    const name = this.column('info/name')?.text(row) || (this.ids[row] ?? '').slice(0, 8);
    const attempt = this.column('info/attempt')?.value(row);
    return typeof attempt === 'number' && attempt > 1 ? `${name} #${attempt}` : name;
  }

  /** The title, with the first letters of the id where other runs have the same. */
  label(row: number): string {
    if (!this._titles) {
      this._titles = new Map();
      for (let other = 0; other < this.count; other++) {
        const title = this.title(other);
        this._titles.set(title, (this._titles.get(title) ?? 0) + 1);
      }
    }
    const title = this.title(row);
    return (this._titles.get(title) ?? 0) > 1 ? `${title} (${(this.ids[row] ?? '').slice(0, 6)})` : title;
  }

  private _titles?: Map<string, number>;
  private _sources = new Map<string, IColumn>();
  private _columns = new Map<string, Column>();
  private _rows = new Map<string, number>();
}
