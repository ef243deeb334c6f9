// Curves smoothed, and their spread over the runs of a group.

/** Exponential moving average with its bias at the beginning taken off; gaps stay gaps. `weight` is 0 (nothing) to below 1. */
export function smooth(values: ArrayLike<number>, weight: number): Float64Array {
  const out = new Float64Array(values.length);
  let [sum, norm] = [0, 0];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (!Number.isFinite(value)) {
      out[index] = value;
      continue;
    }
    sum = weight * sum + (1 - weight) * value;
    norm = weight * norm + (1 - weight);
    out[index] = sum / norm;
  }
  return out;
}

export interface ICurve {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
}

export interface IBand {
  x: Float64Array;
  low: Float64Array;
  mid: Float64Array;
  high: Float64Array;
}

/** Value of a curve at x, on the line between its neighbours; NaN outside and beside a gap. */
export function at(curve: ICurve, x: number): number {
  const { x: xs, y: ys } = curve;
  let [low, high] = [0, xs.length - 1];
  if (high < 0 || x < (xs[0] as number) || x > (xs[high] as number)) {
    return NaN;
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((xs[middle] as number) <= x) {
      low = middle;
    } else {
      high = middle;
    }
  }
  const [x0, x1] = [xs[low] as number, xs[high] as number];
  const [y0, y1] = [ys[low] as number, ys[high] as number];
  return x === x0 || x1 === x0 ? y0 : x === x1 ? y1 : y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

const MOST = 400; // places where a band is computed: more than its pixels nobody sees

/** Mean and spread of some curves over the x they have: of those that have a value there. */
export function band(curves: ICurve[], kind: 'std' | 'range'): IBand {
  const all = [...new Set(curves.flatMap(curve => Array.from(curve.x)))].sort((a, b) => a - b);
  const skip = Math.max(1, all.length / MOST);
  const count = Math.min(all.length, Math.ceil(all.length / skip));
  const x = Float64Array.from({ length: count }, (_, index) => all[Math.min(all.length - 1, index === count - 1 ? all.length - 1 : Math.floor(index * skip))] as number);
  const [low, mid, high] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  x.forEach((place, index) => {
    const values = curves.map(curve => at(curve, place)).filter(Number.isFinite);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const std = values.length > 1 ? Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) : 0;
    mid[index] = mean;
    low[index] = !values.length ? NaN : kind === 'std' ? mean - std : Math.min(...values);
    high[index] = !values.length ? NaN : kind === 'std' ? mean + std : Math.max(...values);
  });
  return { x, low, mid, high };
}
