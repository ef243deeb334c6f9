"""Runs of this machine's journal: all that match, or the one that a word means."""

from __future__ import annotations

from nbtrack.entities import RunView
from nbtrack.errors import FormatError, UnknownRunError
from nbtrack.journal import Home, fold

REPRODUCES_TAG = "nbtrack.reproduces"
"""On a run that reproduces another: the other's id. It is nobody's last run."""


def all_runs(home: Home, query: str = "", *, with_trash: bool = False, metrics: bool = True) -> list[RunView]:
    """Runs that match, newest first.

    Args:
        query: in the query language, see `reads/query.py`; empty means all.
        with_trash: include runs in the trash.
        metrics: False leaves points unread; a query on metrics then finds nothing.

    Raises:
        QueryError: the query cannot be read.
    """
    from nbtrack.reads.query import facts_of, parse  # loaded with the first list of runs: %load_ext is felt

    asked = parse(query)
    views = (_folded(home, run_id, metrics) for run_id in home.run_ids())
    found = [view for view in views if view is not None and (with_trash or not view.is_trashed) and (not query or asked.holds(facts_of(view)))]
    return sorted(found, key=lambda view: view.start.started_ns, reverse=True)


def find(home: Home, word: str = "last") -> RunView:
    """The one run that a word means: `last`, an id or the first letters of it (nbtrack's or MLflow's), a name (its last attempt), `name#2`.

    Raises:
        UnknownRunError: there is none, or there are several; names the nearest.
    """
    views = all_runs(home, with_trash=True, metrics=False)
    if word == "last":
        chosen = [view for view in views if not view.is_trashed and REPRODUCES_TAG not in view.tags][:1]
    else:
        name, _, attempt = word.partition("#")
        chosen = [view for view in views if view.name == name and (not attempt or str(view.start.attempt) == attempt)][:1] or [
            view for view in views if len(word) >= 4 and (view.run_id.startswith(word) or view.mlflow_run_id.startswith(word))
        ]
    if len(chosen) == 1:
        full = fold(home, chosen[0].run_id)
        if full is not None:
            return full
    if chosen:
        ids = ", ".join(view.run_id[:12] for view in chosen[:5])
        raise UnknownRunError(word, f"{len(chosen)} runs begin with {word!r}.", mend=f"Give more of the id: {ids}.")
    import difflib

    close = difflib.get_close_matches(word, [view.name for view in views], n=1)
    mend = f"Did you mean {close[0]!r}?" if close else "`%track runs` or `nbtrack runs` lists them."
    raise UnknownRunError(word, f"No run answers to {word!r}" + ("." if views else "; there is no run yet."), mend=mend)


def _folded(home: Home, run_id: str, metrics: bool) -> RunView | None:
    try:
        return fold(home, run_id, metrics=metrics)
    except FormatError:
        return None  # written by a newer release; the others are still shown
