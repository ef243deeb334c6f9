"""What a trial that runs has come to, from the curve in its journal."""

from __future__ import annotations

import math
import time

from nbtrack.journal import Home, points_of

_LOOK_S = 0.5
_SHARE = 20
"""A curve so long that reading it takes time is read so many times more rarely."""


class LiveCurve:
    """The curve of one metric of one run."""

    def __init__(self, home: Home, metric: str) -> None:
        self._home, self._metric = home, metric
        self.run_id = ""
        """Empty until the trial has a run."""
        self._seen: set[int] = set()
        self._next = 0.0

    def look(self) -> dict[int, float]:
        """New points by step, those of round steps alone: of long curves every trial gives the same few, which can be compared."""
        now = time.monotonic()
        if not self.run_id or now < self._next:
            return {}
        found = {
            step: value
            for name, step, _, value in points_of(self._home, self.run_id)
            if name == self._metric and step >= 0 and step not in self._seen and is_round(step) and not math.isnan(value)
        }
        self._seen.update(found)
        took = time.monotonic() - now
        self._next = now + max(_LOOK_S, took * _SHARE)
        return found

    def rest(self, run_id: str) -> dict[int, float]:
        """The points of a run that is over which nobody has looked at yet."""
        self.run_id, self._next = run_id, 0.0
        return self.look()


def is_round(step: int) -> bool:
    """Whether a step has at most two digits before its zeros: all to 100, then every 10th, from 1,000 every 100th."""
    while step >= 100:
        if step % 10:
            return False
        step //= 10
    return True
