// Above every tab: the filter, how many runs it leaves, and what can be done with those selected.
import { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { Compare } from '../models/compare';
import { formatTime } from '../models/format';
import { clashes, parseQuery, QueryError } from '../models/query';
import { STRINGS } from '../models/strings';
import { useId } from './hooks';

const PAUSE_MS = 400; // what cannot be read is often only not written to its end

export function Bar({ compare }: { compare: Compare }): VNode {
  const [typed, setTyped] = useState(compare.filter);
  const id = useId('filter');
  const { query } = compare;
  const known = useRef(compare.filter);
  useEffect(() => {
    // Only what another view of it chose: effects come after the first paint, and somebody may be typing already
    if (known.current !== compare.filter) {
      known.current = compare.filter;
      setTyped(compare.filter);
    }
  }, [compare.filter]);
  const later = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(later.current), []);
  const type = (text: string): void => {
    setTyped(text);
    clearTimeout(later.current);
    if (isQuery(text)) {
      compare.filter = text; // ten thousand runs are filtered between two letters
    } else {
      later.current = setTimeout(() => (compare.filter = text), PAUSE_MS);
    }
  };
  const isWrong = query instanceof QueryError;
  const doubtful = isWrong ? [] : clashes(query, compare.runs);
  const { stale, as_of_ms } = compare.runs.source;
  return (
    <div class="nbt-bar">
      <label for={id}>{STRINGS.filter.label}</label>
      <input
        id={id}
        type="search"
        class="nbt-filter"
        value={typed}
        placeholder={STRINGS.filter.hint}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={isWrong}
        aria-describedby={`${id}-note`}
        onInput={event => type(event.currentTarget.value)}
      />
      <span role="status" class="nbt-count">
        {STRINGS.someRuns(compare.rows.length, compare.runs.count)}
        {compare.selected.size > 0 && `, ${STRINGS.selected(compare.selected.size)}`}
      </span>
      <span id={`${id}-note`} class={isWrong ? 'nbt-note nbt-problem' : 'nbt-note'} role={isWrong ? 'alert' : undefined}>
        {isWrong ? `${query.text} ${query.mend}` : doubtful.length ? STRINGS.filter.clash(doubtful) : ''}
      </span>
      {stale && (
        <span class="nbt-note nbt-problem" role="status">
          {stale} {STRINGS.stale(formatTime(as_of_ms))}.
        </span>
      )}
    </div>
  );
}

function isQuery(text: string): boolean {
  try {
    parseQuery(text);
    return true;
  } catch (error) {
    if (error instanceof QueryError) {
      return false;
    }
    throw error;
  }
}
