// The same figure of each run: side by side, one over the other, or swiped.
import { VNode } from 'preact';
import { useState } from 'preact/hooks';

import { Compare } from '../models/compare';
import { formatNumber } from '../models/format';
import { IFigure } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { Empty } from './empty';
import { useAnswer } from './hooks';
import { Matrices } from './matrices';
import { Said } from './said';
import { Select } from './select';

const T = STRINGS.figures;
const MOST = 24; // runs whose figures are asked for
type Mode = keyof typeof T.modes;

export function FiguresTab({ compare }: { compare: Compare }): VNode {
  const { runs } = compare;
  const [mode, setMode] = useState<Mode>('side');
  const [title, setTitle] = useState<string | null>(null);
  const [share, setShare] = useState(0.5);
  const asked = compare.drawn.slice(0, MOST).map(row => runs.ids[row] ?? '');
  const answered = useAnswer(compare.host, 'figures', asked.length ? { runs: asked } : null);
  const figures = answered.answer?.figures ?? [];
  const matrices = answered.answer?.matrices ?? [];
  const names = [...new Set([...figures.map(nameOf), ...matrices.map(matrix => T.matrix(matrix.name))])];
  const chosen = title !== null && names.includes(title) ? title : (names[0] ?? '');
  const order = new Map(asked.map((id, index) => [id, index]));
  const same = figures.filter(figure => nameOf(figure) === chosen).sort((a, b) => (order.get(a.run) ?? 0) - (order.get(b.run) ?? 0));
  const [first, second] = same.filter(sourceOf);
  const byName = matrices.filter(matrix => T.matrix(matrix.name) === chosen).sort((a, b) => (order.get(a.run) ?? 0) - (order.get(b.run) ?? 0));
  const labelOf = (run: string): string => {
    const row = runs.row(run);
    return row === undefined ? run.slice(0, 8) : runs.label(row);
  };
  const of = (figure: IFigure): string => labelOf(figure.run);
  return (
    <div aria-busy={answered.isWaiting}>
      {names.length > 0 && (
        <div class="nbt-bar">
          <Select label={T.figure} value={chosen} options={names.map(name => [name, name] as [string, string])} choose={name => setTitle(name)} />
          {byName.length === 0 && <Select label={T.mode} value={mode} options={Object.entries(T.modes) as [Mode, string][]} choose={next => setMode(next)} />}
          {mode !== 'side' && second && (
            <label>
              {mode === 'swipe' ? T.position : T.opacity}
              <input type="range" min="0" max="1" step="0.01" value={share} onInput={event => setShare(Number(event.currentTarget.value))} />
            </label>
          )}
        </div>
      )}
      {asked.length === 0 ? <Empty compare={compare} tab="figures" /> : <Said of={answered} empty={names.length ? '' : STRINGS.empty.lacks.figures} />}
      {byName.length > 0 ? (
        <Matrices matrices={byName} of={labelOf} />
      ) : mode === 'side' || !first || !second ? (
        <div class="nbt-figures">
          {same.map(figure => (
            <figure key={`${figure.run} ${figure.path}`}>
              <figcaption>{of(figure)}</figcaption>
              <Picture figure={figure} of={of(figure)} />
            </figure>
          ))}
        </div>
      ) : (
        <figure class="nbt-over">
          <figcaption>
            {of(first)} / {of(second)}
          </figcaption>
          <div>
            <Picture figure={first} of={of(first)} />
            <div class="nbt-upper" style={mode === 'swipe' ? { clipPath: `inset(0 0 0 ${share * 100}%)` } : { opacity: share }}>
              <Picture figure={second} of={of(second)} />
            </div>
            {mode === 'swipe' && <span class="nbt-edge" style={{ left: `${share * 100}%` }} />}
          </div>
        </figure>
      )}
      {answered.answer && names.length > 0 && <p class="nbt-says">{answered.answer.says}</p>}
    </div>
  );
}

/** Figures of one place in the code have one number, whatever their titles say. */
function nameOf(figure: IFigure): string {
  const title = figure.title || figure.path;
  return figure.number === null ? title : `${figure.number + 1}. ${title}`;
}

/** As an image: what is in an SVG then runs nothing and asks nobody. */
function sourceOf(figure: IFigure): string | undefined {
  if (!figure.data) {
    return undefined;
  }
  if (figure.mime === 'image/svg+xml') {
    return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(figure.data)}`;
  }
  return /^image\/(png|jpeg|gif|webp)$/.test(figure.mime) ? `data:${figure.mime};base64,${figure.data}` : undefined;
}

function Picture({ figure, of }: { figure: IFigure; of: string }): VNode {
  const source = sourceOf(figure);
  return source ? (
    <img src={source} alt={T.of(figure.title || figure.path, of)} />
  ) : (
    <p class="nbt-says">{T.tooLarge(`${figure.path}, ${formatNumber(figure.size_bytes / 1024, 3)} KiB`)}</p>
  );
}
