import { describe, expect, test } from 'vitest';

import { chosen, commandOf, count, joined, rows, shown, split } from '../src/models/form';
import { ALONE, Form, IFormDoor } from '../src/models/form_state';
import { IJobs } from '../src/models/jobs';
import { Signal } from '../src/models/signal';
import { IFieldProblem, IJob, IParameter, IParameterForm, IStageForm } from '../src/models/wire';

const field = (name: string, type: string, value: string, facts: Partial<IParameter> = {}): IParameter => ({
  name, type, text: value, value, is_computed: false, help: '', choices: [], ...facts
});
const FIELDS = [field('lr', 'float', '0.1'), field('name', 'str', 'a, b'), field('layers', 'list', '[1, 2]'), field('where', 'any', '', { is_computed: true, text: "Path('x')" })];
const STAGE: IStageForm = { file: 'work/nbtrack.yaml', pipeline: 'demo', stage: 'train', params: [field('rate', 'float', '0.5')], fixed: [] };

describe('what is typed', () => {
  test.each([
    ['0.1, 0.01', ['0.1', '0.01']],
    ['[1, 2], [3]', ['[1, 2]', '[3]']],
    ['{"a": [1, 2]}, {}', ['{"a": [1, 2]}', '{}']],
    ['"a, b", c', ['a, b', 'c']],
    ["it's, that's", ["it's", "that's"]],
    ['["a, b", "c"], []', ['["a, b", "c"]', '[]']],
    [' , ', []],
    ['"open, x', ['"open, x']]
  ])('%s is parted', (text, values) => expect(split(text)).toEqual(values));

  test.each([[['a, b', 'c']], [['0.1']], [['[1, 2]', 'it"s, so']], [["it's"]]])('%j are parted again', values => expect(split(joined(values))).toEqual(values));

  test('what is the default, untouched or empty keeps its default', () => {
    expect(chosen(FIELDS, {}, false)).toEqual({});
    expect(chosen(FIELDS, { lr: '0.1', layers: '', where: '' }, false)).toEqual({});
    expect(chosen(FIELDS, { lr: '0.2', name: '', where: 'y' }, false)).toEqual({ lr: ['0.2'], name: [''], where: ['y'] });
    expect(chosen(FIELDS, { lr: '0.1', name: shown(FIELDS[1]!, true) }, true)).toEqual({});
    expect(chosen(FIELDS, { lr: '0.1, 0.2, 0.1', layers: '[1], [2]' }, true)).toEqual({ lr: ['0.1', '0.2'], layers: ['[1]', '[2]'] });
    expect(count({ lr: ['1', '2', '3'], layers: ['a', 'b'] })).toBe(6);
  });

  test('the command does the same', () => {
    expect(commandOf('a b.ipynb', null, { lr: ['0.2'], name: ["it's"] }, 2)).toBe(`nbtrack run 'a b.ipynb' -p lr=0.2 -p 'name=it'\\''s'`);
    expect(commandOf('a.ipynb', null, { lr: ['1', '2'] }, 2)).toBe('nbtrack run a.ipynb --grid lr=1 --grid lr=2 --jobs 2');
    expect(commandOf('a.ipynb', STAGE, { rate: ['1'] }, 2)).toBe('nbtrack run train --file work/nbtrack.yaml -p rate=1');
  });

  test('runs are read of what a job came to', () => {
    const ran = { run_id: 'r', name: 'train', state: 'FAILED', reason: 'no', duration_s: 1, params: { lr: '1', depth: '2' } };
    expect(rows(ran)).toEqual([{ name: 'train', state: 'failed', run: 'r', reason: 'no', measured: '' }]);
    expect(rows({ run_id: 'g', state: 'FAILED', runs: [ran] })).toEqual([{ name: 'lr = 1, depth = 2', state: 'failed', run: 'r', reason: 'no', measured: '' }]);
    expect(rows({ run_id: 'p', stages: { train: { phase: 'cached', reason: '', run_id: 's' } } })).toEqual([{ name: 'train', state: 'cached', run: 's', reason: '', measured: '' }]);
    const measured = rows({ run_id: 'g', state: 'FINISHED', metric: 'loss', values: { r: '0.25' }, runs: [ran] }).map(it => it.measured);
    expect(measured).toEqual(['loss 0.25']);
    expect([rows(null), rows('text')]).toEqual([[], []]);
  });
});

/** A server that a test holds in its hand. */
class Door implements IFormDoor {
  readonly changed = new Signal();
  readonly jobs = {} as IJobs;
  readonly path = 'work/train.ipynb';
  asked: IParameterForm = { path: this.path, has_cell: true, parameters: FIELDS, stages: [STAGE], profiles: ['night'], problem: '', most: 4 };
  profiles: string[] = [];
  wrong: IFieldProblem[] = [];
  begun: unknown[] = [];
  read = (profile: string): Promise<IParameterForm> => {
    this.profiles.push(profile);
    return Promise.resolve(this.asked);
  };
  check = (): Promise<IFieldProblem[]> => Promise.resolve(this.wrong);
  run = (stage: IStageForm | null, values: unknown, atOnce: number): Promise<IJob> => {
    this.begun.push([stage?.stage ?? '', values, atOnce]);
    return Promise.resolve({ id: 'j' } as IJob);
  };
  openRun(): void {}
  openNotebook(): void {}
  openPipeline(): void {}
}

const opened = async (isStage = false): Promise<[Form, Door]> => {
  const door = new Door();
  const form = new Form(door, isStage);
  await new Promise(resolve => setTimeout(resolve));
  return [form, door];
};

describe('a form', () => {
  test('begins nothing while a value is wrong, and says which', async () => {
    const [form, door] = await opened();
    form.type('lr', 'many');
    door.wrong = [{ name: 'lr', text: 'no float' }];
    expect(await form.run()).toBeNull();
    expect([door.begun, form.mistakes.get('lr')]).toEqual([[], 'no float']);
    door.wrong = [];
    form.type('lr', '0.3');
    expect(await form.run()).toMatchObject({ id: 'j' });
    expect([door.begun, form.mistakes.size]).toEqual([[['', { lr: ['0.3'] }, 2]], 0]);
    form.dispose();
  });

  test('counts a grid, and knows when it is too large', async () => {
    const [form] = await opened();
    form.set({ isGrid: true });
    form.type('lr', '1, 2');
    form.type('layers', '[1], [2]');
    expect([form.total, form.isTooLarge]).toEqual([4, false]);
    form.type('name', 'a, b');
    expect([form.total, form.isTooLarge]).toEqual([8, true]);
    form.dispose();
  });

  test('that is opened for a stage asks for the params of its pipeline', async () => {
    const [form, door] = await opened(true);
    expect(form.fields.map(it => it.name)).toEqual(['rate']);
    form.type('rate', '0.7');
    await form.run();
    expect(door.begun).toEqual([['train', { rate: ['0.7'] }, 2]]);
    form.set({ target: ALONE });
    expect([form.fields.length, form.values]).toEqual([4, {}]);
    form.dispose();
  });

  test('takes the values of a profile, and none where the file has it no more', async () => {
    const [form, door] = await opened(true);
    await form.choose('night');
    expect([form.profile, door.profiles]).toEqual(['night', ['', 'night']]);
    expect(commandOf('work/train.ipynb', form.stage, form.values, 2, form.profile)).toContain('--profile night');
    door.asked = { ...door.asked, profiles: [] };
    await form.read();
    expect([form.profile, door.profiles]).toEqual(['', ['', 'night', 'night', '']]);
    form.dispose();
  });

  test('says that a notebook is no stage, and follows the notebook', async () => {
    const door = new Door();
    door.asked = { ...door.asked, stages: [] };
    const form = new Form(door, true);
    await new Promise(resolve => setTimeout(resolve));
    expect([form.isNoStage, form.target]).toEqual([true, ALONE]);
    form.type('lr', '0.3');
    door.asked = { ...door.asked, parameters: [field('lr', 'float', '0.2'), field('more', 'int', '1')] };
    door.changed.emit();
    await new Promise(resolve => setTimeout(resolve));
    expect([form.fields.length, form.text('lr')]).toEqual([2, '0.3']);
    form.dispose();
  });
});
