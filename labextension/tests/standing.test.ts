import { describe, expect, it } from 'vitest';

import { isTold, sentence } from '../src/models/ends';
import { standing } from '../src/models/health';
import { IEnded, IHealth } from '../src/models/wire';

const ended = (name: string, state: IEnded['state'], reason = ''): IEnded => ({ run: name, name, state, reason, notebook: '' });
const health = (facts: Partial<IHealth> = {}): IHealth => ({
  waiting_runs: 0, held_runs: 0, is_alive: true, is_off: false, problem: '', mend: '', stale: '', ...facts
});

describe('a run that ended', () => {
  it('is told when it failed, and when nobody looked', () => {
    const [good, bad] = [ended('fit', 'FINISHED'), ended('fit', 'FAILED')];
    expect([isTold(good, 'hidden and failed', false), isTold(good, 'hidden and failed', true), isTold(bad, 'hidden and failed', false)]).toEqual([false, true, true]);
    expect([isTold(good, 'failed', true), isTold(bad, 'failed', false), isTold(bad, 'never', true)]).toEqual([false, true, false]);
  });

  it('is told with its reason, and with others in one sentence', () => {
    expect(sentence([ended('fit', 'FAILED', 'ValueError: no data')])).toMatch(/fit.*failed.*no data/);
    expect(sentence([ended('a', 'FINISHED'), ended('b', 'FAILED'), ended('c', 'KILLED')])).toMatch(/3 runs.*2/);
  });
});

describe('the status bar', () => {
  it('says that the server is gone before all else', () => {
    expect(standing(health({ problem: 'x' }), false).isGood).toBe(false);
    expect(standing(health(), true).isGood).toBe(true);
  });

  it('says what waits, why, and what mends it', () => {
    const { told, isGood, text } = standing(health({ waiting_runs: 3, problem: 'MLflow does not answer.', mend: 'Start it.' }), true);
    expect(told).toContain('MLflow does not answer. Start it.');
    expect([isGood, text.includes('3')]).toEqual([false, true]);
    expect(standing(health({ held_runs: 1 }), true).isGood).toBe(false);
  });
});
