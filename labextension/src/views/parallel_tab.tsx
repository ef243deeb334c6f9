// Every run as one line over the axes of its params and metrics.
import { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';

import { faded, shade } from '../charts/colours';
import { scaleOf } from '../charts/scale';
import { Compare } from '../models/compare';
import { formatNumber } from '../models/format';
import { axesOf, Brushes, kept, moved } from '../models/parallel';
import { STRINGS } from '../models/strings';
import { Canvas } from './canvas';
import { headOf } from './cell';
import { drawable, options } from './choices';
import { Empty } from './empty';
import { Menu } from './menu';
import { Select } from './select';

const HEIGHT = 320;
const [TOP, BOTTOM, SIDE] = [14, 12, 60];
const PARAMS_AT_FIRST = 6;
const GRIP = 18; // pixels beside an axis that belong to it

export function ParallelTab({ compare }: { compare: Compare }): VNode {
  const { runs, rows, selected } = compare;
  const columns = useMemo(() => drawable(runs, rows), [runs, rows]);
  const [chosen, setChosen] = useState<string[] | null>(null);
  const [logs, setLogs] = useState<ReadonlySet<string>>(new Set());
  const [brushes, setBrushes] = useState<Brushes>(new Map());
  const [colourId, setColour] = useState('');
  const [drag, setDrag] = useState<{ axis: string; from: number; to: number } | null>(null);
  const metric = compare.metric === null ? undefined : runs.column(`metric/${compare.metric}`);
  const order = useMemo(() => {
    const usual = [...columns.filter(column => column.kind === 'param').slice(0, PARAMS_AT_FIRST), ...(metric ? [metric] : [])];
    const first = usual.length < 2 ? [...new Set([...usual, ...columns])].slice(0, 2) : usual; // one axis alone makes no line
    return (chosen ?? first.map(column => column.id)).filter(id => columns.some(column => column.id === id));
  }, [chosen, columns, metric]);
  const axes = useMemo(() => axesOf(order.flatMap(id => runs.column(id) ?? []), rows, logs), [order, rows, logs]);
  const brushing: Brushes = drag ? new Map([...brushes, [drag.axis, span(drag.from, drag.to)]]) : brushes;
  const inside = useMemo(() => new Set(kept(rows, axes, brushing)), [rows, axes, brushes, drag]);
  const colour = runs.column(colourId) ?? metric;
  const shades = useMemo(() => colour && scaleOf(colour, rows), [colour, rows]);

  if (!rows.length || (axes.length < 2 && chosen === null)) {
    return <Empty compare={compare} tab="parallel" />;
  }
  const placeOf = (index: number, width: number): number => SIDE + (index * (width - 2 * SIDE)) / (axes.length - 1);
  const axisAt = (x: number, width: number): string | undefined =>
    axes.find((_, index) => Math.abs(placeOf(index, width) - x) < GRIP)?.column.id;
  const heightAt = (y: number): number => Math.max(0, Math.min(1, 1 - (y - TOP) / (HEIGHT - TOP - BOTTOM)));
  const put = (id: string, brush: [number, number] | null): void => {
    const next = new Map(brushes);
    if (brush) {
      next.set(id, brush);
    } else {
      next.delete(id);
    }
    setBrushes(next);
  };
  const says = STRINGS.parallel.says(rows.length, axes.map(({ column }) => headOf(column)));
  return (
    <>
      <div class="nbt-bar">
        <Menu label={STRINGS.columns.label}>
          <div class="nbt-list" tabIndex={0} role="group" aria-label={STRINGS.columns.label}>
            {columns.map(column => (
              <label key={column.id}>
                <input
                  type="checkbox"
                  checked={order.includes(column.id)}
                  onChange={event => setChosen(event.currentTarget.checked ? [...order, column.id] : order.filter(id => id !== column.id))}
                />
                {headOf(column)}
              </label>
            ))}
          </div>
        </Menu>
        <Select label={STRINGS.parallel.colour} value={colour?.id ?? ''} options={colour ? options(columns) : [['', STRINGS.scatter.none], ...options(columns)]} choose={id => setColour(id)} />
        <span role="status">{STRINGS.parallel.kept(inside.size, rows.length)}</span>
        {brushes.size > 0 && (
          <>
            <button type="button" onClick={() => setBrushes(new Map())}>
              {STRINGS.parallel.clear}
            </button>
            <button type="button" onClick={() => compare.select([...inside].map(row => runs.ids[row] ?? ''))}>
              {STRINGS.parallel.select}
            </button>
          </>
        )}
      </div>
      {axes.length < 2 && <p class="nbt-empty">{STRINGS.empty.axes}</p>}
      <figure class="nbt-chart" hidden={axes.length < 2}>
        <div class="nbt-wide">
          <div style={{ minWidth: axes.length * 110 }}>
            <Canvas
              height={HEIGHT}
              label={says}
              onDown={(x, y, width) => {
                const axis = axisAt(x, width);
                if (axis !== undefined) {
                  setDrag({ axis, from: heightAt(y), to: heightAt(y) });
                }
              }}
              onMove={(_, y) => drag && setDrag({ ...drag, to: heightAt(y) })}
              onUp={(_, y) => {
                if (drag) {
                  const brush = span(drag.from, heightAt(y));
                  // A click takes the brush off
                  put(drag.axis, brush[1] - brush[0] > 0.015 ? brush : null);
                  setDrag(null);
                }
              }}
              draw={(context, { width, ink, isDark }) => {
                const y = (share: number): number => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
                const some = selected.size > 0;
                const alpha = Math.max(0.12, Math.min(0.8, 40 / rows.length));
                // Those that are kept lie above the others, the selected above all
                const layer = (row: number): number => (inside.has(row) ? (selected.has(runs.ids[row] ?? '') ? 2 : 1) : 0);
                for (const which of [0, 1, 2]) {
                  for (const row of rows) {
                    if (layer(row) !== which) {
                      continue;
                    }
                    context.beginPath();
                    let isOpen = false;
                    axes.forEach(({ scale }, index) => {
                      const share = scale.at(row);
                      if (Number.isNaN(share)) {
                        isOpen = false;
                      } else if (isOpen) {
                        context.lineTo(placeOf(index, width), y(share));
                      } else {
                        context.moveTo(placeOf(index, width), y(share));
                        isOpen = true;
                      }
                    });
                    const tone = which === 0 ? ink.grid : shades ? shade(shades.at(row), isDark) : ink.line(0);
                    context.strokeStyle = faded(tone.startsWith('#') ? ink.text : tone, which === 0 ? 0.25 : which === 2 ? 1 : some ? alpha / 2 : alpha);
                    context.lineWidth = which === 2 ? 2.5 : 1.3;
                    context.stroke();
                  }
                }
                axes.forEach(({ column, scale }, index) => {
                  const x = placeOf(index, width);
                  context.lineWidth = 1;
                  context.strokeStyle = ink.text;
                  context.strokeRect(x, TOP, 0, HEIGHT - TOP - BOTTOM);
                  const brush = brushing.get(column.id);
                  if (brush) {
                    context.fillStyle = faded(ink.line(0), 0.3);
                    context.fillRect(x - 7, y(brush[1]), 14, y(brush[0]) - y(brush[1]));
                    context.strokeRect(x - 7, y(brush[1]), 14, y(brush[0]) - y(brush[1]));
                  }
                  context.textAlign = index === axes.length - 1 ? 'right' : 'left';
                  for (const tick of scale.ticks) {
                    const tx = x + (index === axes.length - 1 ? -8 : 8);
                    const w = Math.min(90, context.measureText(tick.text).width);
                    context.fillStyle = faded(ink.ground, 0.75);
                    context.fillRect(index === axes.length - 1 ? tx - w : tx, y(tick.at) - 6, w, 12);
                    context.fillStyle = ink.text;
                    context.fillText(tick.text, tx, y(tick.at) + 4, 90);
                  }
                });
              }}
            />
            <div class="nbt-axes">
              {axes.map(({ column, scale }, index) => {
                const name = headOf(column);
                const brush = brushes.get(column.id);
                return (
                  <fieldset key={column.id}>
                    <legend title={name}>{name}</legend>
                    <button type="button" aria-label={`${STRINGS.parallel.left}: ${name}`} disabled={index === 0} onClick={() => setChosen(moved(order, column.id, -1))}>
                      ◀
                    </button>
                    <button
                      type="button"
                      aria-label={`${STRINGS.parallel.right}: ${name}`}
                      disabled={index === axes.length - 1}
                      onClick={() => setChosen(moved(order, column.id, 1))}
                    >
                      ▶
                    </button>
                    {column.isNumeric && scale.range && (
                      <>
                        <label>
                          <input
                            type="checkbox"
                            checked={logs.has(column.id)}
                            onChange={() => {
                              const next = new Set(logs);
                              if (!next.delete(column.id)) {
                                next.add(column.id);
                              }
                              setLogs(next);
                              put(column.id, null);
                            }}
                          />
                          {STRINGS.parallel.log}
                        </label>
                        {/* What the pointer does, for keys: the ends of the brush */}
                        {([0, 1] as const).map(end => (
                          <input
                            key={end}
                            type="range"
                            min="0"
                            max="1"
                            step="0.01"
                            value={brush?.[end] ?? end}
                            aria-label={end ? STRINGS.parallel.high(name) : STRINGS.parallel.low(name)}
                            aria-valuetext={formatNumber(scale.value(brush?.[end] ?? end), 4)}
                            onInput={event => {
                              const value = Number(event.currentTarget.value);
                              const [low, high] = brush ?? [0, 1];
                              put(column.id, end ? [Math.min(low, value), value] : [value, Math.max(high, value)]);
                            }}
                          />
                        ))}
                      </>
                    )}
                  </fieldset>
                );
              })}
            </div>
          </div>
        </div>
        <figcaption class="nbt-says">
          {says}. {STRINGS.parallel.hint}
        </figcaption>
      </figure>
    </>
  );
}

function span(from: number, to: number): [number, number] {
  return from < to ? [from, to] : [to, from];
}
