"""What the routes answer, from what nbtrack reads; all of it may take a while, so it is done in threads."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path

from nbtrack.charts.frame import chosen_metric, frame
from nbtrack.charts.shapes import Runs
from nbtrack.entities import RunView
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import all_runs

SCOPES = ("notebook", "experiment", "all")


def runs(home: Home, notebook: Path | None, cells: Collection[str], query: str, scope: str) -> Runs:
    """Runs for the panel and the cells' badges.

    Args:
        notebook: the notebook that is looked at.
        cells: ids of its cells as it stands: by them a notebook that was renamed has its runs still.
        scope: of this notebook, of the experiments that its runs are in, or all.

    Raises:
        QueryError: the query cannot be read.
        UsageError: there is no such scope.
    """
    if scope not in SCOPES:
        raise UsageError(f"There is no scope {scope!r}.", mend=f"Ask for one of {', '.join(SCOPES)}.")
    found = all_runs(home, query)
    if scope != "all":
        own = [view for view in (found if not query else all_runs(home)) if notebook is not None and is_of(view, notebook, cells)]
        ids, experiments = {view.run_id for view in own}, {view.start.experiment for view in own}
        found = [view for view in found if (view.run_id in ids if scope == "notebook" else view.start.experiment in experiments)]
    return frame(found, as_of_ms=time.time_ns() // 1_000_000, metric=chosen_metric(found))


def is_of(view: RunView, notebook: Path, cells: Collection[str]) -> bool:
    """Whether the run came from this notebook: by its path, or, where the file of the run's path is gone (renamed, moved), by its cell."""
    told = view.tags.get("nbtrack.notebook", "")
    if not told:
        return False
    return Path(told) == notebook or (view.tags.get("nbtrack.cell_id", "") in cells and not Path(told).exists())
