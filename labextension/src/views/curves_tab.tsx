// Every metric's curves in a grid: one axis, one zoom, one legend for all.
import { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { IInk, ink } from '../charts/colours';
import { Range, Span } from '../charts/span';
import { Compare, MOST_DRAWN } from '../models/compare';
import { Band, entries, lines } from '../models/curves';
import { formatNumber } from '../models/format';
import { ISeries, XAxis } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { Empty } from './empty';
import { useAnswer, useId } from './hooks';
import { Legend, Pointer } from './legend';
import { Menu } from './menu';
import { Plot } from './plot';
import { Said } from './said';
import { Select } from './select';
import { recoloured } from './theme';

const AT_FIRST = 8; // plots before anybody chose
const POINTS = 1000;

export function CurvesTab({ compare }: { compare: Compare }): VNode {
  const [axis, setAxis] = useState<XAxis>('step');
  const [isLogX, setLogX] = useState(false);
  const [isLogY, setLogY] = useState(false);
  const [weight, setWeight] = useState(0);
  const [kind, setKind] = useState<Band>('none');
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<ReadonlySet<string> | null>(null);
  const [range, setRange] = useState<Range | null>(null);
  const [span] = useState(() => new Span());
  const [pointer] = useState(() => new Pointer());
  const [colours, setColours] = useState<IInk | null>(null);
  const root = useRef<HTMLDivElement>(null);
  const sync = useId('sync');
  useEffect(() => {
    const look = (): void => {
      if (root.current) {
        setColours(ink(root.current));
      }
    };
    look();
    return recoloured.connect(look);
  }, []);
  useEffect(() => {
    span.settled = setRange;
    return () => span.stop();
  }, [span]);
  useEffect(() => span.set(range), [range]);

  const { runs, drawn } = compare;
  const metrics = useMemo(
    () =>
      runs
        .all('metric')
        .filter(column => {
          const counts = runs.column(`${column.source.key}:count`)?.numbers;
          return drawn.some(row => column.has(row) && (counts?.[row] ?? 2) !== 1);
        })
        .map(column => column.name),
    [runs, drawn]
  );
  const shown = metrics.filter((metric, index) => (chosen ? chosen.has(metric) : index < AT_FIRST));
  const answered = useAnswer(
    compare.host,
    'curves',
    shown.length && drawn.length ? { metrics: shown, runs: drawn.map(row => runs.ids[row] ?? ''), x: axis, range, points: POINTS } : null
  );
  const legend = useMemo(() => entries(compare, kind), [runs, drawn, kind, compare.group]);
  const found = answered.answer?.series;
  // What was answered for a part is of no use outside of it: until there is more, the points of the whole are drawn
  const whole = useRef<ISeries[] | undefined>(undefined);
  const part = answered.of?.range ?? null;
  if (found && part === null) {
    whole.current = found;
  }
  const isInside = part === null || (range !== null && range[0] >= part[0] && range[1] <= part[1]);
  const series = isInside ? found : whole.current;
  const plots = useMemo(() => {
    const visible = legend.filter(entry => !hidden.has(entry.key));
    return shown.map(metric => ({ metric, lines: lines(series ?? [], metric, visible, kind, weight) })).filter(plot => plot.lines.length);
  }, [series, legend, hidden, kind, weight, shown.join('\n')]);
  const thinned = (series ?? []).filter(it => it.is_thinned);
  const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0);

  if (!metrics.length) {
    return <Empty compare={compare} tab="curves" why={runs.all('metric').length ? STRINGS.empty.points : undefined} />;
  }
  return (
    <div ref={root} aria-busy={answered.isWaiting}>
      <div class="nbt-bar">
        <Select
          label={STRINGS.curves.x}
          value={axis}
          options={Object.entries(STRINGS.curves.axes) as [XAxis, string][]}
          choose={next => {
            setAxis(next);
            setRange(null);
          }}
        />
        <label>
          <input type="checkbox" checked={isLogX} disabled={axis === 'wall'} onChange={event => setLogX(event.currentTarget.checked)} />
          {STRINGS.curves.logX}
        </label>
        <label>
          <input type="checkbox" checked={isLogY} onChange={event => setLogY(event.currentTarget.checked)} />
          {STRINGS.curves.logY}
        </label>
        <label>
          {STRINGS.curves.smooth}
          <input type="range" min="0" max="0.99" step="0.01" value={weight} onInput={event => setWeight(Number(event.currentTarget.value))} />
          <output>{formatNumber(weight, 2)}</output>
        </label>
        <Select label={STRINGS.curves.band} value={kind} options={Object.entries(STRINGS.curves.bands) as [Band, string][]} choose={band => setKind(band)} />
        {kind !== 'none' && (
          <Select
            label={STRINGS.group.label}
            value={compare.group[0] ?? ''}
            options={[['', STRINGS.group.none], ...runs.all('param').map(column => [column.name, column.name] as [string, string])]}
            choose={name => compare.set({ group: name ? [name] : [], open: new Set() })}
          />
        )}
        {metrics.length > 1 && (
          <Menu label={STRINGS.curves.metrics}>
            <div class="nbt-list" tabIndex={0} role="group" aria-label={STRINGS.curves.metrics}>
              {metrics.map(metric => (
                <label key={metric}>
                  <input
                    type="checkbox"
                    checked={shown.includes(metric)}
                    onChange={event => setChosen(new Set(event.currentTarget.checked ? [...shown, metric] : shown.filter(other => other !== metric)))}
                  />
                  {metric}
                </label>
              ))}
            </div>
          </Menu>
        )}
        {range && (
          <button type="button" onClick={() => setRange(null)}>
            {STRINGS.curves.reset}
          </button>
        )}
      </div>
      <Said of={answered} />
      {colours && plots.length > 0 && (
        <div class="nbt-plots">
          {plots.map(plot => (
            <Plot
              key={plot.metric}
              metric={plot.metric}
              says={STRINGS.curves.says(plot.metric, plot.lines.length)}
              lines={plot.lines}
              sync={sync}
              ink={colours}
              axis={axis}
              logX={isLogX}
              logY={isLogY}
              span={span}
              hover={x => pointer.move(x === null ? null : { metric: plot.metric, x })}
            />
          ))}
        </div>
      )}
      <Legend
        entries={legend}
        hidden={hidden}
        toggle={key => {
          const next = new Set(hidden);
          if (!next.delete(key)) {
            next.add(key);
          }
          setHidden(next);
        }}
        pointer={pointer}
        plots={plots}
        axis={axis}
        ink={colours}
      />
      {answered.answer && <p class="nbt-says">{answered.answer.says}</p>}
      {compare.rows.length > drawn.length && drawn.length >= MOST_DRAWN && <p class="nbt-says">{STRINGS.curves.limited(drawn.length, compare.rows.length)}</p>}
      {thinned.length > 0 && <p class="nbt-says">{STRINGS.curves.thinned(sum(thinned.map(it => it.x.length)), sum(thinned.map(it => it.count)))}</p>}
    </div>
  );
}
