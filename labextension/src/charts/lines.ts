// One metric's curves in one plot.
import uPlot from 'uplot';

import { formatDuration, formatNumber, formatTime } from '../models/format';
import { IBand } from '../models/smooth';
import { XAxis } from '../models/shapes';
import { faded, IInk } from './colours';

export interface ILine {
  name: string;
  /** Which colour and dash. */
  ink: number;
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  /** What the line smooths, drawn faintly behind it. */
  raw?: ArrayLike<number>;
  band?: IBand;
}

export interface ILinesOptions {
  axis: XAxis;
  logX: boolean;
  logY: boolean;
  /** Part of x that is shown; null for all of it. */
  range: [number, number] | null;
  ink: IInk;
  /** The reader dragged over a part of x, or (null) wants all of it again. */
  zoom(range: [number, number] | null): void;
  /** What is below the pointer; null when it left. */
  hover(x: number | null): void;
}

const HEIGHT = 220;

/** Draws lines until it is destroyed; x of all plots that share a key move together under the pointer. */
export class Lines {
  constructor(
    private _place: HTMLElement,
    private _lines: ILine[],
    private _options: ILinesOptions,
    sync: string
  ) {
    this._plot = this._make(sync);
    this._sync = sync;
  }

  draw(lines: ILine[], options: ILinesOptions): void {
    const isSame =
      lines.length === this._lines.length &&
      lines.every((line, n) => line.name === this._lines[n]?.name && line.ink === this._lines[n]?.ink && !line.raw === !this._lines[n]?.raw && !line.band === !this._lines[n]?.band) &&
      (['axis', 'logX', 'logY', 'ink'] as const).every(name => options[name] === this._options[name]);
    this._lines = lines;
    this._options = options;
    if (isSame) {
      this._plot.setData(table(this._drawn(), options), false);
      this._scale();
    } else {
      this._plot.destroy();
      this._plot = this._make(this._sync);
    }
  }

  resize(width: number): void {
    if (width > 0 && width !== this._plot.width) {
      this._plot.setSize({ width, height: HEIGHT });
    }
  }

  destroy(): void {
    this._plot.destroy();
  }

  /** Lines behind first, then the ones in front: bands, raw, smoothed. */
  private _drawn(): { x: ArrayLike<number>; y: ArrayLike<number> }[] {
    return [
      ...this._lines.flatMap(({ band }) => (band ? [{ x: band.x, y: band.high }, { x: band.x, y: band.low }] : [])),
      ...this._lines.flatMap(({ x, raw }) => (raw ? [{ x, y: raw }] : [])),
      ...this._lines
    ];
  }

  private _make(sync: string): uPlot {
    const { axis, logX, logY, ink } = this._options;
    const plain = { show: true, points: { show: false }, spanGaps: false };
    const banded = this._lines.filter(line => line.band);
    const series: uPlot.Series[] = [
      {},
      ...banded.flatMap(line => [
        { ...plain, label: `${line.name} high`, stroke: 'transparent', width: 0 },
        { ...plain, label: `${line.name} low`, stroke: 'transparent', width: 0 }
      ]),
      ...this._lines.filter(line => line.raw).map(line => ({ ...plain, label: `${line.name} raw`, stroke: faded(ink.line(line.ink), 0.25), width: 1 })),
      ...this._lines.map(line => ({
        ...plain,
        label: line.name,
        stroke: ink.line(line.ink),
        width: 1.6,
        dash: ink.dash(line.ink),
        // One point is no line
        points: { show: line.x.length === 1, size: 7, fill: ink.line(line.ink) }
      }))
    ];
    const shown = { stroke: ink.text, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid, width: 1 }, font: '11px system-ui, sans-serif' };
    const plot = new uPlot(
      {
        width: Math.max(200, this._place.clientWidth),
        height: HEIGHT,
        scales: { x: { time: axis === 'wall', distr: logX && axis !== 'wall' ? 3 : 1 }, y: { distr: logY ? 3 : 1 } },
        series,
        bands: banded.map((line, n) => ({ series: [1 + 2 * n, 2 + 2 * n] as [number, number], fill: faded(ink.line(line.ink), 0.18) })),
        axes: [
          { ...shown, values: axis === 'relative' ? (_: uPlot, at: number[]) => at.map(value => formatDuration(value)) : axis === 'wall' ? undefined : (_: uPlot, at: number[]) => at.map(value => (value === null ? '' : formatNumber(value, 4))), space: 60 },
          { ...shown, size: 62, values: (_: uPlot, at: number[]) => at.map(value => (value === null ? '' : formatNumber(value, 4))) }
        ],
        legend: { show: false },
        cursor: { sync: { key: sync, setSeries: false }, drag: { x: true, y: false, setScale: false }, points: { show: false }, focus: { prox: -1 } },
        hooks: {
          setSelect: [
            plot => {
              if (plot.select.width > 3) {
                const range: [number, number] = [plot.posToVal(plot.select.left, 'x'), plot.posToVal(plot.select.left + plot.select.width, 'x')];
                plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
                this._options.zoom(scaled(range, axis));
              }
            }
          ],
          setCursor: [
            plot => {
              const { left } = plot.cursor;
              const x = left === undefined || left === null || left < 0 ? null : plot.posToVal(left, 'x');
              this._options.hover(x === null ? null : axis === 'wall' ? x * 1000 : x);
            }
          ]
        }
      },
      table(this._drawn(), this._options),
      this._place
    );
    plot.over.addEventListener('dblclick', () => this._options.zoom(null));
    this._plot = plot;
    this._scale();
    return plot;
  }

  private _scale(): void {
    const { range, axis } = this._options;
    const data = this._plot.data[0];
    const [first, last] = [data[0], data[data.length - 1]];
    if (range) {
      this._plot.setScale('x', axis === 'wall' ? { min: range[0] / 1000, max: range[1] / 1000 } : { min: range[0], max: range[1] });
    } else if (first !== undefined && last !== undefined) {
      // One x alone has no width of its own
      this._plot.setScale('x', first === last ? { min: first - 1, max: first + 1 } : { min: first, max: last });
    }
  }

  private _plot: uPlot;
  private _sync: string;
}

/** What uPlot draws: one common x, each line's y there, null where a line has a gap and undefined where it has no point. */
function table(lines: { x: ArrayLike<number>; y: ArrayLike<number> }[], { axis, logX, logY }: ILinesOptions): uPlot.AlignedData {
  const unit = axis === 'wall' ? 1000 : 1; // uPlot counts seconds
  const tables = lines.map(({ x, y }): uPlot.AlignedData => {
    const [xs, ys]: [number[], (number | null)[]] = [[], []];
    for (let index = 0; index < x.length; index++) {
      const [at, value] = [(x[index] as number) / unit, y[index] as number];
      // A logarithm has no place for zero and below
      if (Number.isFinite(at) && !(logX && at <= 0) && at !== xs[xs.length - 1]) {
        xs.push(at);
        ys.push(Number.isFinite(value) && !(logY && value <= 0) ? value : null);
      }
    }
    return [xs, ys];
  });
  const joined = tables.length ? uPlot.join(tables, tables.map(() => [0, 2])) : [[]];
  return joined as uPlot.AlignedData;
}

function scaled(range: [number, number], axis: XAxis): [number, number] {
  return axis === 'wall' ? [range[0] * 1000, range[1] * 1000] : range;
}

/** A place on the axis, as a person reads it. */
export function placeOf(x: number, axis: XAxis): string {
  return axis === 'wall' ? formatTime(x) : axis === 'relative' ? formatDuration(x) : formatNumber(x, 6);
}
