import { describe, expect, test } from 'vitest';

import { clashes, parseQuery, QueryError } from '../src/models/query';
import { Runs } from '../src/models/runs';
import { IColumn, JsonNumber, PARTS } from '../src/models/shapes';
import cases from '../../tests/unit/reads/query_cases.json';

type Metric = Record<string, JsonNumber>;

/** The runs of the cases, as columns. */
function columns(): Runs {
  const infos = ['id', 'name', 'state', 'stamp', 'experiment', 'notebook', 'cell', 'note', 'parent', 'attempt'];
  const found: IColumn[] = infos.map(name => ({
    key: `info/${name}`,
    kind: 'info',
    name,
    type: 'text',
    better: '',
    values: cases.runs.map(run => (run as unknown as Record<string, string>)[name] ?? null)
  }));
  found.push({ key: 'info/started', kind: 'info', name: 'started', type: 'time', better: '', values: cases.runs.map(run => run.started_ms) });
  found.push({ key: 'info/duration', kind: 'info', name: 'duration', type: 'duration', better: '', values: cases.runs.map(run => run.duration_s) });
  for (const kind of ['param', 'tag'] as const) {
    const texts = cases.runs.map(run => run[`${kind}s`] as Record<string, string>);
    for (const name of new Set(texts.flatMap(text => Object.keys(text)))) {
      if (!name.startsWith('nbtrack.')) {
        found.push({ key: `${kind}/${name}`, kind, name, type: 'text', better: '', values: texts.map(text => text[name] ?? null) });
      }
    }
  }
  const metrics = cases.runs.map(run => run.metrics as unknown as Record<string, Metric>);
  for (const name of new Set(metrics.flatMap(metric => Object.keys(metric)))) {
    const parts = Object.fromEntries(PARTS.map(part => [part, metrics.map(metric => metric[name]?.[part] ?? null)]));
    found.push({ key: `metric/${name}`, kind: 'metric', name, type: 'number', better: 'higher', ...parts });
  }
  return new Runs({ version: 1, as_of_ms: 0, stale: '', names: {}, columns: found, baseline: null, metric: null, group: null });
}

interface ICase {
  query: string;
  found?: string;
  error?: { position: number; text: string; mend: string };
  clashes?: string[];
}

describe('a query means the same here and in Python', () => {
  const runs = columns();
  test.each((cases.cases as ICase[]).map(it => [it.query, it] as const))('%s', (text, it) => {
    if (it.error) {
      let error: unknown;
      try {
        parseQuery(text, true);
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(QueryError);
      const { position, text: said, mend } = error as QueryError;
      expect({ position, text: said, mend }).toEqual(it.error);
      return;
    }
    const query = parseQuery(text, true);
    if (it.found !== undefined) {
      const holds = query.bind(runs);
      expect(runs.ids.filter((_, row) => holds(row)).map(id => id[0]).join('')).toBe(it.found);
    }
    if (it.clashes) {
      expect(clashes(query, runs)).toEqual(it.clashes);
    }
  });
});
