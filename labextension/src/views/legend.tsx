// Runs with their lines: a click hides one, and below the pointer each tells its value.
import { VNode } from 'preact';

import { IInk } from '../charts/colours';
import { IEntry } from '../models/curves';
import { formatNumber } from '../models/format';
import { STRINGS } from '../models/strings';

interface IProps {
  entries: IEntry[];
  hidden: ReadonlySet<string>;
  toggle(key: string): void;
  /** Where the pointer is; empty where it is nowhere. */
  at: string;
  values: Map<number, number> | null;
  ink: IInk | null;
}

export function Legend({ entries, hidden, toggle, at, values, ink }: IProps): VNode {
  return (
    <div class="nbt-legend" role="group" aria-label={STRINGS.curves.legend}>
      <div class="nbt-at" aria-hidden="true">
        {at || '\u00a0'}
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
