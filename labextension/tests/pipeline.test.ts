import { describe, expect, test } from 'vitest';

import { IPipelineDoor, Pipeline, PLAN } from '../src/models/pipeline';
import { IPipelineGraph, IPipelineStatus } from '../src/models/wire';
import { printed } from '../src/models/printed';
import { Signal } from '../src/models/signal';

const GRAPH: IPipelineGraph = {
  name: 'demo', description: '', profiles: ['quick'], arrows: [], width: 100, height: 100, box_height: 48, problems: [], says: '',
  nodes: ['a', 'b'].map(id => ({ id, stage: id, notebook: `${id}.ipynb`, description: '', needs: id === 'b' ? ['a'] : [], gates: [], x: 0, y: 0, width: 10 }))
};
const state = (id: string, phase: string): IPipelineStatus['nodes'][0] => ({ id, phase, reason: '', run: phase === 'waiting' ? '' : `run-${id}`, attempt: 1, seconds: 0, since_ms: 0, cell: 0, cells: 0 });

/** A server that a test holds in its hand. */
class Door implements IPipelineDoor {
  readonly changed = new Signal();
  runs: IPipelineStatus[] = [];
  graphs = GRAPH;
  printed = '';
  asked: unknown[] = [];
  end: (() => void) | undefined;

  graph = (): Promise<IPipelineGraph> => Promise.resolve(this.graphs);
  plan = async (profile: string) => {
    this.asked.push(['plan', profile]);
    return GRAPH.nodes.map(({ id }) => ({ id, action: 'run' as const, reasons: ['it was never run'], run: '' }));
  };
  status = (run: string): Promise<IPipelineStatus> =>
    Promise.resolve((run === 'last' ? this.runs[0] : this.runs.find(it => it.run === run)) ?? { run: '', state: '', began_ms: 0, ended_ms: 0, nodes: [] });
  past = () => Promise.resolve(this.runs.map(({ run, state: how, began_ms }) => ({ run, state: how, began_ms })));
  log = (_run: string, _node: string, start: number) => Promise.resolve({ text: this.printed.slice(start), start, end: this.printed.length });
  result = () => Promise.resolve({ verdicts: [], traceback: '' });
  run = (profile: string, wish: unknown) => {
    this.asked.push(['run', profile, wish]);
    return Promise.resolve({ ended: new Promise<null>(resolve => (this.end = () => resolve(null))) });
  };
  rejoin = () => Promise.resolve(null);
  cancel = () => Promise.resolve();
  openRun(): void {}
  openNotebook(): void {}
  openText(): void {}
}

const until = async (holds: () => boolean): Promise<void> => {
  for (let n = 0; !holds() && n < 500; n++) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  expect(holds()).toBe(true);
};

describe('a pipeline', () => {
  test('that was never run shows what a run would do', async () => {
    const pipeline = new Pipeline(new Door());
    await until(() => pipeline.steps.length === 2);
    expect(pipeline.shown).toBe(PLAN);
    expect(pipeline.look('a', 0)).toMatchObject({ kind: 'run', why: 'it was never run' });
    pipeline.dispose();
  });

  test('shows the run that is begun, its output piece by piece, and offers to go on when it failed', async () => {
    const door = new Door();
    const pipeline = new Pipeline(door);
    await until(() => pipeline.steps.length === 2);
    const running = pipeline.run({ start: 'a' });
    expect(door.asked.at(-1)).toEqual(['run', '', { start: 'a' }]);
    door.runs = [{ run: 'r1', state: 'running', began_ms: 1, ended_ms: 0, nodes: [state('a', 'running'), state('b', 'waiting')] }];
    door.changed.emit();
    await until(() => pipeline.shown === 'r1');
    expect([pipeline.look('a', 0).kind, pipeline.look('b', 0).kind, pipeline.retryable]).toEqual(['running', 'waiting', '']);
    door.printed = 'one\n';
    await pipeline.choose('a');
    await until(() => pipeline.log === 'one\n');
    door.printed = 'one\ntwo\n';
    door.changed.emit();
    await until(() => pipeline.log === 'one\ntwo\n');
    door.runs = [{ run: 'r1', state: 'failed', began_ms: 1, ended_ms: 2, nodes: [state('a', 'failed'), state('b', 'waiting')] }];
    door.end?.();
    await running;
    expect([pipeline.look('a', 0).kind, pipeline.retryable, pipeline.isOurs]).toEqual(['failed', 'r1', false]);
    pipeline.dispose();
  });

  test('that is cancelled says so until it has ended, and can be cancelled again where that failed', async () => {
    const door = new Door();
    const pipeline = new Pipeline(door);
    await until(() => pipeline.steps.length === 2);
    const running = pipeline.run({});
    door.cancel = () => Promise.reject(new Error('gone'));
    await pipeline.cancel();
    expect([pipeline.isCancelling, pipeline.problem?.text]).toEqual([false, 'gone']);
    door.cancel = () => Promise.resolve();
    await pipeline.cancel();
    expect(pipeline.isCancelling).toBe(true);
    await until(() => door.end !== undefined);
    door.end?.();
    await running;
    expect([pipeline.isCancelling, pipeline.isOurs]).toEqual([false, false]);
    pipeline.dispose();
  });

  test('with a mistake keeps its drawing and says what is wrong', async () => {
    const door = new Door();
    const pipeline = new Pipeline(door);
    await until(() => pipeline.graph.nodes.length === 2);
    door.graphs = { ...GRAPH, nodes: [], problems: [{ line: 3, column: 1, until: 2, text: 'no' }] };
    await pipeline.read();
    expect([pipeline.graph.nodes.length, pipeline.graph.problems.length]).toEqual([2, 1]);
    door.graphs = GRAPH;
    await pipeline.read('quick');
    expect([pipeline.graph.problems.length, door.asked.at(-1)]).toEqual([0, ['plan', 'quick']]);
    pipeline.dispose();
  });
});

test('output reads as a terminal shows it', () => {
  expect(printed('\u001b[31mred\u001b[0m\r\n 10%\r 50%\r100%\nnext\r')).toBe('red\n100%\nnext');
});
