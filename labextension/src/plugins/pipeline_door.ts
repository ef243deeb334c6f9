// A pipeline file's part of the server.
import { JupyterFrontEnd } from '@jupyterlab/application';
import { DocumentRegistry } from '@jupyterlab/docregistry';

import { isOver, JobLog } from '../models/jobs';
import { IBegunRun, IPipelineDoor, IRunWish } from '../models/pipeline';
import { Signal } from '../models/signal';
import { IPipelineGraph, IPipelinePast, IPipelineStatus, IPlanStep, IJob, IProblem, IStageLog, IStageResult } from '../models/wire';
import { OPEN_RUN } from './commands';
import { serverEvents } from './events';
import { jobs } from './jobs';
import { ask } from './server';

const KIND = 'pipeline';
const LINES = 12;

export class PipelineDoor implements IPipelineDoor {
  readonly changed = new Signal();

  constructor(
    private _app: JupyterFrontEnd,
    private _context: DocumentRegistry.Context
  ) {
    this._disconnect = serverEvents.on('runs', () => this.changed.emit());
    const saved = (): void => {
      this._saved = this._text;
    };
    void _context.ready.then(saved);
    _context.fileChanged.connect(saved);
  }

  dispose(): void {
    this._disconnect();
  }

  graph(profile: string): Promise<IPipelineGraph> {
    return this._isEdited ? this._ask('draft', { profile, text: this._text }) : this._ask('graph', { profile });
  }

  plan(profile: string): Promise<IPlanStep[]> {
    return this._ask('plan', { profile });
  }

  status(run: string): Promise<IPipelineStatus> {
    return this._ask('status', { run });
  }

  past(): Promise<IPipelinePast[]> {
    return this._ask('past', {});
  }

  log(run: string, node: string, start: number): Promise<IStageLog> {
    return this._ask('log', { run, node, start });
  }

  result(run: string): Promise<IStageResult> {
    return this._ask('result', { run });
  }

  async run(profile: string, wish: IRunWish): Promise<IBegunRun> {
    if (this._isEdited) {
      await this._context.save();
    }
    return this._begun(await jobs.start({ kind: KIND, path: this._path, profile, ...wish }));
  }

  async rejoin(): Promise<IBegunRun | null> {
    const found = (await jobs.all()).find(it => it.kind === KIND && it.subject === this._path && !isOver(it));
    return found ? this._begun(found) : null;
  }

  async cancel(): Promise<void> {
    if (this._job) {
      await jobs.cancel(this._job);
    }
  }

  openRun(run: string): void {
    void this._app.commands.execute(OPEN_RUN, { run });
  }

  openNotebook(path: string): void {
    void this._app.commands.execute('docmanager:open', { path });
  }

  openText(): void {
    void this._app.commands.execute('docmanager:open', { path: this._context.path, factory: 'Editor', options: { mode: 'split-right' } });
  }

  private get _text(): string {
    return this._context.model.toString();
  }

  /** The model is dirty only after keys: what an extension, or somebody who edits along, writes does not make it so. */
  private get _isEdited(): boolean {
    return this._context.model.dirty || (this._saved !== null && this._text !== this._saved);
  }

  private get _path(): string {
    return this._context.path.replace(/^[^/:]+:/, '');
  }

  private _ask<T>(question: string, body: object): Promise<T> {
    return ask<T>(`pipelines/${question}`, {}, { path: this._path, ...body });
  }

  private _begun(job: IJob): IBegunRun {
    this._job = job.id;
    const log = new JobLog(jobs, job);
    const ended = new Promise<IProblem | null>(resolve => {
      log.changed.connect(() => {
        if (isOver(log.job)) {
          log.dispose();
          // Where a run began it says itself how it ended
          const isSilent = log.job.result !== null || log.job.state === 'cancelled' || log.job.code === 0;
          resolve(isSilent ? null : { text: log.text.trim().split('\n').slice(-LINES).join('\n'), mend: '' });
        }
      });
    });
    return { ended };
  }

  private _job = '';
  /** The text as the file has it. */
  private _saved: string | null = null;
  private _disconnect: () => void;
}
