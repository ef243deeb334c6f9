// What Python computes and a front end draws: the counterpart of nbtrack/charts/shapes.py.

/** A number as JSON carries it: what is not finite is a word, what is missing is null. */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity' | null;

export type ColumnKind = 'info' | 'param' | 'metric' | 'tag';
export type ColumnType = 'text' | 'number' | 'time' | 'duration' | 'state' | 'stamp';
export type Better = 'higher' | 'lower' | '';
export type XAxis = 'step' | 'epoch' | 'wall' | 'relative';

/** Parts of a metric that are columns of their own. */
export const PARTS = ['last', 'best', 'lowest', 'highest', 'step', 'count'] as const;
export type Part = (typeof PARTS)[number];

/** One column; every list has one value a run. Metrics have a list for each part in place of `values`. */
export interface IColumn {
  key: string;
  kind: ColumnKind;
  name: string;
  type: ColumnType;
  better: Better;
  values?: (string | JsonNumber)[];
  last?: JsonNumber[];
  best?: JsonNumber[];
  lowest?: JsonNumber[];
  highest?: JsonNumber[];
  step?: (number | null)[];
  count?: (number | null)[];
}

/** Runs, newest first, column by column. */
export interface IRuns {
  version: number;
  as_of_ms: number;
  stale: string;
  names: Record<string, string[]>;
  columns: IColumn[];
  baseline: string | null;
  metric: string | null;
  group: string | null;
  says?: string;
}

export interface IProblem {
  text: string;
  mend: string;
}

/** A curve of a run. On the wire `x` and `y` are numbers of buffers, or lists. */
export interface ISeries {
  run: string;
  metric: string;
  count: number;
  is_thinned: boolean;
  x: Float64Array | number[];
  y: Float64Array | number[];
}

export interface ICurves {
  series: ISeries[];
  says: string;
}

export interface IImportance {
  metric: string;
  params: { name: string; importance: JsonNumber; correlation: JsonNumber; count: number }[];
  method: string;
  warning: string;
  says: string;
}

export interface IGroup {
  label: string;
  values: Record<string, string>;
  runs: string[];
  n: number;
  mean: JsonNumber;
  std: JsonNumber;
  low: JsonNumber;
  high: JsonNumber;
  delta: JsonNumber;
  p: JsonNumber;
  test: 'paired' | 'welch' | '';
  is_baseline: boolean;
}

export interface IStatistics {
  metric: string;
  groups: IGroup[];
  sentences: string[];
  says: string;
}

export interface IDifferenceSection {
  title: string;
  rows: { name: string; before: string; after: string; kind: 'changed' | 'added' | 'removed' }[];
  /** A title and lines that begin with +, - or a space. */
  blocks: [string, string[]][];
  notes: string[];
}

export interface IDifference {
  a: string;
  b: string;
  sections: IDifferenceSection[];
  says: string;
}

export interface IFigure {
  run: string;
  path: string;
  title: string;
  number: number | null;
  mime: string;
  /** Base64 for bitmaps, the text for SVG; empty where it is too large or of a kind that is never shown. */
  data: string;
  size_bytes: number;
}

export interface IFigures {
  figures: IFigure[];
  says: string;
}

export interface IDetails {
  run: string;
  title: string;
  sections: { title: string; rows: [string, string][] }[];
  says: string;
}

export interface IAct {
  says: string;
}

/** Questions by name, with what each needs and what answers it. */
export interface IQuestions {
  curves: { ask: { metrics: string[]; runs: string[]; x: XAxis; range: [number, number] | null; points: number }; answer: ICurves };
  importance: { ask: { metric: string }; answer: IImportance };
  statistics: { ask: { metric: string; group: string[]; baseline: string | null }; answer: IStatistics };
  difference: { ask: { a: string; b: string }; answer: IDifference };
  figures: { ask: { runs: string[] }; answer: IFigures };
  details: { ask: { run: string }; answer: IDetails };
  act: { ask: IActAsk; answer: IAct };
}

export interface IActAsk {
  do: 'rename' | 'tag' | 'untag' | 'note' | 'trash' | 'restore';
  runs: string[];
  name?: string;
  tag?: string;
  value?: string;
  note?: string;
}

export type Question = keyof IQuestions;
