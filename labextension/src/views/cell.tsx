// What stands in one cell of the table.
import { VNode } from 'preact';

import { formatDelta, formatDuration, formatNumber, formatTime, toNumber } from '../models/format';
import { Column } from '../models/runs';
import { JsonNumber } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { partName, summary, verdict } from '../models/table';

export const MARKS: Record<string, string> = { finished: '✓', failed: '✗', killed: '■', running: '▶', scheduled: '◷', yes: '✓', no: '✗', unknown: '?' };
const ARROWS = { better: '▲', worse: '▼', same: '', '': '' };

/** Heading of a column. */
export function headOf(column: Column): string {
  const name = column.kind === 'info' ? (STRINGS.infos[column.name] ?? column.name) : column.name;
  return partName(column.part) ? `${name} ${column.part}` : name;
}

/** The value as text. */
export function textOf(column: Column, row: number): string {
  if (!column.has(row)) {
    return '';
  }
  switch (column.type) {
    case 'time':
      return formatTime(column.numbers[row] ?? NaN);
    case 'duration':
      return formatDuration(column.numbers[row] ?? NaN);
    case 'number':
      return column.kind === 'param' ? column.text(row) : formatNumber(toNumber(column.value(row) as JsonNumber));
    case 'state':
      return column.text(row).toLowerCase();
    default:
      return column.text(row);
  }
}

/** The value, with its mark or its difference from the baseline. */
export function content(column: Column, row: number, baseline: number | undefined): VNode | string {
  const text = textOf(column, row);
  if (column.type === 'state' || column.type === 'stamp') {
    return (
      <span class={`nbt-mark nbt-mark-${text}`}>
        {text && <span aria-hidden="true">{MARKS[text] ?? ''} </span>}
        {text}
      </span>
    );
  }
  if (baseline === undefined || baseline === row || column.kind !== 'metric' || !column.better || !text) {
    return text;
  }
  const delta = (column.numbers[row] ?? NaN) - (column.numbers[baseline] ?? NaN);
  return Number.isNaN(delta) ? text : <Compared text={text} delta={delta} column={column} />;
}

/** What a group has in a column: mean and spread of a metric, else the value that all share. */
export function groupContent(column: Column, rows: number[], baseline: number | undefined): VNode | string {
  if (column.kind === 'metric' || column.type === 'duration') {
    const { mean, std, n } = summary(column, rows);
    if (!n) {
      return '';
    }
    const format = column.type === 'duration' ? formatDuration : (value: number): string => formatNumber(value, 4);
    const text = STRINGS.spread(format(mean), formatNumber(std, 2), n);
    const delta = baseline === undefined || !column.better ? NaN : mean - (column.numbers[baseline] ?? NaN);
    return Number.isNaN(delta) ? text : <Compared text={text} delta={delta} column={column} />;
  }
  const first = textOf(column, rows[0] ?? 0);
  return rows.every(row => textOf(column, row) === first) ? first : '…';
}

function Compared({ text, delta, column }: { text: string; delta: number; column: Column }): VNode {
  const how = verdict(delta, column.better);
  return (
    <span>
      {text}{' '}
      <span class={`nbt-delta nbt-${how}`} title={STRINGS.verdicts[how]}>
        <span aria-hidden="true">{ARROWS[how]}</span>
        {formatDelta(delta)}
        <span class="nbt-hidden"> {STRINGS.verdicts[how]}</span>
      </span>
    </span>
  );
}
