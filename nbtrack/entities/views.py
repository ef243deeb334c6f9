"""A run as readers see it: folded from its events and points."""

from __future__ import annotations

from nbtrack.entities.run import RunStart, State
from nbtrack.records import dataclass


@dataclass(frozen=True)
class Metric:
    """One metric of a run, folded."""

    name: str
    count: int
    last: float
    last_step: int
    lowest: float
    highest: float
    best: float
    best_step: int
    direction: str

    @property
    def is_curve(self) -> bool:
        """Whether its best value tells more than its last; a value that was told twice is no curve."""
        return self.count != 1 and self.lowest != self.highest


@dataclass(frozen=True)
class Artifact:
    """A file of a run."""

    path: str
    blob: str
    size_bytes: int


@dataclass(frozen=True)
class RunView:
    """A run, as far as its journal, or the store, tells."""

    start: RunStart
    state: State
    ended_ns: int | None
    reason: str
    traceback: str
    params: dict[str, str]
    later_params: dict[str, tuple[str, ...]]
    """Values a param was given after its first one."""
    metrics: dict[str, Metric]
    tags: dict[str, str]
    artifacts: tuple[Artifact, ...]
    notes: tuple[str, ...]
    notices: tuple[str, ...]
    is_trashed: bool
    is_delivered: bool
    mlflow_run_id: str
    is_local: bool = True
    """Whether the journal has it; else it is told as the store has it: no artifacts, and metrics of which only the last point may be known (`count` -1)."""

    @property
    def run_id(self) -> str:
        return self.start.run_id

    @property
    def name(self) -> str:
        return self.start.name

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end; None while the run goes on."""
        return None if self.ended_ns is None else max(0.0, (self.ended_ns - self.start.started_ns) / 1e9)
