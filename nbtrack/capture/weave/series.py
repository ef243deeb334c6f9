"""One curve while it grows: whether it is one, which of its points are kept, and writing them."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from typing import Any

from nbtrack.capture.weave.plan import Spot
from nbtrack.capture.weave.taps import BOUNDARY, Tap
from nbtrack.capture.weave.values import as_floats

Point = tuple[int, int, float]
"""Step, time in nanoseconds, value."""
_SURE = 5
"""Values after which a curve that is nothing but a curve is written while it grows."""
_HELD = 20_000
"""Most values that wait for a decision."""
_FAST_PER_S = 300_000
"""From so many values a second on, a curve that has its points is only sampled: a loop that fast feels every nanosecond of a tap."""
_ENDS = 10_000


class Series:
    """The values one tap gave during one tracked cell.

    Args:
        budget: points kept in full; after that, of ever larger pieces, the lowest and the highest one.
        claim: gives the name in the run, once the curve is known to be one.
        write: appends points to the run.
        twin: whether another curve of the cell has these values too.
    """

    def __init__(
        self, spot: Spot, tap: Tap, budget: int, claim: Callable[[Series], str], write: Callable[[str, list[Point]], None], twin: Callable[[Series], bool]
    ) -> None:
        self.spot, self.tap = spot, tap
        self._budget, self._claim, self._write, self._twin = max(budget, 2), claim, write, twin
        self.name = ""
        """In the run; empty until it is decided that this is a curve."""
        self.count = 0
        self.is_about = False
        """Some values came too fast to be counted one by one."""
        self.is_thinned = False
        self.last: float | None = None
        self.ends: list[int] = []
        """Number of values at the end of each step of the outer loop."""
        self.head: list[float] = []
        """The first values, to be compared with other curves."""
        self._held: list[Point] = []
        self._whole = True
        self._bucket: list[Point] = []
        self._last_point: Point | None = None
        self._written_step = -1
        self._rate = 0.0
        self._seen_ns = time.time_ns()

    def drain(self) -> int:
        """Take what the tap has; returns how many values that were."""
        values = self.tap.drain()
        now = time.time_ns()
        since, self._seen_ns = self._seen_ns, now
        if not values:
            return 0
        if set(map(type, values)) != {float}:
            values = self._numbers(values)
        if not values:
            return 0
        self._feed(values, since, now)
        return len(values)

    def _numbers(self, values: list[Any]) -> list[Any]:
        if BOUNDARY in map(_ellipsis, values):
            clean: list[Any] = []
            for value in values:
                if value is BOUNDARY:
                    if len(self.ends) < _ENDS and (not self.ends or self.ends[-1] != self.count + len(clean)):
                        self.ends.append(self.count + len(clean))
                else:
                    clean.append(value)
            values = clean
        numbers = [number for number in as_floats(values) if number is not None]
        if len(numbers) < len(values):
            self.tap.look_again()
        return numbers

    def _feed(self, values: list[Any], since: int, now: int) -> None:
        seconds = max((now - since) / 1e9, 1e-6)
        came = len(values)
        if self.tap.ring is not None and came >= (self.tap.ring.maxlen or 0):
            came, self.is_about = max(came, int(self._rate * seconds)), True
        elif self.tap.ring is None:
            self._rate = came / seconds
        if any(type(value) is not int for value in values[:_SURE]):
            self._whole = False
        stride, tick = came / len(values), (now - since) / len(values)
        first, start = self.count, since
        points: list[Point] = [(first + int((at + 1) * stride) - 1, start + int((at + 1) * tick), _float(value)) for at, value in enumerate(values)]
        self.count += came
        self.last = points[-1][2]
        if len(self.head) < 1000:
            self.head.extend(value for _, _, value in points[: 1000 - len(self.head)])
        if self.name:
            self._keep(points)
        else:
            self._held.extend(points)
            if len(self._held) >= _SURE and not self.spot.is_printed and self._is_curve():
                self._go_live()
            elif len(self._held) > _HELD:
                self._held.clear()
                self.tap.off()
        if self.count > self._budget and self._rate > _FAST_PER_S and self.tap.ring is None:
            self.tap.sample()

    def _is_curve(self) -> bool:
        """Whether the values so far are no counter and no constant."""
        values = [value for _, _, value in self._held]
        if len(values) < 2:
            return False
        if all(value == values[0] for value in values):
            return self.spot.is_reported and self.spot.is_measure and len(values) > 2
        if self.spot.is_reported and self.spot.is_measure and not self._whole:
            return True
        step = values[1] - values[0]
        slack = 0.0 if self._whole else 1e-9 * max(abs(values[0]), abs(values[-1]))
        is_even = all(abs(b - a - step) <= slack for a, b in itertools.pairwise(values))
        return not is_even or (len(values) == 2 and not self._whole)

    def _go_live(self) -> None:
        self.name = self._claim(self)
        held, self._held = self._held, []
        if self.name:
            self._keep(held)
        else:
            self.tap.off()

    def finish(self) -> None:
        """The cell ended: decide what is undecided, and write what waits."""
        if not self.name and self._is_curve() and not (self.spot.node is not None and self._twin(self)):
            self._go_live()
        if not self.name:
            return
        if self._bucket:
            self._write_bucket()
        if self._last_point is not None and self._last_point[0] > self._written_step:
            self._put([self._last_point])

    def _keep(self, points: list[Point]) -> None:
        self._last_point = points[-1]
        free = max(0, self._budget - points[0][0])
        self._put(points[:free])
        rest = points[free:]
        if not rest:
            return
        self.is_thinned = True
        at = 0
        while at < len(rest):
            size = 4 << max(0, math.ceil(math.log2(max(rest[at][0], 1) / self._budget)))
            take = max(1, size - len(self._bucket))
            self._bucket.extend(rest[at : at + take])
            at += take
            if len(self._bucket) >= size:
                self._write_bucket()

    def _write_bucket(self) -> None:
        low, high = min(self._bucket, key=_value), max(self._bucket, key=_value)
        self._bucket = []
        self._put([low] if low is high else sorted((low, high)))

    def _put(self, points: list[Point]) -> None:
        if points:
            self._written_step = points[-1][0]
            self._write(self.name, points)


def _value(point: Point) -> float:
    return point[2] if point[2] == point[2] else 0.0  # NaN has no order


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _ellipsis(value: Any) -> Any:
    """The mark itself or None, so that no value is compared with anything."""
    return value if value is BOUNDARY else None
