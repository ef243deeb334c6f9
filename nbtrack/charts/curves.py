"""Curves of runs: read, put on an axis, cut to a range, thinned, smoothed, banded."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nbtrack.charts.frame import title_among
from nbtrack.charts.progress import STEPS_TAG
from nbtrack.charts.shapes import Series, X
from nbtrack.charts.thin import thin
from nbtrack.entities import Metric, RunView
from nbtrack.errors import DeliveryError, StoreError, UnknownRunError, UsageError
from nbtrack.journal import Home
from nbtrack.reads import words
from nbtrack.reads.long import LONG, Part, parts
from nbtrack.reads.points import Curve, curve_of, points

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AXES: tuple[X, ...] = ("step", "epoch", "wall", "relative")
_EPOCH = "epoch"
"""Metric that tells the epoch of a step."""
_KEPT_BYTES = 96 << 20
_MOST_READ = 2_000_000
"""Points of a long curve that are read for a part of it; a longer part is drawn from its rough points."""
_GRID = 400


class CurveReader:
    """Reads points of runs. Those of ended runs stay in memory, the last used ones up to 96 MiB, so that zooming does not read them again."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._kept: OrderedDict[tuple[str, str], Curve] = OrderedDict()
        self.problem = ""
        """Why curves of the last runs could not all be read; empty where they could."""

    def read(self, view: RunView, names: Sequence[str]) -> dict[str, Curve]:
        """Curves of a run by metric; a metric the run has no points of is left out, and so is one whose store does not give them."""
        run_id = view.run_id
        wanted = [name for name in names if name in view.metrics]
        kept = {name: self._kept.get((run_id, name)) for name in wanted}
        found = {name: curve for name, curve in kept.items() if curve is not None and _is_whole(view, name, curve)}
        if missing := [name for name in wanted if name not in found]:
            try:
                found |= points(self.home, run_id, missing)
            except UnknownRunError:
                pass  # removed meanwhile; the others are there
            except (StoreError, DeliveryError) as error:
                self.problem = str(error)
        for name, curve in found.items():
            if view.state.is_end and _is_whole(view, name, curve):
                self._kept[run_id, name] = curve
                self._kept.move_to_end((run_id, name))
        while sum(24 * len(curve) for curve in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)
        return found


def is_curve(metric: Metric) -> bool:
    """Whether a metric has, or may have, more than one point: of some stores only the last one is known."""
    return metric.count > 1 or metric.count < 0


def _is_whole(view: RunView, name: str, curve: Curve) -> bool:
    return view.metrics[name].count in (len(curve), -1)


def series(
    reader: CurveReader, views: Sequence[RunView], metrics: Sequence[str], x: X = "step", span: Sequence[float] | None = None, limit: int = 1000
) -> list[Series]:
    """Curves of runs, thinned to about `limit` points each.

    Args:
        x: `wall` is in seconds since the epoch, `relative` in seconds since the run's start; `epoch` is the run's metric of that name at the step,
            else the step.
        span: lowest and highest x that is shown; the points next to it on both sides come too.

    Raises:
        UsageError: there is no such axis.
    """
    if x not in AXES:
        raise UsageError(f"There is no axis {x!r}.", mend=f"Take one of {', '.join(AXES)}.")
    found: list[Series] = []
    reader.problem = ""
    for view in views:
        long = {name for name in metrics if _is_long(view, name)}
        curves = reader.read(view, [*(name for name in metrics if name not in long), *([_EPOCH] if x == "epoch" else [])])
        for name in metrics:
            if name in long:
                if of := parts(reader.home, view.run_id, name):
                    curve, count = _long(view, of, curves.get(_EPOCH), x, span)
                    found.append(_series(view, name, curve, curves.get(_EPOCH), x, span, max(limit // 4, 1), count))
            elif name in curves:
                found.append(_series(view, name, curves[name], curves.get(_EPOCH), x, span, max(limit // 4, 1)))
        if not view.state.is_end and span is None and (total := view.tags.get(STEPS_TAG, "")).isdecimal():
            for it in found:
                if it["run"] == view.run_id and it["count"] <= int(total):
                    it["total"] = int(total)
    return found


def _is_long(view: RunView, name: str) -> bool:
    return view.is_local and name in view.metrics and view.metrics[name].count > LONG


def _long(view: RunView, of: Sequence[Part], epoch: Curve | None, x: X, span: Sequence[float] | None) -> tuple[Curve, int]:
    """What is drawn of a long curve, and how many points that stands for; 0 where all that are shown are there."""
    shown = [span is None or _overlaps(axis(view, it.rough, x, epoch), span) for it in of]
    count = sum(it.count for it, is_shown in zip(of, shown, strict=True) if is_shown)
    is_read = span is not None and count <= _MOST_READ
    return _joined([it.whole() if is_read and is_shown else it.rough for it, is_shown in zip(of, shown, strict=True)]), 0 if is_read else count


def _overlaps(at: NDArray[np.float64], span: Sequence[float]) -> bool:
    return bool(at.min() <= span[1] and at.max() >= span[0])


def _joined(curves: Sequence[Curve]) -> Curve:
    return curve_of([(it.steps, it.times_ns, it.values) for it in curves])


def _series(view: RunView, name: str, curve: Curve, epoch: Curve | None, x: X, span: Sequence[float] | None, buckets: int, count: int = 0) -> Series:
    """The curve as it is sent; `count` is how many points it stands for, where they are more than it has."""
    import numpy as np

    at, y = axis(view, curve, x, epoch), curve.values
    if len(at) > 1 and (at[1:] < at[:-1]).any():
        order = np.argsort(at, kind="stable")
        at, y = at[order], y[order]
    if span is not None:
        low, high = np.searchsorted(at, span[0], "left"), np.searchsorted(at, span[1], "right")
        at, y = at[max(low - 1, 0) : high + 1], y[max(low - 1, 0) : high + 1]
    chosen, count = thin(at, y, buckets), max(count, len(y))
    return Series(run=view.run_id, metric=name, count=count, is_thinned=len(chosen) < count, x=at[chosen], y=y[chosen])


def axis(view: RunView, curve: Curve, x: X, epoch: Curve | None = None) -> NDArray[np.float64]:
    """Where the points of a curve stand on an axis."""
    import numpy as np

    if x == "wall":
        return curve.times_ns / 1e9
    if x == "relative":
        return (curve.times_ns - view.start.started_ns) / 1e9
    if x == "epoch" and epoch is not None and len(epoch):
        return np.interp(curve.steps, epoch.steps, epoch.values)
    return curve.steps.astype(np.float64)


def smooth(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """The exponential moving average: of what was before counts `weight`, and the first values count in full.

    Args:
        values: shape (n,); where one is no number, the average stays what it was.
        weight: 0 (nothing changes) to below 1.

    Raises:
        UsageError: the weight is not in that range.
    """
    import numpy as np

    if not 0 <= weight < 1:
        raise UsageError(f"A smoothing of {weight} cannot be.", mend="Take a number from 0 to below 1, such as 0.6.")
    is_number = np.isfinite(values)
    # Each average is a sum of earlier values by powers of the weight: within a block one product of matrices, between blocks two numbers.
    size = 128
    powers = np.arange(size)[:, None] - np.arange(size)[None, :]
    within = np.where(powers >= 0, weight ** np.maximum(powers, 0), 0.0) * (1 - weight)
    padded = np.zeros((2, -(-len(values) // size) * size))
    padded[0, : len(values)], padded[1, : len(values)] = np.where(is_number, values, 0.0), is_number
    blocks = padded.reshape(2, -1, size) @ within.T
    decay = weight ** np.arange(1, size + 1)
    carry = np.zeros(2)
    for at in range(blocks.shape[1]):
        blocks[:, at] += carry[:, None] * decay
        carry = blocks[:, at, -1]
    sums, counts = blocks.reshape(2, -1)[:, : len(values)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(is_number, sums / counts, np.nan)


@dataclass(frozen=True)
class Band:
    """Several curves as one: arrays of one length."""

    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: NDArray[np.int64]
    """Curves that reach that x."""


def band(curves: Sequence[Series], kind: Literal["std", "range"] = "std") -> Band:
    """Mean of curves with their standard deviation, or lowest and highest, about it; a curve counts from its first x to its last.

    Raises:
        UsageError: there is no such kind.
    """
    import numpy as np

    if kind not in ("std", "range"):
        raise UsageError(f"There is no band {kind!r}.", mend="Take std or range.")
    usable = [(np.asarray(it["x"], float), np.asarray(it["y"], float)) for it in curves]
    usable = [(x[np.isfinite(y)], y[np.isfinite(y)]) for x, y in usable if np.isfinite(y).any()]
    if not usable:
        none = np.empty(0)
        return Band(none, none, none, none, np.empty(0, np.int64))
    grid = np.unique(np.concatenate([x for x, _ in usable]))
    if len(grid) > _GRID:
        grid = np.linspace(grid[0], grid[-1], _GRID)
    table = np.vstack([np.interp(grid, x, y, left=np.nan, right=np.nan) for x, y in usable])
    n = np.isfinite(table).sum(axis=0)
    grid, table, n = grid[n > 0], table[:, n > 0], n[n > 0]
    mean = np.nanmean(table, axis=0)
    if kind == "range":
        return Band(grid, mean, np.nanmin(table, axis=0), np.nanmax(table, axis=0), n)
    spread = np.sqrt(np.nansum((table - mean) ** 2, axis=0) / np.maximum(n - 1, 1))
    return Band(grid, mean, mean - spread, mean + spread, n)


def says(views: Sequence[RunView], metrics: Sequence[str]) -> str:
    """What a chart of these curves shows."""
    if not metrics:
        return "No curves."
    texts = []
    for name in metrics:
        having = [(view.metrics[name], view) for view in views if name in view.metrics]
        numbers = [(it, view) for it, view in having if math.isfinite(it.best)]
        if not numbers:
            texts.append(f"{name} has no finite value" if having else f"no run has {name}")
            continue
        is_low = numbers[0][0].direction == "min"
        best, run = (min if is_low else max)(numbers, key=lambda it: it[0].best)
        many = f"{name} of {len(having)} runs" if len(having) > 1 else f"{name} of {title_among(having[0][1], views)}"
        where = f" in {title_among(run, views)}" if len(having) > 1 else ""
        texts.append(f"{many}: {'lowest' if is_low else 'highest'} {words.number(best.best)} at step {best.best_step:,}{where}, last {words.number(best.last)}")
    return "; ".join(texts) + "."
