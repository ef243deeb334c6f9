// From the curves that were answered to the lines that are drawn.
import { ILine } from '../charts/lines';
import { Compare } from './compare';
import { ISeries } from './shapes';
import { at, band, smooth } from './smooth';

export type Band = 'none' | 'std' | 'range';

/** What has a place in the legend: a run, or a group of runs where bands are drawn. */
export interface IEntry {
  key: string;
  name: string;
  ink: number;
  runs: string[];
}

/** Entries of the legend, each with its colour. */
export function entries(compare: Compare, kind: Band): IEntry[] {
  const { runs, drawn } = compare;
  const id = (row: number): string => runs.ids[row] ?? '';
  if (kind === 'none') {
    return drawn.map((row, ink) => ({ key: id(row), name: runs.label(row), ink, runs: [id(row)] }));
  }
  const columns = compare.groupColumns;
  const groups = new Map<string, string[]>();
  for (const row of drawn) {
    const name = columns.map(column => `${column.name}=${column.text(row) || '—'}`).join(' ');
    groups.set(name, [...(groups.get(name) ?? []), id(row)]);
  }
  return [...groups].map(([name, members], ink) => ({ key: `group ${name}`, name, ink, runs: members }));
}

/** Lines of one metric. */
export function lines(series: ISeries[], metric: string, shown: IEntry[], kind: Band, weight: number): ILine[] {
  const found = new Map(series.filter(it => it.metric === metric && it.x.length).map(it => [it.run, it]));
  return shown.flatMap((entry): ILine[] => {
    const own = entry.runs.flatMap(run => found.get(run) ?? []);
    if (!own.length) {
      return [];
    }
    if (kind !== 'none') {
      const spread = band(own.map(({ x, y }) => ({ x, y: weight ? smooth(y, weight) : y })), kind);
      return [{ name: entry.name, ink: entry.ink, x: spread.x, y: spread.mid, band: spread }];
    }
    const { x, y } = own[0] as ISeries;
    return [{ name: entry.name, ink: entry.ink, x, y: weight ? smooth(y, weight) : y, ...(weight ? { raw: y } : {}) }];
  });
}

/** Value of every line at a place, by the name of its entry. */
export function readings(drawn: ILine[], x: number): Map<number, number> {
  return new Map(drawn.map(line => [line.ink, at(line, x)]));
}
