import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Refusal } from '../src/models/host';
import { IModel, KernelHost, LOST } from '../src/widgets/kernel';

const EMPTY = new TextEncoder().encode(JSON.stringify({ version: 1, as_of_ms: 0, stale: '', names: {}, baseline: null, metric: null, group: null, columns: [] }));

/** A model as anywidget has it, and what it was sent. */
class Model implements IModel {
  sent: { id: number; ask: string }[] = [];
  private _told = new Map<string, ((...args: never[]) => void)[]>();

  get(name: string): unknown {
    return name === '_runs' ? new DataView(EMPTY.buffer) : [];
  }
  set(): void {}
  save_changes(): void {}
  send(content: unknown): void {
    this.sent.push(content as { id: number; ask: string });
  }
  on(name: string, told: (...args: never[]) => void): void {
    this._told.set(name, [...(this._told.get(name) ?? []), told]);
  }
  off(): void {}
  tell(name: string, ...args: unknown[]): void {
    this._told.get(name)?.forEach(told => told(...(args as never[])));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { visibilityState: 'hidden' });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('an answer that comes after the patience is over is taken all the same', async () => {
  const model = new Model();
  const host = new KernelHost(model);
  const asked = host.ask('importance', { metric: 'acc' }).catch(error => error as Refusal);
  await vi.advanceTimersByTimeAsync(31_000);
  const refusal = (await asked) as Refusal;
  expect(refusal.problem.text).toContain('does not answer');
  model.tell('msg:custom', { id: model.sent[0]?.id, says: 'late' }, []);
  expect(await refusal.later).toMatchObject({ says: 'late' });
  host.dispose();
});

test('once its kernel is gone nothing is waited for', async () => {
  const model = new Model();
  const host = new KernelHost(model);
  const asked = host.ask('importance', { metric: 'acc' }).catch(error => error as Refusal);
  model.tell(LOST);
  expect(((await asked) as Refusal).problem.mend).toBe('Run the cell again.');
  await expect(host.ask('importance', { metric: 'acc' })).rejects.toThrow('restarted or is gone');
  expect(host.runs.stale).toContain('restarted or is gone');
  host.dispose();
});
