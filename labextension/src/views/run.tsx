// One run in the main area: all that is known of it, and what can be done with it.
import { render, VNode } from 'preact';
import { useEffect, useReducer, useState } from 'preact/hooks';

import { Compare } from '../models/compare';
import { IHost, problemOf } from '../models/host';
import { IJobs, isOver } from '../models/jobs';
import { IProblem } from '../models/shapes';
import { Signal } from '../models/signal';
import { STRINGS } from '../models/strings';
import { IKeptFile, IMlflowPlace } from '../models/wire';
import { Artifacts } from './artifacts';
import { Bar } from './bar';
import { ChangedTab } from './changed_tab';
import { Details } from './details';
import { useCompare } from './hooks';
import { JobView, useJob } from './job';
import { Place } from './place';
import { Verdict } from './reproduction';
import { dress } from './theme';

const T = STRINGS.run;

/** What only the place that shows the run can do. */
export interface IRunActions {
  /** Write something the run kept beside what is there; gives its path. */
  restore(what: string): Promise<string>;
  open(path: string): void;
  openRun(run: string): void;
  kept(): Promise<IKeptFile[]>;
  openKept(path: string): void;
  place(): Promise<IMlflowPlace>;
  /** Path of the notebook that the run's is compared with: its own, if that is open, else the one in front; empty where there is none. */
  notebook(): string;
  readonly notebookChanged: Signal;
  /** Show the run's notebook beside the open one, or beside that of another run. */
  diffNotebook(other: string | null): void;
  jobs: IJobs;
}

function Run({ compare, run, actions }: { compare: Compare; run: string; actions: IRunActions }): VNode {
  useCompare(compare);
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => actions.notebookChanged.connect(() => draw(undefined)), [actions]);
  const [said, setSaid] = useState('');
  const [isCompared, setCompared] = useState(false);
  const [place, setPlace] = useState<IMlflowPlace | null>(null);
  const [problem, setProblem] = useState<IProblem | null>(null);
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    setProblem(null);
    setSaid('');
    try {
      await act();
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const restore = (what: string): Promise<void> =>
    attempt(async () => {
      const path = await actions.restore(what);
      setSaid(T.opened(path));
      actions.open(path);
    });
  const copy = (text: string): Promise<void> =>
    attempt(async () => {
      if (!navigator.clipboard) {
        throw new Error(T.blocked); // pages that are not secure have none
      }
      await navigator.clipboard.writeText(text);
      setSaid(T.copied);
    });
  const show = (): Promise<void> =>
    attempt(async () => {
      const found = await actions.place();
      setPlace(found);
      if (found.url && found.is_delivered) {
        window.open(found.url, '_blank', 'noopener');
      }
    });
  const [job, follow] = useJob(actions.jobs, 'reproduce', run);
  const reproduce = (): Promise<void> => attempt(async () => follow(await actions.jobs.start({ kind: 'reproduce', run })));
  const row = compare.runs.row(run);
  const cell = row === undefined ? '' : compare.runs.column('info/cell')?.text(row);
  const state = row === undefined ? '' : compare.runs.column('info/state')?.text(row);
  const others = compare.runs.ids.map((_, at) => at).filter(it => it !== row);
  const older = others.filter(it => row !== undefined && it > row);
  // The run before of the same cell, else the run before, else any
  const before = older.find(it => cell && compare.runs.column('info/cell')?.text(it) === cell) ?? older[0] ?? others[0];
  const notebook = actions.notebook();
  return (
    <>
      <div class="nbt-bar">
        <button type="button" onClick={() => void restore('')}>
          {T.restore}
        </button>
        <button type="button" onClick={() => void restore('recipe')}>
          {T.recipe}
        </button>
        <button type="button" disabled={job !== null && !isOver(job.job)} onClick={() => void reproduce()}>
          {job ? STRINGS.reproduce.again : STRINGS.reproduce.begin}
        </button>
        <button type="button" disabled={!notebook} title={T.diffOpenTitle(notebook)} onClick={() => actions.diffNotebook(null)}>
          {T.diffOpen}
        </button>
        <button type="button" aria-expanded={isCompared} disabled={before === undefined} onClick={() => setCompared(!isCompared)}>
          {T.diffRun}
        </button>
        <button type="button" onClick={() => void show()}>
          {T.mlflow}
        </button>
        <button type="button" onClick={() => void copy(`import nbtrack\n\nrun = nbtrack.run("${run}")\n`)}>
          {T.copy}
        </button>
        <span role="status" class="nbt-note">
          {said}
        </span>
        {problem && (
          <span role="alert" class="nbt-note nbt-problem">
            {problem.text} {problem.mend}
          </span>
        )}
      </div>
      {place && <Place place={place} copy={copy} close={() => setPlace(null)} />}
      {job && (
        <JobView log={job}>
          <Verdict job={job.job} open={actions.openRun} />
        </JobView>
      )}
      {isCompared && (
        <section class="nbt-with" aria-label={T.diffRun}>
          <Bar compare={compare} />
          <ChangedTab
            compare={compare}
            of={{ run, with: before === undefined ? undefined : compare.runs.ids[before] }}
            more={(a, b) => (
              <button type="button" onClick={() => actions.diffNotebook(a === run ? b : a)}>
                {T.sideBySide}
              </button>
            )}
          />
        </section>
      )}
      <Details compare={compare} run={run} without={['artifacts']} />
      <Artifacts version={`${run} ${state === 'RUNNING' ? compare.runs.source.as_of_ms : state}`} read={() => actions.kept()} open={path => actions.openKept(path)} />
    </>
  );
}

/** Show a run in an element, until the function that is returned is called. */
export function showRun(element: HTMLElement, host: IHost, run: string, actions: IRunActions): () => void {
  const compare = new Compare(host);
  const undress = dress(element, STRINGS.details(run.slice(0, 8)));
  render(<Run compare={compare} run={run} actions={actions} />, element);
  return () => {
    render(null, element);
    undress();
    compare.dispose();
  };
}
