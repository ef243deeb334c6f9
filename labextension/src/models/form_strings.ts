// Every English sentence of the form for a notebook's parameters.
import { IStageForm } from './wire';

const count = (n: number): string => `${n.toLocaleString('en')} run${n === 1 ? '' : 's'}`;

export const FORM = {
  title: (path: string): string => `Run ${path} with parameters`,
  target: 'What is run',
  alone: 'this notebook alone',
  stage: (it: IStageForm): string => `stage ${it.stage} of ${it.pipeline}`,
  profile: 'Profile',
  noProfile: 'none',
  aboutStage: (it: IStageForm): string => `Params of ${it.file}. What the stage needs runs before it, unless the cache has it.`,
  noStage: (name: string): string => `${name} is no stage of a pipeline here, so it is run alone.`,
  noCell: 'This notebook declares no parameters. Tag the cell that sets them with “parameters”, or begin it with # parameters. It can be run as it is.',
  noParams: 'There is nothing to set. It can be run as it is.',
  how: 'How often',
  once: 'Once',
  grid: 'A grid of values',
  gridHelp: 'Several values, parted by commas: every combination is a run.',
  default: (text: string): string => `Default: ${text}`,
  computed: (text: string): string => `computed: ${text}`,
  reset: 'Default',
  resetOf: (name: string): string => `Default of ${name}`,
  fixed: 'Set by the pipeline',
  run: 'Run',
  runMany: (n: number): string => `Run ${count(n)}`,
  atOnce: 'At once',
  wrong: (n: number): string => (n === 1 ? 'One value is wrong.' : `${n} values are wrong.`),
  copy: 'Copy as command',
  copied: 'Copied.',
  openNotebook: 'Open notebook',
  openPipeline: 'Open pipeline',
  openGrid: 'Open the run of the grid',
  tooMany: (n: number, most: number): string => `${count(n)} are too many; a grid may have ${most}.`,
  runs: 'What came of it',
  open: (run: string): string => `Open ${run.slice(0, 8)}`,
  failed: (code: number | null): string => `It could not be run; it ended with ${code ?? 'no code'}. Its output says why.`
};
