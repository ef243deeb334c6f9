"""Runs as rows of a table: what is worth a column, and every cell in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nbtrack.amounts import counted
from nbtrack.charts.frame import better_of, number, shown, value_of
from nbtrack.charts.shapes import Better
from nbtrack.entities import RunView
from nbtrack.reads import words

_MOST_PARAMS, _MOST_METRICS = 8, 6


@dataclass(frozen=True)
class Cell:
    """A cell: its text, and whether it is the best of its column."""

    text: str
    is_best: bool = False
    verdict: str = ""
    """`better` or `worse` than the baseline."""
    brief: str = ""
    """The same where there is little room; empty where it is brief already."""


@dataclass(frozen=True)
class Rows:
    """A table of runs."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    views: tuple[RunView, ...]
    left_out: tuple[str, ...]
    """What was not shown, in words."""
    is_number: tuple[bool, ...]
    """Which columns hold numbers."""


def differing(views: Sequence[RunView]) -> tuple[list[str], list[str]]:
    """Params that differ between the runs, and those that are alike in all."""
    names = list(dict.fromkeys(name for view in views for name in view.params))
    unlike = [name for name in names if len({view.params.get(name) for view in views}) > 1]
    return unlike, [name for name in names if name not in set(unlike)]


def rows(views: Sequence[RunView], metric: str | None = None, baseline: RunView | None = None, limit: int = 50) -> Rows:
    """The newest runs as rows: name, state, time, duration, params that differ, metrics (the chosen one first), stamp."""
    unlike, alike = differing(views)
    if len(views) < 2:
        unlike, alike = alike, []
    metrics = list(dict.fromkeys([*([metric] if metric else []), *(name for view in views for name in words.metrics_of_code(view))]))
    params, names = unlike[:_MOST_PARAMS], metrics[:_MOST_METRICS]
    has_stamp = any(view.tags.get("nbtrack.stamp") for view in views)
    chosen = list(views[:limit])
    if baseline is not None and all(view.run_id != baseline.run_id for view in chosen):
        chosen.append(baseline)
    better = {name: better_of(views, name) for name in names}
    best = {name: _best(views, name, better[name]) for name in names}
    found = []
    for view in chosen:
        is_baseline = baseline is not None and view.run_id == baseline.run_id
        row = [
            Cell(shown("name", words.title(view)) + words.role(view) + (" (baseline)" if is_baseline else "")), Cell(view.state.value.lower()),
            Cell(words.when(view.start.started_ns)), Cell(words.duration(view.duration_s)),
            *(Cell(words.short(shown(name, view.params.get(name, "")), 24)) for name in params),
            *(_metric(view, name, best[name], better[name], None if is_baseline else baseline) for name in names),
            *([Cell(view.tags.get("nbtrack.stamp", ""))] if has_stamp else []), Cell(view.run_id[:8]),
        ]  # fmt: skip
        found.append(tuple(row))
    header = ["run", "state", "started", "duration", *params, *names, *(["reproducible"] if has_stamp else []), "id"]
    numbers = [False, False, False, True, *(is_number(views, name) for name in params), *(True for _ in names), *([False] if has_stamp else []), False]
    left_out = [
        *([counted(len(views) - len(chosen), "older run")] if len(views) > len(chosen) else []),
        *([counted(len(unlike) - len(params), "more param that differs", "more params that differ")] if len(unlike) > len(params) else []),
        *([counted(len(metrics) - len(names), "more metric")] if len(metrics) > len(names) else []),
        *([counted(len(alike), "param that is alike", "params that are alike")] if alike else []),
    ]  # fmt: skip
    return Rows(tuple(words.short(shown("name", it), 40) for it in header), tuple(found), tuple(chosen), tuple(left_out), tuple(numbers))


def _metric(view: RunView, name: str, best: float | None, better: Better, baseline: RunView | None) -> Cell:
    it = view.metrics.get(name)
    if it is None:
        return Cell("")
    text, verdict = words.metric(it), ""
    before = value_of(baseline, name) if baseline is not None else None
    if before is not None and math.isfinite(before) and math.isfinite(it.last) and before != it.last:
        delta = it.last - before
        verdict = "better" if (delta > 0) == (better == "higher") else "worse"
        text += f" [{delta:+.4g}, {verdict}]"
    return Cell(text, best is not None and it.last == best, verdict, words.number(it.last))


def _best(views: Sequence[RunView], name: str, better: Better) -> float | None:
    """The best value of a column that has several."""
    values = [value for view in views if (value := value_of(view, name)) is not None and math.isfinite(value)]
    return None if len(set(values)) < 2 else min(values) if better == "lower" else max(values)


def is_number(views: Sequence[RunView], param: str) -> bool:
    """Whether a param is a number in every run that has it."""
    return all(number(view.params[param]) is not None for view in views if param in view.params)
