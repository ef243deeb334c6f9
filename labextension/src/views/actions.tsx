// What can be done with the selected runs, and undone.
import { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { Compare } from '../models/compare';
import { problemOf } from '../models/host';
import { IActAsk, IProblem } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { useId } from './hooks';

type Form = 'rename' | 'tag' | 'note';

export function Actions({ compare }: { compare: Compare }): VNode {
  const [form, setForm] = useState<Form | null>(null);
  const [back, setBack] = useState<IActAsk[]>([]);
  const [said, setSaid] = useState('');
  const [problem, setProblem] = useState<IProblem | null>(null);
  const selected = [...compare.selected].filter(id => compare.runs.row(id) !== undefined);
  const only = selected.length === 1 ? (selected[0] ?? null) : null;
  const { baseline } = compare.host.choices;
  const can = (name: IActAsk['do']): boolean => compare.host.acts.includes(name);

  const act = async (ask: IActAsk): Promise<void> => {
    setProblem(null);
    const undone = undoing(ask, compare);
    try {
      const { says } = await compare.host.ask('act', ask);
      setSaid(ask.do === 'trash' ? STRINGS.act.trashed(ask.runs.length) : says);
      setBack(undone);
      setForm(null);
      if (ask.do === 'trash') {
        compare.select([]);
      }
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const undo = async (): Promise<void> => {
    setProblem(null);
    try {
      for (const ask of back) {
        await compare.host.ask('act', ask);
      }
      setSaid(STRINGS.act.undone);
      setBack([]);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const turn = (to: Form): void => setForm(form === to ? null : to);
  const pins = baseline !== null && (only === null || baseline === only) ? STRINGS.baseline.unpin : STRINGS.baseline.pin;
  // One that has nothing to do stays, so that the rows below do not move under the pointer when one of them is selected
  const button = (label: string, isFor: boolean, press: () => void, isOpen?: boolean): VNode => (
    <button type="button" disabled={!isFor} aria-expanded={isOpen} onClick={press}>
      {label}
    </button>
  );
  return (
    <div class="nbt-actions">
      {compare.runs.count > 0 && (
        <>
          {button(pins, only !== null || baseline !== null, () => compare.host.choose({ baseline: baseline === only ? null : only }))}
          {can('rename') && button(STRINGS.act.rename, only !== null, () => turn('rename'), form === 'rename')}
          {can('tag') && button(STRINGS.act.tag, selected.length > 0, () => turn('tag'), form === 'tag')}
          {can('note') && button(STRINGS.act.note, selected.length > 0, () => turn('note'), form === 'note')}
          {can('trash') && button(STRINGS.act.trash, selected.length > 0, () => void act({ do: 'trash', runs: selected }))}
          {button(STRINGS.clear, selected.length > 0, () => compare.select([]))}
        </>
      )}
      {form && selected.length > 0 && <ActForm key={form} form={form} compare={compare} runs={selected} act={act} close={() => setForm(null)} />}
      <span role="status" class="nbt-note">
        {said}{' '}
        {back.length > 0 && (
          <button type="button" onClick={() => void undo()}>
            {STRINGS.act.undo}
          </button>
        )}
      </span>
      {problem && (
        <span role="alert" class="nbt-note nbt-problem">
          {problem.text} {problem.mend}
        </span>
      )}
    </div>
  );
}

/** What takes an act back, from what the runs are before it; nothing where that is not shown whole. A note is only ever added to. */
function undoing(ask: IActAsk, compare: Compare): IActAsk[] {
  const before = (column: string, run: string): string => compare.runs.column(column)?.text(compare.runs.row(run) ?? -1) ?? '';
  const isWhole = (text: string): boolean => !text.includes('***') && !text.endsWith('…');
  if (ask.do === 'trash') {
    return [{ do: 'restore', runs: ask.runs }];
  }
  if (ask.do === 'rename') {
    const undone = ask.runs.map((run): IActAsk => ({ do: 'rename', runs: [run], name: before('info/name', run) }));
    return undone.every(({ name }) => name && isWhole(name)) ? undone : [];
  }
  if (ask.do === 'tag') {
    const undone = ask.runs.map((run): IActAsk => {
      const value = before(`tag/${ask.tag}`, run);
      return value ? { do: 'tag', runs: [run], tag: ask.tag, value } : { do: 'untag', runs: [run], tag: ask.tag };
    });
    return undone.every(({ value }) => isWhole(value ?? '')) ? undone : [];
  }
  return [];
}

interface IFormProps {
  form: Form;
  compare: Compare;
  runs: string[];
  act(ask: IActAsk): Promise<void>;
  close(): void;
}

function ActForm({ form, compare, runs, act, close }: IFormProps): VNode {
  const row = compare.runs.row(runs[0] ?? '') ?? 0;
  const before = form === 'tag' ? '' : (compare.runs.column(form === 'rename' ? 'info/name' : 'info/note')?.text(row) ?? '');
  const [text, setText] = useState(runs.length === 1 ? before : '');
  const [value, setValue] = useState('');
  const id = useId('act');
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const label = form === 'rename' ? STRINGS.act.name : form === 'tag' ? STRINGS.act.tagName : STRINGS.act.noteText;
  const send = (event: Event): void => {
    event.preventDefault();
    if (form === 'rename') {
      void act({ do: 'rename', runs, name: text });
    } else if (form === 'note') {
      void act({ do: 'note', runs, note: text });
    } else {
      void act({ do: 'tag', runs, tag: text, value });
    }
  };
  return (
    <form
      class="nbt-form"
      onSubmit={send}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          close();
        }
      }}
    >
      <label for={id}>{label}</label>
      <input id={id} ref={first} value={text} required={form !== 'note'} onInput={event => setText(event.currentTarget.value)} />
      {form === 'tag' && (
        <>
          <label for={`${id}-value`}>{STRINGS.act.tagValue}</label>
          <input id={`${id}-value`} value={value} onInput={event => setValue(event.currentTarget.value)} />
        </>
      )}
      <button type="submit">{STRINGS.act.save}</button>
      <button type="button" onClick={close}>
        {STRINGS.act.cancel}
      </button>
    </form>
  );
}
