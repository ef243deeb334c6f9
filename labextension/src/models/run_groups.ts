// The list of runs, in groups that belong together: attempts of a cell, runs of a pipeline, children of a run.
import { Runs } from './runs';

export const GROUPINGS = ['none', 'attempt', 'pipeline', 'parent'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export type ListItem = { kind: 'run'; row: number; depth: 0 | 1 } | { kind: 'group'; key: string; title: string; rows: number[]; isOpen: boolean };

const FARTHEST = 50; // ancestors that are looked through: what is its own ancestor has no end

/** Lines from top to bottom. A run that is alone in its group stands by itself. */
export function listItems(runs: Runs, rows: number[], grouping: Grouping, open: ReadonlySet<string>): ListItem[] {
  if (grouping === 'none') {
    return rows.map(row => ({ kind: 'run', row, depth: 0 }));
  }
  const keyOf = KEYS[grouping];
  const groups = new Map<string, number[]>();
  for (const row of rows) {
    const key = keyOf(runs, row) || `run:${runs.ids[row] ?? ''}`;
    const group = groups.get(key);
    if (group) {
      group.push(row);
    } else {
      groups.set(key, [row]);
    }
  }
  return [...groups].flatMap(([key, members]): ListItem[] => {
    const [first] = members;
    if (members.length === 1 && first !== undefined) {
      return [{ kind: 'run', row: first, depth: 0 }];
    }
    const isOpen = open.has(key);
    const head: ListItem = { kind: 'group', key, title: titleOf(runs, key, members), rows: members, isOpen };
    return [head, ...(isOpen ? members.map((row): ListItem => ({ kind: 'run', row, depth: 1 })) : [])];
  });
}

const KEYS: Record<Exclude<Grouping, 'none'>, (runs: Runs, row: number) => string> = {
  attempt: (runs, row) => runs.column('info/cell')?.text(row) || `name:${runs.column('info/name')?.text(row) ?? ''}`,
  // A run that is a parent belongs to its children
  parent: (runs, row) => runs.column('info/parent')?.text(row) || (runs.ids[row] ?? ''),
  pipeline: (runs, row) => {
    const top = topmost(runs, row);
    return [row, runs.row(top)].some(it => it !== undefined && runs.column('info/pipeline')?.has(it)) ? top : '';
  }
};

function topmost(runs: Runs, row: number): string {
  let id = runs.ids[row] ?? '';
  for (let step = 0; step < FARTHEST; step++) {
    const at = runs.row(id);
    const parent = at === undefined ? '' : (runs.column('info/parent')?.text(at) ?? '');
    if (!parent) {
      break;
    }
    id = parent;
  }
  return id;
}

function titleOf(runs: Runs, key: string, members: number[]): string {
  const head = runs.row(key);
  return head !== undefined ? runs.title(head) : (runs.column('info/name')?.text(members[0] ?? 0) ?? '') || key.slice(0, 8);
}

/** How far a run that goes on is, from 0 to 1, going by the last one of its cell that finished; undefined where there is none. */
export function progressOf(runs: Runs, row: number, metric: string | null, now: number): number | undefined {
  const [state, cell, counts] = [runs.column('info/state'), runs.column('info/cell'), runs.column(`metric/${metric ?? ''}`)?.source.count];
  if (state?.text(row) !== 'RUNNING' || !cell?.has(row)) {
    return undefined;
  }
  for (let before = row + 1; before < runs.count; before++) {
    if (cell.text(before) === cell.text(row) && state.text(before) === 'FINISHED') {
      const whole = counts?.[before] ?? 0;
      const elapsed = now - (runs.column('info/started')?.numbers[row] ?? NaN);
      const ratio = whole > 1 ? (counts?.[row] ?? 0) / whole : elapsed / 1000 / (runs.column('info/duration')?.numbers[before] ?? NaN);
      return Number.isFinite(ratio) ? Math.min(1, Math.max(0, ratio)) : undefined;
    }
  }
  return undefined;
}
