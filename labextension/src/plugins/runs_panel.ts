// The list of runs in the left sidebar.
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { IHost } from '../models/host';
import { Grouping } from '../models/run_groups';
import { STRINGS } from '../models/strings';
import { CATEGORY, OPEN_COMPARE, OPEN_RUN, SHOW_RUNS } from './commands';
import { INotebookRuns } from './notebook_runs';
import { runsIcon } from './icon';
import { Scope, ServerHost } from './server_host';

export const runsPanel: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:runs-panel',
  description: 'Lists the runs of the open notebook.',
  autoStart: true,
  requires: [INotebookTracker, INotebookRuns],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, runs: INotebookRuns, palette: ICommandPalette | null, restorer: ILayoutRestorer | null): void => {
    const side = new Side(tracker, runs, {
      open: run => void app.commands.execute(OPEN_RUN, { run }),
      compare: () => void app.commands.execute(OPEN_COMPARE, { scope: side.scope, choices: { ...side.host?.choices } })
    });
    app.shell.add(side, 'left', { rank: 500, type: 'nbtrack' });
    restorer?.add(side, side.id);

    app.commands.addCommand(SHOW_RUNS, { label: 'Show Runs', execute: () => app.shell.activateById(side.id) });
    palette?.addItem({ command: SHOW_RUNS, category: CATEGORY });
    // What draws the list is fetched once nothing else is to be done: whoever opens it then waits for its runs alone
    void app.restored.then(() => whenIdle(() => void listView()));
  }
};

const LATER_MS = 2000;
const listView = (): Promise<typeof import('../views/panel')> => import('../views/panel');

function whenIdle(act: () => void): void {
  if ('requestIdleCallback' in window) {
    window.requestIdleCallback(act);
  } else {
    setTimeout(act, LATER_MS);
  }
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
    const { showPanel } = await listView();
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
      grouping: this._grouping,
      setGrouping: grouping => {
        this._grouping = grouping;
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

  private _grouping: Grouping = 'none';
  private _of: NotebookPanel | null = null;
  private _scope: Scope | '' = '';
  private _own: ServerHost | null = null;
  private _hide: (() => void) | undefined;
}
