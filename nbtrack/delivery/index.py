"""The local index of one store's runs: an SQLite file that delivery writes and everybody reads, without MLflow."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbtrack.courier.channel import Place
from nbtrack.entities.stored import StoredRun
from nbtrack.secrets.values import conceal
from nbtrack.store.names import fit_text
from nbtrack.system import open_private

FILE = "index.db"
FORMAT = 1
"""Raised when the tables change: a file of another format is made anew, for the store has all that is in it."""
RUN_TAG, NOTE_TAG = "nbtrack.run_id", "mlflow.note.content"
_TABLES = """
create table meta (key text primary key, value) without rowid;
create table runs (
    no integer primary key, mlflow_run_id text unique not null, id text not null, name text not null, experiment text not null, state text not null,
    started_ms integer not null, ended_ms integer, is_trashed integer not null, digest blob not null, round integer not null);
create index runs_by_id on runs (id);
create table names (no integer primary key, kind text not null, name text not null, unique (kind, name));
create table texts (name integer, run integer, value text not null, primary key (name, run)) without rowid;
create index texts_of_run on texts (run);
create table metrics (
    name integer, run integer, last real, step integer, lowest real, lowest_step integer, highest real, highest_step integer, count integer,
    primary key (name, run)) without rowid;
create index metrics_of_run on metrics (run);
create table histories (run text, metric text, part integer, is_final integer not null, read_s real not null, count integer not null, points blob not null,
    primary key (run, metric, part)) without rowid;
"""
_HISTORY_BYTES = 256 << 20
_POINTS_A_PART = 500_000
_WAIT_S = 5.0


class Index:
    """The file, open for writing. The caller holds the store's lock, so nobody else writes. Threads may take turns."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            OSError: the file cannot be made.
            sqlite3.Error: the disk is full.
        """
        self.path = path
        os.close(open_private(path, os.O_RDWR | os.O_CREAT))
        self._db = _opened(path)
        self._names: dict[tuple[str, str], int] = {}
        self._concealed: dict[tuple[str, str], str] = {}

    def close(self) -> None:
        self._db.close()

    def get(self, key: str, default: Any = None) -> Any:
        """One of the facts about the index itself."""
        found = self._db.execute("select value from meta where key = ?", (key,)).fetchone()
        return default if found is None else found[0]

    def note(self, **facts: Any) -> None:
        """Write facts about the index itself; what is read of runs stays as it is."""
        with self._db:
            self._db.executemany("insert or replace into meta values (?, ?)", facts.items())

    def put(self, runs: Iterable[StoredRun], round_: int) -> int:
        """Take in runs as the store has them now; says how many differ from what was known.

        Args:
            round_: number of the reading of all runs that these were seen in.
        """
        runs = list({run.mlflow_run_id: run for run in runs}.values())
        known = self._rows([run.mlflow_run_id for run in runs])
        with self._writing():
            digests = {run.mlflow_run_id: _digest(run) for run in runs}
            changed = [run for run in runs if known.get(run.mlflow_run_id, (0, b""))[1] != digests[run.mlflow_run_id]]
            same = [(round_, known[run.mlflow_run_id][0]) for run in runs if run.mlflow_run_id in known]
            self._db.executemany("update runs set round = ? where no = ?", same)
            for run in changed:
                self._replace(run, known.get(run.mlflow_run_id, (None, b""))[0], digests[run.mlflow_run_id], round_)
            self._changed(len(changed))
        return len(changed)

    def drop(self, mlflow_run_ids: Sequence[str]) -> None:
        """Forget runs that the store does not have any more."""
        with self._db:
            for no, _ in self._rows(mlflow_run_ids).values():
                self._clear(no)
                self._db.execute("delete from runs where no = ?", (no,))
            self._db.executemany("delete from histories where run = ?", [(it,) for it in mlflow_run_ids])
            self._changed(len(mlflow_run_ids))

    def rows(self) -> dict[str, tuple[str, int, int | None, bool, str]]:
        """State, start, end, whether it is trashed and name of every known run, by MLflow's id."""
        found = self._db.execute("select mlflow_run_id, state, started_ms, ended_ms, is_trashed, name from runs")
        return {row[0]: (row[1], row[2], row[3], bool(row[4]), row[5]) for row in found}

    def going_on(self) -> list[str]:
        """Runs that had not ended."""
        return [row[0] for row in self._db.execute("select mlflow_run_id from runs where state = 'RUNNING'")]

    def not_seen_in(self, round_: int) -> list[str]:
        """Runs that the reading of that number did not come upon."""
        return [row[0] for row in self._db.execute("select mlflow_run_id from runs where round < ?", (round_,))]

    def extremes(self) -> tuple[int, int]:
        """The latest start and the latest end of a run, in ms."""
        found = self._db.execute("select coalesce(max(started_ms), 0), coalesce(max(ended_ms), 0) from runs").fetchone()
        return int(found[0]), int(found[1])

    def has_ended(self, mlflow_run_id: str) -> bool:
        return self._db.execute("select 1 from runs where mlflow_run_id = ? and state <> 'RUNNING'", (mlflow_run_id,)).fetchone() is not None

    def keep_history(self, mlflow_run_id: str, metric: str, points: Sequence[tuple[int, int, float]], *, is_final: bool) -> None:
        """Keep a metric's points; those that were not asked for the longest go, where all are too many."""
        import numpy as np

        whole = np.array(points, dtype=HISTORY).tobytes()
        step = _POINTS_A_PART * HISTORY_BYTES
        parts = [whole[at : at + step] for at in range(0, len(whole), step)] or [b""]
        with self._db:
            self._db.execute("delete from histories where run = ? and metric = ?", (mlflow_run_id, metric))
            self._db.executemany(
                "insert into histories values (?, ?, ?, ?, ?, ?, ?)",
                [(mlflow_run_id, metric, at, is_final, time.time(), len(points), part) for at, part in enumerate(parts)],
            )
            kept, rows = 0, self._db.execute("select run, metric, sum(length(points)) from histories group by 1, 2 order by max(read_s) desc").fetchall()
            for run, name, size in rows:
                kept += size
                if kept > _HISTORY_BYTES and (run, name) != (mlflow_run_id, metric):
                    self._db.execute("delete from histories where run = ? and metric = ?", (run, name))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._db:
                yield
        except BaseException:  # also an interrupt: the transaction is gone whatever ended it
            self._names.clear()  # those given in what was rolled back are no names
            raise

    def _rows(self, ids: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        found: dict[str, tuple[int, bytes]] = {}
        for at in range(0, len(ids), 500):
            part = ids[at : at + 500]
            marks = ",".join("?" * len(part))
            rows = self._db.execute(f"select mlflow_run_id, no, digest from runs where mlflow_run_id in ({marks})", part)
            found |= {row[0]: (row[1], row[2]) for row in rows}
        return found

    def _replace(self, run: StoredRun, no: int | None, digest: bytes, round_: int) -> None:
        facts = (fit_text(run.name), fit_text(run.experiment), str(run.state), run.started_ms, run.ended_ms, run.is_trashed, digest, round_)
        if no is None:
            columns = "mlflow_run_id, id, name, experiment, state, started_ms, ended_ms, is_trashed, digest, round"
            cursor = self._db.execute(f"insert into runs ({columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (run.mlflow_run_id, self._id(run), *facts))
            no = cursor.lastrowid
            assert no is not None
        else:
            self._clear(no)
            assigned = "name = ?, experiment = ?, state = ?, started_ms = ?, ended_ms = ?, is_trashed = ?, digest = ?, round = ?"
            self._db.execute(f"update runs set {assigned} where no = ?", (*facts, no))
            self._db.execute("delete from histories where run = ? and is_final = 0", (run.mlflow_run_id,))
        texts = [(self._name("param", name), no, self._told(name, value)) for name, value in run.params.items()]
        texts += [(self._name("tag", name), no, fit_text(value) if _is_ours(name) else self._told(name, value)) for name, value in run.tags.items()]
        self._db.executemany("insert into texts values (?, ?, ?)", texts)
        self._db.executemany(
            "insert into metrics values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (self._name("metric", name), no, it.last, it.step, it.lowest, it.lowest_step, it.highest, it.highest_step, it.count)
                for name, it in run.metrics.items()
            ],
        )

    def _clear(self, no: int) -> None:
        self._db.execute("delete from texts where run = ?", (no,))
        self._db.execute("delete from metrics where run = ?", (no,))

    def _id(self, run: StoredRun) -> str:
        """The id a run is known by: ours where it has one, unless another run (a copy of it) has it already."""
        ours = run.tags.get(RUN_TAG, "")
        is_taken = ours and self._db.execute("select 1 from runs where id = ?", (ours,)).fetchone() is not None
        return ours if ours and not is_taken else run.mlflow_run_id

    def _name(self, kind: str, name: str) -> int:
        known = self._names.get((kind, name))
        if known is None:
            fit = fit_text(name)
            self._db.execute("insert or ignore into names (kind, name) values (?, ?)", (kind, fit))
            known = int(self._db.execute("select no from names where kind = ? and name = ?", (kind, fit)).fetchone()[0])
            self._names[kind, name] = known
        return known

    def _told(self, name: str, value: str) -> str:
        """The value without its secrets: what a stranger logged goes into no file of ours."""
        known = self._concealed.get((name, value))
        if known is None:
            known = conceal(name, fit_text(value))
            if known == value and len(value) >= _SHORTEST:
                from nbtrack.secrets.scanner import Scanner

                known = Scanner(with_plugins=False).mask(value)[0]
            if len(self._concealed) > 100_000:
                self._concealed.clear()
            self._concealed[name, value] = known
        return known

    def _changed(self, count: int) -> None:
        if count:
            self._db.execute("insert or replace into meta values ('generation', coalesce((select value from meta where key = 'generation'), 0) + 1)")


_SHORTEST = 16
"""Characters of the shortest text that a secret can be seen in without its name."""
HISTORY = [("step", "<i8"), ("time_ms", "<i8"), ("value", "<f8")]
"""numpy's type of a point in `histories`."""
HISTORY_BYTES = 24


@contextlib.contextmanager
def reading(place: Place) -> Iterator[sqlite3.Connection | None]:
    """The index of a store for reading, as of one moment; None where there is none, or none that can be read."""
    path = place.folder / FILE
    if not path.exists():
        yield None
        return
    database = None
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_WAIT_S, isolation_level=None)
        database.execute("pragma query_only = 1")
        database.execute("begin")
        if not _is_of_this_format(database):
            database.close()
            database = None
    except sqlite3.Error:
        if database is not None:
            database.close()
        database = None
    try:
        yield database
    finally:
        if database is not None:
            database.close()


def _opened(path: Path) -> sqlite3.Connection:
    """The file's connection; a file that is damaged, or of another release, is made anew."""
    for is_fresh in (False, True):
        if is_fresh:
            for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                name.unlink(missing_ok=True)
            os.close(open_private(path, os.O_RDWR | os.O_CREAT))
        database = sqlite3.connect(path, timeout=_WAIT_S, check_same_thread=False)
        try:
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = normal")
            if not database.execute("select 1 from sqlite_master").fetchone():
                database.executescript(f"begin; {_TABLES} insert into meta values ('format', {FORMAT}); commit;")
                return database
            if _is_of_this_format(database) and database.execute("pragma quick_check(1)").fetchone()[0] == "ok":
                return database
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and is_fresh:
                database.close()
                raise
        database.close()
    raise sqlite3.DatabaseError(f"{path} cannot be made anew")


def _is_of_this_format(database: sqlite3.Connection) -> bool:
    found = database.execute("select value from meta where key = 'format'").fetchone()
    return found is not None and found[0] == FORMAT


def _digest(run: StoredRun) -> bytes:
    told = (run.name, run.experiment, str(run.state), run.started_ms, run.ended_ms, run.is_trashed)
    metrics = [(name, it.last, it.step, it.lowest, it.lowest_step, it.highest, it.highest_step, it.count) for name, it in _sorted(run.metrics)]
    return hashlib.blake2b(repr((told, _sorted(run.params), _sorted(run.tags), metrics)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _sorted(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(found.items())


def _is_ours(name: str) -> bool:
    return name.startswith(("nbtrack.", "mlflow.")) and name != NOTE_TAG
