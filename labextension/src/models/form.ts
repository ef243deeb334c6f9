// What is typed into a form for a notebook's parameters: a text for each, and in a grid several, of which every combination is run.
import { IParameter, IRan, IRanGrid, IRanPipeline, IStageForm } from './wire';

export type Values = Record<string, string[]>;

/** Values of a text: parted by commas, but for those within quotes, brackets and braces. */
export function split(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let quote = '';
  let begin = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote) {
      if (char === '\\') {
        at++;
      } else if (char === quote) {
        quote = '';
      }
    } else if ((char === '"' || char === "'") && (depth > 0 || !text.slice(begin, at).trim())) {
      quote = char; // an apostrophe within a word is none
    } else if ('[({'.includes(char)) {
      depth++;
    } else if ('])}'.includes(char)) {
      depth--;
    } else if (char === ',' && depth <= 0) {
      found.push(text.slice(begin, at).trim());
      begin = at + 1;
    }
  }
  return [...found, text.slice(begin).trim()].filter(it => it !== '').map(bare);
}

/** A text of which `split` makes these values again. */
export function joined(values: string[]): string {
  return values.map(it => (split(it).length === 1 && split(it)[0] === it ? it : it.includes('"') ? `'${it}'` : `"${it}"`)).join(', ');
}

/** What a field shows before anything is typed into it. */
export function shown(of: IParameter, isGrid: boolean): string {
  return isGrid && of.value ? joined([of.value]) : of.value;
}

/** The values that a form says, by name. What was not touched, is left empty, or is the default keeps its default. */
export function chosen(parameters: IParameter[], texts: Record<string, string>, isGrid: boolean): Values {
  const found: Values = {};
  for (const of of parameters) {
    const text = texts[of.name];
    if (text === undefined || (text === '' && (isGrid || of.is_computed || !mayBeEmpty(of)))) {
      continue;
    }
    const values = isGrid ? [...new Set(split(text))] : [text];
    if (values.length > 1 || (values[0] !== undefined && (of.is_computed || values[0] !== of.value))) {
      found[of.name] = values;
    }
  }
  return found;
}

/** How many runs that makes. */
export function count(values: Values): number {
  return Object.values(values).reduce((n, it) => n * it.length, 1);
}

/** The command that does the same. */
export function commandOf(path: string, stage: IStageForm | null, values: Values, atOnce: number, profile = ''): string {
  const words = stage ? [stage.stage, '--file', stage.file, ...(profile ? ['--profile', profile] : [])] : [path];
  for (const [name, texts] of Object.entries(values)) {
    words.push(...texts.flatMap(it => [texts.length > 1 ? '--grid' : '-p', `${name}=${it}`]));
  }
  if (count(values) > 1) {
    words.push('--jobs', String(atOnce));
  }
  return ['nbtrack run', ...words.map(quoted)].join(' ');
}

/** A run in the table of what a form began. */
export interface IRow {
  name: string;
  state: string;
  /** Empty where none was begun. */
  run: string;
  reason: string;
  /** Of the metric that decides, with its name; empty where there is none. */
  measured: string;
}

/** What a job of a notebook, a grid or a pipeline came to; nothing while it goes on. */
export function rows(result: unknown): IRow[] {
  const found = (result ?? {}) as Partial<IRanPipeline & IRanGrid & IRan>;
  if (found.stages) {
    return Object.entries(found.stages).map(([name, it]) => ({ name, state: it.phase, run: it.run_id, reason: it.reason, measured: '' }));
  }
  const runs = found.runs ?? (found.run_id && found.params ? [found as IRan] : []);
  return runs.map(it => ({
    name: Object.entries(found.runs ? it.params : {}).map(pair => pair.join(' = ')).join(', ') || it.name,
    state: it.state.toLowerCase(),
    run: it.run_id,
    reason: it.reason,
    measured: found.metric && found.values?.[it.run_id] ? `${found.metric} ${found.values[it.run_id]}` : ''
  }));
}

/** Quotes around all of a value only keep its commas together. */
function bare(text: string): string {
  return /^(?:"[^"]*"|'[^']*')$/.test(text) ? text.slice(1, -1) : text;
}

function mayBeEmpty(of: IParameter): boolean {
  return of.type.split(' | ').includes('str');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
