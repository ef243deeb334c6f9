// What the terms of a query mean: which columns a name stands for, and how numbers, dates and durations are read.
// The counterpart of nbtrack/reads/terms.py.
import { toNumber } from './format';
import { Column, parseNumber, Runs } from './runs';
import { JsonNumber, PARTS, Part } from './shapes';

const DATE = /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d))?)?$/;
const DURATION = /(\d+\.?\d*|\.\d+)(ms|s|min|m|h|d)/g;
const SECONDS: Record<string, number> = { ms: 0.001, s: 1, min: 60, m: 60, h: 3600, d: 86400 };
const ID_LETTERS = 4;

export type Test = (row: number) => boolean;
export type Bind = (runs: Runs) => Test;

export interface IName {
  text: string;
  kind: 'metric' | 'param' | 'tag' | '';
  part: Part | '';
  isPlain: boolean;
}

export function combined(binds: Bind[], every: boolean): Bind {
  const only = binds[0];
  if (binds.length === 1 && only) {
    return only;
  }
  return runs => {
    const tests = binds.map(bind => bind(runs));
    return every ? row => tests.every(test => test(row)) : row => tests.some(test => test(row));
  };
}

export function negated(test: Test): Test {
  return row => !test(row);
}

/** Part of the name, experiment, a tag's or param's value, or the first letters of the id. */
export function word(text: string): Bind {
  const wanted = text.toLowerCase();
  return runs => {
    const contains = [runs.column('info/name'), runs.column('info/experiment'), ...runs.all('param'), ...runs.all('tag')].flatMap(column =>
      column ? containing(column, wanted) : []
    );
    const tags = runs.all('tag').filter(tag => tag.name.toLowerCase().includes(wanted));
    return row =>
      contains.some(test => test(row)) ||
      (wanted.length >= ID_LETTERS && (runs.ids[row] ?? '').startsWith(wanted)) ||
      tags.some(tag => tag.value(row) !== null);
  };
}

/** Whether a column's text has a part; each distinct text is looked at once. */
function containing(column: Column, wanted: string): Test {
  const known = new Map<string, boolean>();
  return row => {
    const text = column.text(row);
    let holds = known.get(text);
    if (holds === undefined) {
      holds = text.toLowerCase().includes(wanted);
      known.set(text, holds);
    }
    return holds;
  };
}

export function nameOf(typed: string): IName {
  let text = typed;
  let isPlain = !text.includes('`');
  const kind = (['metric', 'param', 'tag'] as const).find(kind => text.startsWith(`${kind}.`) && text.length > kind.length + 1) ?? '';
  if (kind) {
    text = text.slice(kind.length + 1);
  }
  let part: Part | '' = '';
  if (text.includes('`')) {
    const [head, tail] = cutPart(text);
    if (tail && head.endsWith('`')) {
      [text, part] = [head, tail];
    }
    text = text.replaceAll('`', '');
    isPlain = false;
  }
  return { text, kind, part, isPlain };
}

function cutPart(text: string): [string, Part | ''] {
  const at = text.lastIndexOf('.');
  const tail = text.slice(at + 1) as Part;
  return at >= 0 && PARTS.includes(tail) ? [text.slice(0, at), tail] : [text, ''];
}

/** What a name means in a run: a metric first, then a param, then a tag. */
export function finder(it: IName, runs: Runs): (row: number) => string | number | undefined {
  const columns: (Column | undefined)[] = [];
  if (it.kind === '' || it.kind === 'metric') {
    columns.push(runs.column(`metric/${it.text}:${it.part || 'last'}`));
    const [head, tail] = cutPart(it.text);
    if (it.isPlain && tail) {
      columns.push(runs.column(`metric/${head}:${tail}`));
    }
  }
  if (it.kind === '' || it.kind === 'param') {
    columns.push(runs.column(`param/${it.text}`));
  }
  if (it.kind === '' || it.kind === 'tag') {
    columns.push(runs.column(`tag/${it.text}`));
  }
  const known = columns.filter(column => column !== undefined);
  return row => {
    for (const column of known) {
      if (isThere(column, row)) {
        const value = column.value(row);
        return column.kind === 'metric' ? toNumber(value as JsonNumber) : String(value);
      }
    }
    return undefined;
  };
}

export function isThere(column: Column, row: number): boolean {
  return column.value(row) !== null;
}

/** A comparison with a number; what a run has not is unlike everything, and neither more nor less. */
export function compared(how: string, right: number, leftOf: (row: number) => number | undefined): Test {
  const tests: Record<string, (left: number) => boolean> = {
    '<': left => left < right,
    '<=': left => left <= right,
    '>': left => left > right,
    '>=': left => left >= right,
    '!=': left => left !== right
  };
  const test = tests[how] ?? ((left: number) => left === right);
  return row => {
    const left = leftOf(row);
    return left === undefined ? how === '!=' : test(left);
  };
}

export function infoNumber(runs: Runs, name: string): (row: number) => number | undefined {
  const column = runs.column(`info/${name}`);
  return row => (column && isThere(column, row) ? column.numbers[row] : undefined);
}

export function asNumber(value: string | number | undefined): number | undefined {
  return typeof value === 'string' ? parseNumber(value) : value;
}

export function secondsOf(text: string): number | undefined {
  const number = parseNumber(text);
  if (number !== undefined) {
    return number;
  }
  const parts = [...text.toLowerCase().matchAll(DURATION)];
  if (!parts.length || parts.map(part => part[0]).join('') !== text.toLowerCase()) {
    return undefined;
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * (SECONDS[part[2] ?? ''] ?? NaN), 0);
}

/** First and last moment that a date means, in milliseconds since the epoch. */
export function spanOf(text: string, utc: boolean): [number, number] | undefined {
  const now = new Date();
  const today = utc ? [now.getUTCFullYear(), now.getUTCMonth() + 1, now.getUTCDate()] : [now.getFullYear(), now.getMonth() + 1, now.getDate()];
  const match = DATE.exec(text);
  if (!match && text.toLowerCase() !== 'today') {
    return undefined;
  }
  const numbers = match ? match.slice(1).map(part => (part === undefined ? 0 : Number(part))) : [...today, 0, 0, 0];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
  const low = utc ? new Date(Date.UTC(year, month - 1, day, hour, minute, second)) : new Date(year, month - 1, day, hour, minute, second);
  const back = utc ? [low.getUTCMonth() + 1, low.getUTCDate(), low.getUTCHours()] : [low.getMonth() + 1, low.getDate(), low.getHours()];
  if (back[0] !== month || back[1] !== day || hour > 23 || minute > 59 || second > 59 || year < 1) {
    return undefined; // the 30th of February
  }
  const length = !match || match[4] === undefined ? 86_400_000 : match[6] === undefined ? 60_000 : 1000;
  return [low.getTime(), low.getTime() + length];
}
