"""The index of a store's runs with a real delivery process: on sqlite, a server, PostgreSQL; stores that are down, switched, changed elsewhere."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest

from nbtrack import courier
from nbtrack import settings as nbtrack_settings
from nbtrack.courier import acts
from nbtrack.courier.channel import Place
from nbtrack.delivery.index import FILE
from nbtrack.delivery.sync import sync
from nbtrack.entities import State
from nbtrack.reads import act, all_runs, find
from nbtrack.reads.fresh import freshness, refresh, told
from nbtrack.reads.points import points

WAIT_S = 90


@pytest.fixture
def look(home, monkeypatch):
    """Has delivery read a store now, as `nbtrack runs` does; says how fresh it is then."""

    def look(uri, *, full=False, wait_s=WAIT_S):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        return refresh(home, nbtrack_settings.load(), wait_s=wait_s, full=full)

    return look


@pytest.fixture
def made(mlflow_of):
    """Makes a run as plain MLflow would; its id."""

    def made(uri, name, *, curve=(), tags=None, **params):
        client = mlflow_of(uri)
        run_id = client.create_run("0", run_name=name, tags=tags).info.run_id
        for key, value in params.items():
            client.log_param(run_id, key, value)
        for step, value in enumerate(curve):
            client.log_metric(run_id, "loss", value, step=step)
        client.set_terminated(run_id)
        return run_id

    return made


def names(home):
    return sorted(view.name for view in all_runs(home))


def everything(home, uri, look, made, mlflow_of, until):
    """What holds of every store: a run is read, its curve too, it is changed, and the store has the change."""
    client = mlflow_of(uri)
    run_id = made(uri, "theirs", curve=[3.0, 1.0, 2.0], tags={"owner": "ana"}, lr="0.1")
    fresh = look(uri, full=True)
    assert (fresh.stale, fresh.is_complete, fresh.seen_runs) == ("", True, 1)
    view = find(home, "theirs")
    assert (view.params, view.tags["owner"], view.state, view.metrics["loss"].last) == ({"lr": "0.1"}, "ana", State.FINISHED, 2.0)
    curve = points(home, view.run_id)["loss"]
    assert (curve.steps.tolist(), curve.values.tolist()) == ([0, 1, 2], [3.0, 1.0, 2.0])
    act.rename(home, "theirs", "renamed")
    act.tag(home, "renamed", {"stage": "prod"})
    act.untag(home, "renamed", ["owner"])
    act.note(home, "renamed", "a note")
    act.trash(home, "renamed")
    until(lambda: client.get_run(run_id).info.lifecycle_stage == "deleted", WAIT_S)
    assert names(home) == []
    act.restore(home, run_id)
    until(lambda: client.get_run(run_id).info.lifecycle_stage == "active", WAIT_S)
    found = client.get_run(run_id)
    assert (found.info.run_name, found.data.tags["stage"], found.data.tags["mlflow.note.content"], "owner" in found.data.tags) == (
        "renamed",
        "prod",
        "a note",
        False,
    )
    until(lambda: not acts.waiting(Place.of(home, courier.mask_uri(uri))), WAIT_S)
    assert (find(home, "renamed").tags["stage"], find(home, "renamed").notes) == ("prod", ("a note",))
    return run_id


def test_a_sqlite_store(home, store, look, made, mlflow_of, until):
    everything(home, store, look, made, mlflow_of, until)
    assert find(home, "renamed").metrics["loss"].lowest == 1.0
    assert find(home, "renamed").metrics["loss"].count == 3
    made(store, "another")
    look(store)
    until(lambda: look(store) and names(home) == ["another", "renamed"])


def test_a_server_and_what_is_told_while_it_is_down(home, server, store, look, made, mlflow_of, until):
    run_id = everything(home, server.uri, look, made, mlflow_of, until)
    assert find(home, "renamed").metrics["loss"].count == -1  # a server tells the last point alone
    server.kill()
    act.rename(home, "renamed", "while it was down")
    stale = until(lambda: (found := look(server.uri, full=True)).stale and found, WAIT_S)
    assert stale.as_of_ms > 0
    assert told(stale).startswith(f"{server.uri} could not be read since 20")
    assert names(home) == ["while it was down"]
    status = courier.status(home, server.uri)
    os.kill(status["pid"], signal.SIGKILL)  # what was asked for outlives it
    until(lambda: courier.status(home, server.uri) is None)
    server.start()
    assert look(server.uri).stale == ""
    until(lambda: mlflow_of(server.uri).get_run(run_id).info.run_name == "while it was down", WAIT_S)
    until(lambda: told(freshness(home)) == "")


def test_a_database(home, database, look, made, mlflow_of, until):
    server, uri = database
    everything(home, uri, look, made, mlflow_of, until)
    loss = find(home, "renamed").metrics["loss"]
    assert (loss.lowest, loss.best_step, loss.highest, loss.count) == (1.0, 1, 3.0, 3)
    server.stop()
    stale = until(lambda: (found := look(uri, full=True)).stale and found, WAIT_S)
    assert stale.seen_runs == 1
    assert names(home) == ["renamed"]
    written = b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())
    assert b"hush-database" not in written


def test_two_stores_and_a_switch_between_them(home, store, tmp_path, migrated_database, look, made, mlflow_of, until):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copyfile(migrated_database, other / "mlflow.db")
    here = made(store, "here")
    made(f"sqlite:///{other}/mlflow.db", "there")
    look(store)
    assert names(home) == ["here"]
    look(f"sqlite:///{other}/mlflow.db")
    assert names(home) == ["there"]
    act.rename(home, "here", "renamed from afar")
    until(lambda: mlflow_of(store).get_run(here).info.run_name == "renamed from afar", WAIT_S)
    assert find(home, here).name == "renamed from afar"
    assert len(list(home.root.glob(f"delivery/*/{FILE}"))) == 2


def test_a_run_deleted_elsewhere_is_gone_and_changing_it_is_refused_and_told(home, store, look, made, until):
    import sqlite3

    run_id = made(store, "doomed")
    made(store, "kept")
    look(store)
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        for table in ("params", "tags", "metrics", "latest_metrics", "runs"):
            database.execute(f"delete from {table} where run_uuid = ?", (run_id,))
    database.close()
    act.rename(home, run_id, "too late")
    until(lambda: look(store) and names(home) == ["kept"])
    [refused] = until(lambda: courier.status(home, store)["index"]["refused_acts"])
    assert run_id in refused


def test_an_index_damaged_while_delivery_is_away_is_made_anew(home, store, look, made):
    made(store, "one")
    look(store)
    assert courier.stop(home, store)
    (Place.of(home, store).folder / FILE).write_bytes(b"no database" * 5000)
    assert names(home) == []
    assert look(store).is_complete
    assert names(home) == ["one"]


def test_a_database_that_was_replaced_is_read_anew(home, store, tmp_path, migrated_database, look, made, until):
    made(store, "before")
    look(store)
    path = store.removeprefix("sqlite:///")
    shutil.copyfile(migrated_database, f"{path}.new")
    made(f"sqlite:///{path}.new", "after")
    os.replace(f"{path}.new", path)
    until(lambda: look(store) and names(home) == ["after"], WAIT_S)


def test_two_delivery_processes_never_write_one_index(home, store, look, made):
    made(store, "one")
    look(store)
    second = subprocess.run(
        [sys.executable, "-m", "nbtrack.delivery", "--stay", str(home.root), Place.of(home, store).hash],
        env={**os.environ, "MLFLOW_TRACKING_URI": store},
        timeout=60,
    )
    assert second.returncode == 0
    assert courier.status(home, store)["pid"] != 0
    assert names(home) == ["one"]


def test_deliveries_go_on_while_the_index_is_read(home, store, begin, finish, look, made, delivered, settings, runs_of):
    for number in range(20):
        made(store, f"run-{number}", lr=str(number))
    writer = begin(name="mine")
    for step in range(50):
        writer.log("loss", step * 0.5, step)
        if step % 10 == 0:
            look(store, full=True, wait_s=0.01)
    finish(writer)
    assert delivered(store, writer.run_id).name == "mine"
    assert len(runs_of(store, writer.run_id)) == 1
    look(store, full=True)
    assert len(all_runs(home)) == 21


def test_the_log_says_how_often_the_store_was_asked(home, store, look, made, monkeypatch, until):
    monkeypatch.setenv("NBTRACK_DEBUG", "yes")
    made(store, "one")
    look(store)
    log = Place.of(home, store).log
    until(lambda: "index, all runs: " in log.read_text() and " requests, 1 runs read, 1 changed" in log.read_text())


def test_looking_without_waiting_says_what_is_known_and_has_the_store_read(home, store, look, made, until):
    made(store, "one")
    assert look(store, wait_s=0).as_of_ms == 0
    until(lambda: look(store, wait_s=0).is_complete, WAIT_S)
    assert names(home) == ["one"]


def test_sync_does_what_was_asked_for_where_no_process_may(home, store, look, made, mlflow_of, monkeypatch, settings):
    run_id = made(store, "old")
    look(store)
    assert courier.stop(home, store)
    monkeypatch.setenv("NBTRACK_DELIVERY", "no")
    act.rename(home, "old", "new")
    act.tag(home, "new", {"owner": "ana"})
    report = sync(home, settings)
    assert (report.delivered, report.waiting, report.problems) == ([run_id, run_id], [], {})
    found = mlflow_of(store).get_run(run_id)
    assert (found.info.run_name, found.data.tags["owner"]) == ("new", "ana")
    assert names(home) == ["new"]


def test_a_server_that_hangs_keeps_nobody_waiting(home, free_port, look, settings, until):
    import socket

    with socket.create_server(("127.0.0.1", free_port)):  # takes connections and says nothing
        uri = f"http://127.0.0.1:{free_port}"
        look(uri, wait_s=0)
        until(lambda: courier.status(home, uri), WAIT_S)
        courier.announce(home, uri, settings)  # a hello is answered meanwhile
        assert "did not answer within" in look(uri, wait_s=0.1).stale
        assert courier.stop(home, uri)
