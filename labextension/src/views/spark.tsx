// A curve small enough for a line of text.
import { VNode } from 'preact';

const WIDTH = 64;
const HEIGHT = 18;

export function Spark({ x, y, says }: { x: ArrayLike<number>; y: ArrayLike<number>; says: string }): VNode {
  const points: [number, number][] = [];
  for (let at = 0; at < x.length; at++) {
    const [left, value] = [Number(x[at]), Number(y[at])];
    if (Number.isFinite(left) && Number.isFinite(value)) {
      points.push([left, value]);
    }
  }
  const span = (values: number[]): [number, number] => [Math.min(...values), Math.max(...values)];
  const [low, high] = span(points.map(point => point[1]));
  const [first, last] = span(points.map(point => point[0]));
  const place = ([left, value]: [number, number]): string =>
    `${(1 + ((left - first) / (last - first || 1)) * (WIDTH - 2)).toFixed(1)},${(HEIGHT - 2 - ((value - low) / (high - low || 1)) * (HEIGHT - 4)).toFixed(1)}`;
  return (
    <svg class="nbt-spark" width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={says}>
      {points.length > 1 && <polyline points={points.map(place).join(' ')} fill="none" stroke="currentColor" stroke-width="1.3" />}
    </svg>
  );
}
