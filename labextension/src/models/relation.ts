// How two columns go together.

export interface ITrend {
  /** Of y = slope * x + offset, by least squares. */
  slope: number;
  offset: number;
  /** Pearson's correlation. */
  r: number;
}

/** The straight line through points; null where there is none, as of a single x. */
export function trend(points: [number, number][]): ITrend | null {
  const n = points.length;
  const mean = (pick: (point: [number, number]) => number): number => points.reduce((sum, point) => sum + pick(point), 0) / n;
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)];
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of points) {
    xx += (x - mx) ** 2;
    xy += (x - mx) * (y - my);
    yy += (y - my) ** 2;
  }
  if (n < 2 || xx === 0) {
    return null;
  }
  const slope = xy / xx;
  return { slope, offset: my - slope * mx, r: yy === 0 ? NaN : xy / Math.sqrt(xx * yy) };
}
