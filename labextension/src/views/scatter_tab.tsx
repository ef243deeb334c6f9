// Any column against any other.
import { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';

import { faded, shade } from '../charts/colours';
import { scaleOf } from '../charts/scale';
import { Compare } from '../models/compare';
import { trend } from '../models/relation';
import { STRINGS } from '../models/strings';
import { Canvas } from './canvas';
import { headOf, textOf } from './cell';
import { drawable, options } from './choices';
import { Empty } from './empty';
import { Select } from './select';

const HEIGHT = 380;
const [LEFT, RIGHT, TOP, BOTTOM] = [74, 16, 12, 34];
const NEAR = 14; // pixels

export function ScatterTab({ compare }: { compare: Compare }): VNode {
  const { runs, rows, selected } = compare;
  const columns = useMemo(() => drawable(runs, rows), [runs, rows]);
  const metric = compare.metric === null ? undefined : runs.column(`metric/${compare.metric}`);
  const [chosen, setChosen] = useState<{ x?: string; y?: string; colour: string; size: string; logX: boolean; logY: boolean; trend: boolean }>({
    colour: '',
    size: '',
    logX: false,
    logY: false,
    trend: false
  });
  const [near, setNear] = useState<number | null>(null);
  const y = runs.column(chosen.y ?? '') ?? metric ?? columns[0];
  const x = runs.column(chosen.x ?? '') ?? columns.find(column => column !== y && column.kind === 'param' && column.isNumeric) ?? columns.find(column => column !== y) ?? y;
  const colour = runs.column(chosen.colour);
  const size = runs.column(chosen.size);
  const plot = useMemo(() => {
    if (!x || !y) {
      return null;
    }
    const [sx, sy] = [scaleOf(x, rows, chosen.logX), scaleOf(y, rows, chosen.logY)];
    const points = rows.map(row => ({ row, x: sx.at(row), y: sy.at(row) })).filter(point => !Number.isNaN(point.x) && !Number.isNaN(point.y));
    return { sx, sy, points, line: trend(points.map(point => [point.x, point.y])) };
  }, [x, y, rows, chosen.logX, chosen.logY]);
  if (!rows.length || !x || !y || !plot) {
    return <Empty compare={compare} tab="scatter" />;
  }
  const { sx, sy, points, line } = plot;
  const shades = colour && scaleOf(colour, rows);
  const sizes = size && scaleOf(size, rows);
  const choices = options(columns);
  const optional: [string, string][] = [['', STRINGS.scatter.none], ...choices];
  const says = STRINGS.scatter.says(headOf(y), headOf(x), points.length, line?.r ?? NaN);
  const find = (px: number, py: number, width: number): number | null => {
    let [best, distance] = [null as number | null, NEAR];
    for (const point of points) {
      const away = Math.hypot(LEFT + point.x * (width - LEFT - RIGHT) - px, TOP + (1 - point.y) * (HEIGHT - TOP - BOTTOM) - py);
      if (away < distance) {
        [best, distance] = [point.row, away];
      }
    }
    return best;
  };
  return (
    <>
      <div class="nbt-bar">
        <Select label={STRINGS.scatter.x} value={x.id} options={choices} choose={id => setChosen({ ...chosen, x: id })} />
        <label>
          <input type="checkbox" checked={chosen.logX} onChange={event => setChosen({ ...chosen, logX: event.currentTarget.checked })} />
          {STRINGS.curves.logX}
        </label>
        <Select label={STRINGS.scatter.y} value={y.id} options={choices} choose={id => setChosen({ ...chosen, y: id })} />
        <label>
          <input type="checkbox" checked={chosen.logY} onChange={event => setChosen({ ...chosen, logY: event.currentTarget.checked })} />
          {STRINGS.curves.logY}
        </label>
        <Select label={STRINGS.scatter.colour} value={colour?.id ?? ''} options={optional} choose={id => setChosen({ ...chosen, colour: id })} />
        <Select label={STRINGS.scatter.size} value={size?.id ?? ''} options={optional} choose={id => setChosen({ ...chosen, size: id })} />
        <label>
          <input type="checkbox" checked={chosen.trend} onChange={event => setChosen({ ...chosen, trend: event.currentTarget.checked })} />
          {STRINGS.scatter.trend}
        </label>
      </div>
      {points.length === 0 ? (
        <p class="nbt-empty">{STRINGS.scatter.empty}</p>
      ) : (
        <figure class="nbt-chart">
          <Canvas
            height={HEIGHT}
            label={says}
            onMove={(px, py, width) => setNear(find(px, py, width))}
            onLeave={() => setNear(null)}
            onDown={(px, py, width, event) => {
              const row = find(px, py, width);
              const id = row === null ? undefined : runs.ids[row];
              if (id === undefined) {
                return;
              }
              if (event.ctrlKey || event.metaKey || event.shiftKey) {
                compare.toggle(id);
              } else {
                compare.select([id]);
              }
            }}
            draw={(context, { width, ink, isDark }) => {
              const [w, h] = [width - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
              const place = (point: { x: number; y: number }): [number, number] => [LEFT + point.x * w, TOP + (1 - point.y) * h];
              context.strokeStyle = ink.grid;
              context.fillStyle = ink.text;
              context.textAlign = 'center';
              for (const tick of sx.ticks) {
                context.strokeRect(LEFT + tick.at * w, TOP, 0, h);
                context.fillText(tick.text, LEFT + tick.at * w, TOP + h + 15);
              }
              context.textAlign = 'right';
              for (const tick of sy.ticks) {
                context.strokeRect(LEFT, TOP + (1 - tick.at) * h, w, 0);
                context.fillText(tick.text, LEFT - 6, TOP + (1 - tick.at) * h + 4, LEFT - 8);
              }
              context.textAlign = 'center';
              context.fillText(headOf(x), LEFT + w / 2, HEIGHT - 4, w);
              const anySelected = selected.size > 0;
              for (const point of points) {
                const isOn = selected.has(runs.ids[point.row] ?? '');
                const tone = shades ? shade(shades.at(point.row), isDark) : ink.line(0);
                const share = sizes ? sizes.at(point.row) : 0.3;
                context.beginPath();
                context.arc(...place(point), Number.isNaN(share) ? 2 : 3 + share * 7, 0, 2 * Math.PI);
                context.fillStyle = faded(tone, anySelected && !isOn ? 0.25 : 0.75);
                context.fill();
                if (isOn || point.row === near) {
                  context.strokeStyle = ink.text;
                  context.lineWidth = 1.5;
                  context.stroke();
                }
              }
              if (chosen.trend && line) {
                context.beginPath();
                context.rect(LEFT, TOP, w, h);
                context.save();
                context.clip();
                context.beginPath();
                context.moveTo(...place({ x: 0, y: line.offset }));
                context.lineTo(...place({ x: 1, y: line.offset + line.slope }));
                context.strokeStyle = ink.line(1);
                context.setLineDash([6, 4]);
                context.lineWidth = 2;
                context.stroke();
                context.restore();
              }
            }}
          />
          <figcaption class="nbt-says">
            {near === null ? says : `${runs.label(near)}: ${[x, y, colour, size].flatMap(column => (column ? `${headOf(column)} ${textOf(column, near)}` : [])).join(', ')}`}
          </figcaption>
        </figure>
      )}
    </>
  );
}
