"""Repeats of a run: the same with another seed. What differs between them is noise, and a change within it says nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from nbtrack.entities import RunView, State
from nbtrack.journal import Home, attempts, fold, points_of
from nbtrack.reads import all_runs
from nbtrack.reads.runs import REPRODUCES_TAG

_SEED = re.compile(r"(^|[_\W])(seed|seeds|random_state|random_seed|rng)($|[_\W])", re.IGNORECASE)


@dataclass(frozen=True)
class Repeats:
    """Values of one metric by what tells the repeats apart: a seed, a fold."""

    values: dict[str, float]
    what: str
    """Such as `child runs by seed`, in words."""


def repeats_of(home: Home, view: RunView, metric: str, how: str) -> Repeats:
    """Values of a metric in the repeats of a run.

    Args:
        how: `children`: child runs by their seed; `attempts`: attempts of the same cell whose params are the same but for seeds; `points`: the metric's
            own points, by step, as cross-validation logs them; `auto`: children, else attempts; `none`.
    """
    ways: dict[str, list[Callable[[], Repeats]]] = {
        "children": [lambda: _children(home, view, metric)],
        "attempts": [lambda: _attempts(home, view, metric)],
        "points": [lambda: _points(home, view, metric)],
        "auto": [lambda: _children(home, view, metric), lambda: _attempts(home, view, metric)],
    }
    for way in ways.get(how, []):
        if len((found := way()).values) > 1:
            return found
    return Repeats({}, "no repeats")


def seeds_of(view: RunView) -> dict[str, str]:
    """The run's params that are seeds."""
    return {name: value for name, value in view.params.items() if _SEED.search(name)}


def _children(home: Home, view: RunView, metric: str) -> Repeats:
    runs = [it for it in all_runs(home) if it.start.parent == view.run_id and REPRODUCES_TAG not in it.tags]
    return Repeats(_by_seed(runs, metric), "child runs by seed")


def _attempts(home: Home, view: RunView, metric: str) -> Repeats:
    if not view.start.cell_key or not seeds_of(view):
        return Repeats({}, "no repeats")
    same = _without_seeds(view)
    found = (fold(home, run_id) for run_id in attempts.of(home, view.start.cell_key))
    runs = [it for it in found if it is not None and not it.is_trashed and it.run_id != view.run_id and _without_seeds(it) == same]
    return Repeats(_by_seed([view, *sorted(runs, key=lambda it: it.start.started_ns, reverse=True)], metric), "attempts with other seeds")


def _points(home: Home, view: RunView, metric: str) -> Repeats:
    values = {f"step {step}": value for name, step, _, value in points_of(home, view.run_id) if name == metric and not math.isnan(value)}
    return Repeats(values, "points of the metric by step")


def _by_seed(runs: list[RunView], metric: str) -> dict[str, float]:
    """The newest finished run of each seed."""
    found: dict[str, float] = {}
    for it in runs:
        key = ", ".join(f"{name}={value}" for name, value in sorted(seeds_of(it).items()))
        if key and it.state is State.FINISHED and metric in it.metrics and not math.isnan(value := it.metrics[metric].last):
            found.setdefault(key, value)
    return found


def _without_seeds(view: RunView) -> tuple[dict[str, str], str]:
    """What must be the same: params but for seeds, and the commit."""
    return {name: value for name, value in view.params.items() if not _SEED.search(name)}, view.tags.get("mlflow.source.git.commit", "")
