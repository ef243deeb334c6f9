// What a tab says where it has nothing to show: why, and what would bring it there.
import { VNode } from 'preact';

import { Compare, Tab } from '../models/compare';
import { STRINGS } from '../models/strings';

const T = STRINGS.empty;

/** `why` is what the runs lack, where it is not what a tab of this name usually lacks. */
export function Empty({ compare, tab, why = T.lacks[tab] }: { compare: Compare; tab: Tab; why?: string }): VNode {
  const { runs, rows } = compare;
  return <p class="nbt-empty">{runs.count ? (rows.length ? why : STRINGS.noMatch) : runs.why || T.noRuns(T.then[tab])}</p>;
}
