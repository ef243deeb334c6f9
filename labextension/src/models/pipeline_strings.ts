// Every English sentence of the views of pipelines.
import { formatClock, formatDuration } from './format';
import { INodeStatus, IPipelinePast, IPipelineStatus, IPlanStep } from './wire';

export type Action = IPlanStep['action'];
const count = (n: number, one: string): string => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`;
const STATES: Record<string, string> = { stopped: 'was stopped', killed: 'was cancelled' };

export const PIPELINE = {
  label: 'Pipeline',
  graph: 'Stages',
  run: 'Run',
  runFrom: 'Run from here',
  runOne: 'Run this stage',
  retry: 'Retry from failed stage',
  cancel: 'Cancel',
  cancelling: 'Cancelling…',
  edit: 'Edit text',
  chooseFirst: 'Choose a stage first',
  show: 'Show',
  plan: 'What a run would do',
  past: (it: IPipelinePast): string => `Run ${it.run.slice(0, 8)}, ${formatClock(it.began_ms, Date.now())}, ${STATES[it.state] ?? it.state}`,
  profile: 'Profile',
  noProfile: 'none',
  starting: 'Starting…',
  planning: 'Looking what would run…',
  wouldRun: (steps: IPlanStep[]): string => {
    const of = (action: Action): number => steps.filter(it => it.action === action).length;
    const parts = [
      [of('run'), 'would run'],
      [of('perhaps'), 'may run'],
      [of('cached'), 'in the cache'],
      [of('skip'), 'skipped']
    ].filter(([n]) => n);
    return steps.length ? `${count(steps.length, 'stage')}: ${parts.map(it => it.join(' ')).join(', ')}.` : '';
  },
  stands: (it: IPipelineStatus): string => {
    const phases = new Map<string, number>();
    it.nodes.forEach(({ phase }) => phases.set(phase, (phases.get(phase) ?? 0) + 1));
    const took = it.began_ms ? formatDuration(((it.ended_ms || Date.now()) - it.began_ms) / 1000) : '';
    return it.run ? `Run ${it.run.slice(0, 8)} ${STATES[it.state] ?? it.state}, ${took}: ${[...phases].map(([phase, n]) => `${n} ${phase}`).join(', ')}.` : 'It was not run yet.';
  },
  line: (n: number): string => `Line ${n}:`,
  actions: { run: 'would run', cached: 'in the cache', perhaps: 'may run', skip: 'skipped' } as Record<Action, string>,
  notWanted: 'not in this run',
  phase: (it: INodeStatus, nowMs: number, isRunning: boolean): string => {
    if (it.phase === 'running') {
      const cell = it.cells ? `cell ${it.cell} of ${it.cells}, ` : '';
      return isRunning ? `${cell}${formatDuration((nowMs - it.since_ms) / 1000)}` : 'was stopped';
    }
    return it.seconds ? `${it.phase}, ${formatDuration(it.seconds)}` : it.phase;
  },
  stage: (id: string): string => `Stage ${id}`,
  rows: { about: 'About', needs: 'After', plan: 'A run now', state: 'State', why: 'Why', attempt: 'Attempt' },
  openRun: 'Open run',
  openNotebook: 'Open notebook',
  gates: 'Gates',
  gateColumns: ['Gate', 'Verdict', 'Measured', 'Wanted', 'Why'],
  notJudged: 'not judged yet',
  log: 'Output of the stage',
  silent: 'Nothing printed yet.',
  cut: '[what was printed before is left out]\n'
};
