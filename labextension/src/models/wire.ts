// Written by labextension/wire.py from nbtrack/charts/shapes.py and nbtrack/server/shapes.py; do not edit.

/** One column; all lists have one value a run, in the order of the runs. A metric's numbers stand in `last` to `count`, not in `values`. */
export interface IColumn {
  /** `info/name`, `param/lr`, `metric/loss`, `tag/owner`. */
  key: string;
  kind: 'info' | 'param' | 'metric' | 'tag';
  name: string;
  type: 'text' | 'number' | 'time' | 'duration' | 'state' | 'stamp';
  /** Empty for what is no metric. */
  better: 'higher' | 'lower' | '';
  values?: unknown[];
  last?: (number | 'NaN' | 'Infinity' | '-Infinity' | null)[];
  best?: (number | 'NaN' | 'Infinity' | '-Infinity' | null)[];
  lowest?: (number | 'NaN' | 'Infinity' | '-Infinity' | null)[];
  highest?: (number | 'NaN' | 'Infinity' | '-Infinity' | null)[];
  /** Step of the last point. */
  step?: (number | null)[];
  count?: (number | null)[];
}

/** Runs, newest first, column by column. */
export interface IRuns {
  version: number;
  /** When the data was read. */
  as_of_ms: number;
  /** Empty, or a sentence that says since when the store was not reached. */
  stale: string;
  /** `reserved`: names the query language keeps for itself; `clashing`: names of both a metric and a param. */
  names: Record<string, string[]>;
  columns: IColumn[];
  baseline: string | null;
  metric: string | null;
  group: string | null;
  says: string;
  /** How many runs are not read yet: these are the newest, and the next answer has all. */
  others?: number;
}

/** Why an answer is none. */
export interface IProblem {
  text: string;
  mend: string;
}

/** What a front end asks; `ask` and `id` are always there, the others as the kind of question needs. */
export interface IAsk {
  ask?: string;
  id?: number;
  metrics?: string[];
  runs?: string[];
  x?: 'step' | 'epoch' | 'wall' | 'relative';
  range?: number[] | null;
  points?: number;
  metric?: string;
  group?: string[];
  baseline?: string | null;
  a?: string;
  b?: string;
  run?: string;
  do?: string;
  name?: string;
  value?: string;
  tag?: string;
  note?: string;
}

/** One curve of one run. `x` and `y` are float64 arrays in the kernel, buffers on the wire, lists in a saved page. */
export interface ISeries {
  run: string;
  metric: string;
  /** Points before thinning, in the range that was asked for. */
  count: number;
  /** Points there will be, of a run that goes on in a loop of known length. */
  total?: number;
  is_thinned: boolean;
  x: unknown;
  y: unknown;
}

export interface ICurves {
  answer: 'curves';
  id: number;
  series: ISeries[];
  says: string;
}

export interface IParamImportance {
  name: string;
  /** How much worse a forest gets without it, as a share, 0 to 1; all together 1. */
  importance: number | 'NaN' | 'Infinity' | '-Infinity' | null;
  /** Share of the metric's variation that it explains alone, by optuna; null where optuna is not installed. */
  fanova: number | 'NaN' | 'Infinity' | '-Infinity' | null;
  /** Spearman's, -1 to 1; null for params that are no numbers. */
  correlation: number | 'NaN' | 'Infinity' | '-Infinity' | null;
  /** Runs that have the param and the metric. */
  count: number;
}

export interface IImportance {
  answer: 'importance';
  id: number;
  metric: string;
  /** The most important first. */
  params: IParamImportance[];
  method: string;
  warning: string;
  says: string;
}

/** Runs of one configuration. */
export interface IGroup {
  label: string;
  values: Record<string, string>;
  runs: string[];
  n: number;
  mean: number | 'NaN' | 'Infinity' | '-Infinity' | null;
  std: number | 'NaN' | 'Infinity' | '-Infinity' | null;
  /** Of the 95% t interval of the mean; null where n is 1. */
  low: number | 'NaN' | 'Infinity' | '-Infinity' | null;
  high: number | 'NaN' | 'Infinity' | '-Infinity' | null;
  /** Mean minus the baseline's mean; null for the baseline. */
  delta: number | 'NaN' | 'Infinity' | '-Infinity' | null;
  p: number | 'NaN' | 'Infinity' | '-Infinity' | null;
  test: 'paired' | 'welch' | '';
  is_baseline: boolean;
}

export interface IStatistics {
  answer: 'statistics';
  id: number;
  metric: string;
  groups: IGroup[];
  sentences: string[];
  says: string;
}

export interface IDifferenceRow {
  name: string;
  before: string;
  after: string;
  kind: 'changed' | 'added' | 'removed';
}

export interface IDifferenceSection {
  title: string;
  rows: IDifferenceRow[];
  /** Title and lines of what is no row: changed cells, patches. A line begins with `+`, `-` or a space. */
  blocks: [string, string[]][];
  notes: string[];
}

export interface IDifference {
  answer: 'difference';
  id: number;
  a: string;
  b: string;
  sections: IDifferenceSection[];
  says: string;
}

export interface IFigure {
  run: string;
  path: string;
  title: string;
  number: number | null;
  mime: string;
  /** Base64 for png, the text for svg; empty where it is too large, or of a kind that is never shown (html). */
  data: string;
  size_bytes: number;
}

/** A confusion matrix of a run; rows are the true classes. */
export interface IMatrix {
  run: string;
  name: string;
  labels: string[];
  values: number[][];
}

export interface IFigures {
  answer: 'figures';
  id: number;
  figures: IFigure[];
  matrices: IMatrix[];
  says: string;
}

export interface ISection {
  title: string;
  /** Name and value. */
  rows: [string, string][];
}

export interface IDetails {
  answer: 'details';
  id: number;
  run: string;
  title: string;
  sections: ISection[];
  says: string;
}

/** What was done; what cannot be done is an error. */
export interface IAct {
  answer: 'act';
  id: number;
  says: string;
}

export interface IFailed {
  answer: string;
  id: number;
  error: IProblem;
}

/** Of the server. */
export interface IAbout {
  version: string;
  /** Folder that notebooks' paths are relative to. */
  root: string;
}

/** A command of ours that the server runs. */
export interface IJob {
  id: string;
  kind: string;
  title: string;
  /** Id of the run, or path of the file, that it is about. */
  subject: string;
  state: 'running' | 'cancelling' | 'cancelled' | 'ended';
  /** How it ended, as a shell would tell; null while it runs. */
  code: number | null;
  started_ms: number;
  ended_ms: number | null;
  /** Characters of output so far. */
  size: number;
  /** What it came to, where its kind gives something; else null. */
  result: unknown;
}

/** What the event stream tells of a job: enough to know whether to ask. */
export interface IJobNews {
  id: string;
  kind: string;
  subject: string;
  state: 'running' | 'cancelling' | 'cancelled' | 'ended';
  size: number;
}

/** A piece of what a job said. */
export interface IOutput {
  job: IJob;
  /** Of the first character of `text` among all; later than asked for where the older ones are no longer kept. */
  start: number;
  /** Where to go on. */
  next: number;
  text: string;
}

/** The user's jobs, newest first. */
export interface IJobList {
  jobs: IJob[];
}

/** How delivery to MLflow stands. */
export interface IHealth {
  /** Runs that ended and are not wholly in MLflow. */
  waiting_runs: number;
  /** Runs that their secrets keep here. */
  held_runs: number;
  /** Whether a delivery process lives; it ends when there is nothing to do. */
  is_alive: boolean;
  /** Whether the settings start none. */
  is_off: boolean;
  /** Why the store takes nothing; empty where it does. */
  problem: string;
  mend: string;
  /** Empty, or a sentence that says since when the store was not read. */
  stale: string;
}

/** Something that is not exactly the same the second time. */
export interface IDivergence {
  what: string;
  before: string;
  now: string;
  /** It is within tolerance. */
  is_within: boolean;
  /** Index of the recipe's cell; -1 where it belongs to the run as a whole. */
  cell: number;
}

/** What `nbtrack reproduce --json` says: the result of a job of kind `reproduce`. */
export interface IReproduction {
  verdict: 'identical' | 'within tolerance' | 'different' | 'not runnable';
  why: string;
  run: string;
  name: string;
  /** Id; empty where none was begun. */
  new_run: string;
  /** First diverging cell of the recipe, from 1; 0 where there is none. */
  cell: number;
  differences: IDivergence[];
  not_judged: string[];
  packages: string[];
  compared: string;
  exit_code: number;
}

/** A run that ended just now. */
export interface IEnded {
  run: string;
  name: string;
  state: 'FINISHED' | 'FAILED' | 'KILLED';
  reason: string;
  notebook: string;
}

/** An artifact of a run. */
export interface IKeptFile {
  path: string;
  size_bytes: number;
}

/** What a run kept. */
export interface IKept {
  files: IKeptFile[];
}

/** Two notebooks as nbdime's views take them. */
export interface INotebookPatch {
  /** Notebook of nbformat 4. */
  base: unknown;
  /** Entries of nbdime's format; empty where nothing differs. */
  diff: unknown[];
}

/** Where MLflow shows a run. */
export interface IMlflowPlace {
  /** Of the run's page, or of the server's where the run is not delivered; empty where none is known. */
  url: string;
  /** What opens MLflow's pages of a store that is no server; empty where there is a page. */
  command: string;
  store: string;
  is_delivered: boolean;
}

/** One stage with one combination of its matrix, and where its box stands. */
export interface IPipelineNode {
  id: string;
  stage: string;
  /** Path below the server's root; empty where it lies outside. */
  notebook: string;
  description: string;
  needs: string[];
  gates: string[];
  x: number;
  y: number;
  width: number;
}

/** From a stage to one that needs it; `path` is as SVG writes it. */
export interface IPipelineArrow {
  source: string;
  target: string;
  path: string;
}

/** One thing that is wrong in a pipeline file; line and columns count from 1, `until` is the column behind; 0 where it is not known. */
export interface ISpecProblem {
  line: number;
  column: number;
  until: number;
  text: string;
}

/** A pipeline as it would be drawn; nothing but problems where it cannot be. */
export interface IPipelineGraph {
  name: string;
  description: string;
  profiles: string[];
  nodes: IPipelineNode[];
  arrows: IPipelineArrow[];
  width: number;
  height: number;
  box_height: number;
  problems: ISpecProblem[];
  says: string;
}

/** What would become of a stage, and why. */
export interface IPlanStep {
  id: string;
  action: 'run' | 'cached' | 'perhaps' | 'skip';
  reasons: string[];
  /** The run that its result comes from; empty where it does not come from the cache. */
  run: string;
}

/** A stage of a run. */
export interface INodeStatus {
  id: string;
  phase: string;
  reason: string;
  run: string;
  attempt: number;
  seconds: number;
  since_ms: number;
  /** Which cell it is at, from 1; 0 where none is known. */
  cell: number;
  cells: number;
}

/** A run of a pipeline. Without one, `run` is empty. */
export interface IPipelineStatus {
  run: string;
  /** `running`, `stopped` (it can be gone on with), `finished`, `failed`, `killed`. */
  state: string;
  began_ms: number;
  ended_ms: number;
  nodes: INodeStatus[];
}

/** A run of a pipeline in the list of those that were. */
export interface IPipelinePast {
  run: string;
  state: string;
  began_ms: number;
}

/** A piece of what a stage printed. */
export interface IStageLog {
  text: string;
  /** Byte it begins at; more than was asked for where the piece would be too long. */
  start: number;
  /** Where to read on. */
  end: number;
}

/** What a gate said of a stage's run. */
export interface IGateVerdict {
  gate: string;
  standing: string;
  measured: string;
  wanted: string;
  why: string;
  mend: string;
}

/** What is known of a stage's run beside its state. */
export interface IStageResult {
  verdicts: IGateVerdict[];
  /** Of the cell that failed; empty where none did. */
  traceback: string;
}

/** A parameter of a notebook or of a pipeline, as a form asks for it. */
export interface IParameter {
  name: string;
  /** As one would annotate it. */
  type: string;
  /** Its default as it is written. */
  text: string;
  /** Its default as one would type it; empty where it is computed. */
  value: string;
  is_computed: boolean;
  help: string;
  /** All it may be; empty where that is no short list. */
  choices: string[];
}

/** A parameter of a notebook that its stage sets. */
export interface IFixedParam {
  name: string;
  text: string;
}

/** A stage that executes the notebook. */
export interface IStageForm {
  /** Of the pipeline, below the server's root. */
  file: string;
  pipeline: string;
  stage: string;
  /** Those of the pipeline, with a profile's values where one is chosen; what this stage uses comes first. */
  params: IParameter[];
  fixed: IFixedParam[];
}

/** What is asked of somebody who runs a notebook. */
export interface IParameterForm {
  path: string;
  /** Whether a cell of it says which parameters it takes. */
  has_cell: boolean;
  parameters: IParameter[];
  stages: IStageForm[];
  /** Of the pipeline that these stages are of. */
  profiles: string[];
  /** What is wrong with the pipeline that it may be a stage of; empty where nothing is. */
  problem: string;
  /** Runs of a grid. */
  most: number;
}

/** What is wrong with a value of a form. */
export interface IFieldProblem {
  name: string;
  text: string;
}

/** A run that a form began. */
export interface IRan {
  run_id: string;
  name: string;
  state: 'FINISHED' | 'FAILED' | 'KILLED';
  reason: string;
  duration_s: number;
  params: Record<string, string>;
}

/** What `nbtrack run NOTEBOOK --grid … --json` says: the result of a job of kind `notebook` with a grid; without one it is a `Ran`. */
export interface IRanGrid {
  run_id: string;
  state: 'FINISHED' | 'FAILED' | 'KILLED';
  /** The one that decides between the runs; empty where they have none. */
  metric: string;
  /** Of the metric, by run. */
  values: Record<string, string>;
  runs: IRan[];
}

/** A stage in what a job of kind `pipeline` came to. */
export interface IRanStage {
  phase: string;
  reason: string;
  run_id: string;
}

/** What `nbtrack run --json` says of a pipeline: the result of a job of kind `pipeline`. */
export interface IRanPipeline {
  run_id: string;
  state: 'FINISHED' | 'FAILED' | 'KILLED';
  seconds: number;
  stages: Record<string, IRanStage>;
}
