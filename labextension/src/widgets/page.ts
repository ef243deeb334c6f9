// A comparison whose numbers lie in the page: saved once, without a kernel.
import { IChoices, IHost, Refusal } from '../models/host';
import { IProblem, IQuestions, IRuns, Question, XAxis } from '../models/shapes';
import { Signal } from '../models/signal';
import { STRINGS } from '../models/strings';

/** What nbtrack/widgets/page.py writes: the runs, and answers to what may be asked. */
export interface IPageData {
  runs: IRuns;
  answers: { ask: Record<string, unknown>; answer: { error?: IProblem } }[];
}

type Curves = IQuestions['curves']['answer'] & { error?: IProblem };

/** A comparison that a notebook kept, from the text of its data. */
export function savedHost(data: string, count: number): PageHost {
  const { runs, answers } = JSON.parse(data) as IPageData;
  const kept = runs.columns.find(column => column.key === 'info/id')?.values?.length ?? 0;
  return new PageHost({ runs: { ...runs, stale: `${runs.stale} ${STRINGS.saved(kept, count)}`.trim() }, answers });
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
          : this._ofAll({ ...ask, ask: question });
    if (!found || found.error) {
      throw new Refusal(found?.error ?? { text: STRINGS.notSaved, mend: STRINGS.notSavedMend });
    }
    return found as unknown as IQuestions[Q]['answer'];
  }

  /** The page holds all curves over a few axes; what was asked for is picked from them. */
  private _curves(ask: IQuestions['curves']['ask']): Curves | undefined {
    const over = (x: XAxis): Curves | undefined => this._data.answers.find(({ ask: saved }) => saved.ask === 'curves' && saved.x === x)?.answer as Curves | undefined;
    // Wall time is the start and what passed since; where no run tells its epochs they are its steps
    const whole = over(ask.x) ?? (ask.x === 'wall' ? this._byClock(over('relative')) : ask.x === 'epoch' ? over('step') : undefined);
    if (!whole || whole.error) {
      return whole;
    }
    const [metrics, runs] = [new Set(ask.metrics), new Set(ask.runs)];
    return { ...whole, series: whole.series.filter(series => metrics.has(series.metric) && runs.has(series.run)) };
  }

  private _byClock(relative: Curves | undefined): Curves | undefined {
    if (!relative?.series) {
      return relative;
    }
    const of = (key: string): unknown[] => this.runs.columns.find(column => column.key === key)?.values ?? [];
    const started = of('info/started');
    const begins = new Map(of('info/id').map((id, row) => [id, Number(started[row]) / 1000]));
    return { ...relative, series: relative.series.map(series => ({ ...series, x: Array.from(series.x, x => x + (begins.get(series.run) ?? 0)) })) };
  }

  private _figures(ask: IQuestions['figures']['ask']): (IQuestions['figures']['answer'] & { error?: IProblem }) | undefined {
    const whole = this._data.answers.find(({ ask: saved }) => saved.ask === 'figures')?.answer as
      | (IQuestions['figures']['answer'] & { error?: IProblem })
      | undefined;
    return !whole || whole.error
      ? whole
      : {
          ...whole,
          figures: whole.figures.filter(figure => ask.runs.includes(figure.run)),
          matrices: (whole.matrices ?? []).filter(matrix => ask.runs.includes(matrix.run))
        };
  }

  /** What is computed over runs is kept for all of them together. */
  private _ofAll(ask: Record<string, unknown>): { error?: IProblem; says?: string } | undefined {
    if (ask.ask !== 'importance' && ask.ask !== 'statistics') {
      return this._same(ask);
    }
    const { runs, ...whole } = ask;
    const found = this._same(whole);
    return found && !found.error && runs ? { ...found, says: `${found.says ?? ''} ${STRINGS.ofAll}`.trim() } : found;
  }

  private _same(ask: Record<string, unknown>): { error?: IProblem; says?: string } | undefined {
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
