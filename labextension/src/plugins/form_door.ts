// A notebook's form for its parameters: what it asks the server, and the notebook as it stands in its tab.
import { JupyterFrontEnd } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { Values } from '../models/form';
import { IFormDoor } from '../models/form_state';
import { Signal } from '../models/signal';
import { IFieldProblem, IJob, IParameterForm, IStageForm } from '../models/wire';
import { OPEN_PIPELINE, OPEN_RUN } from './commands';
import { jobs } from './jobs';
import { ask } from './server';

const READ_AGAIN_MS = 400;
const NAMED = /^\s*#\s?parameters\b/i;

export class FormDoor implements IFormDoor {
  readonly changed = new Signal();
  readonly jobs = jobs;

  constructor(
    private _app: JupyterFrontEnd,
    private _notebooks: INotebookTracker,
    private _whole: string
  ) {
    _notebooks.widgetAdded.connect(this._opened, this);
    const panel = this._panel();
    if (panel) {
      this._follow(panel);
    }
  }

  dispose(): void {
    clearTimeout(this._timer);
    this._notebooks.widgetAdded.disconnect(this._opened, this);
    this._unfollow();
  }

  /** Path as the front end names it, with the drive. */
  get whole(): string {
    return this._whole;
  }

  get path(): string {
    return this._whole.replace(/^[^/:]+:/, '');
  }

  read(profile: string): Promise<IParameterForm> {
    this._read = this._declared();
    return ask('pipelines/form', {}, { path: this.path, profile, ...this._document() });
  }

  check(stage: IStageForm | null, values: Values, profile: string): Promise<IFieldProblem[]> {
    return ask('pipelines/values', {}, stage ? { path: stage.file, values, profile } : { path: this.path, values, ...this._document() });
  }

  async run(stage: IStageForm | null, values: Values, atOnce: number, profile: string): Promise<IJob> {
    const panel = this._panel();
    if (panel?.context.model.dirty) {
      await panel.context.save();
    }
    const params = Object.fromEntries(Object.entries(values).flatMap(([name, [text, ...more]]) => (text === undefined || more.length ? [] : [[name, text]])));
    if (stage) {
      return jobs.start({ kind: 'pipeline', path: stage.file, stages: [stage.stage], params, profile });
    }
    const grid = Object.fromEntries(Object.entries(values).filter(([, texts]) => texts.length > 1));
    return jobs.start({ kind: 'notebook', path: this.path, params, grid, jobs: atOnce });
  }

  openRun(run: string): void {
    void this._app.commands.execute(OPEN_RUN, { run });
  }

  openNotebook(): void {
    void this._app.commands.execute('docmanager:open', { path: this._whole });
  }

  openPipeline(path: string): void {
    void this._app.commands.execute(OPEN_PIPELINE, { path });
  }

  private _panel(): NotebookPanel | undefined {
    return this._notebooks.find(it => it.context.path === this._whole && !it.isDisposed);
  }

  private _opened(_: INotebookTracker, panel: NotebookPanel): void {
    if (panel.context.path === this._whole) {
      this._follow(panel);
      this._changed();
    }
  }

  private _follow(panel: NotebookPanel): void {
    this._unfollow();
    const { context } = panel;
    const renamed = (): void => {
      this._whole = context.path;
      this._read = '';
      this._changed();
    };
    context.model.contentChanged.connect(this._changed, this);
    context.pathChanged.connect(renamed);
    void context.ready.then(() => this._changed());
    this._unfollow = () => {
      context.model.contentChanged.disconnect(this._changed, this);
      context.pathChanged.disconnect(renamed);
      this._unfollow = () => undefined;
    };
    panel.disposed.connect(() => this._unfollow());
  }

  /** At every key in the notebook: the form is read again where the parameters are others now. */
  private _changed(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      if (this._declared() !== this._read) {
        this.changed.emit();
      }
    }, READ_AGAIN_MS);
  }

  private _declared(): string {
    return JSON.stringify([this._whole, this._document()]);
  }

  /** What of an open notebook may declare parameters; which cell does, the server says. */
  private _document(): { document?: object } {
    const shared = this._panel()?.content.model?.sharedModel;
    if (!shared) {
      return {};
    }
    const cells = shared.cells
      .filter(cell => cell.cell_type === 'code')
      .map(cell => ({ cell_type: 'code', source: cell.getSource(), metadata: { tags: cell.getMetadata('tags') ?? [] } }))
      .filter(cell => NAMED.test(cell.source) || (Array.isArray(cell.metadata.tags) && cell.metadata.tags.includes('parameters')));
    const { kernelspec, language_info } = shared.metadata;
    return { document: { cells, metadata: { kernelspec, language_info } } };
  }

  private _read = '';
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _unfollow: () => void = () => undefined;
}
