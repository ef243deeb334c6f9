// A comparison whose numbers come from a kernel, through an anywidget model.
import { IChoices, IHost, Refusal } from '../models/host';
import { whole } from '../models/runs';
import { IProblem, IQuestions, IRuns, ISeries, Question } from '../models/shapes';
import { Signal } from '../models/signal';
import { STRINGS } from '../models/strings';

/** What anywidget hands to a widget; see its AFM specification. */
export interface IModel {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(name: string, told: (...args: never[]) => void): void;
  off(name: string, told: (...args: never[]) => void): void;
}

interface IReply {
  id: number;
  error?: IProblem;
  series?: ISeries[];
}

/** Told by a model whose kernel was restarted or went away: nobody hears what is asked from then on. */
export const LOST = 'comm_live_update';

const CHOICES = ['selected', 'baseline', 'metric', 'filter'] as const;
const PATIENCE_MS = 30_000;
const OFTEN_MS = 3000;
const SELDOM_MS = 20_000; // to read ten thousand runs takes the kernel a moment
const REST_MS = 12_000; // where nothing runs, new runs may come all the same, or the store may be away
const MANY = 500;

export class KernelHost implements IHost {
  readonly changed = new Signal();
  readonly acts: readonly string[];
  runs: IRuns;

  constructor(private _model: IModel) {
    this.acts = _model.get('_acts') as string[];
    this.runs = parse(_model.get('_runs'));
    this._timer = setInterval(() => this._look(), (this.runs.columns[0]?.values?.length ?? 0) > MANY ? SELDOM_MS : OFTEN_MS);
    _model.on('change:_runs', this._renew);
    _model.on('msg:custom', this._hear);
    _model.on(LOST, this._lose);
    CHOICES.forEach(name => _model.on(`change:${name}`, this._told));
  }

  dispose(): void {
    clearInterval(this._timer);
    this._model.off('change:_runs', this._renew);
    this._model.off('msg:custom', this._hear);
    this._model.off(LOST, this._lose);
    CHOICES.forEach(name => this._model.off(`change:${name}`, this._told));
    this._waiting.forEach(({ timer }) => clearTimeout(timer));
    this._waiting.clear();
  }

  get choices(): IChoices {
    return Object.fromEntries(CHOICES.map(name => [name, this._model.get(name)])) as unknown as IChoices;
  }

  choose(choices: Partial<IChoices>): void {
    Object.entries(choices).forEach(([name, value]) => this._model.set(name, value));
    this._model.save_changes();
  }

  ask<Q extends Question>(question: Q, ask: IQuestions[Q]['ask']): Promise<IQuestions[Q]['answer']> {
    const id = ++this._lastId;
    return new Promise((resolve, reject) => {
      if (this._isLost) {
        reject(new Refusal({ text: STRINGS.lostKernel, mend: STRINGS.lostKernelMend }));
        return;
      }
      const timer = setTimeout(() => {
        // A busy kernel answers once it can, a remote store once it was asked a hundred times
        const later = new Promise<unknown>((resolve, reject) => this._waiting.set(id, { resolve, reject, timer }));
        later.catch(() => undefined); // where nobody waits any longer
        reject(new Refusal({ text: STRINGS.noKernel, mend: '' }, later));
      }, PATIENCE_MS);
      this._waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject, timer });
      this._model.send({ ...ask, ask: question, id });
    });
  }

  /** While a run goes on its numbers do too; a page that nobody sees asks nothing. */
  private _look(): void {
    const states = this.runs.columns.find(column => column.key === 'info/state')?.values ?? [];
    const isDue = Date.now() - this._looked >= REST_MS || states.some(state => String(state).toLowerCase() === 'running');
    if (document.visibilityState === 'visible' && isDue) {
      this._looked = Date.now();
      this._model.send({ ask: 'refresh' });
    }
  }

  private _renew = (): void => {
    this.runs = parse(this._model.get('_runs'));
    this.changed.emit();
  };

  private _lose = (): void => {
    this._isLost = true;
    clearInterval(this._timer);
    this.runs = { ...this.runs, stale: STRINGS.lostKernel };
    this._waiting.forEach(({ reject, timer }) => {
      clearTimeout(timer);
      reject(new Refusal({ text: STRINGS.lostKernel, mend: STRINGS.lostKernelMend }));
    });
    this._waiting.clear();
    this.changed.emit();
  };

  private _told = (): void => this.changed.emit();

  private _hear = (reply: IReply, buffers: DataView[]): void => {
    const waiting = this._waiting.get(reply.id);
    if (!waiting) {
      return; // an answer that nobody waits for any longer, or that another view of the same model asked for
    }
    this._waiting.delete(reply.id);
    clearTimeout(waiting.timer);
    if (reply.error) {
      waiting.reject(new Refusal(reply.error));
      return;
    }
    for (const series of reply.series ?? []) {
      series.x = numbers(series.x, buffers);
      series.y = numbers(series.y, buffers);
    }
    waiting.resolve(reply);
  };

  private _waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Refusal): void; timer: ReturnType<typeof setTimeout> }>();
  private _timer: ReturnType<typeof setInterval>;
  private _isLost = false;
  private _looked = Date.now();
  // Views of one model hear each other's answers; no two count from the same number
  private _lastId = Math.floor(Math.random() * 2 ** 40);
}

/** Runs come as bytes of JSON: a binary buffer is not encoded a second time on its way. */
function parse(bytes: unknown): IRuns {
  const view = bytes as DataView;
  return whole(JSON.parse(new TextDecoder().decode(view)) as IRuns);
}

function numbers(given: unknown, buffers: DataView[]): Float64Array | number[] {
  if (typeof given !== 'number') {
    return given as number[];
  }
  const view = buffers[given];
  // Copied, as a buffer may begin where no double can
  return view ? new Float64Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer) : [];
}
