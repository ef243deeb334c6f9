// A run, and a comparison of runs, in the main area.
import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Message } from '@lumino/messaging';
import { Title, Widget } from '@lumino/widgets';

import { IChoices } from '../models/host';
import { Runs } from '../models/runs';
import { Signal } from '../models/signal';
import { IKept, IMlflowPlace } from '../models/wire';
import type { IRunActions } from '../views/run';
import { CATEGORY, DIFF_NOTEBOOK, OPEN_ARTIFACT, OPEN_COMPARE, OPEN_RUN } from './commands';
import { runsIcon } from './icon';
import { jobs } from './jobs';
import { INotebookRuns } from './notebook_runs';
import { ask, serverRoot } from './server';
import { Scope, ServerHost } from './server_host';
import { ISettings } from './settings';

export const mainViews: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:views',
  description: 'Shows a run, and a comparison of runs, in the main area.',
  autoStart: true,
  requires: [INotebookTracker, INotebookRuns, ISettings],
  optional: [ICommandPalette, ILayoutRestorer, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    runs: INotebookRuns,
    settings: ISettings,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    lab: ILabShell | null
  ): void => {
    const notebookChanged = new Signal();
    notebooks.currentChanged.connect(() => notebookChanged.emit());
    notebooks.widgetAdded.connect((_, panel) => panel.disposed.connect(() => notebookChanged.emit()));
    // The main area of Notebook 7 has room for the notebook alone
    const area = lab ? 'main' : 'right';
    // They come back where they were after a reload of the page
    const tracker = new WidgetTracker<MainAreaWidget<View>>({ namespace: 'nbtrack' });
    const put = (content: View, id: string, title: string): Title<Widget> => {
      const widget = new MainAreaWidget({ content });
      widget.id = id;
      widget.title.label = title;
      widget.title.icon = runsIcon;
      widget.title.closable = true;
      app.shell.add(widget, area);
      app.shell.activateById(id);
      void tracker.add(widget);
      return widget.title;
    };

    app.commands.addCommand(OPEN_COMPARE, {
      label: 'Compare Runs',
      icon: args => (args['isMenu'] ? undefined : runsIcon),
      execute: async args => {
        const { show } = await import('../views/app');
        const path = String(args['path'] ?? notebooks.currentWidget?.context.path ?? '');
        const scope = (args['scope'] ?? 'notebook') as Scope;
        const host = new ServerHost(() => {
          const panel = notebooks.find(it => it.context.path === path);
          return panel ? runs.wanted(panel, scope) : { scope: path ? scope : 'all', path: path.replace(/^[^/:]+:/, ''), cells: [] };
        });
        host.choices = { ...host.choices, ...(args['choices'] as Partial<IChoices> | undefined) };
        const content = new View(host, { command: OPEN_COMPARE, args: () => ({ path, scope, choices: host.choices as never }) }, element => show(element, host));
        put(content, `nbtrack-compare-${++counted}`, path ? `Runs of ${path.split('/').pop() ?? path}` : 'Compare runs');
      }
    });

    app.commands.addCommand(OPEN_RUN, {
      label: 'Open Run',
      execute: async args => {
        const run = String(args['run'] ?? '');
        const id = `nbtrack-run-${run}`;
        if (!run || [...app.shell.widgets(area)].some(widget => widget.id === id)) {
          app.shell.activateById(id);
          return;
        }
        const { showRun } = await import('../views/run');
        const host = new ServerHost(() => runs.wanted(null, 'all'));
        const runsHere = (): Runs => new Runs(host.runs);
        const actions: IRunActions = {
          restore: async what => (await ask<{ path: string }>('restore', {}, { run, what })).path,
          open: path => void app.commands.execute('docmanager:open', { path }),
          openRun: other => void app.commands.execute(OPEN_RUN, { run: other }),
          kept: async () => (await ask<IKept>('artifacts', { run })).files,
          openKept: path => void app.commands.execute(OPEN_ARTIFACT, { run, path }),
          place: () => ask<IMlflowPlace>('place', { run, ui: String(settings.get('mlflow_ui') ?? '') }),
          notebook: () => notebookOf(notebooks, runsHere(), run)?.context.path ?? '',
          notebookChanged,
          diffNotebook: other => {
            const here = runsHere();
            const titles = Object.fromEntries([run, other ?? run].map(id => [id, here.row(id) === undefined ? id.slice(0, 8) : here.label(here.row(id) ?? 0)]));
            const path = other ? '' : (notebookOf(notebooks, here, run)?.context.path ?? '');
            void app.commands.execute(DIFF_NOTEBOOK, { run, titles, ...(other ? { other } : { path }) });
          },
          jobs
        };
        const view = new View(host, { command: OPEN_RUN, args: () => ({ run }) }, element => showRun(element, host, run, actions));
        const title = put(view, id, `Run ${run.slice(0, 8)}`);
        const disconnect = host.changed.connect(() => {
          const here = runsHere();
          const row = here.row(run);
          if (row !== undefined) {
            title.label = here.label(row);
            disconnect();
          }
        });
      }
    });

    palette?.addItem({ command: OPEN_COMPARE, category: CATEGORY });
    void restorer?.restore(tracker as WidgetTracker, {
      command: 'nbtrack:restore-view',
      args: widget => (widget as MainAreaWidget<View>).content.again(),
      name: widget => widget.id
    });
    app.commands.addCommand('nbtrack:restore-view', {
      label: 'Open what was open before',
      isVisible: () => false,
      execute: args => app.commands.execute(String(args['command']), (args['args'] ?? {}) as ReadonlyPartialJSONObject)
    });
  }
};

let counted = 0;

/** The notebook that a run came from, if it is open, else the one in front. */
function notebookOf(notebooks: INotebookTracker, runs: Runs, run: string): NotebookPanel | null {
  const path = runs.column('info/notebook')?.text(runs.row(run) ?? -1) ?? '';
  const own = path ? notebooks.find(it => `${serverRoot()}/${it.context.path.replace(/^[^/:]+:/, '')}` === path) : null;
  return own ?? notebooks.currentWidget;
}

interface IAgain {
  command: string;
  args(): ReadonlyPartialJSONObject;
}

/** What stands in the main area as long as it is open. */
class View extends Widget {
  constructor(
    private _host: ServerHost,
    private _again: IAgain,
    private _show: (element: HTMLElement) => () => void
  ) {
    super();
    this.addClass('nbt-main');
  }

  /** What opens the same again. */
  again(): ReadonlyPartialJSONObject {
    return { command: this._again.command, args: this._again.args() };
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._hide ??= this._show(this._inner());
  }

  override dispose(): void {
    this._hide?.();
    this._host.dispose();
    super.dispose();
  }

  private _inner(): HTMLElement {
    const inner = document.createElement('div');
    this.node.append(inner);
    return inner;
  }

  private _hide?: () => void;
}
