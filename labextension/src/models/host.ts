// What a view needs of where it stands: a kernel, a saved page, JupyterLab.
import { IProblem, IQuestions, IRuns, Question } from './shapes';
import { Signal } from './signal';

/** What the reader chose that Python knows too. */
export interface IChoices {
  selected: string[];
  baseline: string | null;
  metric: string | null;
  filter: string;
}

export interface IHost {
  /** The newest data; `changed` tells of newer. */
  readonly runs: IRuns;
  readonly choices: IChoices;
  readonly changed: Signal;
  /** What can be done to runs from here; nothing in a saved page. */
  readonly acts: readonly string[];
  choose(choices: Partial<IChoices>): void;
  /** Rejects with a Refusal where there is no answer. */
  ask<Q extends Question>(question: Q, ask: IQuestions[Q]['ask']): Promise<IQuestions[Q]['answer']>;
}

/** Why a question has no answer, and what to do about it. `later` is the answer, where it may come yet. */
export class Refusal extends Error {
  constructor(
    readonly problem: IProblem,
    readonly later?: Promise<unknown>
  ) {
    super(problem.text);
  }
}

export function problemOf(error: unknown): IProblem {
  return error instanceof Refusal ? error.problem : { text: error instanceof Error ? error.message : String(error), mend: '' };
}
