// The list of runs in the left sidebar, and the comparison and the single run in the main area.
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { LabIcon } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { IHost } from '../models/host';
import { STRINGS } from '../models/strings';
import { CATEGORY, OPEN_COMPARE, OPEN_RUN, SHOW_RUNS } from './commands';
import { INotebookRuns } from './notebook_runs';
import { ask } from './server';
import { Scope, ServerHost } from './server_host';

/** Curves that go down, as losses should. */
const runsIcon = new LabIcon({
  name: 'nbtrack:runs',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g fill="none" stroke="#7a7a7a" stroke-width="2">' +
    '<path d="M4 3v17h17"/><path d="M7 6c3 8 6 10 13 11"/><path d="M7 12c3 3 6 4 13 5" stroke-dasharray="2 2"/></g></svg>'
});

export const runsPanel: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:runs-panel',
  description: 'Lists the runs of the open notebook, compares them and shows one.',
  autoStart: true,
  requires: [INotebookTracker, INotebookRuns],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, runs: INotebookRuns, palette: ICommandPalette | null, restorer: ILayoutRestorer | null): void => {
    const side = new Side(tracker, runs, {
      open: run => void app.commands.execute(OPEN_RUN, { run }),
      compare: () => void app.commands.execute(OPEN_COMPARE)
    });
    app.shell.add(side, 'left', { rank: 500, type: 'nbtrack' });
    restorer?.add(side, side.id);

    app.commands.addCommand(SHOW_RUNS, { label: 'Show Runs', execute: () => app.shell.activateById(side.id) });
    app.commands.addCommand(OPEN_COMPARE, {
      label: 'Compare Runs',
      execute: async () => {
        const { show } = await import('../views/app');
        const { currentWidget } = tracker;
        const scope = side.scope;
        const host = new ServerHost(() => runs.wanted(currentWidget?.isDisposed ? null : currentWidget, scope));
        host.choices = { ...side.host?.choices ?? host.choices };
        open(app, new View(host, element => show(element, host)), 'Compare runs', 'nbtrack-compare');
      }
    });
    app.commands.addCommand(OPEN_RUN, {
      label: 'Open Run',
      execute: async args => {
        const run = String(args['run'] ?? '');
        if (!run) {
          return;
        }
        const id = `nbtrack-run-${run}`;
        const known = [...app.shell.widgets('main')].find(widget => widget.id === id);
        if (known) {
          app.shell.activateById(id);
          return;
        }
        const { showRun } = await import('../views/run');
        const host = new ServerHost(() => runs.wanted(null, 'all'));
        const actions = {
          restore: async (what: string) => (await ask<{ path: string }>('restore', {}, { run, what })).path,
          open: (path: string) => void app.commands.execute('docmanager:open', { path })
        };
        open(app, new View(host, element => showRun(element, host, run, actions)), `Run ${run.slice(0, 8)}`, id);
      }
    });
    palette?.addItem({ command: SHOW_RUNS, category: CATEGORY });
    palette?.addItem({ command: OPEN_COMPARE, category: CATEGORY });
  }
};

function open(app: JupyterFrontEnd, content: Widget, title: string, id: string): void {
  const widget = new MainAreaWidget({ content });
  widget.id = id === 'nbtrack-compare' ? `${id}-${Date.now()}` : id;
  widget.title.label = title;
  widget.title.icon = runsIcon;
  widget.title.closable = true;
  app.shell.add(widget, 'main');
  app.shell.activateById(widget.id);
}

/** What stands in the main area as long as it is open. */
class View extends Widget {
  constructor(
    private _host: ServerHost,
    private _show: (element: HTMLElement) => () => void
  ) {
    super();
    this.addClass('nbt-main');
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

interface IActions {
  open(run: string): void;
  compare(): void;
}

/** The sidebar: follows the notebook in front. What it reads it reads only while it is seen. */
class Side extends Widget {
  host: ServerHost | null = null;
  scope: Scope = 'notebook';

  constructor(
    private _tracker: INotebookTracker,
    private _runs: INotebookRuns,
    private _actions: IActions
  ) {
    super();
    this.id = 'nbtrack-runs';
    this.title.label = '';
    this.title.caption = 'Runs of this notebook';
    this.title.icon = runsIcon;
    this.addClass('nbt-side');
    _tracker.currentChanged.connect(() => this._follow());
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._follow();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._follow();
  }

  private _follow(): void {
    const panel = this._tracker.currentWidget;
    if (!this.isVisible || (this.host && this._of === panel && this._scope === this.scope)) {
      return;
    }
    this._of = panel;
    this._scope = this.scope;
    this._leave();
    if (panel && this.scope === 'notebook') {
      this.host = this._runs.of(panel);
      this.host.refresh();
    } else {
      this._own = this.host = new ServerHost(() => this._runs.wanted(panel?.isDisposed ? null : panel, this.scope));
    }
    void this._draw(this.host);
  }

  private async _draw(host: ServerHost): Promise<void> {
    const { showPanel } = await import('../views/panel');
    if (host !== this.host) {
      return;
    }
    const inner = document.createElement('div');
    this.node.append(inner);
    const scopes = Object.entries(STRINGS.panel.scopes) as [Scope, string][];
    const hide = showPanel(inner, host as IHost, {
      scope: this.scope,
      scopes: this._of ? scopes : scopes.filter(([scope]) => scope === 'all'),
      setScope: scope => {
        this.scope = scope as Scope;
        this._follow();
      },
      problem: () => host.problem,
      ...this._actions
    });
    this._hide = () => {
      hide();
      inner.remove();
    };
  }

  private _leave(): void {
    this._hide?.();
    this._hide = undefined;
    this._own?.dispose();
    this._own = null;
  }

  private _of: NotebookPanel | null = null;
  private _scope: Scope | '' = '';
  private _own: ServerHost | null = null;
  private _hide: (() => void) | undefined;
}
