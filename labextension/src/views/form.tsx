// The form for a notebook's parameters: run it once, with a grid of values, or as a stage of its pipeline.
import { render, VNode } from 'preact';
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';

import { commandOf, rows } from '../models/form';
import { ALONE, Form, IFormDoor } from '../models/form_state';
import { FORM } from '../models/form_strings';
import { isOver } from '../models/jobs';
import { IJob } from '../models/wire';
import { Field } from './form_field';
import { useId } from './hooks';
import { JobView, useJob } from './job';
import css from './pipelines.css';
import { Select } from './select';
import { dress } from './theme';

const MOST_AT_ONCE = 16;

function View({ form }: { form: Form }): VNode {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => form.changed.connect(() => draw(undefined)), [form]);
  const [log, follow] = useJob(form.door.jobs, 'notebook', form.door.path);
  const [said, setSaid] = useState('');
  const element = useRef<HTMLFormElement>(null);
  const id = useId('params');
  const { asked, fields, stage, total, mistakes, problem } = form;
  const isRunning = log !== null && !isOver(log.job);
  const run = async (): Promise<void> => {
    setSaid('');
    const job = await form.run();
    if (job) {
      follow(job);
    } else {
      setTimeout(() => element.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus());
    }
  };
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(commandOf(form.door.path, stage, form.values, form.atOnce, form.profile));
    setSaid(FORM.copied);
  };
  return (
    <>
      <form
        ref={element}
        class="nbt-params"
        aria-label={FORM.title(form.door.path)}
        onSubmit={event => {
          event.preventDefault();
          void run();
        }}
      >
        <h3>{FORM.title(form.door.path)}</h3>
        {problem && (
          <p class="nbt-note nbt-problem" role="alert">
            {problem.text} {problem.mend}
          </p>
        )}
        {asked?.problem && <p class="nbt-note nbt-problem">{asked.problem}</p>}
        {form.isNoStage && <p class="nbt-says">{FORM.noStage(form.door.path)}</p>}
        {asked && <How form={form} id={id} />}
        {asked && fields.length === 0 && <p class="nbt-says">{stage || asked.has_cell ? FORM.noParams : FORM.noCell}</p>}
        {fields.map(it => (
          <Field key={`${form.target} ${it.name}`} form={form} of={it} id={`${id}-${it.name}`} />
        ))}
        {stage !== null && stage.fixed.length > 0 && (
          <table class="nbt-fixed">
            <caption>{FORM.fixed}</caption>
            <tbody>
              {stage.fixed.map(it => (
                <tr key={it.name}>
                  <th scope="row">{it.name}</th>
                  <td>
                    <code>{it.text}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <div class="nbt-bar">
          <button type="submit" class="nbt-main-act" disabled={asked === null || isRunning || form.isBeginning || form.isTooLarge || mistakes.size > 0}>
            {total > 1 ? FORM.runMany(total) : FORM.run}
          </button>
          {total > 1 && (
            <label>
              {FORM.atOnce}
              <input
                type="number"
                min={1}
                max={MOST_AT_ONCE}
                value={form.atOnce}
                onInput={event => form.set({ atOnce: Math.max(1, Math.min(MOST_AT_ONCE, Math.round(Number(event.currentTarget.value)) || 1)) })}
              />
            </label>
          )}
          <button type="button" disabled={asked === null} onClick={() => void copy()}>
            {FORM.copy}
          </button>
          <button type="button" onClick={() => form.door.openNotebook()}>
            {FORM.openNotebook}
          </button>
          {stage && (
            <button type="button" onClick={() => form.door.openPipeline(stage.file)}>
              {FORM.openPipeline}
            </button>
          )}
          <span role="status" class={`nbt-note${mistakes.size || form.isTooLarge ? ' nbt-problem' : ''}`}>
            {form.isTooLarge ? FORM.tooMany(total, asked?.most ?? 0) : mistakes.size ? FORM.wrong(mistakes.size) : said}
          </span>
        </div>
      </form>
      {log && (
        <JobView log={log}>
          <Ran job={log.job} open={run => form.door.openRun(run)} />
        </JobView>
      )}
    </>
  );
}

/** Alone or as a stage; once or a grid. */
function How({ form, id }: { form: Form; id: string }): VNode {
  const stages = form.asked?.stages ?? [];
  const profiles = form.asked?.profiles ?? [];
  return (
    <>
      {stages.length > 0 && (
        <Select
          label={FORM.target}
          value={String(form.target)}
          options={[[String(ALONE), FORM.alone], ...stages.map((it, at) => [String(at), FORM.stage(it)] as [string, string])]}
          choose={target => form.set({ target: Number(target) })}
        />
      )}
      {form.stage ? (
        <>
          {profiles.length > 0 && (
            <Select
              label={FORM.profile}
              value={form.profile}
              options={[['', FORM.noProfile], ...profiles.map(it => [it, it] as [string, string])]}
              choose={profile => void form.choose(profile)}
            />
          )}
          <p class="nbt-says">{FORM.aboutStage(form.stage)}</p>
        </>
      ) : (
        form.fields.length > 0 && (
          <fieldset class="nbt-how">
            <legend class="nbt-hidden">{FORM.how}</legend>
            {[false, true].map(isGrid => (
              <label key={String(isGrid)}>
                <input type="radio" name={`${id}-how`} checked={form.isGrid === isGrid} onChange={() => form.set({ isGrid })} />
                {isGrid ? FORM.grid : FORM.once}
              </label>
            ))}
            {form.isGrid && <span class="nbt-faint">{FORM.gridHelp}</span>}
          </fieldset>
        )
      )}
    </>
  );
}

/** The runs that a job made. */
function Ran({ job, open }: { job: IJob; open(run: string): void }): VNode | null {
  const found = rows(job.result);
  const own = (job.result as { runs?: unknown; run_id?: string } | null)?.runs ? (job.result as { run_id: string }).run_id : '';
  if (!found.length) {
    return job.state === 'ended' ? <p class="nbt-verdict nbt-verdict-none">{FORM.failed(job.code)}</p> : null;
  }
  return (
    <>
      <table class="nbt-ran">
        <caption class="nbt-hidden">{FORM.runs}</caption>
        <tbody>
          {found.map((it, at) => (
            <tr key={at}>
              <th scope="row">{it.name}</th>
              <td class={it.state === 'failed' ? 'nbt-problem' : ''}>{it.state}</td>
              <td>{it.measured}</td>
              <td>
                {it.run && (
                  <button type="button" onClick={() => open(it.run)}>
                    {FORM.open(it.run)}
                  </button>
                )}
              </td>
              <td>{it.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {own && (
        <button type="button" onClick={() => open(own)}>
          {FORM.openGrid}
        </button>
      )}
    </>
  );
}

/** Show the form in an element. */
export function showForm(element: HTMLElement, door: IFormDoor, isStage: boolean): { prefer(isStage: boolean): void; dispose(): void } {
  const form = new Form(door, isStage);
  const undress = dress(element, FORM.title(door.path), css);
  render(<View form={form} />, element);
  return {
    prefer: isStage => form.prefer(isStage),
    dispose: () => {
      render(null, element);
      undress();
      form.dispose();
    }
  };
}
