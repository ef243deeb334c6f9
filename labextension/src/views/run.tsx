// One run in the main area: all that is known of it, and what can be done with it.
import { render, VNode } from 'preact';
import { useState } from 'preact/hooks';

import { Compare } from '../models/compare';
import { IHost, problemOf } from '../models/host';
import { IJobs, isOver } from '../models/jobs';
import { IProblem } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { ChangedTab } from './changed_tab';
import { Details } from './details';
import { useCompare } from './hooks';
import { JobView, useJob } from './job';
import { Verdict } from './reproduction';
import { dress } from './theme';

/** What only the place that shows the run can do. */
export interface IRunActions {
  /** Write something the run kept beside what is there; gives its path. */
  restore(what: string): Promise<string>;
  open(path: string): void;
  openRun(run: string): void;
  jobs: IJobs;
}

function Run({ compare, run, actions }: { compare: Compare; run: string; actions: IRunActions }): VNode {
  useCompare(compare);
  const [said, setSaid] = useState('');
  const [isCompared, setCompared] = useState(false);
  const [problem, setProblem] = useState<IProblem | null>(null);
  const restore = async (what: string): Promise<void> => {
    setProblem(null);
    try {
      const path = await actions.restore(what);
      setSaid(STRINGS.run.opened(path));
      actions.open(path);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(`import nbtrack\n\nrun = nbtrack.run("${run}")\n`);
    setSaid(STRINGS.run.copied);
  };
  const [job, follow] = useJob(actions.jobs, 'reproduce', run);
  const reproduce = async (): Promise<void> => {
    setProblem(null);
    try {
      follow(await actions.jobs.start({ kind: 'reproduce', run }));
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const row = compare.runs.row(run);
  const cell = row === undefined ? '' : compare.runs.column('info/cell')?.text(row);
  const older = row === undefined ? [] : compare.rows.filter(it => it > row);
  // The run before of the same cell, else the run before
  const before = older.find(it => cell && compare.runs.column('info/cell')?.text(it) === cell) ?? older[0];
  const turn = (): void => {
    compare.select(isCompared || before === undefined ? [] : [compare.runs.ids[before] ?? '', run]);
    setCompared(!isCompared);
  };
  return (
    <>
      <div class="nbt-bar">
        <button type="button" onClick={() => void restore('')}>
          {STRINGS.run.restore}
        </button>
        <button type="button" onClick={() => void restore('recipe')}>
          {STRINGS.run.recipe}
        </button>
        <button type="button" disabled={job !== null && !isOver(job.job)} onClick={() => void reproduce()}>
          {job ? STRINGS.reproduce.again : STRINGS.reproduce.begin}
        </button>
        <button type="button" onClick={() => void copy()}>
          {STRINGS.run.copy}
        </button>
        <button type="button" aria-expanded={isCompared} disabled={before === undefined} onClick={turn}>
          {STRINGS.tabs.changed}
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
      {job && (
        <JobView log={job}>
          <Verdict job={job.job} open={actions.openRun} />
        </JobView>
      )}
      {isCompared && <ChangedTab compare={compare} />}
      <Details compare={compare} run={run} />
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
