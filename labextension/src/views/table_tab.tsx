// The tab of the table, with what chooses its columns and groups.
import { VNode } from 'preact';

import { Compare } from '../models/compare';
import { STRINGS } from '../models/strings';
import { Actions } from './actions';
import { Columns } from './columns';
import { Empty } from './empty';
import { Select } from './select';
import { Table } from './table';

export function TableTab({ compare }: { compare: Compare }): VNode {
  const params = compare.runs.all('param').map(column => column.name);
  return (
    <>
      <div class="nbt-bar">
        <Columns compare={compare} />
        <label>
          <input type="checkbox" checked={compare.isDiffering} onChange={event => compare.set({ isDiffering: event.currentTarget.checked })} />
          {STRINGS.columns.differing}
        </label>
        <Select
          label={STRINGS.group.label}
          value={compare.group[0] ?? ''}
          options={[['', STRINGS.group.none], ...params.map(name => [name, name] as [string, string])]}
          choose={name => compare.set({ group: name ? [name] : [], open: new Set() })}
        />
        <Actions compare={compare} />
      </div>
      {compare.items.length || compare.baseline !== undefined ? (
        <Table compare={compare} />
      ) : (
        <Empty compare={compare} tab="table" why={STRINGS.noMatch} />
      )}
    </>
  );
}
