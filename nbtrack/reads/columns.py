"""All runs as columns, only those asked for: what tables and charts of ten thousand runs are made of."""

from __future__ import annotations

import functools
import itertools
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nbtrack.entities import RunView, direction_of
from nbtrack.journal import Home
from nbtrack.reads import words
from nbtrack.reads.fresh import Freshness, freshness, in_force
from nbtrack.reads.past import Past, past
from nbtrack.reads.runs import local_runs, mlflow_ids_of

if TYPE_CHECKING:  # loaded with the first column of numbers
    import numpy as np
    from numpy.typing import NDArray

INFO = (
    "name", "state", "started_ms", "ended_ms", "stamp", "experiment", "notebook", "cell", "attempt", "parent", "note", "is_trashed", "mlflow_run_id", "store",
    "place",
)  # fmt: skip
_TAGS_OF_INFO = {
    "stamp": "nbtrack.stamp", "notebook": "nbtrack.notebook", "cell": "nbtrack.cell_id", "attempt": "nbtrack.attempt", "parent": "mlflow.parentRunId",
    "note": "mlflow.note.content", "goal": "nbtrack.goal", "parent_here": "nbtrack.parent",
}  # fmt: skip
Texts = list[str | None]


@dataclass(frozen=True)
class MetricColumn:
    """One metric of all runs; every array has one place a run."""

    last: NDArray[np.float64]
    """NaN where the run has none, which `count` tells from one that is NaN."""
    best: NDArray[np.float64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    step: NDArray[np.int64]
    """Of the last point."""
    count: NDArray[np.int64]
    """0: the run has no such metric; -1: only the last point is known, `best` is that one, `lowest` and `highest` are NaN."""
    direction: str
    """`max` or `min`: which way is better."""


@dataclass(frozen=True)
class Columns:
    """Runs, newest first, by column."""

    ids: list[str]
    info: dict[str, list[Any]]
    """By the names in `INFO`; times in ms since the epoch, `ended_ms` None while a run goes on, `place` is `journal` or `store`."""
    params: dict[str, Texts]
    """Secrets read `***`; None where a run has no such param."""
    metrics: dict[str, MetricColumn]
    tags: dict[str, Texts]
    names: dict[str, dict[str, int]]
    """For `param`, `metric` and `tag`: in how many runs each name is known, also of columns that were not read."""
    freshness: Freshness
    version: int
    """Another number whenever anything but the freshness changed."""

    def __len__(self) -> int:
        return len(self.ids)


def read(home: Home, wanted: Sequence[str] | None = None, *, store: str | None = None, with_trash: bool = False) -> Columns:
    """Columns of all runs of the journal and of those that the store alone has.

    Args:
        wanted: `param/NAME`, `metric/NAME`, `tag/NAME`; None means all params and metrics, and no tags.
        store: masked URI of the store; None means the one in force.
        with_trash: include runs in the trash.
    """
    store = in_force() if store is None else store
    key = (str(home.root), store, None if wanted is None else tuple(wanted), with_trash)
    with _lock, past(home, store) as index:
        views = [view for view in local_runs(home) if with_trash or not view.is_trashed]
        stored = None if index is None else _stored(home, store, index)
        state = (None if stored is None else stored.generation, None if index is None else index.acts, views)
        before = _read.get(key)
        if before is None or before[0] != state:
            found = _columns(index, stored, views, wanted, with_trash, store)
            while len(_read) >= _KEPT:
                del _read[next(iter(_read))]
            before = _read[key] = state, found
    fresh = freshness(home, store)
    if fresh != before[1].freshness:
        before = _read[key] = before[0], replace(before[1], freshness=fresh)
    return before[1]


_KEPT = 8
_lock = threading.RLock()
_versions = itertools.count(1)
_read: dict[tuple[str, str, tuple[str, ...] | None, bool], tuple[tuple[Any, ...], Columns]] = {}
_indexed: dict[tuple[str, str], _Stored] = {}


class _Stored:
    """Columns of one generation of one index, in the order of its rows, each read when it is first asked for."""

    def __init__(self, index: Past) -> None:
        self.generation, self.acts = index.generation, index.acts
        self.rows = index.rows()
        self._place = {row["no"]: at for at, row in enumerate(self.rows)}
        self._number = {named: no for no, named in index.names.items()}
        self._texts: dict[tuple[str, str], Texts] = {}
        self._numbers: dict[str, NDArray[np.float64]] = {}
        self.names: dict[str, dict[str, int]] = {"param": {}, "metric": {}, "tag": {}}
        for table in ("texts", "metrics"):
            for no, count in index.index.execute(f"select name, count(*) from {table} group by name"):
                kind, name = index.names[no]
                self.names[kind][name] = count

    def texts(self, database: sqlite3.Connection, kind: str, name: str) -> Texts:
        known = self._texts.get((kind, name))
        if known is None:
            known = self._texts[kind, name] = [None] * len(self.rows)
            for run, value in database.execute("select run, value from texts where name = ?", (self._number.get((kind, name), -1),)):
                known[self._place[run]] = value
        return known

    def numbers(self, database: sqlite3.Connection, name: str) -> NDArray[np.float64]:
        """Last, lowest, highest, step and count, shape (5, runs); the count is 0 where a run has no such metric."""
        import numpy as np

        known = self._numbers.get(name)
        if known is None:
            known = self._numbers[name] = _nothing(len(self.rows))
            query = "select run, last, lowest, highest, step, count from metrics where name = ?"
            found = database.execute(query, (self._number.get(("metric", name), -1),)).fetchall()
            if found:
                known[:, [self._place[row[0]] for row in found]] = np.array([row[1:] for row in found], dtype=np.float64).T
        return known


def _stored(home: Home, store: str, index: Past) -> _Stored:
    known = _indexed.get((str(home.root), store))
    if known is None or (known.generation, known.acts) != (index.generation, index.acts):
        known = _indexed[str(home.root), store] = _Stored(index)
    return known


def _columns(index: Past | None, stored: _Stored | None, views: list[RunView], wanted: Sequence[str] | None, with_trash: bool, store: str) -> Columns:
    ours, theirs = {view.run_id for view in views}, mlflow_ids_of(views)
    rows = [] if stored is None else stored.rows
    shown = [at for at, row in enumerate(rows) if (with_trash or not row["is_trashed"]) and row["id"] not in ours and row["mlflow_run_id"] not in theirs]
    told = {rows[at]["mlflow_run_id"] for at in shown}
    views = [view for view in views if view.start.mlflow_run_id not in told]
    order = sorted(
        [*((view.start.started_ns, len(rows) + at) for at, view in enumerate(views)), *((rows[at]["started_ms"] * 1_000_000, at) for at in shown)],
        key=lambda it: -it[0],
    )
    merge = _Merge(index, stored, views, [at for _, at in order])
    names = {kind: _counts(stored, views, kind) for kind in ("param", "metric", "tag")}
    keys = [*(f"param/{it}" for it in names["param"]), *(f"metric/{it}" for it in names["metric"])] if wanted is None else wanted
    params, metrics, tags = {}, {}, {}
    for kind, _, name in (key.partition("/") for key in keys):
        if kind == "param":
            params[name] = merge.texts(kind, name)
        elif kind == "tag":
            tags[name] = merge.texts(kind, name)
        elif kind == "metric":
            metrics[name] = merge.metric(name)
    return Columns(merge.ids(), merge.info(store), params, metrics, tags, names, Freshness(store), next(_versions))


class _Merge:
    """Two sources in one order: places below the number of rows are the index's, the others the journal's."""

    def __init__(self, index: Past | None, stored: _Stored | None, views: list[RunView], order: list[int]) -> None:
        self._index, self._stored, self._views, self._order = index, stored, views, order
        self._rows = [] if stored is None else stored.rows

    def ids(self) -> list[str]:
        return self._list([row["id"] for row in self._rows], [view.run_id for view in self._views])

    def info(self, store: str) -> dict[str, list[Any]]:
        rows, views = self._rows, self._views
        own = {key: self._tag(name) for key, name in _TAGS_OF_INFO.items()}
        ids = {row["mlflow_run_id"]: row["id"] for row in rows}
        parents = [ids.get(it, it) if it else here or "" for it, here in zip(own["parent"], own["parent_here"], strict=True)]
        found: dict[str, list[Any]] = {key: self._list([row[key] for row in rows], [getattr(view, key) for view in views]) for key in ("name", "mlflow_run_id")}
        found["state"] = self._list([row["state"] for row in rows], [str(view.state) for view in views])
        found["started_ms"] = self._list([row["started_ms"] for row in rows], [view.start.started_ns // 1_000_000 for view in views])
        ends = [None if view.ended_ns is None else view.ended_ns // 1_000_000 for view in views]
        found["ended_ms"] = self._list([row["ended_ms"] for row in rows], ends)
        for key in ("stamp", "notebook", "cell"):
            found[key] = self._list([it or "" for it in own[key]], [view.tags.get(_TAGS_OF_INFO[key], "") for view in views])
        found["experiment"] = self._list([row["experiment"] for row in rows], [view.start.experiment for view in views])
        found["attempt"] = self._list([int(it) if it and it.isdecimal() else 1 for it in own["attempt"]], [view.start.attempt for view in views])
        found["parent"] = self._list(parents, [view.start.parent for view in views])
        found["note"] = self._list([it or "" for it in own["note"]], [words.clean("\n\n".join(view.notes)) for view in views])
        found["is_trashed"] = self._list([bool(row["is_trashed"]) for row in rows], [view.is_trashed for view in views])
        found["store"] = self._list([store] * len(rows), [view.start.store for view in views])
        found["place"] = self._list(["store"] * len(rows), ["journal"] * len(views))
        return {key: found[key] for key in INFO}

    def texts(self, kind: str, name: str) -> Texts:
        own = [view.params.get(name) if kind == "param" else view.tags.get(name) for view in self._views]
        told = [None if value is None else _told(name, value) for value in own]
        return self._list(self._tag(name) if kind == "tag" else self._of_index("param", name), told)

    def metric(self, name: str) -> MetricColumn:
        import numpy as np

        own = _nothing(len(self._views))
        for at, view in enumerate(self._views):
            if it := view.metrics.get(name):
                own[:, at] = it.last, it.lowest, it.highest, it.last_step, it.count
        theirs = _nothing(0) if self._stored is None or self._index is None else self._stored.numbers(self._index.index, name)
        last, lowest, highest, step, count = np.concatenate([theirs, own], axis=1)[:, self._order]
        goals = {view.start.goal for view in self._views} | {it for it in self._tag(_TAGS_OF_INFO["goal"]) if it}
        way = direction_of(name, next((goal for goal in sorted(goals) if goal.partition(":")[2] == name), ""))
        best = np.where(count < 0, last, lowest if way == "min" else highest)
        return MetricColumn(last, best, lowest, highest, step.astype(np.int64), count.astype(np.int64), way)

    def _tag(self, name: str) -> Texts:
        """A tag of the index's rows, as what was asked to be changed will leave it."""
        found = self._of_index("tag", name)
        acts = {} if self._index is None else self._index.acts
        if any(name in act.tags for act in acts.values()):
            found = [acts[row["mlflow_run_id"]].tags.get(name, it) if row["mlflow_run_id"] in acts else it for it, row in zip(found, self._rows, strict=True)]
        return found

    def _of_index(self, kind: str, name: str) -> Texts:
        return [] if self._stored is None or self._index is None else self._stored.texts(self._index.index, kind, name)

    def _list(self, stored: list[Any], own: list[Any]) -> list[Any]:
        both = [*stored, *own]
        return [both[at] for at in self._order]


def _counts(stored: _Stored | None, views: Iterable[RunView], kind: str) -> dict[str, int]:
    found = {} if stored is None else dict(stored.names[kind])
    for view in views:
        for name in view.params if kind == "param" else view.metrics if kind == "metric" else view.tags:
            found[name] = found.get(name, 0) + 1
    return found


def _nothing(runs: int) -> NDArray[np.float64]:
    import numpy as np

    found = np.full((5, runs), np.nan)
    found[3:] = 0
    return found


@functools.lru_cache(100_000)
def _told(name: str, value: str) -> str:
    return words.told(name, value)
