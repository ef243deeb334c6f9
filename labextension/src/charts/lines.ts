// One metric's curves in one plot: uPlot draws the axes and follows the pointer, the lines lie on a canvas of ours. A hundred lines over their
// own x need no common table of all x then, and while a hand zooms, what is drawn already is stretched instead of drawn again.
import uPlot from 'uplot';

import { formatDuration, formatNumber, formatTime } from '../models/format';
import { XAxis } from '../models/shapes';
import { IBand } from '../models/smooth';
import { faded, IInk } from './colours';
import { apart } from './scale';
import { Range, Span } from './span';
import { extent, IArea, IPlaces, IStroke, paint } from './strokes';

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
  ink: IInk;
  /** What is below the pointer; null when it left. */
  hover(x: number | null): void;
}

const HEIGHT = 220;
const PAD = 0.1; // of the values' height, left free above and below, as uPlot does
const MANY = 20; // lines beyond which thin ones tell more; a browser without a graphics card also draws lines of one pixel ten times as fast
const HEAVY = 6000; // points beyond which drawing them takes longer than a frame
const LEAST = 1e-7; // of the whole width; beyond that numbers have no more digits
const NOTCH = 0.0016; // of a turned wheel's pixels

/** Draws lines until it is destroyed; what the plots of one span show moves together, and so does the pointer's place in them. */
export class Lines {
  constructor(
    private _place: HTMLElement,
    private _lines: ILine[],
    private _options: ILinesOptions,
    private _span: Span,
    private _sync: string
  ) {
    this._plot = this._make();
    this._disconnect = _span.changed.connect(() => this._scale());
  }

  draw(lines: ILine[], options: ILinesOptions): void {
    const isSame = (['axis', 'logX', 'logY', 'ink'] as const).every(name => options[name] === this._options[name]);
    this._options = options;
    if (isSame && lines === this._lines) {
      return;
    }
    this._lines = lines;
    if (isSame) {
      this._scale();
    } else {
      this._plot.destroy();
      this._plot = this._make();
    }
  }

  resize(width: number): void {
    if (width > 0 && width !== this._plot.width) {
      this._plot.setSize({ width, height: HEIGHT });
    }
  }

  destroy(): void {
    this._disconnect();
    LATER.delete(this._sharpen);
    this._plot.destroy();
  }

  /** Zoom about a place, a share of the plot's width: a factor below 1 shows less. */
  zoom(factor: number, at = 0.5): void {
    const { width } = this._room();
    this._show(at * width * (1 - factor), width * (at + factor * (1 - at)));
  }

  /** Move what is shown by a share of its width. */
  pan(share: number): void {
    const { width } = this._room();
    if (this._span.range) {
      this._show(share * width, (1 + share) * width);
    }
  }

  private _make(): uPlot {
    const { axis, logX, logY, ink } = this._options;
    const shown = { stroke: ink.text, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid, width: 1 }, font: '11px system-ui, sans-serif' };
    const plain = (_: uPlot, at: number[]): string[] => at.map(value => (value === null ? '' : formatNumber(value, 4)));
    this._extent = this._ends();
    const plot = new uPlot(
      {
        width: Math.max(200, this._place.clientWidth),
        height: HEIGHT,
        scales: { x: { time: axis === 'wall', distr: logX && axis !== 'wall' ? 3 : 1 }, y: { distr: logY ? 3 : 1, range: () => this._heights() } },
        series: [{}, { paths: () => null, points: { show: false } }],
        axes: [
          { ...shown, values: axis === 'relative' ? (_: uPlot, at: number[]) => at.map(value => formatDuration(value)) : axis === 'wall' ? undefined : plain, space: 60 },
          { ...shown, size: 62, values: plain }
        ],
        legend: { show: false },
        cursor: { sync: { key: this._sync, setSeries: false }, drag: { x: true, y: false, setScale: false }, points: { show: false }, focus: { prox: -1 } },
        hooks: {
          draw: [() => this._paint()],
          setSelect: [
            ({ select: { left, width } }) => {
              if (width > 3) {
                this._plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
                this._show(left, left + width);
              }
            }
          ],
          setCursor: [({ cursor }) => this._isUnder && this._hover((cursor.left ?? -1) < 0 ? null : this._plot.posToVal(cursor.left as number, 'x'))]
        }
      },
      [this._extent, [1, 1]],
      this._place
    );
    const { over } = plot;
    const ground = document.createElement('div');
    ground.className = 'nbt-strokes';
    ground.append(...this._layers.map(layer => layer.canvas));
    over.prepend(ground);
    over.addEventListener('dblclick', () => this._span.move(null));
    over.addEventListener('mouseenter', () => (this._isUnder = true));
    over.addEventListener('mouseleave', () => {
      this._isUnder = false;
      this._hover(null);
    });
    over.addEventListener(
      'wheel',
      event => {
        // A pinch comes as a wheel with Ctrl; the bare wheel is the page's
        if (event.ctrlKey || event.metaKey) {
          event.preventDefault();
          const turned = event.deltaMode === 0 ? event.deltaY : event.deltaY * 33;
          this.zoom(Math.exp(Math.max(-400, Math.min(400, turned)) * NOTCH), (event.clientX - over.getBoundingClientRect().x) / over.clientWidth);
        } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) && this._span.range) {
          event.preventDefault();
          this.pan(event.deltaX / over.clientWidth);
        }
      },
      { passive: false }
    );
    this._layers.forEach(layer => (layer.drawn = null));
    this._plot = plot;
    this._scale();
    return plot;
  }

  /** Show what lies between two pixels of the plot; all of it where that is as much as there is. */
  private _show(left: number, right: number): void {
    const [first, last] = this._extent;
    const [low, high] = [Math.max(first, this._at(left)), Math.min(last, this._at(right))];
    if (high - low > (last - first) * LEAST) {
      this._span.move(low <= first && high >= last ? null : [low, high]);
    }
  }

  /** The x at a pixel of what is to be shown: keys and wheel may turn on before it is drawn. */
  private _at(pixel: number): number {
    const [first, last] = this._span.range ?? this._extent;
    const share = pixel / this._room().width;
    return this._isLogX ? first * (last / first) ** share : first + share * (last - first);
  }

  private _scale(): void {
    if (!this._span.range) {
      this._extent = this._ends(); // while zoomed there may be the points of a part only
    }
    const [min, max] = this._span.range ?? this._extent;
    this._plot.setScale('x', { min, max });
  }

  /** First and last x; one x alone has no width of its own. */
  private _ends(): Range {
    let [first, last] = [Infinity, -Infinity];
    for (const { x } of this._lines) {
      let index = 0;
      while (index < x.length && this._isLogX && (x[index] as number) <= 0) {
        index++; // a logarithm has no place for them
      }
      if (index < x.length) {
        first = Math.min(first, x[index] as number);
        last = Math.max(last, x[x.length - 1] as number);
      }
    }
    return first > last ? [1, 2] : first < last ? apart([first, last]) : this._isLogX ? [first / 2, first * 2] : apart([first - 1, first + 1]);
  }

  private get _isLogX(): boolean {
    return this._options.logX && this._options.axis !== 'wall';
  }

  private _heights(): [number, number] {
    const { logY } = this._options;
    const all = this._lines.flatMap(({ x, y, raw, band }) => [
      { x, y },
      ...(raw ? [{ x, y: raw }] : []),
      ...(band ? [{ x: band.x, y: band.low }, { x: band.x, y: band.high }] : [])
    ]);
    const found = extent(all, this._span.range ?? this._extent, logY);
    const [low, high] = !found ? [logY ? 0.1 : 0, 1] : logY ? uPlot.rangeLog(...found, 10, false) : uPlot.rangeNum(...apart(found), PAD, true);
    return [low as number, high as number];
  }

  /** After the axes: the lines for good, or those drawn last, stretched to where they belong now. */
  private _paint(): void {
    const isHeavy = this._lines.reduce((sum, { x, raw }) => sum + x.length * (raw ? 2 : 1), 0) > HEAVY;
    if (isHeavy && this._stretched()) {
      if (!this._span.isMoving) {
        later(this._sharpen);
      }
    } else {
      this._sharpen();
    }
  }

  /** Whether there is a layer that can be laid where it belongs now: the part, where it covers what is shown, else the whole. */
  private _stretched(): boolean {
    const { scales } = this._plot;
    const [min, max] = [Number(scales.x?.min), Number(scales.x?.max)];
    const fit = [...this._layers].reverse().find(({ drawn }) => drawn && drawn.x[0] <= min && drawn.x[1] >= max) ?? this._layers.find(({ drawn }) => drawn);
    if (!fit?.drawn) {
      return false;
    }
    const { x, y } = fit.drawn;
    const { width, height } = this._room();
    const [left, right] = [this._plot.valToPos(x[0], 'x'), this._plot.valToPos(x[1], 'x')];
    const [top, bottom] = [this._plot.valToPos(y[1], 'y'), this._plot.valToPos(y[0], 'y')];
    fit.canvas.style.transform = `translate(${left}px, ${top}px) scale(${(right - left) / width}, ${(bottom - top) / height})`;
    this._layers.forEach(({ canvas }) => (canvas.hidden = canvas !== fit.canvas));
    return true;
  }

  private _sharpen = (): void => {
    LATER.delete(this._sharpen);
    const { x: across, y: up } = this._plot.scales;
    const [x, y]: [Range, Range] = [[Number(across?.min), Number(across?.max)], [Number(up?.min), Number(up?.max)]];
    const layer = this._layers[this._span.range ? 1 : 0] as ILayer;
    const { canvas, drawn } = layer;
    const { ratio, width, height } = this._room();
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    this._layers.forEach(other => (other.canvas.hidden = other !== layer));
    canvas.style.transform = '';
    if (drawn?.lines === this._lines && String([drawn.x, drawn.y]) === String([x, y]) && canvas.width === wide && canvas.height === high) {
      return;
    }
    [canvas.width, canvas.height] = [wide, high];
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
    const context = canvas.getContext('2d');
    if (context) {
      const places: [IPlaces, IPlaces] = [
        { isLog: this._isLogX, ends: x, pixels: [0, wide] },
        { isLog: this._options.logY, ends: y, pixels: [high, 0] }
      ];
      paint(context, ...this._strokes(), ...places, ratio);
    }
    layer.drawn = { lines: this._lines, x, y };
  };

  /** Size of the plotting area, in the reader's pixels, and how many of the screen's make one. */
  private _room(): { ratio: number; width: number; height: number } {
    const ratio = devicePixelRatio || 1;
    return { ratio, width: this._plot.bbox.width / ratio, height: this._plot.bbox.height / ratio };
  }

  /** What is drawn, from behind to the front: bands, raw lines, lines. */
  private _strokes(): [IArea[], IStroke[]] {
    const { ink } = this._options;
    const width = this._lines.length > MANY ? 1 : 1.6;
    return [
      this._lines.flatMap(({ band, ink: n }) => (band ? [{ ...band, colour: faded(ink.line(n), 0.18) }] : [])),
      [
        ...this._lines.flatMap(({ x, raw, ink: n }) => (raw ? [{ x, y: raw, colour: faded(ink.line(n), 0.25), width: 1, dash: [] }] : [])),
        ...this._lines.map(({ x, y, ink: n }) => ({ x, y, colour: ink.line(n), width, dash: ink.dash(n) }))
      ]
    ];
  }

  /** At most once a frame. */
  private _hover(x: number | null): void {
    this._under = x;
    this._frame ??= requestAnimationFrame(() => {
      this._frame = undefined;
      this._options.hover(this._under);
    });
  }

  private _plot: uPlot;
  private _disconnect: () => void;
  private _extent: Range = [1, 2];
  /** What was drawn of all x, and of the part that was shown last. */
  private _layers: ILayer[] = [0, 1].map(() => ({ canvas: document.createElement('canvas'), drawn: null }));
  private _isUnder = false;
  private _under: number | null = null;
  private _frame: number | undefined;
}

interface ILayer {
  canvas: HTMLCanvasElement;
  drawn: { lines: ILine[]; x: Range; y: Range } | null;
}

const LATER = new Set<() => void>();

/** One plot a frame, so that the reader's hand is never held up for long. */
function later(draw: () => void): void {
  if (LATER.size === 0) {
    const turn = (): void => {
      const [next] = LATER;
      next?.();
      if (LATER.size) {
        requestAnimationFrame(turn);
      }
    };
    requestAnimationFrame(turn);
  }
  LATER.add(draw);
}

/** A place on the axis, as a person reads it. */
export function placeOf(x: number, axis: XAxis): string {
  return axis === 'wall' ? formatTime(x * 1000) : axis === 'relative' ? formatDuration(x) : formatNumber(x, 6);
}
