// A line under every tracked cell: its last run.
import { Cell, CodeCell } from '@jupyterlab/cells';
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';

import { badges as badgesOf, IBadge, kept } from '../models/badges';
import { Runs } from '../models/runs';
import { IRuns } from '../models/shapes';
import { sourceDigest } from '../models/source';
import { draw } from '../views/badge';
import { INotebookRuns } from './notebook_runs';
import { OPEN_RUN } from './commands';
import { ISettings } from './settings';

const CLASS = 'nbt-badge';

export const badges: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:badges',
  description: 'Shows the last run under each tracked cell.',
  autoStart: true,
  requires: [INotebookTracker, INotebookRuns, ISettings],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, runs: INotebookRuns, settings: ISettings): void => {
    const follow = (panel: NotebookPanel): void => {
      void panel.context.ready.then(() => {
        if (panel.isDisposed) {
          return;
        }
        const host = runs.of(panel);
        const shown = new Badges(panel, run => void app.commands.execute(OPEN_RUN, { run }));
        const show = (): void => shown.show(settings.get('badges') === false ? null : host.runs, host.choices.metric, settings.get('badges_kept') === true);
        const disconnect = [host.changed.connect(show), settings.changed.connect(show)];
        panel.disposed.connect(() => disconnect.forEach(end => end()));
      });
    };
    tracker.widgetAdded.connect((_, panel) => follow(panel));
    tracker.forEach(follow);
    NotebookActions.executed.connect((_, { notebook }) => {
      const panel = tracker.find(it => it.content === notebook);
      if (panel) {
        runs.of(panel).refresh(true); // whoever ran a cell looks below it
      }
    });
  }
};

const NAME = 'nbtrack';

/** Badges of one notebook. Nothing of them is written into it unless that is wanted. */
class Badges {
  constructor(
    private _panel: NotebookPanel,
    private _open: (run: string) => void
  ) {
    _panel.content.model?.cells.changed.connect(() => this._drawSoon());
  }

  show(runs: IRuns | null, metric: string | null, isKept: boolean): void {
    this._badges = runs ? badgesOf(new Runs(runs), metric) : new Map();
    this._isShown = runs !== null;
    if (isKept && !runs?.others) {
      this._keep();
    }
    this._draw();
  }

  /** Of runs that ended, so that a notebook changes once for each. */
  private _keep(): void {
    for (const { model } of this._panel.content.widgets) {
      const badge = this._badges.get(model.id);
      const known: unknown = model.getMetadata(NAME);
      if (badge && badge.state !== 'running' && JSON.stringify(kept(known)) !== JSON.stringify(badge)) {
        model.setMetadata(NAME, { ...(known as object | undefined), badge: { ...badge } });
      }
    }
  }

  /** A notebook that is opened or pasted into tells of thousands of cells one by one. */
  private _drawSoon(): void {
    this._frame ??= requestAnimationFrame(() => {
      this._frame = undefined;
      if (!this._panel.isDisposed) {
        this._draw();
      }
    });
  }

  private _draw(): void {
    for (const cell of this._panel.content.widgets) {
      const badge = cell instanceof CodeCell ? (this._badges.get(cell.model.id) ?? (this._isShown ? kept(cell.model.getMetadata(NAME)) : undefined)) : undefined;
      const drawn = this._drawn.get(cell);
      if (!badge) {
        drawn?.dispose();
        this._drawn.delete(cell);
      } else if (drawn) {
        drawn.show(badge);
      } else {
        this._drawn.set(cell, new Drawn(cell, badge, this._open));
        cell.disposed.connect(() => this._drawn.delete(cell));
      }
    }
  }

  private _badges = new Map<string, IBadge>();
  private _isShown = false;
  private _frame: number | undefined;
  private _drawn = new Map<Cell, Drawn>();
}

/** The badge of one cell. */
class Drawn {
  constructor(
    private _cell: Cell,
    private _badge: IBadge,
    private _open: (run: string) => void
  ) {
    this._place.className = `${CLASS} nbt-lab`;
    // What a cell is made of is put into it when it comes into view; the badge stands below that
    void _cell.ready.then(() => this._isDisposed || _cell.node.append(this._place));
    _cell.model.sharedModel.changed.connect(this._edited, this);
    this.show(_badge);
  }

  show(badge: IBadge): void {
    this._badge = badge;
    this._isStale = this._isEdited();
    const key = JSON.stringify([badge, this._isStale]);
    if (key === this._key) {
      return; // a notebook may have thousands of badges, and one of them changed
    }
    this._key = key;
    draw(this._place, badge, this._isStale, () => this._open(badge.run));
  }

  dispose(): void {
    this._isDisposed = true;
    this._cell.model.sharedModel.changed.disconnect(this._edited, this);
    this._place.remove();
  }

  /** At every key: drawn again only when that makes a difference. */
  private _edited(): void {
    if (this._isEdited() !== this._isStale) {
      this.show(this._badge);
    }
  }

  private _isEdited(): boolean {
    return this._badge.source !== '' && this._badge.source !== sourceDigest(this._cell.model.sharedModel.getSource());
  }

  private _place = document.createElement('div');
  private _isStale = false;
  private _key = '';
  private _isDisposed = false;
}
