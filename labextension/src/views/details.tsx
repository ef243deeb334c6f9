// One run, as `%track show` tells it.
import { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { Compare } from '../models/compare';
import { STRINGS } from '../models/strings';
import { useAnswer } from './hooks';
import { Said } from './said';

interface IProps {
  compare: Compare;
  run: string;
  /** Titles of sections that stand elsewhere. */
  without?: string[];
}

export function Details({ compare, run, without = [] }: IProps): VNode {
  const answered = useAnswer(compare.host, 'details', { run });
  const head = useRef<HTMLHeadingElement>(null);
  const row = compare.runs.row(run);
  const name = row === undefined ? run.slice(0, 8) : compare.runs.label(row);
  // Who opens them within a comparison goes on there; a view of its own takes the focus from nobody when the page is loaded anew
  useEffect(() => {
    if (compare.details === run) {
      head.current?.focus();
    }
  }, [run]);
  const { answer } = answered;
  return (
    <section
      class="nbt-details"
      aria-label={STRINGS.details(name)}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          compare.set({ details: null });
        }
      }}
    >
      <header>
        <h3 ref={head} tabIndex={-1}>
          {name}
        </h3>
        {compare.details === run && (
          <button type="button" onClick={() => compare.set({ details: null })}>
            {STRINGS.close}
          </button>
        )}
      </header>
      <Said of={answered} />
      {answer?.says && <p class="nbt-says">{answer.says}</p>}
      <div class="nbt-sections">
        {answer?.sections.filter(section => !without.includes(section.title)).map(section => (
          <table key={section.title}>
            <caption>{section.title}</caption>
            <tbody>
              {section.rows.map(([name, value], index) => (
                <tr key={index}>
                  <th scope="row">{name}</th>
                  <td>{value}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </div>
    </section>
  );
}
