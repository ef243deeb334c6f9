"""Runs as columns: what tables, filters and charts stand on."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from nbtrack.amounts import counted
from nbtrack.charts.shapes import VERSION, Better, Column, ColumnType, Number, Runs
from nbtrack.entities import Metric, RunView, direction_of
from nbtrack.patterns import regex
from nbtrack.reads import query, terms, words
from nbtrack.secrets.values import kind_of_name

LONGEST = 500
"""Characters of a value that are shown."""
_HIDDEN = ("nbtrack.", "mlflow.")
"""Tags of ours and of MLflow's: what is worth a column of them has its own."""
_NUMBER = regex(r"\s*([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|nan)\s*", re.IGNORECASE)


def frame(
    views: Sequence[RunView], *, as_of_ms: int, stale: str = "", metric: str | None = None, group: str | None = None, baseline: str | None = None,
    kinds: Collection[str] = ("info", "param", "metric", "tag"), system: bool = False,
) -> Runs:  # fmt: skip
    """The runs column by column, in their order; every text as it may be shown.

    Args:
        kinds: of columns that are made.
        system: also the machine's metrics.
    """
    metrics, params = terms.names_of(views)
    columns: list[Column] = []
    if "info" in kinds:
        columns += _infos(views)
    if "param" in kinds:
        columns += [_texts("param", name, [view.params.get(name) for view in views]) for name in _names(view.params for view in views)]
    if "metric" in kinds:
        columns += [_metric(name, views) for name in _names(view.metrics for view in views) if system or not name.startswith("system/")]
    if "tag" in kinds:
        columns += [
            _texts("tag", name, [view.tags.get(name) for view in views]) for name in _names(view.tags for view in views) if not name.startswith(_HIDDEN)
        ]
    return Runs(
        version=VERSION, as_of_ms=as_of_ms, stale=stale, columns=columns,
        names={"reserved": list(query.RESERVED), "clashing": sorted(map(sendable, metrics & params))},
        baseline=baseline, metric=metric and sendable(metric), group=group and sendable(group), says=_says(views, metric),
    )  # fmt: skip


def finite(value: float | None) -> Number:
    """A number as JSON can hold it: NaN and infinities as texts, none as null."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def number(text: str | None) -> float | None:
    """The number a param's text says; None where it says none."""
    return float(text) if text is not None and is_number_text(text) else None


def chosen_metric(views: Sequence[RunView], metric: str | None = None) -> str | None:
    """The metric that decides: the one asked for, else a goal's, else the one most runs have, one value a run before curves, the first seen of equals."""
    if metric is not None:
        return metric
    scores = metric_scores(views)
    return max(scores, key=scores.__getitem__, default=None)


def metric_scores(views: Iterable[RunView]) -> dict[str, int]:
    """How much speaks for each metric to be the one that decides, in the order they are first seen; of parts of all runs they add up."""
    counts: dict[str, int] = {}
    for view in views:
        goal = view.start.goal.partition(":")[2]
        for name, it in view.metrics.items():
            if not name.startswith("system/"):
                counts[name] = counts.get(name, 0) + (4 if it.count == 1 else 3) + (1_000_000 if name == goal else 0)
    return counts


def title_among(view: RunView, views: Iterable[RunView]) -> str:
    """What a run is called: its name and attempt, and where another one is called so too, the beginning of its id."""
    title = words.title(view)
    is_shared = any(it is not view and it.name == view.name and words.title(it) == title for it in views)
    return shown("name", title) + (f" ({view.run_id[:6]})" if is_shared else "")


def better_of(views: Iterable[RunView], metric: str) -> Better:
    """Which way of a metric is better, as its newest run says."""
    goal = next((view.start.goal for view in views if metric in view.metrics), "")
    return "lower" if direction_of(metric, goal) == "min" else "higher"


def value_of(view: RunView, metric: str) -> float | None:
    """What counts of a metric in comparisons: its last value; of a curve too, as that is the run's model."""
    it = view.metrics.get(metric)
    return None if it is None else it.last


def _infos(views: Sequence[RunView]) -> list[Column]:
    def info(name: str, kind: ColumnType, values: list[Any]) -> Column:
        return Column(key=f"info/{name}", kind="info", name=name, type=kind, better="", values=values)

    tags = [view.tags for view in views]
    roles = [words.role(view).strip(" ()") for view in views]
    names = [view.name for view in views]
    return [
        info("id", "text", [view.run_id for view in views]),
        info("name", "text", list(map(_all_shown("name", set(names)).__getitem__, names))),
        info("state", "state", [view.state.value for view in views]),
        info("started", "time", [view.start.started_ns // 1_000_000 for view in views]),
        info("duration", "duration", [view.duration_s for view in views]),
        info("stamp", "stamp", [it.get("nbtrack.stamp", "") for it in tags]),
        info("experiment", "text", [shown("experiment", view.start.experiment) for view in views]),
        info("notebook", "text", [shown("notebook", it.get("nbtrack.notebook", "")) for it in tags]),
        info("cell", "text", [it.get("nbtrack.cell_id", "") for it in tags]),
        info("attempt", "number", [view.start.attempt for view in views]),
        info("parent", "text", [view.start.parent for view in views]),
        info("note", "text", [shown("note", view.notes[-1]) if view.notes else "" for view in views]),
        *([info("role", "text", roles)] if any(roles) else []),
    ]


def _texts(kind: Any, name: str, values: list[str | None]) -> Column:
    known = {value for value in values if value is not None}  # many runs share few values
    is_number = all(map(is_number_text, known))
    told = values
    if not is_number or _kind_of_name(name):
        texts = _all_shown(name, known)
        told = [None if value is None else texts[value] for value in values]
    return Column(key=sendable(f"{kind}/{name}"), kind=kind, name=sendable(name), type="number" if is_number else "text", better="", values=told)


def _metric(name: str, views: Sequence[RunView]) -> Column:
    found: list[Metric | None] = [view.metrics.get(name) for view in views]
    return Column(
        key=sendable(f"metric/{name}"), kind="metric", name=sendable(name), type="number", better=better_of(views, name),
        last=_finite([None if it is None else it.last for it in found]), best=_finite([None if it is None else it.best for it in found]),
        lowest=_finite([None if it is None else it.lowest for it in found]), highest=_finite([None if it is None else it.highest for it in found]),
        step=[None if it is None else it.last_step for it in found], count=[None if it is None else it.count for it in found],
    )  # fmt: skip


def _finite(values: list[float | None]) -> list[Number]:
    if None not in values and math.isfinite(sum(values)):  # type: ignore[arg-type]  # as nearly always; a sum too large for a number is looked at one by one
        return values  # type: ignore[return-value]
    return [finite(value) for value in values]


def _names(found: Iterable[dict[str, Any]]) -> list[str]:
    """Every name once, in the order they first appear."""
    names: dict[str, None] = {}
    known = names.keys()
    for it in found:
        if not it.keys() <= known:
            names.update(dict.fromkeys(it))
    return list(names)


@functools.lru_cache(maxsize=50_000)
def _shown(name: str, value: str) -> str:
    return _cut(words.told(name, value) if _kind_of_name(name) else words.clean(value))


_kind_of_name = functools.lru_cache(maxsize=10_000)(kind_of_name)


def is_number_text(value: str) -> bool:
    """Whether a param's text is a number."""
    return len(value) < LONGEST and _NUMBER.fullmatch(value) is not None


def shown(name: str, value: str) -> str:
    """A value as it may be shown: without its secrets, not longer than LONGEST; of a very long one only the beginning is looked at."""
    if is_number_text(value) and not _kind_of_name(name):
        return value  # no secret; looking for one in each of 100,000 numbers would take longer than all else
    return _shown(name, sendable(value[: 4 * LONGEST]))


def _all_shown(name: str, values: Collection[str]) -> dict[str, str]:
    """`shown` of many values at once."""
    if _kind_of_name(name):
        return {value: shown(name, value) for value in values}
    texts = {value: sendable(value[: 4 * LONGEST]) for value in values if not is_number_text(value)}
    cleaned = words.clean_all(set(texts.values()))
    return dict(zip(values, values, strict=True)) | {value: _cut(cleaned[text]) for value, text in texts.items()}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def sendable(text: str) -> str:
    """The text as kernels can send it: halves of a surrogate pair are escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _says(views: Sequence[RunView], metric: str | None) -> str:
    if not views:
        return "No runs."
    count = counted(len(views), "run")
    having = [(value, view) for view in views if metric is not None and (value := value_of(view, metric)) is not None and not math.isnan(value)]
    if metric is None or not having:
        return f"{count}." if metric is None else f"{count}; none has the metric {metric}."
    better = better_of(views, metric)
    value, view = (min if better == "lower" else max)(having, key=lambda it: it[0])
    it = view.metrics[metric]
    told = words.number(value) if math.isfinite(it.best) else words.metric(it)  # a best of -inf stands in the table too
    others = sum(other == value for other, _ in having) - 1
    first = title_among(view, views) if not others else f"{title_among(view, views)} and {counted(others, 'other run')}"
    return f"{count}; {first} {'have' if others else 'has'} the {'lowest' if better == 'lower' else 'highest'} {metric}, {told}."
