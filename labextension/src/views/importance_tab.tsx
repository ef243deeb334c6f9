// Which params matter for a metric.
import { VNode } from 'preact';

import { Compare } from '../models/compare';
import { formatNumber, toNumber } from '../models/format';
import { STRINGS } from '../models/strings';
import { Empty } from './empty';
import { useAnswer, useRested } from './hooks';
import { MetricSelect } from './metric_select';
import { Said } from './said';

const T = STRINGS.importance;

export function ImportanceTab({ compare }: { compare: Compare }): VNode {
  const { metric } = compare;
  const some = useRested(compare.some);
  const answered = useAnswer(compare.host, 'importance', metric === null || !compare.rows.length ? null : { metric, ...some });
  if (metric === null || !compare.rows.length) {
    return <Empty compare={compare} tab="importance" />;
  }
  const { answer } = answered;
  const hasFanova = answer?.params.some(param => typeof param.fanova === 'number') ?? false;
  return (
    <div aria-busy={answered.isWaiting}>
      <div class="nbt-bar">
        <MetricSelect compare={compare} />
      </div>
      <Said of={answered} empty={answer && !answer.params.length ? answer.says || STRINGS.empty.params : ''} />
      {answer && answer.params.length > 0 && (
        <>
          {answer.warning && (
            <p class="nbt-problem" role="status">
              {answer.warning}
            </p>
          )}
          <div class="nbt-scroll" tabIndex={0} role="group" aria-label={STRINGS.tabs.importance}>
            <table>
              <caption class="nbt-says">
                {answer.says} {answer.method}
              </caption>
              <thead>
                <tr>
                  <th scope="col">{T.param}</th>
                  <th scope="col">{T.importance}</th>
                  {hasFanova && <th scope="col">{T.fanova}</th>}
                  <th scope="col" class="nbt-number">
                    {T.correlation}
                  </th>
                  <th scope="col" class="nbt-number">
                    {T.runs}
                  </th>
                </tr>
              </thead>
              <tbody>
                {answer.params.map(param => {
                  return (
                    <tr key={param.name}>
                      <th scope="row">{param.name}</th>
                      <Share of={toNumber(param.importance)} />
                      {hasFanova && <Share of={toNumber(param.fanova)} />}
                      <td class="nbt-number">{param.correlation === null ? T.none : formatNumber(toNumber(param.correlation), 2)}</td>
                      <td class="nbt-number">{param.count}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </>
      )}
    </div>
  );
}

function Share({ of }: { of: number }): VNode {
  return (
    <td>
      <span class="nbt-share">
        <span style={{ width: `${Math.max(0, Math.min(1, of || 0)) * 100}%` }} />
      </span>
      {formatNumber(of, 2)}
    </td>
  );
}
