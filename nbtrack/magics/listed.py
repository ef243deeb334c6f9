"""The list of runs, as the magic, the command and the API give it: brought up to date, filtered, and with what should be known of it."""

from __future__ import annotations

from collections.abc import Sequence

from nbtrack import settings
from nbtrack.journal import Home
from nbtrack.magics.table import RunTable
from nbtrack.reads import all_runs


def listed(home: Home, query: str = "", columns: Sequence[str] = (), *, with_trash: bool = False, all_columns: bool = False, full: bool = False) -> RunTable:
    """Runs that match, newest first.

    Args:
        columns: params, metrics and tags to show in place of those that are chosen.
        full: read all runs of the store again.

    Raises:
        QueryError: the query cannot be read.
        UsageError: no run has what `columns` names.
    """
    from nbtrack.reads.fresh import refresh_first, told  # with the first list: %load_ext is felt
    from nbtrack.reads.unmatched import unmatched

    fresh = refresh_first(home, settings.load(), full=full)
    views = all_runs(home, query, with_trash=with_trash)
    why = unmatched(home, query, views, with_trash=with_trash)
    problem = None if views else home.problem()
    if problem is not None:
        return RunTable([], str(problem), nothing="No runs can be read.")
    note = " ".join(text for text in (why if views else "", told(fresh)) if text)
    return RunTable(views, note, columns, is_all=all_columns, nothing=why or "No runs.")
