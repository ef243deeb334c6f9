"""How much one user may ask of the server."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from nbtrack.errors import UsageError


class TooManyError(UsageError):
    """More was asked than the server does at a time."""


class Bucket:
    """So many at once, and so many a second in the long run.

    Args:
        most: taken at once after a quiet time.
        a_second: that come back.
        clock: seconds that only grow.
    """

    def __init__(self, most: float, a_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._a_second, self._clock = most, a_second, clock
        self._left, self._looked = most, clock()
        self._lock = threading.Lock()

    def take(self, what: str) -> None:
        """Take one.

        Raises:
            TooManyError: there is none left; says when there will be.
        """
        with self._lock:
            now = self._clock()
            self._left = min(self._most, self._left + (now - self._looked) * self._a_second)
            self._looked = now
            if self._left < 1:
                wait_s = math.ceil((1 - self._left) / self._a_second)
                raise TooManyError(f"Too many {what} in a short time.", mend=f"Try again in {wait_s} s.")
            self._left -= 1
