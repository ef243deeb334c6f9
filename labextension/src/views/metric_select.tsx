// The metric that decides, chosen once for all tabs.
import { VNode } from 'preact';

import { Compare } from '../models/compare';
import { STRINGS } from '../models/strings';
import { Select } from './select';

export function MetricSelect({ compare }: { compare: Compare }): VNode {
  return (
    <Select
      label={STRINGS.importance.metric}
      value={compare.metric ?? ''}
      options={compare.runs.all('metric').map(column => [column.name, column.name] as [string, string])}
      choose={metric => compare.host.choose({ metric })}
    />
  );
}
