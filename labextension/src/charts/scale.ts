// From a value to its place on an axis, 0 at one end and 1 at the other.
import { formatDuration, formatNumber, formatTime } from '../models/format';
import { Column } from '../models/runs';

export interface ITick {
  at: number;
  text: string;
}

export interface IScale {
  /** NaN for what has no place. */
  at(row: number): number;
  ticks: ITick[];
  /** Lowest and highest value that has a place; null where places are names. */
  range: [number, number] | null;
  /** The value at a place. */
  value(at: number): number;
}

const MOST_NAMES = 12; // names along an axis; of more every nth is written

/** The scale of a column over some rows. */
export function scaleOf(column: Column, rows: number[], log = false): IScale {
  if (column.isNumeric) {
    const numbers = column.numbers;
    const values = rows.map(row => numbers[row] as number).filter(value => Number.isFinite(value) && (!log || value > 0));
    if (values.length) {
      return numeric(column, values, log);
    }
  }
  const names = [...new Set(rows.map(row => column.text(row)).filter(text => text !== ''))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const places = new Map(names.map((name, index) => [name, names.length === 1 ? 0.5 : index / (names.length - 1)]));
  const step = Math.ceil(names.length / MOST_NAMES);
  return {
    at: row => places.get(column.text(row)) ?? NaN,
    ticks: names.filter((_, index) => index % step === 0).map(name => ({ at: places.get(name) as number, text: name.length > 24 ? `${name.slice(0, 23)}…` : name })),
    range: null,
    value: at => at
  };
}

function numeric(column: Column, values: number[], log: boolean): IScale {
  const bend = log ? Math.log10 : (value: number): number => value;
  const straighten = log ? (value: number): number => 10 ** value : (value: number): number => value;
  // Not Math.min(...values): ten thousand arguments are too many for some engines
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const [from, to] = [bend(low), bend(high)];
  const at = (value: number): number => (!Number.isFinite(value) || (log && value <= 0) ? NaN : to === from ? 0.5 : (bend(value) - from) / (to - from));
  const text = (value: number): string =>
    column.type === 'time' ? formatTime(value) : column.type === 'duration' ? formatDuration(value) : formatNumber(value, 4);
  const places = to === from ? [low] : log && to - from >= 1 ? decades(from, to) : rounded(low, high);
  return {
    at: row => at(column.numbers[row] as number),
    ticks: places.map(value => ({ at: at(value), text: text(value) })),
    range: [low, high],
    value: place => (to === from ? low : straighten(from + place * (to - from)))
  };
}

function decades(from: number, to: number): number[] {
  const step = Math.ceil((to - from) / 6);
  const found: number[] = [];
  for (let power = Math.ceil(from); power <= to; power += step) {
    found.push(10 ** power);
  }
  return found;
}

/** Some four round numbers in a range. */
function rounded(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find(factor => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  // Counted from the first: next to very large numbers one more is the same number again
  const found = [0, 1, 2, 3, 4, 5].map(n => (first + n) * step).filter(value => value <= high + step * 1e-9);
  return [...new Set(found.map(value => Number(value.toPrecision(12))))];
}

/** Two ends far enough apart for numbers of their size: axes count their ticks from one to the other. */
export function apart([low, high]: [number, number]): [number, number] {
  const least = Math.max(Math.abs(low), Math.abs(high)) * 1e-12;
  return high - low < least ? [low - least, high + least] : [low, high];
}
