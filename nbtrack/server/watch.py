"""Which runs changed: looks at the journal while somebody listens, and at nothing when nobody does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbtrack.journal import Home

_LIVE_S, _ALL_S = 0.5, 10.0
"""Seconds between looks at what happens, and at everything: runs that ended change by a tag, a note or the trash alone."""
_Facts = tuple[int, int]


class Watch:
    """One for a server; its listeners share the looks."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._listeners: set[asyncio.Queue[list[str]]] = set()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextlib.contextmanager
    def listen(self) -> Iterator[asyncio.Queue[list[str]]]:
        """A queue of lists of run ids, as they change from now on."""
        changes: asyncio.Queue[list[str]] = asyncio.Queue(maxsize=1000)
        self._listeners.add(changes)
        self._loop = asyncio.get_running_loop()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            yield changes
        finally:
            self._listeners.discard(changes)
            if not self._listeners and self._task is not None:
                self._task.cancel()
                self._task = None

    def tell(self, runs: Iterable[str]) -> None:
        """These changed, by this server's own doing; from any thread."""
        found = list(runs)
        if self._loop is not None and found:
            self._loop.call_soon_threadsafe(self._give, found)

    def _give(self, runs: list[str]) -> None:
        for changes in self._listeners:
            with contextlib.suppress(asyncio.QueueFull):  # whoever reads that slowly reads everything again anyway
                changes.put_nowait(runs)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        known = await loop.run_in_executor(None, _facts, self._home, self._home.run_ids())
        live: set[str] = set()
        quiet_s = 0.0
        while True:
            await asyncio.sleep(_LIVE_S)
            quiet_s += _LIVE_S
            names = await loop.run_in_executor(None, self._home.run_ids)
            is_whole = quiet_s >= _ALL_S
            now = await loop.run_in_executor(None, _facts, self._home, names if is_whole else [it for it in names if it not in known or it in live])
            changed = [run for run, facts in now.items() if known.get(run) != facts]
            if is_whole:
                changed += [run for run in known if run not in now]
                known, live, quiet_s = dict(now), set(changed), 0.0
            else:
                known.update(now)
                live |= set(changed)
            if changed:
                self._give(changed)


def _facts(home: Home, runs: Iterable[str]) -> dict[str, _Facts]:
    """What tells that a run changed: size of its events and of its points' files by time of writing."""
    found = {}
    for run in runs:
        size = when = 0
        with contextlib.suppress(OSError):
            for file in Path(home.folder("runs") / run).iterdir():
                facts = file.stat()
                size, when = size + facts.st_size, max(when, facts.st_mtime_ns)
        found[run] = (size, when)
    return found
