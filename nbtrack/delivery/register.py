"""Which runs of the journal are this store's, and which of them have something to deliver.

Ten thousand delivered runs cost one `stat` of their common folder a look, and one `stat` each a sweep.
"""

from __future__ import annotations

import os
import time

from nbtrack.delivery.backlog import Backlog
from nbtrack.errors import FormatError
from nbtrack.journal import cursor as cursors
from nbtrack.journal.location import Home
from nbtrack.journal.owner import is_alive
from nbtrack.journal.writer import EVENTS
from nbtrack.notebooks.dead import reap
from nbtrack.store.names import ignores_case

_WATCH_S = 600.0
_UNBORN_S = 60.0


class Register:
    """The runs of one store."""

    def __init__(self, home: Home, store: str, long_param: int) -> None:
        self.home, self.store, self._long_param = home, store, long_param
        self.active: dict[str, Backlog] = {}
        """Runs that go on, or are not delivered to their end."""
        self.unreadable: dict[str, str] = {}
        """Runs written by a later release, and the message."""
        self.held: dict[str, tuple[int, str]] = {}
        """Runs kept here for their secrets: size of the event file then, and the message."""
        self._settled: dict[str, int] = {}  # size of the event file that is delivered
        self._watched: dict[str, tuple[Backlog, float]] = {}  # settled runs into which a worker may still write, and how long they are watched at least
        self._elsewhere: set[str] = set()
        self._unborn: dict[str, float] = {}
        self._folder_ns = -1

    @property
    def delivered(self) -> int:
        """How many runs are in MLflow to their end."""
        return len(self._settled)

    def look(self) -> None:
        """Take in runs that appeared, let go of those that vanished."""
        try:
            folder_ns = os.stat(self.home.root / "runs").st_mtime_ns  # noqa: PTH116 - a Path costs more than the call, twice a second
        except OSError:
            return
        if folder_ns != self._folder_ns:
            is_old = time.time_ns() - folder_ns > 1_000_000_000  # a change within the clock's grain would look the same
            self._folder_ns = folder_ns if is_old else -1
            present = set(self.home.run_ids())
            for known in (self.active, self._settled, self._watched, self._unborn, self.unreadable, self.held):
                for run_id in [run_id for run_id in known if run_id not in present]:
                    del known[run_id]
            self._elsewhere &= present
            others = (self._settled, self.active, self._unborn, self.unreadable, self.held)
            for run_id in present.difference(self._elsewhere, *others):
                self._admit(run_id)
        for run_id, until in list(self._unborn.items()):
            del self._unborn[run_id]
            self._admit(run_id)
            if run_id in self._unborn:
                self._unborn[run_id] = until
                if time.monotonic() > until:
                    del self._unborn[run_id]
                    self._settled[run_id] = self._events_bytes(run_id)

    def sweep(self) -> None:
        """Open delivered runs again that were written to since."""
        now = time.monotonic()
        for run_id, size in list(self._settled.items()):
            if self._events_bytes(run_id) != size:
                del self._settled[run_id]
                self._admit(run_id, is_written=True)
        for run_id, (size, _) in list(self.held.items()):
            if self._events_bytes(run_id) != size:
                self.release(run_id)
        for run_id, (backlog, until) in list(self._watched.items()):
            if run_id not in self._settled or (now > until and not is_alive(self.home, backlog.owner)):
                del self._watched[run_id]
            elif backlog.has_news():
                del self._settled[run_id], self._watched[run_id]
                self.active[run_id] = backlog

    def reap(self) -> list[str]:
        """End runs whose owner is gone; returns their ids."""
        gone = []
        for run_id, backlog in list(self.active.items()):
            backlog.read()
            if backlog.start is not None and not backlog.is_ended and not is_alive(self.home, backlog.owner) and reap(self.home, run_id):
                gone.append(run_id)
        return gone

    def reap_elsewhere(self) -> None:
        """The same for runs of other stores, whose own process may not be started again."""
        for run_id in self._elsewhere:
            reap(self.home, run_id)

    def backlog(self, run_id: str) -> Backlog | None:
        """The run if it is this store's."""
        if run_id not in self.active and run_id not in self._settled:
            self._folder_ns = -1
            self.look()
        if run_id in self._settled:
            del self._settled[run_id]
            self._admit(run_id, is_written=True)
        self.release(run_id)
        return self.active.get(run_id)

    def settle(self, run_id: str) -> None:
        """The run is delivered to its end; stragglers are watched for."""
        self._watched[run_id] = self.active.pop(run_id), time.monotonic() + _WATCH_S
        self._settled[run_id] = self._events_bytes(run_id)

    def hold(self, run_id: str, why: str) -> None:
        """The run must not be published as it is; it is looked at again when it was written to, or asked for."""
        self.active.pop(run_id, None)
        self.held[run_id] = self._events_bytes(run_id), why

    def release(self, run_id: str) -> None:
        """Look at a held run again."""
        if self.held.pop(run_id, None) is not None:
            self._admit(run_id, is_written=True)

    def drop(self, run_id: str, why: str) -> None:
        """The run cannot be read by this release."""
        self.active.pop(run_id, None)
        self.unreadable[run_id] = why

    def _admit(self, run_id: str, *, is_written: bool = False) -> None:
        size = self._events_bytes(run_id)
        cursor = cursors.load(self.home, run_id)
        if cursor.is_done and cursor.events_bytes == size and not is_written:
            self._settled[run_id] = size
            return
        backlog = Backlog(self.home, run_id, self._long_param, ignores_case=ignores_case(self.store))
        try:
            backlog.read()
        except FormatError as error:
            self.unreadable[run_id] = str(error)
            return
        if backlog.start is None:
            self._unborn[run_id] = time.monotonic() + _UNBORN_S
        elif backlog.start.store != self.store:
            self._elsewhere.add(run_id)
        else:
            self.active[run_id] = backlog

    def _events_bytes(self, run_id: str) -> int:
        try:
            return os.stat(f"{self.home.root}/runs/{run_id}/{EVENTS}").st_size  # noqa: PTH116 - ten thousand of them a sweep
        except OSError:
            return 0
