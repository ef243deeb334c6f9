import { expect, test } from 'vitest';

import { parseEvents } from '../src/models/event_stream';

const SENT = ': hello\n\nevent: runs\ndata: ["a","é"]\n\nevent: job\ndata: {broken\n\nevent: health\ndata: {"x": 1}\n\n';
const WHOLE = [{ name: 'runs', data: ['a', 'é'] }, { name: 'health', data: { x: 1 } }];

test('events come whole however they are cut, and what is no event is passed over', () => {
  for (let cut = 0; cut <= SENT.length; cut++) {
    const first = parseEvents(SENT.slice(0, cut));
    const second = parseEvents(first.rest + SENT.slice(cut));
    expect([...first.events, ...second.events]).toEqual(WHOLE);
    expect(second.rest).toBe('');
  }
});
