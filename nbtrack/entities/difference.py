"""What changed between two runs, section by section; plain facts, drawn elsewhere."""

from __future__ import annotations

from nbtrack.records import dataclass


@dataclass(frozen=True)
class Compared:
    """One of the two runs."""

    run_id: str
    title: str
    state: str
    started_ns: int
    duration_s: float | None


@dataclass(frozen=True)
class Change:
    """A named text that differs; None where the run has none."""

    name: str
    a: str | None
    b: str | None

    @property
    def how(self) -> str:
        """`added`, `removed` or `changed`."""
        return "added" if self.a is None else "removed" if self.b is None else "changed"


@dataclass(frozen=True)
class MetricChange:
    """A metric whose last value differs; what else of its curve does, its `CurveChange` tells."""

    name: str
    direction: str
    """`max` or `min`: which way is better."""
    a: float | None
    b: float | None

    @property
    def delta(self) -> float | None:
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def relative(self) -> float | None:
        """The delta as a part of the first value."""
        return None if self.delta is None or not self.a else self.delta / abs(self.a)

    @property
    def verdict(self) -> str:
        """`better` or `worse`; empty where that cannot be said."""
        if not self.delta or self.delta != self.delta:
            return ""
        return "better" if (self.delta > 0) == (self.direction == "max") else "worse"


@dataclass(frozen=True)
class CurveChange:
    """A curve that differs. Lasts and bests are of the first and the second run."""

    name: str
    direction: str
    points: tuple[int, int]
    lasts: tuple[float, float]
    bests: tuple[float, float]
    best_steps: tuple[int, int]
    diverges_at: int | None
    """First step that both have with another value; None where there is none, or the curves are too long to be read."""


@dataclass(frozen=True)
class DataChange:
    """A dataset that differs."""

    name: str
    digest: Change
    rows: Change
    schema: tuple[Change, ...]
    """Columns and their types."""


@dataclass(frozen=True)
class EnvironmentChange:
    """What was installed and where it ran."""

    facts: tuple[Change, ...] = ()
    distributions: tuple[Change, ...] = ()
    variables: tuple[Change, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class GitChange:
    """The code beside the notebook."""

    facts: tuple[Change, ...] = ()
    commits: tuple[str, ...] = ()
    """Between the two, newest first: `>` before those of the second run, `<` of the first; empty where the repository is not here."""
    files: tuple[str, ...] = ()
    """What `git diff --stat` says between the commits."""
    patch: tuple[str, ...] = ()
    """How what was not committed differs, as a diff of the diffs."""
    missing: str = ""


@dataclass(frozen=True)
class CellChange:
    """A cell that differs; the numbers are its places, from 1."""

    how: str
    """`added`, `removed`, `edited`, or `output` where only that differs."""
    number_a: int | None
    number_b: int | None
    cell_id: str
    cell_type: str
    source: tuple[str, ...]
    """Lines beginning with `+`, `-` or a space."""
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class NotebookChange:
    """The notebooks as executed; where one run has none, its recipe or document."""

    path: str = ""
    cells: tuple[CellChange, ...] = ()
    counts: tuple[int, int] = (0, 0)
    missing: str = ""


@dataclass(frozen=True)
class RunDiff:
    """What changed from run `a` to run `b`. An empty section says that nothing did, `missing` that it cannot be known."""

    a: Compared
    b: Compared
    facts: tuple[Change, ...]
    """State and experiment."""
    params: tuple[Change, ...]
    metrics: tuple[MetricChange, ...]
    curves: tuple[CurveChange, ...]
    data: tuple[DataChange, ...]
    environment: EnvironmentChange
    git: GitChange
    notebook: NotebookChange
    stamp: tuple[Change, ...]
