"""Points of a curve on their way to the journal: spread over steps and times, joined, thinned to extremes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nbtrack.capture.weave.values import loaded
from nbtrack.records import dataclass

_MANY = 1_000
"""Values from which on numpy is worth its import."""


@dataclass
class Points:
    """Points of one curve: lists (ranges, where steps and times are even), or arrays of numpy."""

    steps: Sequence[int]
    times_ns: Sequence[int]
    values: Sequence[float]

    def __getitem__(self, part: slice) -> Points:
        return Points(self.steps[part], self.times_ns[part], self.values[part])

    def __len__(self) -> int:
        return len(self.values)


def spread(values: list[Any], first: int, stride: float, since: int, tick: float) -> Points:
    """Values with their steps and times, evenly spread."""
    numpy = loaded("numpy") if len(values) >= _MANY else None
    if numpy is None:
        try:
            numbers = list(map(float, values))
        except OverflowError:
            numbers = [as_float(value) for value in values]
        at, even = range(1, len(values) + 1), int(tick)
        steps: Sequence[int] = range(first, first + len(values)) if stride == 1 else [first + int(it * stride) - 1 for it in at]
        return Points(steps, range(since + even, since + even * len(values) + 1, even) if even > 0 else [since] * len(values), numbers)
    try:
        array = numpy.fromiter(values, numpy.float64, len(values))
    except OverflowError:
        array = numpy.array([as_float(value) for value in values])
    index = numpy.arange(1, len(values) + 1)
    return Points(first - 1 + (index * stride).astype(numpy.int64), since + (index * tick).astype(numpy.int64), array)


def joined(some: Points, others: Points) -> Points:
    if isinstance(some.values, list) and isinstance(others.values, list):
        return Points([*some.steps, *others.steps], [*some.times_ns, *others.times_ns], [*some.values, *others.values])
    join = loaded("numpy").concatenate
    return Points(join((some.steps, others.steps)), join((some.times_ns, others.times_ns)), join((some.values, others.values)))


def extremes(points: Points, size: int) -> Points:
    """The lowest and the highest point of each piece of `size` points, in the order they came; a piece of equal values gives one."""
    if isinstance(points.values, list):
        clean = [0.0 if math.isnan(value) else value for value in points.values] if any(map(math.isnan, points.values)) else points.values
        pieces = ((start, clean[start : start + size]) for start in range(0, len(clean), size))
        picked = sorted({start + piece.index(choose(piece)) for start, piece in pieces for choose in (min, max)})
        return Points([points.steps[at] for at in picked], [points.times_ns[at] for at in picked], [points.values[at] for at in picked])
    numpy = loaded("numpy")
    table = numpy.asarray(points.values).reshape(-1, size)
    table = numpy.where(numpy.isnan(table), 0.0, table)
    start = numpy.arange(0, len(points), size)
    chosen = numpy.unique(numpy.concatenate((start + table.argmin(axis=1), start + table.argmax(axis=1))))
    return Points(*(numpy.asarray(it)[chosen] for it in (points.steps, points.times_ns, points.values)))


def as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
