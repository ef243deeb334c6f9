import { describe, expect, it } from 'vitest';

import { CellFacts, Link } from '../src/models/link';

const facts = (...cells: CellFacts[]) => ({ path: 'RTC:work/a.ipynb', root: '/home/ana', isDirty: true, cells: () => cells });

describe('what a kernel is told', () => {
  it('is all cells at first, and again only when one changed', () => {
    const link = new Link();
    const first = link.say(facts(['a', 'code', '%%track\nlr = 1', []]));
    expect(first).toEqual({ path: 'work/a.ipynb', root: '/home/ana', is_dirty: true, version: 1, cells: [['a', 'code', '%%track\nlr = 1', []]] });
    expect(link.say(facts(['a', 'code', '%%track\nlr = 1', []]))).toMatchObject({ version: 1 });
    expect(link.say(facts(['a', 'code', '%%track\nlr = 1', []])).cells).toBeUndefined();
    expect(link.say(facts(['a', 'code', '%%track\nlr = 2', []]))).toMatchObject({ version: 2, cells: [['a', 'code', '%%track\nlr = 2', []]] });
    expect(link.say(facts(['a', 'code', '%%track\nlr = 2', ['parameters']])).version).toBe(3);
  });

  it('is all cells again after a restart', () => {
    const link = new Link();
    link.say(facts(['a', 'code', '%track on', []]));
    link.forget();
    expect(link.say(facts(['a', 'code', '%track on', []]))).toMatchObject({ version: 2, cells: [['a', 'code', '%track on', []]] });
  });

  it('is no cell of a notebook that does not use nbtrack', () => {
    expect(new Link().say(facts(['a', 'code', 'track = "%"', []])).cells).toBeUndefined();
    expect(new Link().say(facts(['a', 'code', 'import nbtrack', []])).cells).toHaveLength(1);
  });
});
