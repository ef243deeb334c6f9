"""One curve while it grows: whether it is one, which of its points are kept, and writing them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from nbtrack.capture.own_name import snake
from nbtrack.capture.weave.points import Points, as_float, extremes, joined, spread
from nbtrack.capture.weave.spot import Spot
from nbtrack.capture.weave.taps import BEGIN, BOUNDARY, NoTap, Shape, Tap
from nbtrack.capture.weave.values import Parts, as_floats, is_number
from nbtrack.capture.weave.words import is_duration, is_history, is_measure, is_schedule
from nbtrack.patterns import regex

_NO_MEMBERS = regex(r"^(lr|learning_rate|epochs?|steps?|iters?|iterations?)$|(^|_)(time|runtime|seconds?|per_second|duration|elapsed|eta)$")
"""What stands beside measures in a record: settings, counters, the clock."""
_CHOICES = regex(r"(^|_)(actions?|choices?|chosen|arms?|labels?|classes|picks?)$")
"""Lists of numbers that stand for one of several things."""
_EPOCH = regex(r"^(epoch|running|mean|avg|total)_(?=loss|acc)")
"""What a name says beside the measure, where the loop around is one over phases."""
_SHORT = 1
"""Letters of a name that says nothing."""
_SURE = 5
"""Values after which a curve that is nothing but a curve is written while it grows."""
_SURE_UNNAMED = 50
"""The same for what a function iterates whose name says no measure: where it is called for each of many samples, it is none."""
_HELD = 20_000
"""Most values that wait for a decision."""
_PARTS = 5_000
"""Values that wait for the mean they go into: a training with longer steps is followed by these."""
_HEAD = 1_000
_FAST_PER_S = 300_000.0
_ENDS = 10_000
_CALLS = 5
"""Calls of a function whose curves are kept one by one."""
_MEMBERS = 12
"""Members of one dict or tuple that have curves."""


class Series:
    """The values one tap gave during one tracked cell.

    Args:
        budget: points kept in full; after that, of ever larger pieces, the lowest and the highest one.
        claim: gives the name in the run, once the curve is known to be one.
        write: appends points to the run.
        twin: whether another curve of the cell has these values too.
        is_told: whether the mean that these values go into has points of its own.
        fast_per_s: values a second from which on a curve that has its points is only sampled: such a loop feels every nanosecond of a tap.
    """

    def __init__(
        self,
        spot: Spot,
        tap: Tap,
        budget: int,
        claim: Callable[[Series], str],
        write: Callable[[str, Points], None],
        twin: Callable[[Series], bool],
        fast_per_s: float = _FAST_PER_S,
        is_told: Callable[[Spot], bool] = lambda spot: False,
    ) -> None:
        self.spot, self.tap, self._is_told = spot, tap, is_told
        self._budget, self._claim, self._write, self._twin, self._fast_per_s = max(budget, 2), claim, write, twin, fast_per_s
        self.name = ""
        """In the run; empty until it is decided that this is a curve."""
        self.count = 0
        """Steps so far; those of moments when nobody looked are an estimate by the clock."""
        self.seen = 0
        """Values that were counted one by one: there were no fewer."""
        self.is_sampled = False
        """Values come too fast to be followed; only moments are."""
        self.is_about = False
        """Some values were not counted one by one."""
        self.is_thinned = False
        self.last: float | None = None
        self.ends: list[int] = []
        """Number of values at the end of each step of the outer loop."""
        self.head: list[float] = []
        """The first values, to be compared with other curves."""
        self.calls = 0
        """How often the function was called that makes it anew at each call."""
        self.first: Series | None = None
        """The curve of the first call, where this is that of a later one."""
        self.later: list[Series] = []
        self.members: dict[str | int, Series | None] = {}
        """Curves of the members, where the values are dicts or tuples; None for one that is no measure."""
        self.is_member = False
        self.is_part = False
        """Other values are the mean of these, and a curve."""
        self._is_whole = True
        self._held: list[Points] = []
        self._rest: Points | None = None
        self._last_step = -1
        self._last: Points | None = None
        self._rate = 0.0
        self._seen_ns = time.time_ns()

    def drain(self) -> int:
        """Take what the tap has; returns how many values that were."""
        values = self.tap.drain()
        now = time.time_ns()
        since, self._seen_ns = self._seen_ns, now
        if self.is_sampled:
            self._of_call._pass(self._rate * (now - since) / 1e9)
        if not values:
            return 0
        if set(map(type, values)) == {float}:
            self._of_call._take(values, since, now)
        else:
            for piece in self._by_call(values):
                if any(type(value) is Parts for value in piece):
                    self._of_call._spread(piece, since, now)
                if numbers := self._of_call._numbers(piece):
                    self._of_call._take(numbers, since, now)
        return len(values)

    @property
    def _of_call(self) -> Series:
        """The curve of the call that goes on."""
        return self.later[-1] if self.later else self

    def _by_call(self, values: list[Any]) -> Iterator[list[Any]]:
        """Values of one call after the other; each begins its curve."""
        piece: list[Any] = []
        for value in values:
            if value is not BEGIN:
                piece.append(value)
                continue
            yield piece
            piece = []
            self.calls += 1
            if 1 < self.calls <= _CALLS + 1:
                self.later.append(Series(self.spot, self.tap, self._budget, self._claim, self._write, self._twin, self._fast_per_s, self._is_told))
                self.later[-1].first = self
        yield piece

    def _spread(self, values: list[Any], since: int, now: int) -> None:
        """Give the members of dicts and tuples to a curve each."""
        keys = dict.fromkeys(key for value in values if type(value) is Parts for key in value.numbers)
        for key in keys:
            if key not in self.members:
                self.members[key] = self._member(key)
            series = self.members[key]
            them = [
                value if value is BOUNDARY else value.numbers[key] for value in values if value is BOUNDARY or (type(value) is Parts and key in value.numbers)
            ]
            if series is not None and (numbers := series._numbers(them)):
                series._feed(numbers, len(numbers), since, now)

    def _member(self, key: str | int) -> Series | None:
        spot = self.spot
        given = spot.members[key] if type(key) is int and key < len(spot.members) else key if type(key) is str else ""
        is_named = is_measure(given) and not _NO_MEMBERS.search(given)
        is_kept = (spot.is_measure or is_history(spot.name)) and not _NO_MEMBERS.search(given)
        if not (is_named or is_kept or spot.split is not None) or len(self.members) >= _MEMBERS:
            return None
        name = given if given and (is_history(spot.name) or type(key) is int) else f"{spot.name}.{given or key}"
        if spot.split is not None:
            name = f"{spot.name}.{key}" if spot.is_by_setting or is_history(spot.name) or not spot.is_measure else f"{key}_{_EPOCH.sub('', spot.name)}"
        series = Series(
            replace(spot, name=name, is_measure=is_named or (spot.is_measure and spot.split is not None)), NoTap(), self._budget, self._claim, self._write,
            self._twin, self._fast_per_s, self._is_told,
        )  # fmt: skip
        series.is_member = True
        return series

    def all(self) -> Iterator[Series]:
        """This curve, those of later calls, and of each the members."""
        for series in (self, *self.later):
            yield series
            yield from (it for it in series.members.values() if it is not None)

    def _take(self, values: list[Any], since: int, now: int) -> None:
        came, seconds = len(values), max((now - since) / 1e9, 1e-6)
        ring = self.tap.ring
        if ring is None:
            self._rate = self._rate if self.is_sampled else came / seconds
        elif came >= (ring.maxlen or 0):
            came, self.is_about = max(came, int(self._rate * seconds)), True
        is_fast = self.count + came > self._budget and self._rate > self._fast_per_s and ring is None
        is_paused = is_fast and self.tap.shape is Shape.CALL and not (self.first or self).is_sampled
        if is_paused:  # first of all: to thin what came takes a while, in which a fast loop would give as much again
            self.tap.pause(True)
        self._feed(values, came, since, now)
        if is_fast and self.name:
            if self.tap.shape is Shape.CALL:
                (self.first or self).is_sampled = True
            else:
                self.tap.keep_last()
        elif is_paused and not self.tap.is_off:
            self.tap.pause(False)

    def resume(self) -> None:
        """Go on after another run had the tap."""
        self.tap.on()
        self._seen_ns = time.time_ns()
        if self.is_sampled:
            self.tap.pause(True)

    def open(self) -> None:
        """Begin to follow a fast loop for a moment."""
        self._opened_ns = time.time_ns()
        self.tap.pause(False)

    def close(self) -> None:
        """End that; what came tells how much passed unseen."""
        self.tap.pause(True)
        values = self.tap.drain()
        now = time.time_ns()
        since, self._seen_ns = self._seen_ns, now
        self._rate = len(values) / max(now - self._opened_ns, 1) * 1e9
        if not values:
            return
        it = self._of_call
        it._pass(self._rate * max(self._opened_ns - since, 0) / 1e9)
        kept = it._numbers(values[-_HEAD:])
        it.count += len(values) - len(kept)
        it.seen += len(values) - len(kept)
        if kept:
            it._feed(kept, len(kept), self._opened_ns, now)

    def _pass(self, unseen: float) -> None:
        """Count values that nobody saw."""
        self.count += int(unseen)
        self.is_about = self.is_about or unseen >= 1

    def add_last(self, value: Any) -> None:
        """The value a fast loop left behind."""
        if is_number(value) and as_float(value) != self.last:
            now = time.time_ns()
            self._feed([as_float(value)], 1, now, now)

    def _numbers(self, values: list[Any]) -> list[Any]:
        if any(value is BOUNDARY for value in values):
            clean: list[Any] = []
            for value in values:
                if value is not BOUNDARY:
                    clean.append(value)
                elif len(self.ends) < _ENDS and (not self.ends or self.ends[-1] != self.count + len(clean)):
                    self.ends.append(self.count + len(clean))
            values = clean
        numbers = [number for number in as_floats(values) if number is not None]
        if len(numbers) < len(values) and not self.is_sampled:
            self.tap.look_again()
        return numbers

    def _feed(self, values: list[Any], came: int, since: int, now: int) -> None:
        """Take values that stand for `came` steps between two times."""
        if self.first is not None and self.first.calls > _CALLS:
            return  # of many calls the first stands for all
        self._is_whole = self._is_whole and all(type(value) is int for value in values[:_SURE])
        points = spread(values, self.count, came / len(values), since, (now - since) / len(values))
        self.count += came
        self.seen += len(values)
        self.last = float(points.values[-1])
        if len(self.head) < _HEAD:
            self.head.extend(float(it) for it in points.values[: _HEAD - len(self.head)])
        if self.name:
            self._keep(points)
            return
        if self.is_part:
            return
        self._held.append(points)
        if self.spot.is_part and self.count <= _PARTS:
            return
        is_sure = len(self.head) >= (_HEAD if self.first is not None else _SURE_UNNAMED if self._may_be_a_step else _SURE)
        if is_sure and not self.spot.is_printed and not self.is_member and self.is_curve():
            self._go_live()
        elif self.count > _HELD:
            self._held.clear()
            self.tap.off()

    @property
    def _may_be_a_step(self) -> bool:
        """Whether this may be the inner work of a function that is called for each of many samples."""
        return self.spot.begins_anew and not self.spot.is_measure

    def is_curve(self) -> bool:
        """Whether the values so far are no counter and no constant."""
        values = self.head
        if len(values) < 2 or self.last is None or not self._held:
            return False
        is_reported_measure = self.spot.is_reported and self.spot.is_measure
        if self._is_whole and not self.spot.is_measure and not is_duration(self.spot.name) and (self.spot.is_printed or _CHOICES.search(self.spot.label)):
            return False  # what a function counts, or a number of a list it makes
        if all(value == values[0] for value in values) and self.last == values[0]:
            return is_reported_measure and len(values) > 2
        if is_reported_measure and not self._is_whole:
            return True
        step = values[1] - values[0]
        slack = 0.0 if self._is_whole else 1e-9
        is_even = all(abs(value - values[0] - at * step) <= slack * max(abs(value), abs(values[0])) for at, value in enumerate(values))
        return not is_even or (len(values) == 2 and not self._is_whole)

    def _go_live(self) -> None:
        self.name = self._claim(self)
        held, self._held = self._held, []
        if not self.name:
            self.tap.off()
        for points in held if self.name else ():
            self._keep(points)

    def finish(self) -> None:
        """The cell ended: decide what is undecided, and write what waits."""
        self._finish()
        if self.calls <= _CALLS:  # of many calls the first stands for all
            for series in self.later:
                series._finish()

    def single(self) -> Iterator[tuple[str, float]]:
        """What words told apart and each had one value: names and numbers of several things, no curve of any."""
        if self.spot.split is not None:
            for key, it in self.members.items():
                if it is not None and len(it.head) == 1 and type(key) is str and not self.spot.is_by_setting:
                    is_told = (is_measure(snake(key)) and not is_schedule(snake(key))) or (len(self.spot.name) <= _SHORT and not is_measure(self.spot.name))
                    yield (key if is_told else f"{key}.{self.spot.name}"), it.head[0]

    def decide_members(self, *, at_end: bool = False) -> None:
        """Write members of dicts and tuples, once all curves have been drained: they give way to those that have their values."""
        for series in (self, *(self.later if self.calls <= _CALLS else ())):
            for it in series.members.values():
                if it is not None and at_end:
                    it._finish()
                elif it is not None and not it.name and len(it.head) >= _SURE and it.is_curve() and not it._twin(it):
                    it._go_live()

    def give_way(self) -> None:
        """Stop where these are parts of a mean that is a curve itself: that is what a reader looks for."""
        if not self.name and not self.is_part and self.spot.is_part and self._is_told(self.spot):
            self.is_part = True
            self._held.clear()
            self.tap.off()
            for it in self.later:
                it.give_way()

    def _finish(self) -> None:
        self.give_way()
        if self.is_part:
            return
        if self.calls > _CALLS and self._may_be_a_step and not self.name:
            return
        if not self.name and self.is_curve() and not ((self.spot.node is not None or self.is_member) and self._twin(self)):
            self._go_live()
        if not self.name:
            return
        if self._rest is not None and len(self._rest):
            self._put(extremes(self._rest, len(self._rest)))
        if self._last is not None and int(self._last.steps[-1]) > self._last_step:
            self._put(self._last)

    def _keep(self, points: Points) -> None:
        self._last = points[-1:]
        free = max(0, self._budget - int(points.steps[0]))
        self._put(points[:free])
        points = points[free:]
        if not len(points):
            return
        self.is_thinned = True
        if self._rest is not None and len(self._rest):
            points = joined(self._rest, points)
        done = 0
        while done < len(points):
            size = 4 << max(0, math.ceil(math.log2(max(int(points.steps[done]), 1) / self._budget)))
            whole = (len(points) - done) // size * size
            whole = min(whole, max(size, self._budget // size * size))  # pieces grow as the curve does
            if not whole:
                break
            self._put(extremes(points[done : done + whole], size))
            done += whole
        self._rest = points[done:]

    def _put(self, points: Points) -> None:
        if len(points):
            self._last_step = int(points.steps[-1])
            self._write(self.name, points)
