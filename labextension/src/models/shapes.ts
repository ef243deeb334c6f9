// What Python computes and a front end draws, as views take it; `wire.ts` says how it comes.
import { IColumn as ISentColumn, ICurves as ISentCurves, IRuns as ISentRuns, ISeries as ISent } from './wire';
import { IAct, IDetails, IDifference, IFigures, IImportance, IStatistics } from './wire';

export type { IDifferenceSection, IFigure, IFigures, IGroup, IImportance, IMatrix, IProblem, IStatistics } from './wire';

/** A number as JSON carries it: what is not finite is a word, what is missing is null. */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity' | null;

/** One column; every list has one value a run. Metrics have a list for each part in place of `values`. */
export interface IColumn extends ISentColumn {
  values?: (string | JsonNumber)[];
}

export type ColumnKind = IColumn['kind'];
export type ColumnType = IColumn['type'];
export type Better = IColumn['better'];
export type XAxis = 'step' | 'epoch' | 'wall' | 'relative';

/** Parts of a metric that are columns of their own. */
export const PARTS = ['last', 'best', 'lowest', 'highest', 'step', 'count'] as const;
export type Part = (typeof PARTS)[number];

/** Runs, newest first, column by column; a saved page of an earlier release says nothing of them. */
export type IRuns = Omit<ISentRuns, 'says' | 'columns'> & { says?: string; columns: IColumn[] };

/** A curve of a run. On the wire `x` and `y` are numbers of buffers, or lists. */
export interface ISeries extends ISent {
  x: Float64Array | number[];
  y: Float64Array | number[];
}

/** An answer without what only the wire needs. */
type Answer<T> = Omit<T, 'answer' | 'id'>;

export type ICurves = Answer<Omit<ISentCurves, 'series'>> & { series: ISeries[] };

/** Questions by name, with what each needs and what answers it. */
export interface IQuestions {
  curves: { ask: { metrics: string[]; runs: string[]; x: XAxis; range: [number, number] | null; points: number }; answer: ICurves };
  importance: { ask: { metric: string; runs?: string[] }; answer: Answer<IImportance> };
  statistics: { ask: { metric: string; group: string[]; baseline: string | null; runs?: string[] }; answer: Answer<IStatistics> };
  difference: { ask: { a: string; b: string }; answer: Answer<IDifference> };
  figures: { ask: { runs: string[] }; answer: Answer<IFigures> };
  details: { ask: { run: string }; answer: Answer<IDetails> };
  act: { ask: IActAsk; answer: Answer<IAct> };
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
