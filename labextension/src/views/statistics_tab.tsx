// Configurations over their repetitions: is one really better?
import { VNode } from 'preact';
import { useState } from 'preact/hooks';

import { Compare } from '../models/compare';
import { formatDelta, formatNumber, toNumber } from '../models/format';
import { IGroup } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { differs, verdict } from '../models/table';
import { Empty } from './empty';
import { useAnswer, useRested } from './hooks';
import { Menu } from './menu';
import { MetricSelect } from './metric_select';
import { Said } from './said';

const T = STRINGS.statistics;

export function StatisticsTab({ compare }: { compare: Compare }): VNode {
  const { metric, runs } = compare;
  const [params, setParams] = useState<string[]>(compare.group);
  const some = useRested(compare.some);
  const asked = metric === null || !compare.rows.length ? null : { metric, group: params, baseline: compare.host.choices.baseline, ...some };
  const answered = useAnswer(compare.host, 'statistics', asked);
  if (metric === null || !compare.rows.length) {
    return <Empty compare={compare} tab="statistics" />;
  }
  const { answer } = answered;
  const better = runs.column(`metric/${metric}`)?.better ?? '';
  return (
    <div aria-busy={answered.isWaiting}>
      <div class="nbt-bar">
        <MetricSelect compare={compare} />
        <Menu label={T.group}>
          <p class="nbt-says">{T.needs}</p>
          <div class="nbt-list" tabIndex={0} role="group" aria-label={T.group}>
            {runs
              .all('param')
              .filter(column => differs(column, compare.rows))
              .map(({ name }) => (
                <label key={name}>
                  <input
                    type="checkbox"
                    checked={params.includes(name)}
                    onChange={event => setParams(event.currentTarget.checked ? [...params, name] : params.filter(other => other !== name))}
                  />
                  {name}
                </label>
              ))}
          </div>
        </Menu>
      </div>
      <Said of={answered} empty={answer && !answer.groups.length ? answer.says : ''} />
      {answer && answer.groups.length > 0 && (
        <>
          {answer.sentences.map((sentence, index) => (
            <p key={index}>{sentence}</p>
          ))}
          <div class="nbt-scroll" tabIndex={0} role="group" aria-label={STRINGS.tabs.statistics}>
            <table>
              <caption class="nbt-says">{answer.says.replace(answer.sentences[0] ?? '', '').trim()}</caption>
              <thead>
                <tr>
                  <th scope="col">{T.head.label}</th>
                  <th scope="col" class="nbt-number">
                    {T.head.n}
                  </th>
                  <th scope="col" class="nbt-number">
                    {T.head.mean}
                  </th>
                  <th scope="col">{T.head.interval}</th>
                  <th scope="col" class="nbt-number">
                    {T.head.delta}
                  </th>
                  <th scope="col" class="nbt-number">
                    {T.head.p}
                  </th>
                </tr>
              </thead>
              <tbody>
                {answer.groups.map(group => (
                  <Row key={group.label} group={group} all={answer.groups} better={better} select={() => compare.select(group.runs)} />
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </div>
  );
}

interface IRowProps {
  group: IGroup;
  all: IGroup[];
  better: 'higher' | 'lower' | '';
  select(): void;
}

function Row({ group, all, better, select }: IRowProps): VNode {
  const delta = toNumber(group.delta);
  const how = verdict(delta, better);
  const p = toNumber(group.p);
  return (
    <tr>
      <th scope="row">
        <button type="button" class="nbt-plain" onClick={select} title={STRINGS.select(group.label)}>
          {group.label || STRINGS.group.none}
        </button>
        {group.is_baseline && <span class="nbt-tag">{T.baseline}</span>}
      </th>
      <td class="nbt-number">{group.n}</td>
      <td class="nbt-number">{formatNumber(toNumber(group.mean), 4)}</td>
      <td>
        <Interval group={group} all={all} />
      </td>
      <td class={`nbt-number nbt-${how}`} title={STRINGS.verdicts[how]}>
        {Number.isNaN(delta) ? '' : formatDelta(delta)}
      </td>
      <td class="nbt-number" title={T.tests[group.test]}>
        {Number.isNaN(p) ? '' : p < 0.001 ? '< 0.001' : formatNumber(p, 2)}
      </td>
    </tr>
  );
}

/** The interval as a line on a scale that all groups share, and as numbers. */
function Interval({ group, all }: { group: IGroup; all: IGroup[] }): VNode {
  const values = all.flatMap(each => [each.low, each.high, each.mean].map(toNumber)).filter(Number.isFinite);
  const [from, to] = [Math.min(...values), Math.max(...values)];
  const at = (value: number): number => (to === from ? 60 : 4 + ((value - from) / (to - from)) * 112);
  const [low, mean, high] = [toNumber(group.low), toNumber(group.mean), toNumber(group.high)];
  return (
    <span class="nbt-interval">
      <svg width="120" height="14" aria-hidden="true">
        {Number.isFinite(low) && Number.isFinite(high) && <line x1={at(low)} x2={at(high)} y1="7" y2="7" />}
        {Number.isFinite(mean) && <circle cx={at(mean)} cy="7" r="3.5" />}
      </svg>
      {Number.isFinite(low) && Number.isFinite(high) ? `${formatNumber(low, 4)} to ${formatNumber(high, 4)}` : '—'}
    </span>
  );
}
