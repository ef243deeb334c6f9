"""Which runs changed, and how delivery stands: looks while somebody listens, and at nothing when nobody does."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from nbtrack.charts.frame import sendable
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home, fold
from nbtrack.reads import words
from nbtrack.server.health import Examiner
from nbtrack.server.hub import Hub
from nbtrack.server.shapes import Ended, Health

_LIVE_S, _ALL_S = 0.5, 10.0
"""Seconds between looks at what happens, and at everything: runs that ended change by a tag, a note or the trash alone."""
_JUST_NS = 5_000_000_000
"""A run may begin and end between two looks."""
_Facts = tuple[int, int]


class Watch:
    """One for a server: tells its hub `runs` (ids of those that changed), `ended` (of each that ended) and `health`."""

    def __init__(self, home: Home, hub: Hub, examiner: Examiner) -> None:
        self._home, self._hub, self._examiner = home, hub, examiner
        self._going: set[str] = set()
        self._told: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        hub.first, hub.last = self._begin, self._end

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._look())

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        known = await loop.run_in_executor(None, _facts, self._home, self._home.run_ids())
        live: set[str] = set()
        quiet_s = 0.0
        health: Health | None = None
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
                self._hub.tell("runs", changed)
                for it in await loop.run_in_executor(None, self._ends, changed):
                    self._hub.tell("ended", it)
            if is_whole:
                found = await loop.run_in_executor(None, self._examiner.look)
                if found != health:
                    health = found
                    self._hub.tell("health", found)

    def _ends(self, runs: Iterable[str]) -> list[Ended]:
        """Those of the runs that began while somebody listened, and ended since the last look."""
        found = []
        for run in runs:
            view = None
            with contextlib.suppress(NbtrackError):  # written by a newer release
                view = fold(self._home, run, metrics=False)
            if view is None or view.is_trashed:
                self._going.discard(run)
            elif not view.state.is_end:
                self._going.add(run)
            elif run in self._going or time.time_ns() - (view.ended_ns or 0) < _JUST_NS:
                self._going.discard(run)
                if run not in self._told:
                    self._told.add(run)
                    path = words.told("notebook", view.tags.get("nbtrack.notebook", ""))
                    state: Literal["FINISHED", "FAILED", "KILLED"] = view.state.value  # type: ignore[assignment] # it is an end
                    found.append(Ended(run=run, name=sendable(words.clean(view.name)), state=state, reason=sendable(words.clean(view.reason)), notebook=path))
        return found


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
