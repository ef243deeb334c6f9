// What changed from one run to another, section by section.
import { VNode } from 'preact';
import { useState } from 'preact/hooks';

import { Compare } from '../models/compare';
import { IDifferenceSection } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { Empty } from './empty';
import { useAnswer } from './hooks';
import { Said } from './said';
import { Select } from './select';

const T = STRINGS.changed;
const MOST = 500; // runs that can be chosen here; the filter finds the others

interface IProps {
  compare: Compare;
  /** A run that is compared with others, and the one it is compared with at first; else those that are selected are. */
  of?: { run: string; with: string | undefined };
  /** What else can be done with the two runs. */
  more?: (a: string, b: string) => VNode;
}

export function ChangedTab({ compare, of, more }: IProps): VNode {
  const { runs } = compare;
  const [chosen, setChosen] = useState<{ a: string | null; b: string | null }>({ a: null, b: null });
  const known = (id: string | null | undefined): string | undefined => (id && runs.row(id) !== undefined ? id : undefined);
  const rows = compare.sortedRows.slice(0, MOST);
  // Those selected, the older first; else from the baseline, or the run before, to the newest
  const selected = compare.drawn.filter(row => compare.selected.has(runs.ids[row] ?? '')).sort((left, right) => right - left);
  const picked = of ? [known(of.with), known(of.run)] : selected.length === 2 ? selected.map(row => runs.ids[row]) : [];
  const b = known(chosen.b) ?? picked[1] ?? known(runs.ids[rows.find(row => row !== compare.baseline) ?? -1]);
  const a = known(chosen.a) ?? picked[0] ?? known(compare.host.choices.baseline) ?? runs.ids[rows.find(row => runs.ids[row] !== b) ?? -1];
  const answered = useAnswer(compare.host, 'difference', a && b && a !== b ? { a, b } : null);
  if (!a || !b) {
    return <Empty compare={compare} tab="changed" />;
  }
  const options = [...new Set([a, b, ...rows.map(row => runs.ids[row] ?? '')])].map(id => [id, runs.label(runs.row(id) ?? 0)] as [string, string]);
  const { answer } = answered;
  return (
    <div aria-busy={answered.isWaiting}>
      <div class="nbt-bar">
        <Select label={T.a} value={a} options={options} choose={id => setChosen({ a: id, b })} />
        <button type="button" onClick={() => setChosen({ a: b, b: a })}>
          {T.swap}
        </button>
        <Select label={T.b} value={b} options={options} choose={id => setChosen({ a, b: id })} />
        {a !== b && more?.(a, b)}
      </div>
      {a === b ? <p class="nbt-empty">{T.two}</p> : <Said of={answered} empty={answer && !answer.sections.length ? T.nothing : ''} />}
      {a !== b && answer && (
        <>
          <p class="nbt-says">{answer.says}</p>
          {answer.sections.map(section => (
            <Section key={section.title} section={section} a={runs.label(runs.row(a) ?? 0)} b={runs.label(runs.row(b) ?? 0)} />
          ))}
        </>
      )}
    </div>
  );
}

function Section({ section, a, b }: { section: IDifferenceSection; a: string; b: string }): VNode {
  return (
    <section class="nbt-difference">
      {section.rows.length > 0 ? (
        <table>
          <caption>{section.title}</caption>
          <thead>
            <tr>
              <td />
              <th scope="col">{a}</th>
              <th scope="col">{b}</th>
            </tr>
          </thead>
          <tbody>
            {section.rows.map((row, index) => (
              <tr key={index}>
                <th scope="row">{row.name}</th>
                <td>{row.kind === 'added' ? <i>{T.added}</i> : row.before}</td>
                <td>{row.kind === 'removed' ? <i>{T.removed}</i> : row.after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <h4>{section.title}</h4>
      )}
      {section.notes.map((note, index) => (
        <p key={index} class="nbt-says">
          {note}
        </p>
      ))}
      {section.blocks.map(([title, lines], index) => (
        <figure key={index} class="nbt-block">
          <figcaption>{title}</figcaption>
          <pre tabIndex={0}>
            {lines.map((line, number) => (
              <span key={number} class={line.startsWith('+') ? 'nbt-added' : line.startsWith('-') ? 'nbt-removed' : ''}>
                {line}
                {'\n'}
              </span>
            ))}
          </pre>
        </figure>
      ))}
    </section>
  );
}
