"""Ending the runs of processes that are gone."""

from __future__ import annotations

from nbtrack.entities import Kind, State
from nbtrack.journal.fold import fold, points_of
from nbtrack.journal.location import Home
from nbtrack.journal.owner import is_alive, why_gone
from nbtrack.journal.writer import RunWriter


def reap(home: Home, run_id: str) -> bool:
    """End the run as KILLED if its owner no longer lives; its end is the last thing the owner wrote. Says whether it did."""
    view = fold(home, run_id, metrics=False)
    if view is None or view.state.is_end or is_alive(home, view.start.owner):
        return False
    view = fold(home, run_id, metrics=False)  # the owner may have ended the run just before it went
    if view is None or view.state.is_end:
        return False
    last = max((event_ns for event_ns in (_last_event(home, run_id), *(time_ns for _, _, time_ns, _ in points_of(home, run_id)))), default=0)
    writer = RunWriter(home, run_id)
    try:
        writer.event(Kind.END, timestamp_ns=last, state=State.KILLED, reason=why_gone(home, view.start.owner))
    finally:
        writer.close()
    return True


def _last_event(home: Home, run_id: str) -> int:
    from nbtrack.journal.fold import events_of

    return max((event.timestamp_ns for event in events_of(home, run_id)), default=0)
