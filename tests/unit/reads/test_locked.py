"""A sqlite store that another program holds: what is known here is shown, and one sentence says why the rest is not."""

import contextlib
import sqlite3

import pytest

import nbtrack
from nbtrack.cli.doctor import examine
from nbtrack.courier.locked import is_locked
from nbtrack.journal import Home
from nbtrack.settings import load
from nbtrack.store.faults import translate


@pytest.fixture
def held(tmp_path, monkeypatch):
    """The URI of a store that somebody else has open for himself alone."""
    uri = f"sqlite:///{tmp_path}/held.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with contextlib.closing(sqlite3.connect(tmp_path / "held.db", isolation_level=None)) as other:
        other.execute("create table runs (id)")
        other.execute("begin exclusive")
        yield uri


def test_local_runs_are_shown_with_one_sentence(held, monkeypatch):
    with monkeypatch.context() as quiet:
        quiet.setenv("NBTRACK_DELIVERY", "0")
        with nbtrack.track("fit"):
            nbtrack.log(acc=0.5)
    table = nbtrack.runs()
    assert [view.name for view in table] == ["fit"]
    assert table.note == f"The store {held} is locked by another program; shown is what this machine's journal knows."


def test_doctor_says_it_once(held, tmp_path, monkeypatch):
    with monkeypatch.context() as quiet:
        quiet.setenv("NBTRACK_DELIVERY", "0")
        with nbtrack.track("fit"):
            nbtrack.log(acc=0.5)
    findings = examine(Home(tmp_path / "home"), load())
    assert [it.subject for it in findings if "locked" in it.found] == ["store"]
    assert [it.subject for it in findings if not it.is_good] == ["store"]
    assert any("1 run not fully delivered; it waits for the store" in it.found for it in findings)


def test_a_state_folder_that_cannot_be_made_is_told_once(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    journal = next(it for it in examine(Home(tmp_path / "file" / "home"), load()) if it.subject == "journal")
    assert journal.found.count("cannot be written") == 1
    assert journal.mend.startswith("Make it writable")


def test_who_reads_and_who_writes_are_no_hindrance_to_a_reader(tmp_path):
    uri = f"sqlite:///{tmp_path}/free.db"
    assert not is_locked(uri)
    assert not (tmp_path / "free.db").exists()
    assert not is_locked("https://example.org")
    with contextlib.closing(sqlite3.connect(tmp_path / "free.db", isolation_level=None)) as other:
        other.execute("create table runs (id)")
        other.execute("begin immediate")
        assert not is_locked(uri, patience_s=0.1)
        assert is_locked(uri, writing=True, patience_s=0.1)
    (tmp_path / "free.db").write_bytes(b"no database" * 100)
    assert not is_locked(uri)


def test_no_statement_of_a_database_reaches_a_person():
    from sqlalchemy.exc import IntegrityError, OperationalError

    locked = translate(OperationalError("SELECT a FROM b", {}, sqlite3.OperationalError("database is locked")))
    assert locked.message == "The store is locked by another program."
    other = translate(IntegrityError("INSERT INTO b", {"x": 1}, sqlite3.IntegrityError("a is not unique")))
    assert other.message.endswith("a is not unique")
    assert "INSERT" not in other.message
