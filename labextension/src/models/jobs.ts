// Commands that the server runs for a page: what of them is known here.
import { IJob, IJobNews, IOutput } from './wire';
import { Signal } from './signal';

/** What begins jobs and tells of them. */
export interface IJobs {
  start(asked: { kind: string } & Record<string, unknown>): Promise<IJob>;
  /** The reader's own, newest first; also those that another tab began. */
  all(): Promise<IJob[]>;
  output(id: string, start: number): Promise<IOutput>;
  cancel(id: string): Promise<IJob>;
  /** Be told of news of jobs; without news where some may have been missed. */
  on(told: (news?: IJobNews) => void): () => void;
}

export function isOver(job: IJob): boolean {
  return job.state === 'ended' || job.state === 'cancelled';
}

/** One job and all it said, as long as somebody looks. */
export class JobLog {
  readonly changed = new Signal();
  text = '';
  /** Why nothing newer is shown. */
  problem = '';

  constructor(
    private _jobs: IJobs,
    public job: IJob
  ) {
    this._disconnect = _jobs.on(news => {
      if (!news || news.id === this.job.id) {
        void this._read();
      }
    });
    void this._read();
  }

  dispose(): void {
    this._isDisposed = true;
    this._disconnect();
  }

  async cancel(): Promise<void> {
    this.job = await this._jobs.cancel(this.job.id);
    this.changed.emit();
  }

  /** Read what was said since; where more is told of meanwhile, once more. */
  private async _read(): Promise<void> {
    if (this._isReading) {
      this._isAgain = true;
      return;
    }
    this._isReading = true;
    do {
      this._isAgain = false;
      try {
        const { job, start, next, text } = await this._jobs.output(this.job.id, this._at);
        this.text = settled((start > this._at ? `${this.text}\n…\n` : this.text) + text);
        this._at = next;
        this.job = job;
        this.problem = '';
      } catch (error) {
        this.problem = error instanceof Error ? error.message : String(error);
      }
      if (!this._isDisposed) {
        this.changed.emit();
      }
    } while (this._isAgain && !this._isDisposed);
    this._isReading = false;
  }

  private _at = 0;
  private _isReading = false;
  private _isAgain = false;
  private _isDisposed = false;
  private _disconnect: () => void;
}

/** As a terminal leaves it: of a line that was written over again and again, the last state. */
export function settled(text: string): string {
  return text
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map(line => line.slice(line.lastIndexOf('\r', line.length - 2) + 1))
    .join('\n');
}
