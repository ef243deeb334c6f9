"""The newest runs alone: something to show at once, while ten thousand are read."""

from __future__ import annotations

from operator import attrgetter

from nbtrack.entities import RunView
from nbtrack.journal import Home
from nbtrack.reads.fresh import in_force
from nbtrack.reads.local import known_ids, newest_runs
from nbtrack.reads.past import past
from nbtrack.reads.runs import mlflow_ids_of


def newest(home: Home, most: int, within_s: float, least: int = 50) -> tuple[list[RunView], int]:
    """The newest runs of journal and store that are in no trash, newest first, and about how many others there are.

    Args:
        most: runs that are given.
        within_s: how long runs of the journal are read that nobody read before.
        least: of those, the ones that are read in any case.
    """
    local, others = newest_runs(home, within_s, least, most)
    with past(home, in_force()) as index:
        if index is None:
            return local, others
        ours, theirs = {*known_ids(home)}, mlflow_ids_of(local)
        rows = [row for row in index.rows() if not row["is_trashed"] and row["id"] not in ours and row["mlflow_run_id"] not in theirs]
        stored = index.views(rows[:most])
    told = {row["mlflow_run_id"] for row in rows}
    found = sorted([*(view for view in local if view.start.mlflow_run_id not in told), *stored], key=attrgetter("start.started_ns"), reverse=True)
    return found[:most], others + max(0, len(rows) - most) + max(0, len(found) - most)
