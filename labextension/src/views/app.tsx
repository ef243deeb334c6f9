// The comparison: its tabs, one filter for all of them, and the details of one run.
import { render, VNode } from 'preact';

import { Compare, Tab, TABS } from '../models/compare';
import { IHost } from '../models/host';
import { STRINGS } from '../models/strings';
import { Bar } from './bar';
import { ChangedTab } from './changed_tab';
import { CurvesTab } from './curves_tab';
import { Details } from './details';
import { FiguresTab } from './figures_tab';
import { useCompare, useId } from './hooks';
import { ImportanceTab } from './importance_tab';
import { ParallelTab } from './parallel_tab';
import { ScatterTab } from './scatter_tab';
import { StatisticsTab } from './statistics_tab';
import { TableTab } from './table_tab';
import { Tabs } from './tabs';
import { dress } from './theme';

const VIEWS: Record<Tab, (props: { compare: Compare }) => VNode> = {
  table: TableTab,
  curves: CurvesTab,
  parallel: ParallelTab,
  scatter: ScatterTab,
  importance: ImportanceTab,
  changed: ChangedTab,
  figures: FiguresTab,
  statistics: StatisticsTab
};

function App({ compare }: { compare: Compare }): VNode {
  useCompare(compare);
  const id = useId('compare');
  const View = VIEWS[compare.tab];
  return (
    <>
      <Tabs id={id} label={STRINGS.title} tabs={TABS} names={STRINGS.tabs} chosen={compare.tab} choose={tab => compare.set({ tab })} />
      <Bar compare={compare} />
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${compare.tab}`} class="nbt-tabpanel">
        <View compare={compare} />
      </div>
      {compare.details !== null && <Details compare={compare} run={compare.details} />}
    </>
  );
}

/** Show a comparison in an element, until the function that is returned is called. */
export function show(element: HTMLElement, host: IHost): () => void {
  const compare = new Compare(host);
  const undress = dress(element, STRINGS.title);
  render(<App compare={compare} />, element);
  return () => {
    render(null, element);
    undress();
    compare.dispose();
  };
}
