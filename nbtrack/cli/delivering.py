"""What `nbtrack sync --wait` says while it delivers."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nbtrack.amounts import counted
from nbtrack.delivery.sync import left_of
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home

_EVERY_S = 10.0


@contextmanager
def told_meanwhile(home: Home, every_s: float = _EVERY_S) -> Iterator[None]:
    """Say to stderr, again and again, how much still waits and how much went since."""
    over = threading.Event()
    thread = threading.Thread(target=_tell, args=(home, every_s, over), name="nbtrack-tell", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tell(home: Home, every_s: float, over: threading.Event) -> None:
    before: int | None = None
    while not over.wait(every_s):
        try:
            runs, points = left_of(home)
        except (NbtrackError, OSError):  # who delivers says what is wrong
            continue
        went = f"; {counted(before - points, 'point')} went since" if before is not None and points < before else ""
        before = points
        print(f"{counted(runs, 'run waits', 'runs wait')}, {counted(points, 'point')}{went}", file=sys.stderr, flush=True)
