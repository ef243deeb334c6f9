// Every English sentence that a view shows.
import { formatNumber } from './format';

const count = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

export const STRINGS = {
  title: 'Comparison of runs',
  tabs: {
    table: 'Table',
    curves: 'Curves',
    parallel: 'Parallel coordinates',
    scatter: 'Scatter',
    importance: 'Importance',
    changed: 'What changed',
    figures: 'Figures',
    statistics: 'Statistics'
  },
  runs: (n: number): string => count(n, 'run'),
  someRuns: (some: number, all: number): string => (some === all ? count(all, 'run') : `${some.toLocaleString('en')} of ${count(all, 'run')}`),
  selected: (n: number): string => (n ? `${n.toLocaleString('en')} selected` : ''),
  clear: 'Clear selection',
  close: 'Close',
  waiting: 'Asking the kernel…',
  noKernel: 'The kernel does not answer. It may be busy, or gone: what is shown is as it was.',
  lostKernel: 'The kernel that this came from was restarted or is gone.',
  lostKernelMend: 'Run the cell again.',
  saved: (kept: number, all: number): string => (kept < all ? `Kept in this notebook: ${kept.toLocaleString('en')} of ${count(all, 'run')}.` : 'Kept in this notebook.'),
  notSaved: 'This was not saved.',
  notSavedMend: 'Compare the runs again in a notebook to see it.',
  noRuns: 'No runs yet. Put %%track above a cell and run it; then compare again.',
  noMatch: 'No run matches the filter.',
  noMetrics: 'These runs have no metrics. A number that a cell computes is one, and so is nbtrack.log(loss=0.3).',
  noCurves: 'None of these metrics has more than one point.',
  noFigures: 'These runs kept no figures.',
  noParams: 'These runs have no params that differ.',
  filter: {
    label: 'Filter',
    hint: 'lr<0.1 and acc>.9 tag:prod',
    clash: (names: string[]): string => `${names.join(', ')}: a metric has this name and a param too; the metric is meant. Write param.${names[0] ?? ''} for the param.`
  },
  columns: { label: 'Columns', find: 'Find a column', all: 'Show all', none: 'Hide all', first: 'As at first', differing: 'Only what differs' },
  kinds: { info: 'Run', metric: 'Metrics', param: 'Params', tag: 'Tags' },
  infos: {
    name: 'Run',
    state: 'State',
    started: 'Started',
    duration: 'Duration',
    stamp: 'Reproducible',
    experiment: 'Experiment',
    notebook: 'Notebook',
    cell: 'Cell',
    attempt: 'Attempt',
    parent: 'Parent',
    note: 'Note',
    role: 'Made as',
    pipeline: 'Pipeline'
  } as Record<string, string>,
  group: { label: 'Group by', none: 'nothing', open: 'Show the runs of this group', members: (n: number): string => count(n, 'run') },
  baseline: { pin: 'Pin as baseline', unpin: 'Unpin baseline', is: 'Baseline' },
  act: {
    rename: 'Rename',
    tag: 'Tag',
    note: 'Note',
    trash: 'Move to trash',
    undo: 'Undo',
    undone: 'Undone.',
    name: 'New name',
    tagName: 'Tag',
    tagValue: 'Value',
    noteText: 'Note',
    save: 'Save',
    cancel: 'Cancel',
    trashed: (n: number): string => `${count(n, 'run')} moved to the trash.`
  },
  details: (name: string): string => `Details of ${name}`,
  sort: (name: string, order: 'ascending' | 'descending' | 'none'): string => (order === 'none' ? `Sort by ${name}` : `${name}, sorted ${order}`),
  verdicts: { better: 'better than the baseline', worse: 'worse than the baseline', same: 'as the baseline', '': '' },
  spread: (mean: string, std: string, n: number): string => (n > 1 ? `${mean} ± ${std} (n=${n})` : `${mean} (n=${n})`),
  select: (name: string): string => `Select ${name}`,
  keys: 'Arrow keys move, Space selects, Enter opens, B pins the baseline.',
  stale: (age: string): string => `Data of ${age}`,
  curves: {
    x: 'Horizontal',
    axes: { step: 'Step', epoch: 'Epoch', wall: 'Wall time', relative: 'Relative time' },
    logX: 'Log x',
    logY: 'Log y',
    smooth: 'Smoothing',
    band: 'Band',
    bands: { none: 'none', std: 'mean ± std', range: 'min to max' },
    metrics: 'Metrics',
    reset: 'Reset zoom',
    legend: 'Runs shown',
    hint: 'Drag over a part to see it alone, or turn the wheel with Ctrl; a double click shows all.',
    keys: 'Plus and minus zoom, the arrow keys move, 0 shows all.',
    limited: (some: number, all: number): string => `The first ${some} of ${all.toLocaleString('en')} runs are drawn; select or filter for others.`,
    thinned: (shown: number, all: number): string => `${shown.toLocaleString('en')} of ${all.toLocaleString('en')} points are drawn, extremes kept; zoom in for more.`,
    says: (metric: string, runs: number): string => `${metric} of ${count(runs, 'run')}`,
    hour: 's since the run began'
  },
  stamps: {
    yes: 'Reproducible from top to bottom',
    no: 'Not reproducible from top to bottom',
    unknown: 'Not known whether it is reproducible'
  } as Record<string, string>,
  roles: { base: 'Made by nbtrack ci of the base, to compare a change with' } as Record<string, string>,
  panel: {
    label: 'Runs',
    scope: 'Runs of',
    scopes: { notebook: 'this notebook', experiment: 'its experiment', all: 'everything' },
    metric: 'Metric',
    compare: 'Compare',
    open: 'Open',
    empty: 'No runs here yet. Load nbtrack once, then put %%track above a cell and run it:',
    example: '%load_ext nbtrack\n\n%%track\nmodel.fit(X, y)\nscore = model.score(X_test, y_test)',
    then: 'What it computed, printed and drew is then a run, kept here and in MLflow.',
    groupings: { none: 'nothing', attempt: 'cell', pipeline: 'pipeline', parent: 'parent' },
    best: (metric: string, value: string): string => `best ${metric} ${value}`,
    running: (n: number): string => `${n.toLocaleString('en')} running`,
    progress: (part: number): string => `about ${Math.round(100 * part)}%, going by the last run of this cell`,
    curve: (metric: string, points: number): string => `${metric} over ${count(points, 'point')}`
  },
  badge: {
    label: (title: string): string => `Run of this cell: ${title}. Open it.`,
    attempts: (n: number): string => `${count(n, 'run')} of this cell`,
    stale: 'edited since',
    staleTitle: 'The cell was edited after this run: running it again would give another one.'
  },
  job: {
    states: { running: 'running…', cancelling: 'being cancelled…', cancelled: 'cancelled', ended: 'ended' },
    after: (duration: string): string => `after ${duration}`,
    cancel: 'Cancel',
    log: (title: string): string => `Output of ${title}`,
    nothing: 'Nothing said yet.'
  },
  reproduce: {
    begin: 'Reproduce',
    again: 'Reproduce again',
    verdict: (name: string, verdict: string): string => `${name} reproduced: ${verdict}`,
    none: (code: number | null): string => `It came to no verdict; the command ended with ${code ?? 'no code'}. The output says why.`,
    compared: (what: string): string => `Compared: ${what}.`,
    unjudged: (names: string): string => `Not judged, as they measure time: ${names}.`,
    packages: (names: string): string => `Other versions: ${names}.`,
    differences: 'What differs',
    within: 'within tolerance',
    head: { what: 'What', before: 'Was', now: 'Is' },
    open: 'Open the new run'
  },
  health: {
    title: 'Delivery to MLflow',
    name: 'nbtrack',
    unknown: 'How delivery stands is not known yet.',
    cutOff: 'nbtrack: cut off',
    cutOffTold: 'The Jupyter server does not answer. Kernels go on, and what they track is kept.',
    delivered: 'nbtrack: delivered',
    waiting: (n: number): string => `${count(n, 'run')} waiting`,
    problem: (waiting: string): string => `nbtrack: MLflow unreachable${waiting ? `, ${waiting}` : ''}`,
    held: (n: number): string => `${count(n, 'run')} kept here for the secrets in it; nbtrack doctor says which.`,
    heldShort: (n: number): string => `nbtrack: ${count(n, 'run')} held`,
    isDelivered: 'All that was tracked here is in MLflow.',
    isOff: (waiting: string): string => `${waiting} for delivery, which the settings turn off; nbtrack sync delivers them.`,
    isUnderWay: (waiting: string): string => `${waiting} for delivery, which is under way.`,
    isResting: (waiting: string): string => `${waiting} for delivery. It begins with the next tracked cell, or with nbtrack sync.`
  },
  ended: {
    one: (name: string, state: string, reason: string): string => `${name} ${state}${reason ? `: ${reason}` : ''}`,
    many: (n: number, failed: number): string => `${count(n, 'run')} ended${failed ? `, ${failed} of them not well` : ''}`,
    open: 'Open',
    show: 'Show runs'
  },
  live: {
    label: (title: string): string => `${title} while it runs`,
    stop: 'Stop',
    stopTitle: 'Interrupt the kernel; the run ends as killed, and keeps what it has',
    running: (time: string): string => `running ${time}`,
    ended: 'ended'
  },
  run: {
    restore: 'Restore beside',
    recipe: 'Open recipe',
    copy: 'Copy as code',
    copied: 'Copied.',
    opened: (path: string): string => `Written as ${path}.`
  },
  parallel: {
    colour: 'Colour by',
    log: 'Log',
    left: 'Move left',
    right: 'Move right',
    clear: 'Clear brushes',
    hint: 'Drag along an axis to keep only the runs in that range. Axes move with the arrows below them.',
    says: (runs: number, axes: string[]): string => `${count(runs, 'run')} as lines over ${axes.join(', ')}`,
    kept: (kept: number, all: number): string => `${kept.toLocaleString('en')} of ${count(all, 'run')} inside all brushes`,
    select: 'Select these runs',
    low: (axis: string): string => `Lowest ${axis}`,
    high: (axis: string): string => `Highest ${axis}`
  },
  scatter: {
    x: 'x',
    y: 'y',
    colour: 'Colour',
    size: 'Size',
    trend: 'Trend line',
    none: 'none',
    says: (y: string, x: string, n: number, r: number): string =>
      `${y} against ${x}, ${count(n, 'run')}${Number.isFinite(r) ? `; correlation ${formatNumber(r, 2)}` : ''}`,
    empty: 'No run has both a number for x and one for y.'
  },
  importance: {
    metric: 'Metric',
    importance: 'Importance',
    fanova: 'fANOVA',
    correlation: 'Correlation',
    param: 'Param',
    runs: 'Runs',
    none: 'not a number'
  },
  changed: { a: 'From', b: 'To', swap: 'Swap', nothing: 'Nothing differs between these two runs.', two: 'Two runs are needed to say what changed.', added: 'added', removed: 'removed', changed: 'changed' },
  figures: {
    mode: 'Show',
    modes: { side: 'side by side', swipe: 'swipe', overlay: 'overlay' },
    figure: 'Figure',
    position: 'Where the two meet',
    opacity: 'Opacity of the second',
    tooLarge: (size: string): string => `Not shown here: ${size}.`,
    of: (title: string, run: string): string => `${title} of ${run}`,
    matrix: (name: string): string => `Confusion matrix: ${name}`,
    shares: 'As shares of the true class',
    predicted: 'true ↓ predicted →',
    scale: (low: string, high: string): string => `One scale for all runs: ${low} to ${high}.`
  },
  statistics: {
    metric: 'Metric',
    group: 'Configurations by',
    head: { label: 'Configuration', n: 'n', mean: 'Mean', interval: '95% interval', delta: 'Against baseline', p: 'p' },
    tests: { paired: 'paired t-test', welch: "Welch's t-test", '': '' },
    baseline: 'Baseline',
    needs: 'Choose the params that make a configuration; runs that differ only in others, such as the seed, are then its repetitions.'
  }
};
