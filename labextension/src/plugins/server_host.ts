// A comparison whose numbers come from the Jupyter server.
import { IChoices, IHost, Refusal } from '../models/host';
import { IQuestions, IRuns, Question } from '../models/shapes';
import { Signal } from '../models/signal';
import { serverEvents } from './events';
import { ask } from './server';

export type Scope = 'notebook' | 'experiment' | 'all';

/** Which runs are meant. */
export interface IWanted {
  scope: Scope;
  /** Path of the notebook below the server's root, and ids of its cells. */
  path: string;
  cells: string[];
}

const PAUSE_MS = 100;
const BASELINE_TAG = 'nbtrack.baseline';
const EMPTY: IRuns = { version: 1, as_of_ms: 0, stale: '', names: {}, columns: [], baseline: null, metric: null, group: null };

export class ServerHost implements IHost {
  readonly changed = new Signal();
  readonly acts = ['rename', 'tag', 'untag', 'note', 'trash', 'restore'] as const;
  runs: IRuns = EMPTY;
  choices: IChoices = { selected: [], baseline: null, metric: null, filter: '' };
  /** Why there are no newer data; empty when there are. */
  problem = '';

  constructor(private _wanted: () => IWanted) {
    this._disconnect = serverEvents.on('runs', () => this.refresh());
    this.refresh(true);
  }

  dispose(): void {
    this._disconnect();
    clearTimeout(this._timer);
    this._isDisposed = true;
  }

  choose(choices: Partial<IChoices>): void {
    const before = this.choices.baseline;
    this.choices = { ...this.choices, ...choices };
    if (this.choices.baseline !== before) {
      void this._pin(before, this.choices.baseline);
    }
    this.changed.emit();
  }

  /** Keep the baseline on the run itself: kernels, gates and other pages then compare with it, too. */
  private async _pin(before: string | null, now: string | null): Promise<void> {
    this._pinning++;
    try {
      if (before !== null) {
        await this.ask('act', { do: 'untag', runs: [before], tag: BASELINE_TAG });
      }
      if (now !== null) {
        await this.ask('act', { do: 'tag', runs: [now], tag: BASELINE_TAG, value: 'yes' });
      }
      this._pinning--;
    } catch (error) {
      // Who may only look pins for this page alone: what the server says of it is not asked any more
      console.info(`nbtrack: the baseline holds for this page alone: ${String(error)}`);
    }
  }

  /** Read the runs again soon; several wishes become one question. `isNow` waits for no others. */
  refresh(isNow = false): void {
    if (this._isDisposed || (this._timer !== undefined && !isNow)) {
      return;
    }
    clearTimeout(this._timer);
    this._timer = setTimeout(() => void this._read(), this._isReading ? PAUSE_MS * 3 : isNow ? 0 : PAUSE_MS);
  }

  async ask<Q extends Question>(question: Q, asked: IQuestions[Q]['ask']): Promise<IQuestions[Q]['answer']> {
    const path = question === 'act' ? 'act' : 'ask';
    const found = await ask<IQuestions[Q]['answer'] & { error?: { text: string; mend: string } }>(path, {}, { ...asked, ask: question, id: 0 });
    if (found.error) {
      throw new Refusal(found.error);
    }
    return found;
  }

  private async _read(): Promise<void> {
    this._timer = undefined;
    if (this._isReading) {
      this.refresh();
      return;
    }
    this._isReading = true;
    try {
      const wanted = this._wanted();
      const runs = await ask<IRuns>('runs', {}, { ...wanted, first: this.runs === EMPTY });
      if (!this._isDisposed) {
        this.runs = runs;
        this.problem = '';
        if (!this._pinning) {
          this.choices = { ...this.choices, baseline: runs.baseline };
        }
        if (this.choices.metric === null && runs.metric !== null) {
          this.choices = { ...this.choices, metric: runs.metric };
        }
      }
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      this._isReading = false;
    }
    if (!this._isDisposed) {
      this.changed.emit();
      if (this.runs.others && !this.problem) {
        this.refresh(); // once those that came are painted
      }
    }
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isReading = false;
  /** Changes of the baseline that are under way, or were refused. */
  private _pinning = 0;
  private _isDisposed = false;
  private _disconnect: () => void;
}
