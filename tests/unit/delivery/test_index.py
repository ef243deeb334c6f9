"""The index of a store's runs, kept like the store by few requests."""

from __future__ import annotations

import math
import sqlite3
import time

import pytest

from nbtrack.delivery.index import Index
from nbtrack.delivery.refresh import Refresh
from nbtrack.entities import State
from nbtrack.entities.stored import StoredMetric, StoredRun
from nbtrack.store import stored_tables
from nbtrack.store.stored import stored_runs
from nbtrack.store.stored_api import ClientRuns


@pytest.fixture
def index(tmp_path):
    index = Index(tmp_path / "index.db")
    yield index
    index.close()


@pytest.fixture(params=["tables", "client"])
def source(request, store):
    return stored_tables.TableRuns(store) if request.param == "tables" else ClientRuns(store)


@pytest.fixture
def made(store, mlflow_of):
    """Makes a run in the store as plain MLflow would: `made("name", lr="0.1")`; its id."""
    client = mlflow_of(store)

    def made(name, metrics=(), tags=None, state="FINISHED", started_ms=None, **params):
        run_id = client.create_run("0", run_name=name, tags=tags, start_time=started_ms).info.run_id
        for key, value in params.items():
            client.log_param(run_id, key, value)
        for key, value, step in metrics:
            client.log_metric(run_id, key, value, step=step)
        if state:
            client.set_terminated(run_id, state)
        return run_id

    return made


def all_of(refresh):
    for _ in refresh.whole():
        pass


def news_of(refresh):
    for _ in refresh.news():
        pass


def names(index):
    return sorted((row[4], row[0], row[3]) for row in index.rows().values())


def select(index, query, *bound):
    with sqlite3.connect(index.path) as database:
        found = database.execute(query, bound).fetchall()
    database.close()
    return found


def texts(index, name):
    return dict(select(index, "select r.name, value from texts join names n on n.no = texts.name join runs r on r.no = run where n.name = ?", name))


def test_all_runs_are_read_with_params_tags_and_metrics(index, source, made):
    made("one", [("loss", 3.0, 0), ("loss", 1.0, 1), ("loss", 2.0, 2)], {"owner": "ana"}, lr="0.1")
    made("two", state=None, lr="0.2")
    all_of(Refresh(index, source))
    assert names(index) == [("one", "FINISHED", False), ("two", "RUNNING", False)]
    assert texts(index, "lr") == {"one": "0.1", "two": "0.2"}
    assert texts(index, "owner") == {"one": "ana"}
    assert select(index, "select last, step from metrics") == [(2.0, 2)]
    assert index.get("is_complete") == 1


def test_tables_tell_the_extremes_and_their_steps(index, store, made):
    made("curve", [("loss", 3.0, 0), ("loss", 1.0, 1), ("loss", 1.0, 5), ("loss", 2.0, 7), ("acc", 0.5, 0)])
    all_of(Refresh(index, stored_tables.TableRuns(store)))
    assert select(index, "select lowest, lowest_step, highest, highest_step, count from metrics order by count desc") == [
        (1.0, 1, 3.0, 0, 4),
        (0.5, 0, 0.5, 0, 1),
    ]


def test_nan_and_infinities_are_told_as_they_were_logged(index, source, made):
    made("odd", [("loss", math.nan, 0), ("gain", math.inf, 0), ("depth", -math.inf, 0)])
    all_of(Refresh(index, source))
    found = dict(select(index, "select n.name, last from metrics join names n on n.no = metrics.name"))
    assert found == {"loss": None, "gain": math.inf, "depth": -math.inf}


def test_a_store_that_did_not_change_is_not_read_again(index, store, made):
    made("one")
    source = stored_tables.TableRuns(store)
    refresh = Refresh(index, source)
    all_of(refresh)
    news_of(refresh)
    before = source.requests, index.get("generation")
    news_of(refresh)
    assert (source.requests, index.get("generation")) == before


def test_news_bring_what_began_ended_and_changed(index, source, made, store, mlflow_of):
    made("old", lr="0.1")
    going = made("going", state=None)
    refresh = Refresh(index, source)
    all_of(refresh)
    client = mlflow_of(store)
    client.log_metric(going, "loss", 0.5, step=9)
    client.set_terminated(going, "FAILED")
    made("new", epochs="3")
    news_of(refresh)
    assert names(index) == [("going", "FAILED", False), ("new", "FINISHED", False), ("old", "FINISHED", False)]
    assert select(index, "select last, step from metrics") == [(0.5, 9)]
    assert texts(index, "epochs") == {"new": "3"}


def test_news_ask_a_bounded_number_of_times(index, source, made):
    for number in range(30):
        made(f"run-{number}")
    source.page_runs = 10
    refresh = Refresh(index, source)
    all_of(refresh)
    made("one more")
    before = source.requests
    news_of(refresh)
    assert source.requests - before <= 20
    assert ("one more", "FINISHED", False) in names(index)


def test_what_was_deleted_restored_tagged_or_removed_elsewhere_is_seen_within_a_round(index, source, made, store, mlflow_of):
    ids = [made(f"run-{number}", started_ms=1_000_000 + number) for number in range(12)]
    source.page_runs = 5
    refresh = Refresh(index, source)
    all_of(refresh)
    client = mlflow_of(store)
    client.delete_run(ids[1])
    client.set_tag(ids[2], "owner", "eve")
    _remove_for_good(store, ids[3])
    for _ in range(4):  # a round of three pages, begun anywhere
        news_of(refresh)
    assert ("run-1", "FINISHED", True) in names(index)
    assert texts(index, "owner") == {"run-2": "eve"}
    assert "run-3" not in [name for name, _, _ in names(index)]
    assert len(names(index)) == 11
    client.restore_run(ids[1])
    for _ in range(4):
        news_of(refresh)
    assert ("run-1", "FINISHED", False) in names(index)


def test_runs_that_started_at_one_moment_are_all_read(index, source, made):
    for number in range(7):
        made(f"run-{number}", started_ms=5_000)
    source.page_runs = 3
    all_of(Refresh(index, source))
    assert len(names(index)) == 7


def test_a_schema_that_is_not_known_is_read_through_mlflows_client(store):
    assert isinstance(stored_runs(store), stored_tables.TableRuns)
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        database.execute("update alembic_version set version_num = 'of another release'")
    database.close()
    assert stored_tables.known(store) is None


def test_secrets_of_strangers_are_not_written(index):
    secret = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5"
    run = stored("leaky", params={"api_key": "sk-A8f3kQ9zL2mX7vB4", "lr": "0.1"}, tags={"where": f"https://x.invalid/?t={secret}"})
    index.put([run], 1)
    assert texts(index, "api_key") == {"leaky": "***"}
    assert texts(index, "lr") == {"leaky": "0.1"}
    assert secret.encode() not in b"".join(path.read_bytes() for path in index.path.parent.iterdir())


def test_names_and_values_with_half_a_surrogate_pair_are_kept_escaped(index):
    index.put([stored("a\ud800b", params={"c\udc00": "d\ud800"})], 1)
    assert texts(index, "c\\udc00") == {"a\\ud800b": "d\\ud800"}


def test_a_copy_of_a_run_is_known_by_its_own_id(index):
    index.put([stored("first", tags={"nbtrack.run_id": "a" * 32}), stored("copy", tags={"nbtrack.run_id": "a" * 32})], 1)
    assert select(index, "select id from runs where name = 'first'") == [("a" * 32,)]
    assert select(index, "select id = mlflow_run_id from runs where name = 'copy'") == [(1,)]


@pytest.mark.parametrize("damage", ["garbage", "cut", "other format"])
def test_a_damaged_file_or_one_of_another_format_is_made_anew(tmp_path, damage):
    path = tmp_path / "index.db"
    index = Index(path)
    index.put([stored(f"run-{number}") for number in range(200)], 1)
    if damage == "other format":
        index.note(format=999)
    index.close()
    content = path.read_bytes()
    if damage == "garbage":
        path.write_bytes(b"no database at all" * 1000)
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    index = Index(path)
    assert index.rows() == {}
    index.put([stored("fresh")], 1)
    assert names(index) == [("fresh", "FINISHED", False)]
    index.close()


def test_histories_are_dropped_when_they_may_have_grown_and_when_they_are_too_many(index, monkeypatch):
    index.put([stored("going", state=State.RUNNING)], 1)
    [run_id] = index.rows()
    index.keep_history(run_id, "loss", [(0, 1, 0.5)], is_final=False)
    index.put([stored("going", state=State.RUNNING, id_=run_id, metrics={"loss": StoredMetric(0.4, 1)})], 1)
    assert select(index, "select count(*) from histories") == [(0,)]
    monkeypatch.setattr("nbtrack.delivery.index._HISTORY_BYTES", 24 * 25)
    for number in range(4):
        index.keep_history(f"run-{number}", "loss", [(at, at, 0.5) for at in range(10)], is_final=True)
        time.sleep(0.01)
    assert select(index, "select distinct run from histories order by run") == [("run-2",), ("run-3",)]


def test_a_failed_write_leaves_what_was_there(index, monkeypatch):
    index.put([stored("kept")], 1)
    pages = index._db.execute("pragma page_count").fetchone()[0]
    index._db.execute(f"pragma max_page_count = {pages}")  # what SQLite says on a full disk
    with pytest.raises(sqlite3.OperationalError, match="full"):
        index.put([stored(f"run-{number}", params={f"p{at}": "x" * 500 for at in range(50)}) for number in range(50)], 1)
    assert names(index) == [("kept", "FINISHED", False)]
    index._db.execute("pragma max_page_count = 1000000")
    index.put([stored("later", params={"p1": "y"})], 1)
    assert texts(index, "p1") == {"later": "y"}


def stored(name, *, id_="", state=State.FINISHED, params=None, tags=None, metrics=None):
    stored.count = getattr(stored, "count", 0) + 1
    return StoredRun(
        id_ or f"{stored.count:032x}", name, "Default", state, 1000, None if state is State.RUNNING else 2000, False, params or {}, tags or {}, metrics or {}
    )


def _remove_for_good(store, run_id):
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        for table in ("params", "tags", "metrics", "latest_metrics", "runs"):
            database.execute(f"delete from {table} where run_uuid = ?", (run_id,))
    database.close()
