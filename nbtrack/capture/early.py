"""Looking at cells while they run, after a moment and again later, in a thread of its own: what is written of them then outlives a killed kernel."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable

Look = Callable[[], bool]
"""Whether another look is wanted; what it raises ends its looks, as all of it is done once more when the cell ends."""
LOOKS_S = (0.2, 2.0, 15.0, 60.0)
"""Seconds after the beginning. A cell of some milliseconds is over by the first; imports that take long are done by a later one."""


class Early:
    """One kernel's looks; the thread begins with the first."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[tuple[float, Look] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def look(self, act: Look) -> None:
        """Look at what begins now; costs the caller microseconds."""
        self._asked.put((time.monotonic(), act))
        if self._thread is None:
            thread = threading.Thread(target=self._go, name="nbtrack-early", daemon=True)
            with contextlib.suppress(RuntimeError):  # the interpreter shuts down
                thread.start()
                self._thread = thread

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join(10)
            self._thread = None

    def _go(self) -> None:
        waiting: list[tuple[float, int, float, Look]] = []
        """When, which look it is, when what it looks at began, and the look."""
        while True:
            soonest = min((it[0] for it in waiting), default=None)
            try:
                asked = self._asked.get(timeout=None if soonest is None else max(0.0, soonest - time.monotonic()))
            except queue.Empty:
                now = time.monotonic()
                due = [it for it in waiting if it[0] <= now]
                waiting = [it for it in waiting if it[0] > now]
                for _, number, begun, act in due:
                    with contextlib.suppress(Exception):  # see Look
                        if act() and number + 1 < len(LOOKS_S):
                            waiting.append((begun + LOOKS_S[number + 1], number + 1, begun, act))
                continue
            if asked is None:
                return
            waiting.append((asked[0] + LOOKS_S[0], 0, *asked))
