"""Which runs have something to deliver."""

from __future__ import annotations

import pytest

from nbtrack.delivery.register import Register
from nbtrack.entities import Kind, State
from nbtrack.journal import Cursor, fold
from nbtrack.journal import cursor as cursors
from nbtrack.journal.owner import Owner
from nbtrack.journal.writer import EVENTS


@pytest.fixture
def register(home, store):
    return Register(home, store, 6000)


@pytest.fixture
def settle(home):
    def settle(writer):
        size = (home.run(writer.run_id) / EVENTS).stat().st_size
        cursors.save(home, writer.run_id, Cursor(mlflow_run_id="m", events_bytes=size, is_done=True))

    return settle


def test_new_runs_of_this_store_are_taken_in(begin, register):
    register.look()
    ours, others = begin(), begin(store="http://elsewhere")
    register.look()
    assert set(register.active) == {ours.run_id}
    assert others.run_id not in register.active


def test_a_delivered_run_is_not_opened_until_it_is_written_to(begin, finish, register, settle):
    writer = begin()
    finish(writer)
    settle(writer)
    register.look()
    assert (register.active, register.delivered) == ({}, 1)
    register.sweep()
    assert register.active == {}
    writer.event(Kind.NOTE, text="late")
    register.sweep()
    assert set(register.active) == {writer.run_id}


def test_a_late_point_of_a_worker_opens_its_run(begin, finish, register, settle, home):
    writer = begin()
    writer.log("loss", 1.0)
    finish(writer)
    register.look()
    backlog = register.active[writer.run_id]
    backlog.read()
    [(segment, slot, holes, _)] = backlog.points()
    backlog.points_delivered(segment, slot, holes)
    backlog.parcel(up_to_end=False)
    backlog.parcel_delivered()
    backlog.save(is_done=True, mlflow_run_id="m")
    register.settle(writer.run_id)
    register.sweep()
    assert register.active == {}
    writer.log("loss", 2.0)
    register.sweep()
    assert set(register.active) == {writer.run_id}


def test_runs_of_dead_owners_end(begin, register, home):
    dead = Owner(home)
    gone, alive = begin(owner=dead.name), begin()
    dead.close()
    register.look()
    assert register.reap() == [gone.run_id]
    assert fold(home, gone.run_id).state is State.KILLED
    assert fold(home, alive.run_id).state is State.RUNNING


def test_a_run_whose_folder_went_is_forgotten(begin, register, home):
    import shutil

    writer = begin()
    register.look()
    shutil.rmtree(home.run(writer.run_id))
    register._folder_ns = -1
    register.look()
    assert register.active == {}
