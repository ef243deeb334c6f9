"""Runs of the journal, read again only where something was added."""

from __future__ import annotations

import time

import pytest

from nbtrack.entities import Kind, State
from nbtrack.journal import Home, RunWriter
from nbtrack.reads import find, local
from nbtrack.reads.local import local_runs


@pytest.fixture
def ended(begin):
    """A run that ended so many seconds ago, with one point."""

    def ended(ago_s, **facts):
        writer = begin(started_ns=time.time_ns() - int((ago_s + 1) * 1e9), **facts)
        writer.log("acc", 0.5, 0)
        writer.event(Kind.END, timestamp_ns=time.time_ns() - int(ago_s * 1e9), state=State.FINISHED)
        return writer

    return ended


def folded(home, monkeypatch):
    """Ids of runs that a listing folds."""
    found = []
    real = local.fold
    with monkeypatch.context() as patched:
        patched.setattr(local, "fold", lambda home, run_id, **options: found.append(run_id) or real(home, run_id, **options))
        local_runs(home)
    return found


def test_a_run_that_ended_just_now_is_folded_once(home, ended, monkeypatch):
    ended(1)
    first = local_runs(home)
    assert folded(home, monkeypatch) == []
    assert local_runs(home)[0] is first[0]


def test_a_point_that_comes_after_the_end_is_seen(home, ended, monkeypatch):
    """A worker of the run may be late; what goes through a memory map changes neither size nor time of a file."""
    late, other = ended(1), ended(1)
    local_runs(home)
    late.log("acc", 0.75, 1)
    assert folded(home, monkeypatch) == [late.run_id]
    assert find(home, late.run_id).metrics["acc"].last == 0.75
    other.log("acc", 1.0, 1)
    assert find(home, other.run_id).metrics["acc"].last == 1.0


def test_of_many_runs_each_gets_its_turn(home, ended, monkeypatch):
    writers = [ended(1) for _ in range(5)]
    local_runs(home)
    for writer in writers:
        writer.log("acc", 0.75, 1)
    monkeypatch.setattr(local, "_LOOK_NS", -1)
    seen = [folded(home, monkeypatch) for _ in writers]
    assert [len(it) for it in seen] == [1] * 5
    assert {run for it in seen for run in it} == {writer.run_id for writer in writers}
    assert {view.metrics["acc"].last for view in local_runs(home)} == {0.75}


def test_the_last_point_is_seen_when_the_watch_ends(home, ended, monkeypatch):
    writer = ended(1)
    local_runs(home)
    writer.log("acc", 0.75, 1)
    monkeypatch.setattr(local, "_WATCHED_NS", 0)
    assert folded(home, monkeypatch) == [writer.run_id]
    writer.log("acc", 1.0, 2)
    assert folded(home, monkeypatch) == []


def test_a_run_that_goes_on_again_is_followed(home, ended):
    writer = ended(1000)
    local_runs(home)
    writer.event(Kind.RESUME, owner=writer.run_id)
    again = RunWriter(Home(home.root), writer.run_id)
    again.log("acc", 0.9, 5)
    assert [(view.state, view.metrics["acc"].last) for view in local_runs(home)] == [(State.RUNNING, 0.9)]
    again.close()


def test_the_newest_runs_come_while_all_are_read(home, ended):
    ids = {ended(ago).run_id for ago in (3, 2, 1)}
    few, others = local.newest_runs(home, 0, least=1, most=9)
    assert (len(few), others) == (1, 2)
    every, none = local.newest_runs(home, 60, least=1, most=9)
    assert ({view.run_id for view in every}, none) == (ids, 0)
    newest = [view.run_id for view in sorted(local_runs(home), key=lambda view: -view.start.started_ns)]
    assert newest[0] == every[0].run_id
    few, others = local.newest_runs(home, 0, least=1, most=2)
    assert ([view.run_id for view in few], others) == (newest[:2], 1)


def test_the_newest_runs_are_as_they_are_now_though_all_were_read_before(home, ended):
    ended(3)
    newest = ended(1)
    local_runs(home)
    newest.event(Kind.TAG, name="team", value="vision")
    assert local.newest_runs(home, 0, least=1, most=1)[0][0].tags["team"] == "vision"
