"""Ending the runs of processes that are gone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from nbtrack.entities import Kind, RunView, State
from nbtrack.errors import JournalError
from nbtrack.journal.executed import EXECUTED, join_of
from nbtrack.journal.fold import events_of, fold
from nbtrack.journal.location import Home
from nbtrack.journal.owner import is_alive, noted_end, why_gone
from nbtrack.journal.points import last_time_ns
from nbtrack.journal.writer import RunWriter


def _snapshot(home: Home, writer: RunWriter, view: RunView, last_ns: int) -> None:
    """What the owner had executed by its end, unless the run has it already."""
    if any(it.path == EXECUTED for it in view.artifacts):
        return
    with contextlib.suppress(OSError, JournalError, KeyError):  # the run ends all the same
        found = join_of(home, view.start.owner, view.run_id)
        if found is not None:
            writer.event(Kind.ARTIFACT, timestamp_ns=last_ns, path=EXECUTED, blob=found[0], size_bytes=found[1])


def reap(home: Home, run_id: str, judge: Callable[[Home, RunWriter, RunView, int], None] = lambda *_: None) -> bool:
    """End the run as KILLED if its owner no longer lives, or as it noted; its end is the last thing the owner wrote. Says whether it did.

    The end names the owner it is about: if another process resumes the run at this moment, folding passes it over.

    Args:
        judge: adds what can still be said of the run, at the time that is given; what it raises keeps no run from its end.
    """
    view = fold(home, run_id, metrics=False)
    if view is None or view.state.is_end or is_alive(home, view.start.owner):
        return False
    view = fold(home, run_id, metrics=False)  # the owner may have ended the run just before it went
    if view is None or view.state.is_end:
        return False
    owner = view.start.owner
    last = max(last_time_ns(home.run(run_id)), *(event.timestamp_ns for event in events_of(home, run_id) if event.kind != Kind.TRASH))
    last = min(last, time.time_ns())  # points may be given times to come
    writer = RunWriter(home, run_id)
    try:
        _snapshot(home, writer, view, last)
        with contextlib.suppress(Exception):
            judge(home, writer, fold(home, run_id, metrics=False) or view, last)
        state, reason = State.KILLED, why_gone(home, owner)
        if (noted := noted_end(home, owner, run_id)) is not None and noted[0] in set(State):
            state, last = State(noted[0]), noted[1]
            reason = "" if state is State.FINISHED else "it ended while its journal could not be written"
        writer.event(Kind.END, timestamp_ns=last, state=state, reason=reason, owner=owner)
    finally:
        writer.close()
    return True
