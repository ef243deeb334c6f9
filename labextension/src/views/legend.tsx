// Runs with their lines: a click hides one, and below the pointer each tells its value.
import { VNode } from 'preact';
import { useEffect, useReducer } from 'preact/hooks';

import { IInk } from '../charts/colours';
import { ILine, placeOf } from '../charts/lines';
import { IEntry, readings } from '../models/curves';
import { formatNumber } from '../models/format';
import { XAxis } from '../models/shapes';
import { Signal } from '../models/signal';
import { STRINGS } from '../models/strings';

/** Where the reader points in the plots. It moves with every frame, so only what tells of it follows. */
export class Pointer {
  readonly changed = new Signal();
  at: { metric: string; x: number } | null = null;

  move(at: { metric: string; x: number } | null): void {
    this.at = at;
    this.changed.emit();
  }
}

interface IProps {
  entries: IEntry[];
  hidden: ReadonlySet<string>;
  toggle(key: string): void;
  pointer: Pointer;
  plots: { metric: string; lines: ILine[] }[];
  axis: XAxis;
  ink: IInk | null;
}

export function Legend({ entries, hidden, toggle, pointer, plots, axis, ink }: IProps): VNode {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => pointer.changed.connect(() => draw(undefined)), [pointer]);
  const { at } = pointer;
  const under = at && plots.find(plot => plot.metric === at.metric);
  const values = at && under ? readings(under.lines, at.x) : null;
  return (
    <div class="nbt-legend" role="group" aria-label={STRINGS.curves.legend}>
      <div class="nbt-at" aria-hidden="true">
        {at && under ? `${at.metric}, ${STRINGS.curves.axes[axis].toLowerCase()} ${placeOf(at.x, axis)}` : STRINGS.curves.hint}
      </div>
      {entries.map(entry => {
        const value = values?.get(entry.ink);
        return (
          <button key={entry.key} type="button" class="nbt-entry" aria-pressed={!hidden.has(entry.key)} onClick={() => toggle(entry.key)}>
            <svg width="22" height="8" aria-hidden="true">
              <line x1="1" x2="21" y1="4" y2="4" stroke={ink?.line(entry.ink)} stroke-width="2" stroke-dasharray={ink?.dash(entry.ink).join(' ')} />
            </svg>
            <span class="nbt-title">{entry.name}</span>
            {value !== undefined && !Number.isNaN(value) && <span class="nbt-value">{formatNumber(value, 4)}</span>}
          </button>
        );
      })}
    </div>
  );
}
