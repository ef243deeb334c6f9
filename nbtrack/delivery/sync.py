"""Delivery in the foreground: what `nbtrack sync` does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nbtrack import courier
from nbtrack.courier import acts
from nbtrack.courier.channel import Place, write_private
from nbtrack.courier.uris import absolute_uri, mask_uri
from nbtrack.delivery.indexer import Indexer
from nbtrack.delivery.login import Login
from nbtrack.delivery.loop import Loop
from nbtrack.delivery.process import take_lock
from nbtrack.entities import Kind, RunStart
from nbtrack.errors import DeliveryError, JournalError, LoginError, NbtrackError, StoreUnreachableError
from nbtrack.journal import cursor as cursors
from nbtrack.journal.fold import fold, start_of
from nbtrack.journal.lines import read_events
from nbtrack.journal.location import Home
from nbtrack.journal.points import RECORD_BYTES, read_bytes, segments
from nbtrack.journal.writer import EVENTS, RunWriter
from nbtrack.notebooks.dead import reap
from nbtrack.secrets.policy import ALLOW_TAG, allow_text
from nbtrack.settings import Settings
from nbtrack.store.client import be_quick


@dataclass
class SyncReport:
    """What became of the journals."""

    delivered: list[str] = field(default_factory=list)
    """Runs that are in MLflow as far as their journal goes."""
    waiting: list[str] = field(default_factory=list)
    """Runs that are not."""
    problems: dict[str, NbtrackError] = field(default_factory=dict)
    """Why, by store."""


def sync(home: Home, settings: Settings, *, wait: bool = False, watch: bool = False, on_progress: Callable[[SyncReport], None] = lambda _: None) -> SyncReport:
    """Deliver all journals here and now; a store whose delivery process lives is asked to do so.

    Args:
        wait: try again until everything is delivered.
        watch: go on for ever, until interrupted.
        on_progress: called after every round over all stores.
    """
    be_quick()
    desks: dict[str, _Foreground] = {}
    try:
        while True:
            report = SyncReport()
            runs = _waiting(home)
            for store in sorted({*runs, *(it for it in courier.known_stores(home) if acts.waiting(Place.of(home, it)))}):
                desk = desks.setdefault(store, _Foreground(home, store, settings))
                desk.deliver(runs.get(store, []), report)
                desk.change(report)
            on_progress(report)
            if not watch and not (wait and report.waiting):
                return report
            time.sleep(min(settings.poll_s, 5.0) if not report.problems else min(settings.retry_s, 2.0))
    finally:
        for desk in desks.values():
            desk.close()


def allow_secrets(home: Home, words: Sequence[str]) -> None:
    """Let these values and kinds of secrets pass in every run that is not fully delivered."""
    for run_ids in _waiting(home).values():
        for run_id in run_ids:
            view = fold(home, run_id, metrics=False)
            if view is None:
                continue
            writer = RunWriter(home, run_id)
            writer.event(Kind.TAG, name=ALLOW_TAG, value=allow_text(words, view.tags.get(ALLOW_TAG, "")))
            writer.close()


def left_of(home: Home) -> tuple[int, int]:
    """How many runs are not fully delivered, and how many of their points, as far as the sizes of files tell."""
    run_ids = [run_id for them in _waiting(home).values() for run_id in them]
    points = 0
    for run_id in run_ids:
        cursor = cursors.load(home, run_id)
        for path in segments(home.run(run_id)):
            try:
                points += len(read_bytes(path, max(1, cursor.slots.get(path.name, 0)))) // RECORD_BYTES
            except (OSError, JournalError):  # gone meanwhile, or of a later release
                continue
    return len(run_ids), points


class _Foreground:
    """One store, delivered to by whoever may: its process if one lives, else we."""

    def __init__(self, home: Home, store: str, settings: Settings) -> None:
        self._home, self._store, self._settings = home, store, settings
        self._place = Place.of(home, store)
        self._lock: int | None = None
        self._loop: Loop | None = None
        self._login: Login

    def deliver(self, run_ids: list[str], report: SyncReport) -> None:
        for at, run_id in enumerate(run_ids):
            try:
                self._one(run_id)
                report.delivered.append(run_id)
            except (StoreUnreachableError, LoginError) as error:  # the others would wait for the same
                report.waiting.extend(run_ids[at:])
                report.problems[self._store] = error
                return
            except NbtrackError as error:
                report.waiting.append(run_id)
                report.problems[self._store] = error

    def change(self, report: SyncReport) -> None:
        """Change runs that the store alone has, as was asked for."""
        asked = [act.mlflow_run_id for _, act in acts.waiting(self._place)]
        if not asked or self._store in report.problems:
            report.waiting.extend(asked)
            return
        try:
            if self._loop is None and self._place.is_alive():
                self._hello()
                courier.look(self._home, self._store)
                report.delivered.extend(asked)
                return
            if self._loop is None:
                self._take_over()
            Indexer(self._place, self._store, self._settings, self._login).act_here()
            report.delivered.extend(asked)
        except NbtrackError as error:
            report.waiting.extend(act.mlflow_run_id for _, act in acts.waiting(self._place))
            report.problems[self._store] = error

    def _one(self, run_id: str) -> None:
        reap(self._home, run_id)
        if self._loop is None and self._place.is_alive():
            self._hello()
            courier.flush(self._home, self._store, run_id, self._settings.flush_wait_s)
            return
        if self._loop is None:
            self._take_over()
        assert self._loop is not None
        self._loop.deliver_here(run_id)

    def _hello(self) -> None:
        """Tell the process our login, which it may lack."""
        for name in ("NBTRACK_TRACKING_URI", "MLFLOW_TRACKING_URI"):
            uri = absolute_uri(os.environ.get(name, ""), self._home.root)
            if uri and mask_uri(uri) == self._store:
                courier.announce(self._home, uri, self._settings)
                return

    def _take_over(self) -> None:
        self._lock = take_lock(self._place)
        if self._lock is None:
            raise DeliveryError(f"Another process delivers to {self._store} just now.", mend="Run nbtrack sync again.")
        write_private(self._place.uri, self._store.encode("utf-8", "surrogatepass"))
        self._login = Login(self._store, os.environ, self._settings.tracking_uri)
        self._loop = Loop(self._home, self._store, self._settings, self._login.connect)

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _waiting(home: Home) -> dict[str, list[str]]:
    """Runs that have something undelivered, or go on, by store; the oldest first."""
    found: dict[str, list[RunStart]] = {}
    for run_id in home.run_ids():
        path = home.run(run_id) / EVENTS
        cursor = cursors.load(home, run_id)
        if cursor.is_done and not any(read_events(path, cursor.events_bytes)):
            continue
        try:
            start = start_of(event for event, _ in read_events(path))
        except JournalError:
            continue
        if start is not None:
            found.setdefault(start.store, []).append(start)
    return {store: [start.run_id for start in sorted(starts, key=lambda start: start.started_ns)] for store, starts in found.items()}
