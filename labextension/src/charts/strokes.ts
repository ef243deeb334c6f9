// Lines, bands and single points drawn on a canvas, each over the x it has.

export interface IStroke {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  colour: string;
  width: number;
  dash: number[];
}

export interface IArea {
  x: ArrayLike<number>;
  low: ArrayLike<number>;
  high: ArrayLike<number>;
  colour: string;
}

/** One axis: from a value to its pixel. */
export interface IPlaces {
  isLog: boolean;
  /** Values at the first and the last pixel. */
  ends: [number, number];
  /** Pixels of those values. */
  pixels: [number, number];
}

const DOT = 3.5; // radius of a point that has no neighbour, in pixels of the reader

/** Draw areas, then lines over them. A value that is no number, or that a logarithm has no place for, is a gap. */
export function paint(context: CanvasRenderingContext2D, areas: IArea[], strokes: IStroke[], across: IPlaces, up: IPlaces, ratio: number): void {
  const [toX, toY] = [placing(across), placing(up)];
  context.lineJoin = 'round';
  for (const { x, low, high, colour } of areas) {
    const [first, last] = within(x, across.ends);
    context.fillStyle = colour;
    for (const [begin, end] of pieces(first, last, index => fits(x[index], across) && fits(low[index], up) && fits(high[index], up))) {
      context.beginPath();
      for (let index = begin; index < end; index++) {
        context.lineTo(toX(x[index] as number), toY(high[index] as number));
      }
      for (let index = end - 1; index >= begin; index--) {
        context.lineTo(toX(x[index] as number), toY(low[index] as number));
      }
      context.fill();
    }
  }
  for (const { x, y, colour, width, dash } of strokes) {
    const [first, last] = within(x, across.ends);
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = width * ratio;
    context.setLineDash(dash.map(part => part * ratio));
    context.beginPath();
    for (const [begin, end] of pieces(first, last, index => fits(x[index], across) && fits(y[index], up))) {
      if (end - begin === 1) {
        const [left, top] = [toX(x[begin] as number), toY(y[begin] as number)];
        context.moveTo(left + DOT * ratio, top);
        context.arc(left, top, DOT * ratio, 0, 2 * Math.PI);
        continue;
      }
      context.moveTo(toX(x[begin] as number), toY(y[begin] as number));
      for (let index = begin + 1; index < end; index++) {
        context.lineTo(toX(x[index] as number), toY(y[index] as number));
      }
    }
    context.stroke();
  }
}

/** Lowest and highest value of lines over a part of x, what crosses its edges included; null where there is none. */
export function extent(lines: { x: ArrayLike<number>; y: ArrayLike<number> }[], ends: [number, number], isLog: boolean): [number, number] | null {
  let [low, high] = [Infinity, -Infinity];
  const see = (value: number): void => {
    if (Number.isFinite(value) && !(isLog && value <= 0)) {
      low = value < low ? value : low;
      high = value > high ? value : high;
    }
  };
  for (const { x, y } of lines) {
    const [first, last] = within(x, ends);
    for (let index = first; index < last; index++) {
      const at = x[index] as number;
      if (at >= ends[0] && at <= ends[1]) {
        see(y[index] as number);
      } else {
        // The neighbour outside counts as far as its line comes in
        const inside = at < ends[0] ? index + 1 : index - 1;
        if (inside >= 0 && inside < x.length) {
          const edge = at < ends[0] ? ends[0] : ends[1];
          const [from, to] = [y[index] as number, y[inside] as number];
          see(from + ((to - from) * (edge - at)) / ((x[inside] as number) - at));
        }
      }
    }
  }
  return low <= high ? [low, high] : null;
}

/** The points to draw of an ascending x: those inside and one more on each side. */
export function within(x: ArrayLike<number>, [low, high]: [number, number]): [number, number] {
  return [Math.max(0, lowerBound(x, low) - 1), Math.min(x.length, lowerBound(x, high) + 1)];
}

function lowerBound(x: ArrayLike<number>, wanted: number): number {
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] as number) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function fits(value: number | undefined, { isLog }: IPlaces): boolean {
  return Number.isFinite(value) && !(isLog && (value as number) <= 0);
}

/** Stretches without a gap. */
function pieces(first: number, last: number, is: (index: number) => boolean): [number, number][] {
  const found: [number, number][] = [];
  let begin = -1;
  for (let index = first; index < last; index++) {
    if (is(index)) {
      begin = begin < 0 ? index : begin;
    } else if (begin >= 0) {
      found.push([begin, index]);
      begin = -1;
    }
  }
  if (begin >= 0) {
    found.push([begin, last]);
  }
  return found;
}

function placing({ isLog, ends, pixels }: IPlaces): (value: number) => number {
  const [low, high] = isLog ? [Math.log10(ends[0]), Math.log10(ends[1])] : ends;
  const slope = (pixels[1] - pixels[0]) / (high - low || 1);
  const offset = pixels[0] - low * slope;
  return isLog ? value => offset + slope * Math.log10(value) : value => offset + slope * value;
}
