// Which columns the table shows.
import { VNode } from 'preact';
import { useState } from 'preact/hooks';

import { Compare } from '../models/compare';
import { ColumnKind } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { available, first } from '../models/table';
import { headOf } from './cell';
import { Menu } from './menu';

const KINDS: ColumnKind[] = ['info', 'metric', 'param', 'tag'];
const MOST = 200; // boxes drawn at once; the search finds the others

export function Columns({ compare }: { compare: Compare }): VNode {
  const [word, setWord] = useState('');
  const shown = compare.shown ?? first(compare.runs);
  const all = available(compare.runs).filter(column => column.name !== 'name' || column.kind !== 'info');
  const found = all.filter(column => headOf(column).toLowerCase().includes(word.toLowerCase()));
  const put = (id: string, isOn: boolean): void => {
    const next = new Set(shown);
    if (isOn) {
      next.add(id);
    } else {
      next.delete(id);
    }
    compare.set({ shown: next });
  };
  return (
    <Menu label={STRINGS.columns.label}>
      <input
        type="search"
        value={word}
        placeholder={STRINGS.columns.find}
        aria-label={STRINGS.columns.find}
        onInput={event => setWord(event.currentTarget.value)}
      />
      <div class="nbt-buttons">
        <button type="button" onClick={() => compare.set({ shown: new Set([...shown, ...found.map(column => column.id)]) })}>
          {STRINGS.columns.all}
        </button>
        <button type="button" onClick={() => compare.set({ shown: new Set([...shown].filter(id => !found.some(column => column.id === id))) })}>
          {STRINGS.columns.none}
        </button>
        <button type="button" onClick={() => compare.set({ shown: null })}>
          {STRINGS.columns.first}
        </button>
      </div>
      <div class="nbt-list" tabIndex={0} role="group" aria-label={STRINGS.columns.label}>
        {KINDS.map(kind => {
          const columns = found.filter(column => column.kind === kind).slice(0, MOST);
          return (
            columns.length > 0 && (
              <fieldset key={kind}>
                <legend>{STRINGS.kinds[kind]}</legend>
                {columns.map(column => (
                  <label key={column.id}>
                    <input type="checkbox" checked={shown.has(column.id)} onChange={event => put(column.id, event.currentTarget.checked)} />
                    {headOf(column)}
                  </label>
                ))}
              </fieldset>
            )
          );
        })}
      </div>
    </Menu>
  );
}
