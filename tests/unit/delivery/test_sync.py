"""Delivery in the foreground, beside the process or in its place."""

from __future__ import annotations

from nbtrack import courier
from nbtrack.delivery.sync import sync
from nbtrack.entities import State
from nbtrack.journal import fold
from nbtrack.journal.owner import Owner


def test_everything_is_delivered_without_a_process(begin, finish, home, store, settings, runs_of):
    ended, live = begin(), begin()
    finish(ended)
    live.log("loss", 1.0)
    seen = []
    report = sync(home, settings, on_progress=seen.append)
    assert sorted(report.delivered) == sorted([ended.run_id, live.run_id])
    assert seen == [report]
    assert [run.info.status for run in runs_of(store, ended.run_id)] == ["FINISHED"]
    assert [run.info.status for run in runs_of(store, live.run_id)] == ["RUNNING"]
    assert courier.status(home, store) is None


def test_a_living_process_is_asked(begin, finish, home, store, settings, runs_of):
    courier.announce(home, store, settings)
    writer = begin()
    finish(writer)
    assert sync(home, settings, wait=True).delivered == [writer.run_id]
    assert len(runs_of(store, writer.run_id)) == 1
    assert courier.status(home, store)


def test_runs_of_dead_owners_are_ended(begin, home, store, settings):
    dead = Owner(home)
    writer = begin(owner=dead.name)
    dead.close()
    sync(home, settings)
    view = fold(home, writer.run_id)
    assert (view.state, view.is_delivered) == (State.KILLED, True)


def test_a_store_in_trouble_is_reported_and_others_are_served(begin, finish, home, settings, free_port, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    fine, stuck = begin(), begin(store=f"http://127.0.0.1:{free_port}")
    finish(fine)
    finish(stuck)
    report = sync(home, settings)
    assert report.delivered == [fine.run_id]
    assert report.waiting == [stuck.run_id]
    assert "Nothing is lost" in report.problems[f"http://127.0.0.1:{free_port}"].mend


def test_a_missing_password_is_named(begin, finish, home, settings):
    finish(begin(store="http://ann:***@127.0.0.1:9"))
    [problem] = sync(home, settings).problems.values()
    assert "MLFLOW_TRACKING_URI" in problem.mend


def test_whoever_waits_is_told_how_much_waits(begin, finish, home, settings, capsys):
    from nbtrack.cli.delivering import told_meanwhile
    from nbtrack.delivery.sync import left_of

    writer = begin()
    for step in range(30):
        writer.log("loss", 1.0, step=step)
    finish(writer)
    assert left_of(home) == (1, 30)
    said = ""
    with told_meanwhile(home, every_s=0.01):
        while "\n" not in said:
            said += capsys.readouterr().err
    assert said.startswith("1 run waits, 30 points\n")
    assert sync(home, settings).delivered == [writer.run_id]
    assert left_of(home) == (0, 0)
