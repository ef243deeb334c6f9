"""Which columns a table of runs has, and which of them fit into a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from nbtrack.amounts import counted
from nbtrack.charts.frame import chosen_metric, number
from nbtrack.charts.rows import differing
from nbtrack.entities import RunView
from nbtrack.errors import UsageError
from nbtrack.magics.grammar import nearest
from nbtrack.reads import words

GAP = 2
_MOST_PARAMS, _MOST_METRICS = 8, 6
_NAME, _VALUE, _TITLE = 20, 14, 18
"""Characters of a run's name, a value and a column's title where there is little room."""


@dataclass(frozen=True)
class Column:
    """A column: its title and the cells of all runs, each in full and in brief."""

    kind: str
    """`run` for what every table has; `param`, `metric` or `tag`."""
    title: str
    cells: tuple[str, ...]
    brief: Column | None = None
    """The same where there is little room; None where it is brief already."""

    @property
    def width(self) -> int:
        """Of its widest cell, as terminals count."""
        return max(map(cell_len, (self.title, *self.cells)))

    @property
    def least(self) -> Column:
        """As narrow as it gets."""
        return self.brief if self.brief is not None and self.brief.width < self.width else self


def columns(views: Sequence[RunView], asked: Sequence[str] = (), *, is_all: bool = False) -> tuple[list[Column], list[Column]]:
    """What a table shows, and what it leaves out: the run, the metric that decides, params that differ, other metrics, params that are alike.

    Args:
        asked: params, metrics and tags to show in place of those; what is asked for is never left out.
        is_all: leave out nothing.

    Raises:
        UsageError: no run has a param, metric or tag that was asked for.
    """
    if asked:
        return _framed(views, [_named(views, name) for name in asked]), []
    unlike, alike = differing(views)
    if len(views) < 2:
        unlike, alike = alike, []
    main = chosen_metric(views)
    found = (name for view in views for name in (view.metrics if is_all else words.metrics_of_code(view)))
    metrics = [name for name in dict.fromkeys(found) if name != main]
    params = [_param(views, name) for name in [*unlike, *alike]]
    measured = [_metric(views, name) for name in ([] if main is None else [main]) + metrics]
    ordered = [*measured[:1], *params[: len(unlike)], *measured[1:], *params[len(unlike) :]]
    if is_all:
        return _framed(views, ordered), []
    kept = {id(it) for it in (*params[:_MOST_PARAMS], *measured[:_MOST_METRICS])}
    return _framed(views, [it for it in ordered if id(it) in kept]), [it for it in ordered if id(it) not in kept]


def fitting(shown: Sequence[Column], width: int) -> tuple[list[Column], list[Column]]:
    """Columns that fit into a line, and those that do not: as many as go in, the first ones before others, then as full as there is room."""
    chosen = {at: it.least for at, it in enumerate(shown) if it.kind == "run"}

    def room() -> int:
        return width - sum(it.width for it in chosen.values()) - GAP * (len(chosen) - 1)

    first = next((it.least.width + GAP for at, it in enumerate(shown) if at not in chosen), 0)
    if first > room():  # the metric that decides tells more than how long it took
        chosen = {at: it for at, it in chosen.items() if it.title != "duration"}
    for at, it in enumerate(shown):
        if at not in chosen and it.kind != "run" and it.least.width + GAP <= room():
            chosen[at] = it.least
    for at in sorted(chosen, key=lambda at: shown[at].kind == "run"):
        if shown[at].width - chosen[at].width <= room():
            chosen[at] = shown[at]
    return [chosen[at] for at in sorted(chosen)], [it for at, it in enumerate(shown) if at not in chosen and it.kind != "run"]


def said(left_out: Iterable[Column]) -> str:
    """How many columns are not shown, and what shows them; empty where all are."""
    kinds = [it.kind for it in left_out]
    counts = [counted(kinds.count(kind), kind) for kind in ("metric", "param") if kind in kinds]
    if not counts:
        return ""
    is_one = len(kinds) == 1
    return f"{' and '.join(counts)} {'is' if is_one else 'are'} left out; --all-columns shows {'it' if is_one else 'them'}, --columns NAME,NAME what you name."


def _framed(views: Sequence[RunView], between: list[Column]) -> list[Column]:
    """With what every table has around: what the run is called, how it went, and the beginning of its id."""
    return [
        _titles(views), _column("run", "state", views, lambda view: view.state.value),
        _started(views), _column("run", "duration", views, lambda view: words.duration(view.duration_s)),
        *between, _column("run", "id", views, lambda view: view.run_id[:8]),
    ]  # fmt: skip


def _titles(views: Sequence[RunView]) -> Column:
    """What runs are called; in brief, the attempt stays whole."""
    behind = [words.title(view).removeprefix(view.name) + words.role(view) for view in views]
    names = [" ".join(view.name.split()) for view in views]
    brief = tuple(words.short(name, max(8, _NAME - len(more))) + more for name, more in zip(names, behind, strict=True))
    return Column("run", "run", tuple(name + more for name, more in zip(names, behind, strict=True)), Column("run", "run", brief))


def _started(views: Sequence[RunView]) -> Column:
    times = [words.when(view.start.started_ns) for view in views]
    years = {time[:4] for time in times}
    brief = Column("run", "started", tuple(time[5:] for time in times)) if len(years) == 1 else None
    return Column("run", "started", tuple(times), brief)


def _column(kind: str, title: str, views: Sequence[RunView], tell: Callable[[RunView], str], width: int = 0) -> Column:
    cells = tuple(" ".join(tell(view).split()) for view in views)
    brief = Column(kind, words.short(title, _TITLE), tuple(words.short(cell, width) for cell in cells)) if width else None
    return Column(kind, " ".join(title.split()), cells, brief)


def _param(views: Sequence[RunView], name: str) -> Column:
    full = _column("param", name, views, lambda view: words.short(words.told(name, view.params.get(name, "")), 24), _VALUE)
    return replace(full, brief=replace(full.least, cells=tuple(map(_few_digits, full.cells, full.least.cells))))


def _few_digits(text: str, brief: str) -> str:
    """In brief, a number with four digits rather than with its end cut off."""
    return brief if brief == text or (found := number(text)) is None else words.number(found)


def _tag(views: Sequence[RunView], name: str) -> Column:
    return _column("tag", name, views, lambda view: words.short(words.told(name, view.tags.get(name, "")), 24), _VALUE)


def _metric(views: Sequence[RunView], name: str) -> Column:
    """With the best value and its step of a curve; in brief the last value alone."""
    found = [view.metrics.get(name) for view in views]
    brief = Column("metric", words.short(name, _TITLE), tuple("" if it is None else words.number(it.last) for it in found))
    return Column("metric", words.short(name), tuple("" if it is None else words.metric(it) for it in found), brief)


def _named(views: Sequence[RunView], name: str) -> Column:
    for make, having in ((_param, "params"), (_metric, "metrics"), (_tag, "tags")):
        if any(name in getattr(view, having) for view in views):
            return make(views, name)
    known = dict.fromkeys(it for view in views for it in (*view.params, *view.metrics, *view.tags))
    raise UsageError(f"No run that is listed has a param, metric or tag {name!r}.", mend=nearest(name, known))
