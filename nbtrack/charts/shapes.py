"""Shapes of what a front end draws and asks: one contract for widget, page and Lab.

As JSON they hold only finite numbers: NaN and infinities are the texts `NaN`, `Infinity`, `-Infinity`; what is missing is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict

VERSION = 1

ColumnKind = Literal["info", "param", "metric", "tag"]
ColumnType = Literal["text", "number", "time", "duration", "state", "stamp"]
Better = Literal["higher", "lower", ""]
X = Literal["step", "epoch", "wall", "relative"]
Number = float | Literal["NaN", "Infinity", "-Infinity"] | None
"""A finite number, one of the three texts, or missing."""


class Column(TypedDict):
    """One column; all lists have one value a run, in the order of the runs. A metric's numbers stand in `last` to `count`, not in `values`."""

    key: str
    """`info/name`, `param/lr`, `metric/loss`, `tag/owner`."""
    kind: ColumnKind
    name: str
    type: ColumnType
    better: Better
    """Empty for what is no metric."""
    values: NotRequired[list[Any]]
    last: NotRequired[list[Number]]
    best: NotRequired[list[Number]]
    lowest: NotRequired[list[Number]]
    highest: NotRequired[list[Number]]
    step: NotRequired[list[int | None]]
    """Step of the last point."""
    count: NotRequired[list[int | None]]


class Runs(TypedDict):
    """Runs, newest first, column by column."""

    version: int
    as_of_ms: int
    """When the data was read."""
    stale: str
    """Empty, or a sentence that says since when the store was not reached."""
    names: dict[str, list[str]]
    """`reserved`: names the query language keeps for itself; `clashing`: names of both a metric and a param."""
    columns: list[Column]
    baseline: str | None
    metric: str | None
    group: str | None
    says: str
    others: NotRequired[int]
    """How many runs are not read yet: these are the newest, and the next answer has all."""


class Problem(TypedDict):
    """Why an answer is none."""

    text: str
    mend: str


class Ask(TypedDict, total=False):
    """What a front end asks; `ask` and `id` are always there, the others as the kind of question needs."""

    ask: str
    id: int
    metrics: list[str]
    runs: list[str]
    x: X
    range: list[float] | None
    points: int
    metric: str
    group: list[str]
    baseline: str | None
    a: str
    b: str
    run: str
    do: str
    name: str
    value: str
    tag: str
    note: str


class Series(TypedDict):
    """One curve of one run. `x` and `y` are float64 arrays in the kernel, buffers on the wire, lists in a saved page."""

    run: str
    metric: str
    count: int
    """Points before thinning, in the range that was asked for."""
    total: NotRequired[int]
    """Points there will be, of a run that goes on in a loop of known length."""
    is_thinned: bool
    x: Any
    y: Any


class Curves(TypedDict):
    answer: Literal["curves"]
    id: int
    series: list[Series]
    says: str


class ParamImportance(TypedDict):
    name: str
    importance: Number
    """How much worse a forest gets without it, as a share, 0 to 1; all together 1."""
    fanova: Number
    """Share of the metric's variation that it explains alone, by optuna; null where optuna is not installed."""
    correlation: Number
    """Spearman's, -1 to 1; null for params that are no numbers."""
    count: int
    """Runs that have the param and the metric."""


class Importance(TypedDict):
    answer: Literal["importance"]
    id: int
    metric: str
    params: list[ParamImportance]
    """The most important first."""
    method: str
    warning: str
    says: str


class Group(TypedDict):
    """Runs of one configuration."""

    label: str
    values: dict[str, str]
    runs: list[str]
    n: int
    mean: Number
    std: Number
    low: Number
    """Of the 95% t interval of the mean; null where n is 1."""
    high: Number
    delta: Number
    """Mean minus the baseline's mean; null for the baseline."""
    p: Number
    test: Literal["paired", "welch", ""]
    is_baseline: bool


class Statistics(TypedDict):
    answer: Literal["statistics"]
    id: int
    metric: str
    groups: list[Group]
    sentences: list[str]
    says: str


class DifferenceRow(TypedDict):
    name: str
    before: str
    after: str
    kind: Literal["changed", "added", "removed"]


class DifferenceSection(TypedDict):
    title: str
    rows: list[DifferenceRow]
    blocks: list[tuple[str, list[str]]]
    """Title and lines of what is no row: changed cells, patches. A line begins with `+`, `-` or a space."""
    notes: list[str]


class Difference(TypedDict):
    answer: Literal["difference"]
    id: int
    a: str
    b: str
    sections: list[DifferenceSection]
    says: str


class Figure(TypedDict):
    run: str
    path: str
    title: str
    number: int | None
    mime: str
    data: str
    """Base64 for png, the text for svg; empty where it is too large, or of a kind that is never shown (html)."""
    size_bytes: int


class Matrix(TypedDict):
    """A confusion matrix of a run; rows are the true classes."""

    run: str
    name: str
    labels: list[str]
    values: list[list[float]]


class Figures(TypedDict):
    answer: Literal["figures"]
    id: int
    figures: list[Figure]
    matrices: list[Matrix]
    says: str


class Section(TypedDict):
    title: str
    rows: list[tuple[str, str]]
    """Name and value."""


class Details(TypedDict):
    answer: Literal["details"]
    id: int
    run: str
    title: str
    sections: list[Section]
    says: str


class Act(TypedDict):
    """What was done; what cannot be done is an error."""

    answer: Literal["act"]
    id: int
    says: str


class Failed(TypedDict):
    answer: str
    id: int
    error: Problem


Answer = Curves | Importance | Statistics | Difference | Figures | Details | Act | Failed
Values = Sequence[Any]
