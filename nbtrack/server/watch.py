"""Which runs changed, and how delivery stands: looks while somebody listens, and at nothing when nobody does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterable
from typing import Literal

from nbtrack.charts.frame import sendable
from nbtrack.errors import NbtrackError
from nbtrack.journal import Home, fold
from nbtrack.journal.writer import EVENTS
from nbtrack.notebooks.dead import reap
from nbtrack.reads import words
from nbtrack.reads.local import forget, give_way, known_ids, local_runs, points_mark
from nbtrack.server.health import Examiner
from nbtrack.server.hub import Hub
from nbtrack.server.shapes import Ended, Health

_LIVE_S, _ALL_S = 0.5, 10.0
"""Seconds between looks at what happens, and at everything: runs that ended change by a tag, a note or the trash alone."""
_JUST_NS = 5_000_000_000
"""A run may begin and end between two looks."""
_Facts = tuple[int, int, int]


class Watch:
    """One for a server: tells its hub `runs` (ids of those that changed), `ended` (of each that ended) and `health`."""

    def __init__(self, home: Home, hub: Hub, examiner: Examiner) -> None:
        self._home, self._hub, self._examiner = home, hub, examiner
        self._going: set[str] = set()
        self._told: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self.is_sure = False
        """Whether all runs were read since it looks: what changes after that it says, to `reads.local` too."""
        hub.first, hub.last = self._begin, self._end

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._look())
        self._task.add_done_callback(self._ended)

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _ended(self, task: asyncio.Task[None]) -> None:
        """It says nothing of changes any more, whether or not it was meant to end."""
        if self._task in (None, task):
            self.is_sure = False

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        known = await loop.run_in_executor(None, _facts, self._home, known_ids(self._home))
        self._going |= await loop.run_in_executor(None, self._begun)
        self.is_sure = True
        points: dict[str, tuple[int, ...]] = {}
        live: set[str] = set()
        quiet_s = 0.0
        health: Health | None = None
        while True:
            await asyncio.sleep(_LIVE_S)
            quiet_s += _LIVE_S
            names = await loop.run_in_executor(None, known_ids, self._home)
            is_whole = quiet_s >= _ALL_S
            live |= self._going
            now = await loop.run_in_executor(None, _facts, self._home, names if is_whole else [it for it in names if it not in known or it in live])
            written = await loop.run_in_executor(None, _points, self._home, live & now.keys())
            changed = [run for run, facts in now.items() if known.get(run) != facts or points.get(run, written.get(run)) != written.get(run)]
            points |= written
            if is_whole:
                changed += [run for run in known if run not in now]
                known, live, quiet_s = dict(now), set(changed), 0.0
                points = {run: mark for run, mark in points.items() if run in live or run in self._going}
            else:
                known.update(now)
                live |= set(changed)
            if changed:
                forget(self._home, changed)
                self._hub.tell("runs", changed)
                for it in await loop.run_in_executor(None, self._ends, changed):
                    self._hub.tell("ended", it)
            if is_whole:
                await loop.run_in_executor(None, self._reaped, set(self._going))  # their end is then seen as any other's
                found = await loop.run_in_executor(None, self._examiner.look)
                if found != health:
                    health = found
                    self._hub.tell("health", found)

    def _begun(self) -> set[str]:
        """Runs that go on; reads all runs, as whoever begins to listen asks for them next."""
        going = {view.run_id for view in local_runs(self._home) if not view.state.is_end}
        return going - self._reaped(going)

    def _reaped(self, runs: Iterable[str]) -> set[str]:
        """Of runs that go on, those whose kernel is gone, ended now: delivery may be off, or at rest."""
        found = set()
        for run in runs:
            with contextlib.suppress(NbtrackError, OSError):  # the disk is full: with the next look, then
                if reap(self._home, run):
                    found.add(run)
        return found

    def _ends(self, runs: Iterable[str]) -> list[Ended]:
        """Those of the runs that went on while somebody listened, and ended since the last look."""
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
    """What tells that a run changed, but for its points: size and time of its events, and of what lies beside them."""
    found = {}
    for run in runs:
        give_way()
        folder = f"{home.root}/runs/{run}"
        with contextlib.suppress(OSError):
            events, inside = os.stat(f"{folder}/{EVENTS}"), os.stat(folder)  # noqa: PTH116 - of ten thousand runs
            found[run] = (events.st_size, events.st_mtime_ns, inside.st_mtime_ns)
    return found


def _points(home: Home, runs: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """The same of the points of runs that go on."""
    return {run: points_mark(home.run(run)) for run in runs}
