// The comparison: its tabs, one filter for all of them, and the details of one run.
import { render, VNode } from 'preact';

import { Compare, Tab, TABS } from '../models/compare';
import { IHost } from '../models/host';
import { STRINGS } from '../models/strings';
import { Bar } from './bar';
import { CurvesTab } from './curves_tab';
import { Details } from './details';
import { useCompare, useId } from './hooks';
import { TableTab } from './table_tab';
import { Tabs } from './tabs';
import { dress } from './theme';

const VIEWS: Partial<Record<Tab, (props: { compare: Compare }) => VNode>> = {
  table: TableTab,
  curves: CurvesTab
};

function App({ compare }: { compare: Compare }): VNode {
  useCompare(compare);
  const id = useId('compare');
  const tabs = TABS.filter(tab => VIEWS[tab]);
  const View = VIEWS[compare.tab] ?? TableTab;
  return (
    <>
      <Tabs id={id} label={STRINGS.title} tabs={tabs} names={STRINGS.tabs} chosen={compare.tab} choose={tab => compare.set({ tab })} />
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
