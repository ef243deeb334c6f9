// Follows runs that go on below their cells: the kernel's own live view has no buttons, and is gone once the page was loaded anew.
import { Cell, CodeCell } from '@jupyterlab/cells';
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { Runs } from '../models/runs';
import { ISeries } from '../models/shapes';
import { drawLive } from '../views/live';
import { INotebookRuns } from './notebook_runs';
import { ServerHost } from './server_host';

const OURS = 'nbt-live-place';
/** Class of the view that the kernel shows in the cell's output (nbtrack/charts/live.py); it counts seconds, so a text that stays the same is an old one. */
const THEIRS = '.nbtrack-live';
const EVERY_MS = 1000;
const QUIET_LOOKS = 2;
const RATE_MS = 10_000;
const METRICS = 6;
const POINTS = 240;

export const live: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:live',
  description: 'Stops runs that go on, and shows them after a reload.',
  autoStart: true,
  requires: [INotebookTracker, INotebookRuns],
  activate: (_app: JupyterFrontEnd, tracker: INotebookTracker, runs: INotebookRuns): void => {
    const follow = (panel: NotebookPanel): void => {
      void panel.context.ready.then(() => {
        if (!panel.isDisposed) {
          new Followed(panel, runs.of(panel));
        }
      });
    };
    tracker.widgetAdded.connect((_, panel) => follow(panel));
    tracker.forEach(follow);
  }
};

/** The runs of one notebook that go on. */
class Followed {
  constructor(
    private _panel: NotebookPanel,
    private _host: ServerHost
  ) {
    const disconnect = _host.changed.connect(() => this._look());
    _panel.disposed.connect(() => {
      disconnect();
      this._places.forEach(place => place.end());
    });
    this._look();
  }

  private _look(): void {
    const runs = new Runs(this._host.runs);
    const cells = runs.column('info/cell');
    const states = runs.column('info/state');
    const going = new Map<string, number>();
    for (let row = 0; row < runs.count; row++) {
      const cell = cells?.text(row);
      if (cell && states?.text(row).toLowerCase() === 'running' && !going.has(cell)) {
        going.set(cell, row);
      }
    }
    for (const [cell, place] of this._places) {
      if (!going.has(cell)) {
        place.over();
      }
    }
    for (const [id, row] of going) {
      const cell = this._panel.content.widgets.find(it => it instanceof CodeCell && it.model.id === id);
      const run = runs.ids[row] ?? '';
      if (cell && this._places.get(id)?.run !== run) {
        this._places.get(id)?.end();
        this._places.set(id, new Place(this._panel, this._host, cell, run, runs.title(row), this._opened));
      }
    }
  }

  private _places = new Map<string, Place>();
  /** What began earlier has no output here that is kept up to date. */
  private _opened = Date.now();
}

/** One run below its cell. */
class Place {
  constructor(
    private _panel: NotebookPanel,
    private _host: ServerHost,
    private _cell: Cell,
    readonly run: string,
    private _title: string,
    private _opened: number
  ) {
    this._element.className = `${OURS} nbt-lab`;
    _cell.node.append(this._element);
    this._timer = setInterval(() => void this._look(), EVERY_MS);
    void this._look();
  }

  /** The run ended: what it showed stays to be read, if nothing else shows it. */
  over(): void {
    if (this._timer === undefined) {
      return;
    }
    clearInterval(this._timer);
    this._timer = undefined;
    if (this._isOwn) {
      void this._read();
    } else {
      drawLive(this._element, null);
    }
  }

  end(): void {
    clearInterval(this._timer);
    this._timer = undefined;
    this._isOwn = false;
    drawLive(this._element, null);
    this._element.remove();
  }

  private async _look(): Promise<void> {
    const text = this._cell.node.querySelector(THEIRS)?.textContent ?? '';
    this._quiet = text && text !== this._text ? 0 : this._quiet + 1;
    this._text = text;
    this._isOwn = this._quiet >= QUIET_LOOKS && this._began < this._opened;
    if (!this._isOwn) {
      this._draw(null);
    } else if (document.visibilityState === 'visible') {
      await this._read();
    }
  }

  private async _read(): Promise<void> {
    const runs = new Runs(this._host.runs);
    const metrics = runs
      .all('metric')
      .filter(column => (runs.row(this.run) ?? -1) >= 0 && column.has(runs.row(this.run) as number))
      .map(column => column.name)
      .slice(0, METRICS);
    try {
      const { series } = metrics.length
        ? await this._host.ask('curves', { metrics, runs: [this.run], x: 'step', range: null, points: POINTS })
        : { series: [] as ISeries[] };
      const count = Math.max(0, ...series.map(curve => curve.count));
      this._counts = [...this._counts.filter(([at]) => at > Date.now() - RATE_MS), [Date.now(), count]];
      if (this._isOwn) {
        this._draw(series);
      }
    } catch {
      // The server is away for a moment; what is shown stays
    }
    if (!metrics.length && this._timer !== undefined) {
      this._host.refresh(); // its first points may have come
    }
  }

  private _draw(curves: ISeries[] | null): void {
    const began = this._began;
    const kernel = this._panel.sessionContext.session?.kernel;
    const isGoing = this._timer !== undefined;
    drawLive(this._element, {
      title: this._title,
      elapsed: isGoing ? Math.max(0, Math.floor((Date.now() - began) / 1000)) : null,
      curves,
      rate: isGoing ? this._rate : null,
      // A kernel at work says nothing to a page that comes later: only one that is known to rest has nothing to stop
      stop: isGoing && kernel && !['idle', 'dead'].includes(kernel.status) ? () => void kernel.interrupt() : null
    });
  }

  /** Steps a second over the last looks. */
  private get _rate(): number | null {
    const [first, last] = [this._counts[0], this._counts[this._counts.length - 1]];
    return first && last && last[0] > first[0] && last[1] > first[1] ? (1000 * (last[1] - first[1])) / (last[0] - first[0]) : null;
  }

  private get _began(): number {
    const runs = new Runs(this._host.runs);
    const row = runs.row(this.run);
    return row === undefined ? NaN : (runs.column('info/started')?.numbers[row] ?? NaN);
  }

  private _element = document.createElement('div');
  private _timer: ReturnType<typeof setInterval> | undefined;
  private _text = '';
  /** When it was looked, and how many points there were. */
  private _counts: [number, number][] = [];
  private _quiet = 0;
  private _isOwn = false;
}
