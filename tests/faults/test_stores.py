"""Stores that fail: killed, restarted, locked, wrong logins."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading

import pytest

from nbtrack import courier
from nbtrack.entities import Kind, State
from nbtrack.errors import LoginError, StoreUnreachableError


def test_a_server_killed_and_restarted_mid_run(kernel, home, server, store, delivered, until, assert_exact):
    one = kernel(server.uri, 1500, "--sleep", 0.004)
    until(lambda: one.logged > 300)
    until(lambda: (courier.status(home, server.uri) or {}).get("live_runs"))
    server.kill()
    until(lambda: courier.status(home, server.uri)["state"] == "store unreachable")
    assert one.close() == 0  # the kernel did not notice
    server.start()
    delivered(server.uri, one.run_id)
    assert_exact(server.uri, one.run_id, "FINISHED", 1500, 1500)


def test_flushing_to_a_dead_server_says_so_at_once(begin, home, settings, free_port):
    uri = f"http://127.0.0.1:{free_port}"
    writer = begin(store=uri)
    courier.announce(home, uri, settings)
    with pytest.raises(StoreUnreachableError, match="Nothing is lost"):
        courier.flush(home, uri, writer.run_id, 60)


def test_a_database_restarted_mid_run(kernel, home, database, delivered, until, assert_exact, mlflow_of):
    server, uri = database
    masked = courier.mask_uri(uri)
    mlflow_of(uri).search_experiments()  # its tables, whose making takes longer than the run on a busy machine
    one = kernel(uri, 1500, "--sleep", 0.02)
    until(lambda: one.logged > 100)
    until(lambda: (courier.status(home, masked) or {}).get("backlog_runs") == 0, 90)
    server.stop()
    until(lambda: courier.status(home, masked)["state"] == "store unreachable")
    server.start()
    assert one.close() == 0
    delivered(uri, one.run_id)
    assert_exact(uri, one.run_id, "FINISHED", 1500, 1500)
    written = b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())
    assert b"hush-database" not in written


def test_names_that_differ_in_case_alone_are_kept_apart_where_the_database_takes_them_for_one(begin, finish, mariadb, mlflow_of, delivered, runs_of):
    _, uri = mariadb
    mlflow_of(uri).search_experiments()
    writer = begin(store=courier.mask_uri(uri))
    writer.log("loss", 0.5, step=0)
    writer.log("Loss", float("nan"), step=0)
    for kind, name, value in ((Kind.PARAM, "lr", "1"), (Kind.PARAM, "LR", "2"), (Kind.TAG, "Owner", "a"), (Kind.TAG, "owner", "😀 b")):
        writer.event(kind, name=name, value=value)
    finish(writer)
    view = delivered(uri, writer.run_id, wait_s=120)
    [run] = runs_of(uri, writer.run_id)
    assert sorted(map(str, run.data.metrics.values())) == ["0.5", "nan"]
    assert sorted(run.data.params.values()) == ["1", "2"]
    assert (run.data.tags["Owner"], "nbtrack.refused" in run.data.tags) == ("a", False)
    assert "😀 b" in run.data.tags.values()
    assert any("'LR' 'LR-" in notice for notice in view.notices)


def test_a_wrong_password_waits_for_the_right_one(kernel, home, database, delivered, until, settings, assert_exact):
    _, uri = database
    masked = courier.mask_uri(uri)
    one = kernel(uri.replace("hush-database", "hush-wrong"), 100)
    assert one.close() == 0
    status = until(lambda: (found := courier.status(home, masked)) and "refused" in found["problem"] and found)
    assert status["state"] == "login missing"
    assert "Set the login" in status["mend"]
    with pytest.raises(LoginError):
        courier.flush(home, masked, one.run_id, 30)
    delivered(uri, one.run_id)
    assert_exact(uri, one.run_id, "FINISHED", 100, 100)
    written = b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())
    assert b"hush-" not in written


def test_after_a_restart_a_masked_login_is_missing_until_told(kernel, home, postgres, kill_delivery, until, delivered, settings, assert_exact):
    _, uri = postgres
    masked = courier.mask_uri(uri)
    one = kernel(uri, 10)
    assert one.close() == 0
    until(lambda: kill_delivery(uri))
    other = kernel(uri.replace("hush-database", "***"), 10)  # a kernel that knows no more than what was written down
    assert other.close() == 0
    status = until(lambda: (found := courier.status(home, masked)) and found["state"] == "login missing" and found)
    assert status["problem"]
    for run in (one, other):
        delivered(uri, run.run_id)
        assert_exact(uri, run.run_id, "FINISHED", 10, 10)


def test_a_sqlite_store_locked_by_another_writer(begin, finish, home, store, settings, delivered, until, assert_exact):
    writer = begin()
    lock = sqlite3.connect(store.removeprefix("sqlite:///"), isolation_level=None)
    lock.execute("begin exclusive")
    courier.announce(home, store, settings)
    for step in range(1000):
        writer.log("loss", step * 0.5, step=step)
    finish(writer)
    until(lambda: courier.status(home, store)["state"] == "store unreachable", 90)
    lock.execute("rollback")
    lock.close()
    delivered(store, writer.run_id)
    assert_exact(store, writer.run_id, "FINISHED", 1000, 1000)


def test_a_database_removed_and_made_anew(begin, home, store, settings, migrated_database, until, history_of, runs_of):
    writer = begin()
    writer.log("loss", 0.0)
    courier.announce(home, store, settings)
    courier.flush(home, store, writer.run_id, 60)
    path = store.removeprefix("sqlite:///")
    shutil.copyfile(migrated_database, f"{path}.new")
    os.replace(f"{path}.new", path)  # in one step, or delivery may find none at that moment and make one
    writer.log("loss", 0.5)
    [run] = until(lambda: runs_of(store, writer.run_id))
    until(lambda: history_of(store, run.info.run_id, "loss") == [(0, 0.0), (1, 0.5)])


def test_a_clock_set_back(begin, finish, home, store, settings, delivered, mlflow_of, runs_of):
    now = 2_000_000_000_000_000_000
    writer = begin(started_ns=now)
    for step in range(100):
        writer.log("loss", float(step), step=step, timestamp_ns=now - step * 60_000_000_000)
    writer.event(Kind.END, state=State.FINISHED, timestamp_ns=now - 10**15)
    view = delivered(store, writer.run_id)
    [run] = runs_of(store, writer.run_id)
    assert (run.info.status, view.state, view.duration_s) == ("FINISHED", State.FINISHED, 0.0)
    points = sorted(mlflow_of(store).get_metric_history(run.info.run_id, "loss"), key=lambda point: point.step)
    assert [(point.step, point.value) for point in points] == [(step, float(step)) for step in range(100)]
    assert [point.timestamp for point in points] == [now // 10**6 - step * 60_000 for step in range(100)]


def test_one_stores_trouble_is_not_anothers(begin, finish, home, store, settings, delivered, free_port, owner):
    dead = f"http://127.0.0.1:{free_port}"
    stuck, fine = begin(store=dead), begin()
    threads = [threading.Thread(target=courier.announce, args=(home, uri, settings)) for uri in (dead, store)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    finish(stuck)
    finish(fine)
    delivered(store, fine.run_id)
    assert courier.status(home, dead)["backlog_runs"] == 1
