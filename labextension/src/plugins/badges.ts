// A line under every tracked cell: its last run.
import { Cell, CodeCell } from '@jupyterlab/cells';
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';

import { badges as badgesOf } from '../models/badges';
import { Runs } from '../models/runs';
import { draw } from '../views/badge';
import { INotebookRuns } from './notebook_runs';
import { OPEN_RUN } from './commands';

const CLASS = 'nbt-badge';

export const badges: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:badges',
  description: 'Shows the last run under each tracked cell.',
  autoStart: true,
  requires: [INotebookTracker, INotebookRuns],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, runs: INotebookRuns): void => {
    const follow = (panel: NotebookPanel): void => {
      void panel.context.ready.then(() => {
        if (panel.isDisposed) {
          return;
        }
        const host = runs.of(panel);
        const shown = new Badges(panel, run => void app.commands.execute(OPEN_RUN, { run }));
        const disconnect = host.changed.connect(() => shown.show(new Runs(host.runs), host.choices.metric));
        panel.disposed.connect(disconnect);
      });
    };
    tracker.widgetAdded.connect((_, panel) => follow(panel));
    tracker.forEach(follow);
    NotebookActions.executed.connect((_, { notebook }) => {
      const panel = tracker.find(it => it.content === notebook);
      if (panel) {
        runs.of(panel).refresh();
      }
    });
  }
};

/** Badges of one notebook. Nothing of them is written into it. */
class Badges {
  constructor(
    private _panel: NotebookPanel,
    private _open: (run: string) => void
  ) {
    NotebookActions.executionScheduled.connect(this._sent, this);
    _panel.content.model?.cells.changed.connect(() => this._draw());
    _panel.disposed.connect(() => NotebookActions.executionScheduled.disconnect(this._sent, this));
  }

  show(runs: Runs, metric: string | null): void {
    this._runs = runs;
    this._metric = metric;
    this._draw();
  }

  private _sent(_: unknown, { cell }: { cell: Cell }): void {
    if (this._panel.content.widgets.includes(cell)) {
      this._executed.set(cell.model.id, cell.model.sharedModel.getSource());
    }
  }

  private _draw(): void {
    const found = badgesOf(this._runs, this._metric);
    for (const cell of this._panel.content.widgets) {
      const badge = cell instanceof CodeCell ? found.get(cell.model.id) : undefined;
      const element = cell.node.querySelector<HTMLElement>(`:scope > .${CLASS}`);
      if (!badge) {
        element?.remove();
        continue;
      }
      const place = element ?? document.createElement('div');
      if (!element) {
        place.className = `${CLASS} nbt-lab`;
        cell.node.append(place);
        cell.model.sharedModel.changed.connect(() => this._mark(cell));
      }
      draw(place, badge, this._isStale(cell), () => this._open(badge.run));
    }
  }

  /** The cell's text changed: only then, and only for this cell, the badge may become stale or current. */
  private _mark(cell: Cell): void {
    const place = cell.node.querySelector<HTMLElement>(`:scope > .${CLASS}`);
    const isStale = this._isStale(cell);
    if (place && isStale !== (place.querySelector('.nbt-stale') !== null)) {
      this._draw();
    }
  }

  private _isStale(cell: Cell): boolean {
    const executed = this._executed.get(cell.model.id);
    return executed !== undefined && executed.trim() !== cell.model.sharedModel.getSource().trim();
  }

  private _runs = new Runs({ version: 1, as_of_ms: 0, stale: '', names: {}, columns: [], baseline: null, metric: null, group: null });
  private _metric: string | null = null;
  private _executed = new Map<string, string>();
}
