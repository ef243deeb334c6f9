"""Runs as the store has them, from the local index; with what was asked to be changed of them and is not done yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nbtrack.courier import acts
from nbtrack.courier.channel import Place
from nbtrack.entities import Metric, RunStart, RunView, State, direction_of
from nbtrack.journal import Home, attempts
from nbtrack.patterns import regex

if TYPE_CHECKING:  # loaded with the first list of runs: %load_ext is felt
    import sqlite3

_HIDDEN = (
    "nbtrack.run_id", "nbtrack.attempt", "nbtrack.goal", "nbtrack.parent", "nbtrack.reason", "mlflow.note.content", "mlflow.runName", "mlflow.parentRunId",
)  # fmt: skip
_LATER = regex(r"nbtrack\.param\.(.+)\.(\d+)")
_ROWS = "select no, mlflow_run_id, id, name, experiment, state, started_ms, ended_ms, is_trashed from runs"
_METRICS = "last, step, lowest, lowest_step, highest, highest_step, count"
_STATES = {it.value: it for it in State}
_MANY = 400
_NAN = float("nan")


class Past:
    """One look at a store's index, as of one moment."""

    def __init__(self, home: Home, store: str, index: sqlite3.Connection, asked: Mapping[str, acts.Act]) -> None:
        """
        Args:
            asked: changes that were not done before the index was opened, by MLflow's id.
        """
        self.home, self.store, self.index, self.acts = home, store, index, asked
        found = index.execute("select value from meta where key = 'generation'").fetchone()
        self.generation = 0 if found is None else int(found[0])
        """Another number whenever anything about the store's runs changed."""
        self.names: dict[int, tuple[str, str]] = {no: (kind, name) for no, kind, name in index.execute("select no, kind, name from names")}

    def rows(self, where: str = "", bound: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Runs' own rows, newest first; `where` is SQL over the index."""
        keys = ("no", "mlflow_run_id", "id", "name", "experiment", "state", "started_ms", "ended_ms", "is_trashed")
        found = [dict(zip(keys, row, strict=True)) for row in self.index.execute(f"{_ROWS} {where} order by started_ms desc, id", bound)]
        for row in found if self.acts else ():
            if act := self.acts.get(row["mlflow_run_id"]):
                row["name"] = act.name if act.name is not None else row["name"]
                row["is_trashed"] = act.trash if act.trash is not None else row["is_trashed"]
        return found

    def named(self, word: str) -> list[dict[str, Any]]:
        """Rows that a word may mean: of that name, or of an id that begins with it."""
        name = word.partition("#")[0]
        found = self.rows("where name in (?, ?) or id like ? or mlflow_run_id like ?", (name, word, f"{_plain(word)}%", f"{_plain(word)}%"))
        if renamed := [it for it, act in self.acts.items() if act.name in (name, word)]:
            known = {row["no"] for row in found}
            found += [row for row in self.rows(f"where mlflow_run_id in ({_marks(renamed)})", renamed) if row["no"] not in known]
        return found

    def views(self, rows: Sequence[dict[str, Any]], *, metrics: bool = True) -> list[RunView]:
        """The runs in full."""
        texts, last, part, key = {row["no"]: _Texts() for row in rows}, None, "", ""
        for no, name, value in self._of("texts", "value", rows):
            if name != last:  # they come name after name: what one means is found out once, not for each of ten thousand runs
                last, (part, key) = name, _place(*self.names[name])
            if own := texts.get(no):
                getattr(own, part)[key] = value
        for row in rows if self.acts else ():
            if act := self.acts.get(row["mlflow_run_id"]):
                texts[row["no"]].change(act.tags)
        numbers: dict[int, dict[str, Metric]] = {row["no"]: {} for row in rows}
        ways: dict[tuple[str, str], str] = {}
        for no, name, *facts in self._of("metrics", _METRICS, rows) if metrics else ():
            if own := texts.get(no):
                asked = metric, goal = self.names[name][1], own.facts.get("nbtrack.goal", "")
                way = ways[asked] if asked in ways else ways.setdefault(asked, direction_of(metric, goal))
                numbers[no][metric] = _metric(metric, way, *facts)
        parents = self._ids_of({it.facts["mlflow.parentRunId"] for it in texts.values() if "mlflow.parentRunId" in it.facts})
        return [self._view(row, texts[row["no"]], numbers[row["no"]], parents) for row in rows]

    def _view(self, row: dict[str, Any], texts: _Texts, metrics: dict[str, Metric], parents: dict[str, str]) -> RunView:
        tags, told = texts.tags, texts.facts.get
        parent, note = told("mlflow.parentRunId", ""), told("mlflow.note.content", "")
        notebook, cell = tags.get("nbtrack.notebook"), tags.get("nbtrack.cell_id")
        start = RunStart(
            row["id"], row["name"], row["experiment"], self.store, "", row["started_ms"] * 1_000_000, _attempt(told("nbtrack.attempt", "")),
            attempts.cell_key(notebook, cell) if notebook and cell else "", parents.get(parent, parent) or told("nbtrack.parent", ""),
            told("nbtrack.goal", ""), tags, row["mlflow_run_id"],
        )  # fmt: skip
        return RunView(
            start, _STATES[row["state"]], None if row["ended_ms"] is None else row["ended_ms"] * 1_000_000, told("nbtrack.reason", ""), "", texts.params,
            texts.later_params() if texts.later else {}, metrics, tags, (), (note,) if note else (), (), bool(row["is_trashed"]), True,
            row["mlflow_run_id"], False,
        )  # fmt: skip

    def _ids_of(self, mlflow_run_ids: Iterable[str]) -> dict[str, str]:
        wanted = list(mlflow_run_ids)
        found: dict[str, str] = {}
        for at in range(0, len(wanted), _MANY):
            part = wanted[at : at + _MANY]
            found |= dict(self.index.execute(f"select mlflow_run_id, id from runs where mlflow_run_id in ({_marks(part)})", part).fetchall())
        return found

    def _of(self, table: str, columns: str, rows: Sequence[dict[str, Any]]) -> Iterator[Any]:
        """What a table has of these runs, and of others too where they are many: reading it whole is quicker then."""
        if len(rows) > _MANY:
            return self.index.execute(f"select run, name, {columns} from {table}")
        numbers = [row["no"] for row in rows]
        return self.index.execute(f"select run, name, {columns} from {table} where run in ({_marks(numbers)})", numbers)


class _Texts:
    """Params and tags of a run."""

    __slots__ = ("facts", "later", "params", "tags")

    def __init__(self) -> None:
        self.params: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.facts: dict[str, str] = {}
        """Tags that are told as something else."""
        self.later: dict[tuple[str, int], str] = {}
        """Values a param was given after its first one, by its name and their number."""

    def change(self, tags: Mapping[str, str | None]) -> None:
        """Set tags, and take off those without a value."""
        for name, value in tags.items():
            part, key = _place("tag", name)
            if value is None:
                getattr(self, part).pop(key, None)
            else:
                getattr(self, part)[key] = value

    def later_params(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for (name, _), value in sorted(self.later.items()):
            found[name] = (*found.get(name, ()), value)
        return found


def _place(kind: str, name: str) -> tuple[str, Any]:
    """Which part of a run's texts one belongs to, and its key there."""
    if kind == "param":
        return "params", name
    if found := _LATER.fullmatch(name):
        return "later", (found[1], int(found[2]))
    return "facts" if name in _HIDDEN else "tags", name


@contextmanager
def past(home: Home, store: str) -> Iterator[Past | None]:
    """A look at a store's index; None where there is none."""
    from nbtrack.delivery.index import reading

    place = Place.of(home, store)
    asked = acts.changed([act for _, act in acts.waiting(place)])  # first: what is done meanwhile is then told by one of the two, if not by both
    with reading(place) as index:
        yield None if index is None else Past(home, store, index, asked)


def _metric(
    name: str, way: str, last: float | None, step: int, lowest: float | None, lowest_step: int, highest: float | None, highest_step: int, count: int
) -> Metric:
    """A metric of the index; NaN lies there as null."""
    last, lowest, highest = _NAN if last is None else last, _NAN if lowest is None else lowest, _NAN if highest is None else highest
    best, best_step = (last, step) if count < 0 else (lowest, lowest_step) if way == "min" else (highest, highest_step)
    return Metric(name, count, last, step, lowest, highest, best, best_step, way)


def _attempt(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 1


def _marks(items: Sequence[Any]) -> str:
    return ",".join("?" * len(items))


def _plain(word: str) -> str:
    """A word of hexadecimal digits, fit for LIKE; anything else begins no id."""
    return word if re.fullmatch(r"[0-9a-zA-Z\-]{4,}", word) else "\0"
