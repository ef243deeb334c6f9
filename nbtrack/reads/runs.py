"""One view of runs, of this machine's journal and of the store's past: all that match, or the one that a word means."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from nbtrack import courier
from nbtrack.entities import RunView
from nbtrack.errors import UnknownRunError
from nbtrack.journal import Home, fold
from nbtrack.reads.fresh import in_force
from nbtrack.reads.local import local_run, local_runs
from nbtrack.reads.past import Past, past

REPRODUCES_TAG = "nbtrack.reproduces"
"""On a run that reproduces another: the other's id. It is nobody's last run."""
_ID_LETTERS = 32
_many: dict[tuple[str, str], tuple[tuple[Any, ...], list[RunView]]] = {}


def all_runs(home: Home, query: str = "", *, with_trash: bool = False, metrics: bool = True, store: str | None = None, is_told: bool = False) -> list[RunView]:
    """Runs that match, newest first: all of the journal, and those that a store alone has.

    Args:
        query: in the query language, see `reads/query.py`; empty means all.
        with_trash: include runs in the trash.
        metrics: False leaves points unread; a query on metrics then finds nothing.
        store: masked URI of the store; None means the one in force.
        is_told: as of `local_runs`.

    Raises:
        QueryError: the query cannot be read.
    """
    from nbtrack.reads.query import parse  # loaded with the first list of runs: %load_ext is felt
    from nbtrack.reads.terms import facts_of

    asked = parse(query)
    views = _everywhere(home, metrics, store, is_told)
    found = [view for view in views if (with_trash or not view.is_trashed) and (not query or asked.holds(facts_of(view)))]
    return sorted(found, key=attrgetter("start.started_ns"), reverse=True)


def find(home: Home, word: str = "last", *, store: str | None = None) -> RunView:
    """The one run that a word means: `last`, an id or the first letters of it (nbtrack's or MLflow's), a name (its last attempt), `name#2`.

    A run of the journal goes before one that only a store has, and one of the store in force before those of others, as two projects may
    use the same names; `last` is this machine's last one, if it has any.

    Args:
        store: masked URI of the store that is looked into, before all others known here; None means the one in force.

    Raises:
        UnknownRunError: there is none, or there are several; names the nearest.
    """
    if len(word) == _ID_LETTERS and (known := local_run(home, word)) is not None:
        return known
    local = _newest(local_runs(home, metrics=False))
    if word == "last":
        chosen = [view for view in local if not view.is_trashed and REPRODUCES_TAG not in view.tags][:1] or _last_of_store(home, store)
    else:
        here = in_force() if store is None else store
        chosen = _meant([view for view in local if view.start.store == here], word) or _meant(local, word)
        chosen = chosen or _meant(_of_stores(home, word, store, {view.run_id for view in local}), word)
    if len(chosen) == 1:
        view = chosen[0] if not chosen[0].is_local else fold(home, chosen[0].run_id)
        if view is not None:
            return view
    if chosen:
        ids = ", ".join(view.run_id[:12] for view in chosen[:5])
        raise UnknownRunError(word, f"{len(chosen)} runs begin with {word!r}.", mend=f"Give more of the id: {ids}.")
    import difflib

    close = difflib.get_close_matches(word, [view.name for view in local], n=1)
    mend = f"Did you mean {close[0]!r}?" if close else "`%track runs` or `nbtrack runs` lists them."
    raise UnknownRunError(word, f"No run answers to {word!r}" + ("." if local else "; there is no run yet."), mend=mend)


def mlflow_ids_of(views: Iterable[RunView]) -> set[str]:
    """MLflow's ids of runs that the journal tells whole: not of those that MLflow made, and of which the journal has what one process wrote."""
    return {view.mlflow_run_id for view in views if view.mlflow_run_id and not view.start.mlflow_run_id}


def _everywhere(home: Home, metrics: bool, store: str | None, is_told: bool) -> list[RunView]:
    local = local_runs(home, metrics=metrics, is_told=is_told)
    with past(home, in_force() if store is None else store) as index:
        if index is None:
            return local
        ours, theirs = {view.run_id for view in local}, mlflow_ids_of(local)
        rows = [row for row in index.rows() if row["id"] not in ours and row["mlflow_run_id"] not in theirs]
        stored = {row["mlflow_run_id"] for row in rows}
        return [*(view for view in local if view.start.mlflow_run_id not in stored), *_views(home, index, rows, metrics)]


def _views(home: Home, index: Past, rows: list[dict[str, Any]], metrics: bool) -> list[RunView]:
    """The rows in full: the very same objects as before, unless something changed in the index."""
    if not metrics:
        return index.views(rows, metrics=False)
    key, state = (str(home.root), index.store), (index.generation, index.acts, [row["no"] for row in rows])
    known = _many.get(key)
    if known is None or known[0] != state:
        with _uncollected():
            known = _many[key] = state, index.views(rows)
    return known[1]


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector for a moment: all of a hundred thousand objects stay, and it would look at each of them several times."""
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_on:
            gc.enable()


def _last_of_store(home: Home, store: str | None) -> list[RunView]:
    with past(home, in_force() if store is None else store) as index:
        return [] if index is None else index.views([row for row in index.rows() if not row["is_trashed"]][:1])


def _of_stores(home: Home, word: str, store: str | None, ours: set[str]) -> list[RunView]:
    """What a word may mean of the store, else of the others known here."""
    first = in_force() if store is None else store
    for name in (first, *(it for it in courier.known_stores(home) if it != first)):
        with past(home, name) as index:
            found = [] if index is None else index.views([row for row in index.named(word) if row["id"] not in ours])
        if _meant(found, word):
            return found
    return []


def _meant(views: Sequence[RunView], word: str) -> list[RunView]:
    """The last run of a name, else all whose id begins with the word."""
    name, _, attempt = word.partition("#")
    named = [view for view in views if view.name == name and (not attempt or str(view.start.attempt) == attempt)]
    named = named or [view for view in views if view.name == word]
    return named[:1] or [view for view in views if len(word) >= 4 and (view.run_id.startswith(word) or view.mlflow_run_id.startswith(word))]


def _newest(views: Iterable[RunView]) -> list[RunView]:
    return sorted(views, key=lambda view: view.start.started_ns, reverse=True)
