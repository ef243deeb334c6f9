// A comparison whose numbers lie in the page: saved once, without a kernel.
import { IChoices, IHost, Refusal } from '../models/host';
import { IProblem, IQuestions, IRuns, Question } from '../models/shapes';
import { Signal } from '../models/signal';
import { STRINGS } from '../models/strings';

/** What nbtrack/widgets/page.py writes: the runs, and answers to what may be asked. */
export interface IPageData {
  runs: IRuns;
  answers: { ask: Record<string, unknown>; answer: { error?: IProblem } }[];
}

export class PageHost implements IHost {
  readonly changed = new Signal();
  readonly acts: readonly string[] = [];
  readonly runs: IRuns;
  choices: IChoices;

  constructor(private _data: IPageData) {
    this.runs = _data.runs;
    this.choices = { selected: [], baseline: this.runs.baseline, metric: this.runs.metric, filter: '' };
  }

  choose(choices: Partial<IChoices>): void {
    this.choices = { ...this.choices, ...choices };
    this.changed.emit();
  }

  async ask<Q extends Question>(question: Q, ask: IQuestions[Q]['ask']): Promise<IQuestions[Q]['answer']> {
    const found =
      question === 'curves'
        ? this._curves(ask as IQuestions['curves']['ask'])
        : question === 'figures'
          ? this._figures(ask as IQuestions['figures']['ask'])
          : this._same({ ...ask, ask: question });
    if (!found || found.error) {
      throw new Refusal(found?.error ?? { text: STRINGS.notSaved, mend: STRINGS.notSavedMend });
    }
    return found as unknown as IQuestions[Q]['answer'];
  }

  /** The page holds all curves over one axis each; what was asked for is picked from them. */
  private _curves(ask: IQuestions['curves']['ask']): (IQuestions['curves']['answer'] & { error?: IProblem }) | undefined {
    const whole = this._data.answers.find(({ ask: saved }) => saved.ask === 'curves' && saved.x === ask.x)?.answer as
      | (IQuestions['curves']['answer'] & { error?: IProblem })
      | undefined;
    if (!whole || whole.error) {
      return whole;
    }
    const [metrics, runs] = [new Set(ask.metrics), new Set(ask.runs)];
    return { ...whole, series: whole.series.filter(series => metrics.has(series.metric) && runs.has(series.run)) };
  }

  private _figures(ask: IQuestions['figures']['ask']): (IQuestions['figures']['answer'] & { error?: IProblem }) | undefined {
    const whole = this._data.answers.find(({ ask: saved }) => saved.ask === 'figures')?.answer as
      | (IQuestions['figures']['answer'] & { error?: IProblem })
      | undefined;
    return !whole || whole.error ? whole : { ...whole, figures: whole.figures.filter(figure => ask.runs.includes(figure.run)) };
  }

  private _same(ask: Record<string, unknown>): { error?: IProblem } | undefined {
    const wanted = key(ask);
    return this._data.answers.find(saved => key(saved.ask) === wanted)?.answer;
  }
}

function key(ask: Record<string, unknown>): string {
  return JSON.stringify(
    Object.entries(ask)
      .filter(([name]) => name !== 'id')
      .sort(([a], [b]) => (a < b ? -1 : 1))
  );
}
