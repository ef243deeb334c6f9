"""The journal's runs of one store, as MLflow's calls reach them: which there are, writing to them, and what they are called in MLflow."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

from nbtrack import courier
from nbtrack.capture.current import attach, current, foreground, owner
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import Kind, RunStart, State
from nbtrack.errors import DeliveryError, JournalError, NbtrackError
from nbtrack.journal import Cursor, Home, RunWriter, cursor, fold, new_id
from nbtrack.journal.fold import start_of
from nbtrack.journal.lines import read_events
from nbtrack.journal.owner import OwnerView, is_alive
from nbtrack.journal.writer import EVENTS
from nbtrack.secrets import policy
from nbtrack.settings import Settings
from nbtrack.store.journal_uris import RUN_ID
from nbtrack.system import after_fork_in_child

_log = logging.getLogger("nbtrack")


class JournalRuns:
    """Runs of one store. Threads may share it; a forked child's copy goes on."""

    def __init__(self, home: Home, uri: str, settings: Settings) -> None:
        """
        Args:
            uri: full absolute URI of the real store.
        """
        self.home, self.uri, self.settings = home, uri, settings
        self.store = courier.mask_uri(uri)
        self._open: dict[str, TrackedRun] = {}
        self._adopted: dict[str, str] = {}
        self._elsewhere: set[str] = set()
        self._real: dict[str, str] = {}
        self._ours: dict[str, str] = {}
        self._here: dict[str, bool] = {}
        self._warned: set[str] = set()
        self._is_used = False
        self._lock = threading.RLock()
        after_fork_in_child(self._renew)

    def _renew(self) -> None:
        self._lock = threading.RLock()

    # Which runs there are.

    def has(self, run_id: str) -> bool:
        """Whether this id is that of a run in the journal, of this store."""
        known = self._here.get(run_id)
        if known is None:
            if not RUN_ID.fullmatch(run_id):
                return False
            start = self._start(run_id)
            if start is None:
                return False
            known = self._here[run_id] = start.store == self.store and not start.mlflow_run_id
        return known

    def cell(self) -> TrackedRun | None:
        """The run of the tracked cell, block or starting process that this code runs in, if it is of this store."""
        run = current()
        return run if run is not None and not run.is_ended and run.start.store == self.store else None

    def is_of_cell(self, run_id: str) -> bool:
        """Whether the run is one that its cell or block will end."""
        here = current()
        return (here is not None and here.run_id == run_id) or any(run.run_id == run_id and not run.is_ended for run in foreground())

    # Writing.

    def create(self, start: RunStart) -> TrackedRun:
        """Begin a run.

        Raises:
            JournalError, OSError: the journal cannot be written.
        """
        start = dataclasses.replace(start, tags=policy.tags_of(self.settings.secrets, (), Path.cwd()) | start.tags)
        run = TrackedRun(self.home, start, RunWriter.create(self.home, start))
        run.uri = self.uri
        self._open[start.run_id] = run
        self._here[start.run_id] = not start.mlflow_run_id
        self.announce()
        return run

    def writing(self, run_id: str) -> TrackedRun | None:
        """The run for writing, by its id here or in MLflow; None if the journal has none."""
        run = self._open.get(run_id)
        if run is not None:
            if run.is_stopped and run_id not in self._warned:
                self._warned.add(run_id)
                _log.warning("nbtrack: %s", run.notices[-1] if run.notices else "recording stopped")
            return run
        known = self._adopted.get(run_id) or self.our_id(run_id)
        if known == run_id and not self.has(run_id):
            return None
        with self._lock:
            if known not in self._open:
                self._open[known] = self._attached(known)
                self.announce()
            return self._open[known]

    def adopt(self, real_id: str) -> TrackedRun:
        """Continue a run that MLflow made through a journal of its own, one a process.

        Raises:
            JournalError, OSError: the journal cannot be written.
        """
        with self._lock:
            found = self.writing(real_id)
            if found is None:
                name = f"mlflow-{real_id[:8]}"
                found = self.create(RunStart(new_id(), name, "Default", self.store, owner(self.home).name, time.time_ns(), mlflow_run_id=real_id))
                self._adopted[real_id] = found.run_id
            return found

    def adopted(self, real_id: str) -> str:
        """Id of the journal that a run of MLflow's goes through in this process; empty if none."""
        return self._adopted.get(real_id, "")

    def write(self, run: TrackedRun, kind: str, timestamp_ns: int | None = None, **data: Any) -> None:
        """Append an event for which TrackedRun has no word; like it, this does not raise."""
        try:
            try:
                run.writer.event(kind, timestamp_ns=timestamp_ns, **data)
            except JournalError:
                run.writer = RunWriter(self.home, run.run_id)
                run.writer.event(kind, timestamp_ns=timestamp_ns, **data)
        except (OSError, NbtrackError) as cause:
            _log.warning("nbtrack: a %s of run %s was not kept: %s", kind, run.run_id, cause)

    def end(self, run: TrackedRun, state: State, ended_ns: int) -> None:
        """End a run, unless it has ended, or a cell will end it."""
        if run.is_ended or self.is_of_cell(run.run_id):
            return
        run.is_ended, run.ended_by = True, state
        self.write(run, Kind.END, ended_ns, state=state, reason="", traceback="")
        self._open.pop(run.run_id, None)
        with contextlib.suppress(RuntimeError):  # no threads any more: the process is ending
            threading.Thread(target=_settle, args=(run.writer,), name="nbtrack-settle", daemon=True).start()

    def resume(self, run: TrackedRun) -> None:
        """Let a run go on that has ended, or whose process is gone."""
        if self.is_of_cell(run.run_id) or (not run.is_ended and is_alive(self.home, run.start.owner) and not run.start.mlflow_run_id):
            return
        self.write(run, Kind.RESUME, owner=owner(self.home).name)
        run.is_ended = False
        self.announce()

    def announce(self) -> None:
        """Tell the delivery process, in the background, that there is work."""
        self._is_used = True
        courier.announce_soon(self.home, self.uri, self.settings)

    def hand_over(self) -> None:
        """Before this process ends, see that a delivery process lives and knows the login."""
        if self._is_used:
            self.announce()

    # What they are called in MLflow.

    def cursor(self, run_id: str) -> Cursor:
        """How far a run is delivered."""
        return cursor.load(self.home, run_id)

    def flush(self, run_id: str) -> str:
        """Have a run of the journal delivered; returns its id in MLflow.

        Raises:
            StoreError, DeliveryError: it could not be.
        """
        wait_s = self.settings.flush_wait_s
        try:
            real = courier.flush(self.home, self.store, run_id, wait_s)
        except DeliveryError:
            courier.announce(self.home, self.uri, self.settings)
            real = courier.flush(self.home, self.store, run_id, wait_s)
        self.learn(run_id, real)
        return real

    def flush_mine(self) -> None:
        """Have all runs that this process began, or writes to, delivered.

        Raises:
            StoreError, DeliveryError: one could not be.
        """
        for run_id in {*self._mine(), *self._open, *self._adopted.values()}:
            found = self.cursor(run_id)
            if found.is_done and run_id not in self._open:
                self.learn(run_id, found.mlflow_run_id)
            else:
                self.flush(run_id)

    def real_id(self, run_id: str) -> str:
        """Id in MLflow for an id of the journal or of MLflow; what was written is delivered before.

        Raises:
            StoreError, DeliveryError: it could not be.
        """
        known = self._adopted.get(run_id)
        if known is not None:
            self.flush(known)
            return run_id
        if not self.has(run_id):
            return run_id
        found = self.cursor(run_id)
        if found.is_done and found.mlflow_run_id and run_id not in self._open:
            self.learn(run_id, found.mlflow_run_id)
            return found.mlflow_run_id
        return self.flush(run_id)

    def learn(self, run_id: str, real_id: str) -> None:
        """Remember what a run is called in MLflow; this process goes on calling it by its id here."""
        if real_id and self.has(run_id):
            self._real[run_id], self._ours[real_id] = real_id, run_id

    def our_id(self, real_id: str) -> str:
        """The id by which this process knows a run of MLflow's."""
        return self._ours.get(real_id, real_id)

    def _attached(self, run_id: str) -> TrackedRun:
        for run in (current(), *foreground()):
            if run is not None and run.run_id == run_id:
                return run
        view = fold(self.home, run_id, metrics=False)
        found = attach(self.home, run_id, view.start if view else None)
        if found is None:
            raise JournalError(f"The journal of run {run_id} cannot be read.", mend="Run nbtrack doctor.")
        found.uri, found.is_ended = self.uri, view is not None and view.state.is_end
        return found

    def _start(self, run_id: str) -> RunStart | None:
        try:
            return start_of(event for event, _ in read_events(self.home.run(run_id) / EVENTS))
        except NbtrackError:
            return None

    def _mine(self) -> list[str]:
        """Runs that this process began in any way, such as tracked cells."""
        name = owner(self.home).name
        try:
            since_s = float(str(OwnerView(self.home.owner(name)).facts().get("since_ns", 0))) / 1e9
        except (OSError, ValueError):
            since_s = 0.0
        found = []
        for run_id in self.home.run_ids():
            if run_id in self._elsewhere or not RUN_ID.fullmatch(run_id):
                continue
            try:
                written_s = os.stat(f"{self.home.root}/runs/{run_id}/{EVENTS}").st_mtime  # noqa: PTH116 - there may be ten thousand
            except OSError:
                continue
            if written_s < since_s - 1:
                continue
            start = self._start(run_id)
            if start is None:
                continue
            if start.owner == name and start.store == self.store:
                found.append(run_id)
            else:
                self._elsewhere.add(run_id)
        return found


def _settle(writer: RunWriter) -> None:
    with contextlib.suppress(OSError, NbtrackError, ValueError):
        writer.sync()
    writer.close()


def absolute(uri: str) -> str:
    """The real store's URI, absolute from the working directory of now."""
    return courier.absolute_uri(uri, Path.cwd())
