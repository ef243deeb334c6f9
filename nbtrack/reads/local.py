"""The runs of the journal, each folded once as long as nothing is added to it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import zlib
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path

from nbtrack.entities import RunView
from nbtrack.errors import FormatError
from nbtrack.journal import Home, fold
from nbtrack.journal.points import read_bytes, segments, writer_of
from nbtrack.journal.writer import EVENTS

_WATCHED_NS = 600_000_000_000
"""A worker of an ended run may write points to it for a while. They go through a memory map, which changes no file's size, and not always its time."""
_LOOK_NS = 10_000_000
"""How long one listing looks for such points: of a few runs it sees them at once, of thousands that ended just now after some listings."""
_KEPT = 20_000
_TICK_NS = 100_000_000
"""A folder's time is only so exact: what it holds is remembered once it has not changed for this long."""
_PATIENCE_S = 1.0
_Mark = tuple[int, int, int]
_lock = threading.RLock()
_first = threading.Lock()
_nobody_waits = threading.Event()
_nobody_waits.set()
"""Not set while somebody reads the newest runs: two threads that read thousands of files take the interpreter from each other at each of them."""
_known: dict[tuple[str, str], _Known] = {}
_names: dict[str, tuple[int, list[str]]] = {}
_read: set[str] = set()
"""State directories of which all runs were read once, points and all."""


class _Known:
    """A run that ended, as it was folded."""

    __slots__ = ("ended_ns", "is_watched", "looked_ns", "mark", "points", "view")

    def __init__(self, mark: _Mark, view: RunView, points: tuple[int, ...], now_ns: int) -> None:
        self.mark, self.view, self.points = mark, view, points
        self.ended_ns, self.looked_ns = view.ended_ns or 0, now_ns
        self.is_watched = now_ns - self.ended_ns <= _WATCHED_NS


def local_runs(home: Home, *, metrics: bool = True, is_told: bool = False) -> list[RunView]:
    """All runs of the journal, in no order. One that ended is read again when its files change.

    Args:
        metrics: False leaves points unread, unless they are known.
        is_told: somebody says with `forget` which runs change, so the files of those that ended are not looked at: for ten thousand that takes
            longer than all the rest. Late points are seen all the same.
    """
    with _lock:  # who asks while all runs are read for the first time has them with the first one
        return _local_runs(home, metrics, is_told)


def newest_runs(home: Home, within_s: float, least: int, most: int) -> tuple[list[RunView], int]:
    """The newest runs that are in no trash, newest first, and how many others there are.

    Something to show while `local_runs` reads ten thousand, or looks at their files: this waits for neither. Where not all were read before, these are
    the runs that were written to last.

    Args:
        within_s: how long it reads where not all were read before.
        least: runs that are read in any case.
        most: that are given.
    """
    with _first:
        _nobody_waits.clear()
        try:
            return _newest_known(home, most) if is_read(home) else _written_last(home, within_s, least, most)
        finally:
            _nobody_waits.set()


def give_way() -> None:
    """Wait while somebody reads the newest runs; for whoever goes through the files of all."""
    if not _nobody_waits.is_set():
        _nobody_waits.wait(_PATIENCE_S)


def _newest_known(home: Home, most: int) -> tuple[list[RunView], int]:
    known = _newest_first(_local_runs(home, True, True))
    found = [local_run(home, view.run_id, is_listed=True) for view in known[:most]]
    return [view for view in found if view is not None and not view.is_trashed], max(0, len(known) - most)


def _written_last(home: Home, within_s: float, least: int, most: int) -> tuple[list[RunView], int]:
    folders: list[tuple[int, str]] = []
    for run_id in home.run_ids():
        with contextlib.suppress(OSError):
            folders.append((os.stat(f"{home.root}/runs/{run_id}").st_mtime_ns, run_id))  # noqa: PTH116 - of ten thousand runs
    folders.sort(reverse=True)
    views = []
    until = time.monotonic() + within_s
    number = 0
    for number, (_, run_id) in enumerate(folders, 1):
        if (view := local_run(home, run_id, is_listed=True)) is not None:
            views.append(view)
        if number >= most or (number >= least and time.monotonic() > until):
            break
    return _newest_first(views), len(folders) - number


def is_read(home: Home) -> bool:
    """Whether all runs were read once."""
    return str(home.root) in _read


def _newest_first(views: Iterable[RunView]) -> list[RunView]:
    return sorted((view for view in views if not view.is_trashed), key=attrgetter("start.started_ns"), reverse=True)


def forget(home: Home, run_ids: Iterable[str]) -> None:
    """Read these runs again with the next listing."""
    for run_id in run_ids:
        _known.pop((str(home.root), run_id), None)


def _local_runs(home: Home, metrics: bool, is_told: bool) -> list[RunView]:
    found: list[RunView] = []
    watched: list[tuple[int, str, int]] = []
    root = str(home.root)
    for run_id in known_ids(home) if is_told else home.run_ids():
        if not is_told:
            give_way()
        known = _known.get((root, run_id)) if is_told else None
        if known is None:
            view = local_run(home, run_id, metrics=metrics, is_listed=True)
            if view is None:
                continue
            known = _known.get((root, run_id))
        else:
            view = known.view
        if known is not None and known.is_watched:
            watched.append((known.looked_ns, run_id, len(found)))
        found.append(view)
    if metrics and watched:
        until_ns = time.monotonic_ns() + _LOOK_NS
        for _, run_id, at in sorted(watched):  # the one that was not looked at for longest goes first
            found[at] = _looked(home, run_id) or found[at]
            if time.monotonic_ns() > until_ns:
                break
    if metrics:
        _read.add(root)
    return found


def known_ids(home: Home) -> list[str]:
    """The same as `run_ids`, read again when the folder changed."""
    folder = f"{home.root}/runs"
    try:
        mark = os.stat(folder).st_mtime_ns  # noqa: PTH116 - a listing is asked for often
    except OSError:
        return []
    known = _names.get(folder)
    if known is None or known[0] != mark:
        is_old = time.time_ns() - mark > _TICK_NS
        known = mark if is_old else 0, list(home.run_ids())
        _names[folder] = known
    return known[1]


def local_run(home: Home, run_id: str, *, metrics: bool = True, is_listed: bool = False) -> RunView | None:
    """A run of the journal by its id.

    Args:
        metrics: False leaves its points unread, unless they are known.
        is_listed: among many others, so late points may be seen later.
    """
    folder = f"{home.root}/runs/{run_id}"
    try:
        events, inside = os.stat(f"{folder}/{EVENTS}"), os.stat(folder)  # noqa: PTH116 - twice for each of ten thousand runs
    except OSError:
        return None
    key, mark = (str(home.root), run_id), (events.st_size, events.st_mtime_ns, inside.st_mtime_ns)
    known = _known.get(key)
    if known is not None and known.mark == mark:
        return known.view if is_listed or not known.is_watched else _looked(home, run_id)
    # Before they are folded: what comes meanwhile is then seen with the next look. An end that was written long ago has nothing more to come
    points = points_mark(Path(folder)) if metrics and time.time_ns() - events.st_mtime_ns < 2 * _WATCHED_NS else ()
    try:
        view = fold(home, run_id, metrics=metrics)
    except FormatError:
        return None  # written by a newer release; the others are still shown
    if view is not None and metrics and view.ended_ns is not None and (known is not None or len(_known) < _KEPT):
        _known[key] = _Known(mark, view, points, time.time_ns())
    return view


def _looked(home: Home, run_id: str) -> RunView | None:
    """A run that ended a short time ago, folded again if points came since."""
    known = _known[str(home.root), run_id]
    points = points_mark(home.run(run_id))
    if points != known.points:
        known.view, known.points = fold(home, run_id) or known.view, points
    known.looked_ns = time.time_ns()
    known.is_watched = known.looked_ns - known.ended_ns <= _WATCHED_NS
    return known.view


def points_mark(folder: Path) -> tuple[int, ...]:
    """What tells that points were added: checksums of what each writer writes at last."""
    last = {writer_of(it): it for it in segments(folder)}
    try:
        return tuple(zlib.crc32(read_bytes(it)) for it in last.values())
    except (OSError, FormatError):
        return ()
