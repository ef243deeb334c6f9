"""One number of runs against another, and runs through many axes: the numbers of scatter and parallel coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nbtrack.amounts import counted
from nbtrack.charts.frame import better_of, number, shown, title_among, value_of
from nbtrack.charts.rows import differing
from nbtrack.entities import RunView
from nbtrack.reads import words

_LOG_FROM = 100.0
"""Largest by smallest value from which an axis is logarithmic."""
_MOST_AXES = 9


@dataclass(frozen=True)
class Scatter:
    """Runs that have both numbers."""

    x_name: str
    y_name: str
    runs: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    is_log: bool
    """x is best seen by its logarithm; the trend is of that too."""
    slope: float | None
    """Of the line y = slope * x (or its logarithm to base 10) + offset; None where there are too few runs."""
    offset: float
    correlation: float | None
    says: str

    def trend(self, x: float) -> float:
        """The line at an x."""
        return math.nan if self.slope is None else self.slope * (math.log10(x) if self.is_log else x) + self.offset


def scatter(views: Sequence[RunView], x_name: str, y_name: str) -> Scatter:
    """Runs by two of their params or metrics."""
    pairs = [(view.run_id, x, y) for view in views if (x := number_of(view, x_name)) is not None and (y := number_of(view, y_name)) is not None]
    runs, xs, ys = zip(*pairs, strict=True) if pairs else ((), (), ())
    is_log = is_logarithmic(xs)
    slope, offset, correlation = _line([math.log10(x) for x in xs] if is_log else list(xs), list(ys))
    told = f"{shown('name', y_name)} against {shown('name', x_name)} of {counted(len(xs), 'run')}"
    if correlation is not None:
        way = "no clear trend" if abs(correlation) < 0.3 else f"{'rises' if correlation > 0 else 'falls'} with it"
        told += f": {way} (correlation {correlation:.2f}{' with the logarithm' if is_log else ''})"
    return Scatter(x_name, y_name, runs, xs, ys, is_log, slope, offset, correlation, f"{told}.")


@dataclass(frozen=True)
class Axis:
    name: str
    values: tuple[str | float | None, ...]
    is_log: bool


@dataclass(frozen=True)
class Parallel:
    """Axes, the metric last, and each run's place between worst (0) and best (1)."""

    axes: tuple[Axis, ...]
    shades: tuple[float | None, ...]
    says: str


def parallel(views: Sequence[RunView], metric: str | None) -> Parallel:
    """Runs through the params that differ, to the metric."""
    names = differing(views)[0][: _MOST_AXES - 1]
    axes = [_axis(name, [view.params.get(name) for view in views]) for name in names]
    if metric is None:
        return Parallel(tuple(axes), (None,) * len(views), f"{counted(len(views), 'run')} through {counted(len(axes), 'param')}.")
    values = [number_of(view, metric, "metric") for view in views]
    axes.append(Axis(metric, tuple(values), is_logarithmic([it for it in values if it is not None])))
    known = [it for it in values if it is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    is_lower = better_of(views, metric) == "lower"
    shades = [None if it is None else 1.0 if high == low else (high - it if is_lower else it - low) / (high - low) for it in values]
    told = f"{counted(len(views), 'run')} through {counted(len(names), 'param')} to {metric}"
    if known:
        best = max((shade, -at) for at, shade in enumerate(shades) if shade is not None)
        view = views[-best[1]]
        where = ", ".join(f"{shown('name', name)}={words.short(shown(name, view.params[name]), 20)}" for name in names[:4] if name in view.params)
        title = title_among(view, views)
        told += f"; the best, {title}, has {where}" if where else f"; the best is {title}"
    return Parallel(tuple(axes), tuple(shades), f"{told}.")


def number_of(view: RunView, name: str, kind: str = "") -> float | None:
    """A finite number of a run: the metric of that name, else the param."""
    value = value_of(view, name)
    if value is None and kind != "metric":
        value = number(view.params.get(name))
    return value if value is not None and math.isfinite(value) else None


def is_logarithmic(values: Sequence[float]) -> bool:
    """Whether values spread over powers of ten."""
    return len(values) > 2 and min(values) > 0 and max(values) / min(values) >= _LOG_FROM


def _axis(name: str, texts: Sequence[str | None]) -> Axis:
    numbers = [number(text) for text in texts]
    if all(value is not None for value, text in zip(numbers, texts, strict=True) if text is not None):
        finite = [it if it is not None and math.isfinite(it) else None for it in numbers]
        return Axis(name, tuple(finite), is_logarithmic([it for it in finite if it is not None]))
    return Axis(name, tuple(None if text is None else shown(name, text) for text in texts), False)


def _line(xs: list[float], ys: list[float]) -> tuple[float | None, float, float | None]:
    """Slope, offset and correlation of the least squares line."""
    count = len(xs)
    if count < 3:
        return None, 0.0, None
    x_mean, y_mean = math.fsum(xs) / count, math.fsum(ys) / count
    xx, yy = (math.fsum((it - mean) ** 2 for it in values) for values, mean in ((xs, x_mean), (ys, y_mean)))
    if xx == 0 or not math.isfinite(xx) or not math.isfinite(yy):
        return None, 0.0, None
    slope = math.fsum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / xx
    return slope, y_mean - slope * x_mean, slope * math.sqrt(xx / yy) if yy else None
