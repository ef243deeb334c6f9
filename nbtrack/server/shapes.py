"""Shapes of what the routes answer, beside those of `charts/shapes.py`."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class About(TypedDict):
    """Of the server."""

    version: str
    root: str
    """Folder that notebooks' paths are relative to."""


class Job(TypedDict):
    """A command of ours that the server runs."""

    id: str
    kind: str
    title: str
    subject: str
    """Id of the run, or path of the file, that it is about."""
    state: Literal["running", "cancelling", "cancelled", "ended"]
    code: int | None
    """How it ended, as a shell would tell; null while it runs."""
    started_ms: int
    ended_ms: int | None
    size: int
    """Characters of output so far."""
    result: Any
    """What it came to, where its kind gives something; else null."""


class JobNews(TypedDict):
    """What the event stream tells of a job: enough to know whether to ask."""

    id: str
    kind: str
    subject: str
    state: Literal["running", "cancelling", "cancelled", "ended"]
    size: int


class Output(TypedDict):
    """A piece of what a job said."""

    job: Job
    start: int
    """Of the first character of `text` among all; later than asked for where the older ones are no longer kept."""
    next: int
    """Where to go on."""
    text: str


class JobList(TypedDict):
    """The user's jobs, newest first."""

    jobs: list[Job]


class Health(TypedDict):
    """How delivery to MLflow stands."""

    waiting_runs: int
    """Runs that ended and are not wholly in MLflow."""
    held_runs: int
    """Runs that their secrets keep here."""
    is_alive: bool
    """Whether a delivery process lives; it ends when there is nothing to do."""
    is_off: bool
    """Whether the settings start none."""
    problem: str
    """Why the store takes nothing; empty where it does."""
    mend: str
    stale: str
    """Empty, or a sentence that says since when the store was not read."""


class Divergence(TypedDict):
    """Something that is not exactly the same the second time."""

    what: str
    before: str
    now: str
    is_within: bool
    """It is within tolerance."""
    cell: int
    """Index of the recipe's cell; -1 where it belongs to the run as a whole."""


class Reproduction(TypedDict):
    """What `nbtrack reproduce --json` says: the result of a job of kind `reproduce`."""

    verdict: Literal["identical", "within tolerance", "different", "not runnable"]
    why: str
    run: str
    name: str
    new_run: str
    """Id; empty where none was begun."""
    cell: int
    """First diverging cell of the recipe, from 1; 0 where there is none."""
    differences: list[Divergence]
    not_judged: list[str]
    packages: list[str]
    compared: str
    exit_code: int


class Ended(TypedDict):
    """A run that ended just now."""

    run: str
    name: str
    state: Literal["FINISHED", "FAILED", "KILLED"]
    reason: str
    notebook: str


class KeptFile(TypedDict):
    """An artifact of a run."""

    path: str
    size_bytes: int


class Kept(TypedDict):
    """What a run kept."""

    files: list[KeptFile]


class NotebookPatch(TypedDict):
    """Two notebooks as nbdime's views take them."""

    base: Any
    """Notebook of nbformat 4."""
    diff: list[Any]
    """Entries of nbdime's format; empty where nothing differs."""


class MlflowPlace(TypedDict):
    """Where MLflow shows a run."""

    url: str
    """Of the run's page, or of the server's where the run is not delivered; empty where none is known."""
    command: str
    """What opens MLflow's pages of a store that is no server; empty where there is a page."""
    store: str
    is_delivered: bool


class PipelineNode(TypedDict):
    """One stage with one combination of its matrix, and where its box stands."""

    id: str
    stage: str
    notebook: str
    """Path below the server's root; empty where it lies outside."""
    description: str
    needs: list[str]
    gates: list[str]
    x: float
    y: float
    width: float


class PipelineArrow(TypedDict):
    """From a stage to one that needs it; `path` is as SVG writes it."""

    source: str
    target: str
    path: str


class SpecProblem(TypedDict):
    """One thing that is wrong in a pipeline file; line and columns count from 1, `until` is the column behind; 0 where it is not known."""

    line: int
    column: int
    until: int
    text: str


class PipelineGraph(TypedDict):
    """A pipeline as it would be drawn; nothing but problems where it cannot be."""

    name: str
    description: str
    profiles: list[str]
    nodes: list[PipelineNode]
    arrows: list[PipelineArrow]
    width: float
    height: float
    box_height: float
    problems: list[SpecProblem]
    says: str


class PlanStep(TypedDict):
    """What would become of a stage, and why."""

    id: str
    action: Literal["run", "cached", "perhaps", "skip"]
    reasons: list[str]
    run: str
    """The run that its result comes from; empty where it does not come from the cache."""


class NodeStatus(TypedDict):
    """A stage of a run."""

    id: str
    phase: str
    reason: str
    run: str
    attempt: int
    seconds: float
    since_ms: int
    cell: int
    """Which cell it is at, from 1; 0 where none is known."""
    cells: int


class PipelineStatus(TypedDict):
    """A run of a pipeline. Without one, `run` is empty."""

    run: str
    state: str
    """`running`, `stopped` (it can be gone on with), `finished`, `failed`, `killed`."""
    began_ms: int
    ended_ms: int
    nodes: list[NodeStatus]


class PipelinePast(TypedDict):
    """A run of a pipeline in the list of those that were."""

    run: str
    state: str
    began_ms: int


class StageLog(TypedDict):
    """A piece of what a stage printed."""

    text: str
    start: int
    """Byte it begins at; more than was asked for where the piece would be too long."""
    end: int
    """Where to read on."""


class GateVerdict(TypedDict):
    """What a gate said of a stage's run."""

    gate: str
    standing: str
    measured: str
    wanted: str
    why: str
    mend: str


class StageResult(TypedDict):
    """What is known of a stage's run beside its state."""

    verdicts: list[GateVerdict]
    traceback: str
    """Of the cell that failed; empty where none did."""


class Parameter(TypedDict):
    """A parameter of a notebook or of a pipeline, as a form asks for it."""

    name: str
    type: str
    """As one would annotate it."""
    text: str
    """Its default as it is written."""
    value: str
    """Its default as one would type it; empty where it is computed."""
    is_computed: bool
    help: str
    choices: list[str]
    """All it may be; empty where that is no short list."""


class FixedParam(TypedDict):
    """A parameter of a notebook that its stage sets."""

    name: str
    text: str


class StageForm(TypedDict):
    """A stage that executes the notebook."""

    file: str
    """Of the pipeline, below the server's root."""
    pipeline: str
    stage: str
    params: list[Parameter]
    """Those of the pipeline, with a profile's values where one is chosen; what this stage uses comes first."""
    fixed: list[FixedParam]


class ParameterForm(TypedDict):
    """What is asked of somebody who runs a notebook."""

    path: str
    has_cell: bool
    """Whether a cell of it says which parameters it takes."""
    parameters: list[Parameter]
    stages: list[StageForm]
    profiles: list[str]
    """Of the pipeline that these stages are of."""
    problem: str
    """What is wrong with the pipeline that it may be a stage of; empty where nothing is."""
    most: int
    """Runs of a grid."""


class FieldProblem(TypedDict):
    """What is wrong with a value of a form."""

    name: str
    text: str


class Ran(TypedDict):
    """A run that a form began."""

    run_id: str
    name: str
    state: Literal["FINISHED", "FAILED", "KILLED"]
    reason: str
    duration_s: float
    params: dict[str, str]


class RanGrid(TypedDict):
    """What `nbtrack run NOTEBOOK --grid … --json` says: the result of a job of kind `notebook` with a grid; without one it is a `Ran`."""

    run_id: str
    state: Literal["FINISHED", "FAILED", "KILLED"]
    metric: str
    """The one that decides between the runs; empty where they have none."""
    values: dict[str, str]
    """Of the metric, by run."""
    runs: list[Ran]


class RanStage(TypedDict):
    """A stage in what a job of kind `pipeline` came to."""

    phase: str
    reason: str
    run_id: str


class RanPipeline(TypedDict):
    """What `nbtrack run --json` says of a pipeline: the result of a job of kind `pipeline`."""

    run_id: str
    state: Literal["FINISHED", "FAILED", "KILLED"]
    seconds: float
    stages: dict[str, RanStage]
