"""Which run this code writes to: that of its context, else of this process's foreground, else of the process that started it."""

from __future__ import annotations

import os
import threading
from contextvars import ContextVar
from pathlib import Path

from nbtrack.capture.run import TrackedRun
from nbtrack.entities import RunStart
from nbtrack.journal import Home, RunWriter, fold
from nbtrack.journal.owner import ENV, Owner, OwnerView

context: ContextVar[TrackedRun | None] = ContextVar("nbtrack_run", default=None)
"""The run of a cell, of a `with nbtrack.track()` and of the asyncio tasks they start."""
_foreground: list[TrackedRun] = []
_lock = threading.Lock()
_owners: dict[tuple[str, int], Owner] = {}
_starter: dict[int, str | None] = {}
"""Of a process that owns runs: what its environment said before, of the process that started it."""
_above: dict[str, OwnerView] = {}
_attached: dict[str, TrackedRun] = {}


def current() -> TrackedRun | None:
    """The run that code running here and now writes to; None outside runs."""
    run = context.get()
    if run is not None:
        return run
    if _foreground:
        return _foreground[-1]
    return _run_of_starter() if ENV in os.environ else None


def owner(home: Home) -> Owner:
    """This process as owner of runs; made once."""
    key = (str(home.root), os.getpid())
    with _lock:
        if key not in _owners:
            _owners[key] = Owner(home)
        name = str(home.owner(_owners[key].name))
        if os.environ.get(ENV) != name:
            _starter.setdefault(os.getpid(), os.environ.get(ENV))
            os.environ[ENV] = name
        return _owners[key]


def forget_owner() -> None:
    """Take what `owner` told child processes out of the environment again, where no run is open."""
    if not _foreground and os.getpid() in _starter:
        before = _starter.pop(os.getpid())
        os.environ.pop(ENV, None)
        if before is not None:
            os.environ[ENV] = before


def enter(run: TrackedRun) -> None:
    """Make `run` the foreground of this process."""
    _foreground.append(run)
    owner(run.home).show(run.run_id)


def leave(run: TrackedRun) -> None:
    """Take `run` from the foreground; the one below it, if any, is back."""
    if run in _foreground:
        _foreground.remove(run)
    owner(run.home).show(_foreground[-1].run_id if _foreground else "")


def foreground() -> tuple[TrackedRun, ...]:
    """Runs of this process's foreground, the innermost last."""
    return tuple(_foreground)


def attach(home: Home, run_id: str, start: RunStart | None = None) -> TrackedRun | None:
    """A run that is in the journal already, for writing; None where there is none."""
    if start is None:
        view = fold(home, run_id, metrics=False)
        if view is None:
            return None
        start = view.start
    return TrackedRun(home, start, RunWriter(home, run_id))


def _run_of_starter() -> TrackedRun | None:
    path = os.environ[ENV]
    folder, _, name = path.rpartition(os.sep)
    if name.partition("-")[0] == str(os.getpid()):
        return None
    try:
        if path not in _above:
            _above[path] = OwnerView(Path(path))
        run_id = _above[path].current_run()
        if not run_id:
            return None
        if run_id not in _attached:
            found = attach(Home(Path(folder).parent), run_id)
            if found is None:
                return None
            _attached[run_id] = found
        return _attached[run_id]
    except OSError:
        return None
