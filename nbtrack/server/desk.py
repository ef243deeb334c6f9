"""What the routes answer, from what nbtrack reads; all of it may take a while, so it is done in threads."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from nbtrack import settings
from nbtrack.charts.compare import Comparison, compare
from nbtrack.charts.frame import sendable
from nbtrack.entities import RunView
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import all_runs, find, fresh, words
from nbtrack.reads.local import is_read
from nbtrack.reads.newest import newest
from nbtrack.replay.restore import KINDS
from nbtrack.replay.restore import notebook as write
from nbtrack.server.blocks import Columns

SCOPES = ("notebook", "experiment", "all")
ASKS = ("curves", "importance", "statistics", "difference", "figures", "details")
_FIRST_S = 0.1
"""How long the newest runs are read for a first look, while all are read beside it."""
_LEAST, _MOST = 50, 100
"""Runs that a first look has: more than a panel shows at once, and no more than it takes in at once."""
_SCOPES_KEPT = 16
_lock = threading.Lock()
_comparisons: dict[Path, Comparison] = {}
_columns: dict[tuple[Path, str, str, bool], Columns] = {}
"""The last answer for each scope, of one notebook or of all."""


def runs(home: Home, notebook: Path | None, cells: Collection[str], query: str, scope: str, *, is_told: bool = False, is_first: bool = False) -> bytes:
    """The JSON of `charts.shapes.Runs`, for the panel and the cells' badges.

    Args:
        notebook: the notebook that is looked at.
        cells: ids of its cells as it stands: by them a notebook that was renamed has its runs still.
        scope: of this notebook, of the experiments that its runs are in, or all.
        is_told: whether somebody says with `reads.local.forget` which runs change.
        is_first: the newest will do, of many and where not all were read since the server began; the answer then says how many `others` there are.

    Raises:
        QueryError: the query cannot be read.
        UsageError: there is no such scope.
    """
    if scope not in SCOPES:
        raise UsageError(f"There is no scope {scope!r}.", mend=f"Ask for one of {', '.join(SCOPES)}.")
    seen = fresh.refresh(home, settings.load())  # asks delivery, and does not wait: the next look shows it
    here = str(notebook) if notebook is not None else ""
    found, others = newest(home, _MOST, _FIRST_S, _LEAST) if is_first and not query and (scope == "all" or not is_read(home)) else ([], 0)
    if not others:
        found = all_runs(home, query, is_told=is_told)
    if scope != "all":
        own = [view for view in (all_runs(home, is_told=is_told) if query else found) if is_of(view, here, cells)]
        if scope == "experiment":
            experiments = {view.start.experiment for view in own}
            found = [view for view in found if view.start.experiment in experiments]
        else:
            ids = {view.run_id for view in own}
            found = [view for view in found if view.run_id in ids] if query else own
    if is_first and len(found) > _MOST:
        found, others = found[:_MOST], others + len(found) - _MOST
    as_of_ms, stale = seen.as_of_ms or time.time_ns() // 1_000_000, sendable(words.clean(fresh.told(seen)))
    return _columns_of(home, scope, here, is_first).told(found, as_of_ms=as_of_ms, stale=stale, others=others)


def is_of(view: RunView, notebook: str, cells: Collection[str]) -> bool:
    """Whether the run came from this notebook: by its path, or, where the file of the run's path is gone (renamed, moved), by its cell."""
    told = view.tags.get("nbtrack.notebook", "")
    return bool(told and notebook) and (told == notebook or (view.tags.get("nbtrack.cell_id", "") in cells and not os.path.exists(told)))  # noqa: PTH110 - of 10,000 runs


def _columns_of(home: Home, scope: str, notebook: str, is_first: bool) -> Columns:
    key = (home.root, scope, "" if scope == "all" else notebook, is_first)
    with _lock:
        found = _columns.pop(key, None) or Columns()
        _columns[key] = found
        while len(_columns) > _SCOPES_KEPT:
            del _columns[next(iter(_columns))]  # the one that was not asked for longest
    return found


def ask(home: Home, question: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of `charts`, which says what is wrong in `error` where it cannot be given.

    Raises:
        UsageError: nothing of that name can be asked.
    """
    if question.get("ask") not in ASKS:
        raise UsageError(f"Nothing called {question.get('ask')!r} can be asked.", mend=f"Ask for one of {', '.join(ASKS)}.")
    return _comparison(home).answer(question)


def act(home: Home, question: Mapping[str, Any]) -> dict[str, Any]:
    """Rename, tag, note, trash or restore runs."""
    return _comparison(home).answer({**question, "ask": "act"})


def restore(home: Home, root: Path, question: Mapping[str, Any]) -> dict[str, str]:
    """Write a notebook of the run beside the one it came from, or in the server's root where that lies outside of it.

    Raises:
        UnknownRunError: there is no such run.
        UsageError: it keeps no such notebook.
    """
    view = find(home, str(question.get("run") or ""))
    what = str(question.get("what") or "")
    if what not in ("", *KINDS):
        raise UsageError(f"No {what!r} can be opened.", mend=f"It is one of {', '.join(KINDS)}.")
    beside = Path(view.tags.get("nbtrack.notebook", "")).parent
    is_inside = beside.is_dir() and beside.resolve().is_relative_to(root.resolve())
    written = write(home, view, what, to=str(beside if is_inside else root) + os.sep)
    return {"path": written.path.resolve().relative_to(root.resolve()).as_posix()}


def _comparison(home: Home) -> Comparison:
    """One for the server: it remembers the curves it has read."""
    with _lock:
        if home.root not in _comparisons:
            _comparisons[home.root] = compare(home)
        return _comparisons[home.root]
