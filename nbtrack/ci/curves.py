"""Curves of a run and its base in so few points that a chart made of text shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbtrack.charts.curves import CurveReader
from nbtrack.ci.blocks import Chart
from nbtrack.entities import RunView
from nbtrack.reads import words
from nbtrack.reads.points import Curve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS = 40
"""Of a line. A chart of two such lines is a kilobyte, where GitLab draws none above five."""


def charts(reader: CurveReader, head: RunView, base: RunView | None, names: Sequence[str]) -> tuple[Chart, ...]:
    """A chart a metric; two where the runs' steps differ, for a chart's lines all begin and end at the same steps."""
    views = [head] if base is None else [base, head]
    read = [reader.read(view, names) for view in views]
    return tuple(chart for name in names for chart in _charts(name, [it.get(name) for it in read]))


def _charts(name: str, curves: Sequence[Curve | None]) -> list[Chart]:
    """The last curve is the change's."""
    lines = [None if it is None else _finite(it) for it in curves]
    now = lines[-1]
    if now is None:
        return []
    known = [it for it in lines if it is not None]
    low, high = min(float(it[1].min()) for it in known), max(float(it[1].max()) for it in known)
    if not math.isfinite(high - low):
        return []
    title = words.short(words.clean(name), 80)
    gone = sum(len(it) for it in curves if it is not None) - sum(len(steps) for steps, _ in known)
    left_out = f"{gone} point{'s are' if gone > 1 else ' is'} no number" if gone else ""

    def chart(title: str, *lines: tuple[NDArray[np.float64], NDArray[np.float64]]) -> Chart:
        first, last = float(lines[0][0].min()), float(lines[0][0].max())
        count = min(POINTS, max(len(set(steps.tolist())) for steps, _ in lines))
        most = max(len(steps) for steps, _ in lines)
        means = f"each point is the mean of about {most / count:.0f}" if most > 1.5 * count else ""
        note = ", ".join(text for text in (means, left_out) if text)
        return Chart(title, tuple(_even(steps, values, first, last, count) for steps, values in lines), (first, last), low, high, note)

    if len(known) == len(curves) and all(_span(it) == _span(now) for it in known):
        return [chart(title, *known)]
    if len(curves) == 1:
        return [chart(title, now)]
    titles = (f"{title}, base", f"{title}, this change")
    return [chart(text, it) for text, it in zip(titles, lines, strict=True) if it is not None]


def _finite(curve: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Steps and values that are numbers; None where they make no line."""
    import numpy as np

    is_number = np.isfinite(curve.values)
    steps, values = curve.steps[is_number].astype(np.float64), curve.values[is_number]
    return (steps, values) if len(steps) and steps.min() < steps.max() else None


def _span(line: tuple[NDArray[np.float64], NDArray[np.float64]]) -> tuple[float, float]:
    return float(line[0].min()), float(line[0].max())


def _even(steps: NDArray[np.float64], values: NDArray[np.float64], first: float, last: float, count: int) -> tuple[float, ...]:
    """Values at `count` even places: each the mean of the points nearest to it, or between its neighbours where there are none."""
    import numpy as np

    at = np.rint((steps - first) / (last - first) * (count - 1)).astype(np.int64)
    number = np.bincount(at, minlength=count)
    scale = float(np.abs(values).max()) or 1.0  # of the largest numbers there are, a sum would be none
    sums = np.bincount(at, values / scale, minlength=count)
    there = number > 0
    means = np.interp(np.arange(count), np.flatnonzero(there), sums[there] / number[there])
    return tuple((means * scale).tolist())
