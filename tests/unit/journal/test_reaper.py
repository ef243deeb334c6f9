"""Runs of processes that are gone end with their true time and reason."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from nbtrack.entities import Kind, State
from nbtrack.journal import RunWriter, events_of, fold
from nbtrack.journal.owner import Owner
from nbtrack.journal.reaper import reap
from nbtrack.system import boot_id
from tests.unit.journal.conftest import STARTED_NS


@pytest.fixture
def owner(home):
    owner = Owner(home)
    yield owner
    owner.close()


def test_a_run_whose_owner_lives_goes_on(home, begin, owner):
    run = begin(owner=owner.name)
    assert reap(home, run.run_id) is False
    assert fold(home, run.run_id).state is State.RUNNING


def test_a_run_of_a_dead_owner_is_killed_at_its_last_point(home, begin, owner):
    run = begin(owner=owner.name)
    before = time.time_ns()
    for number in range(5000):
        run.log("loss", number)
    after = time.time_ns()
    owner.close()
    assert reap(home, run.run_id) is True
    view = fold(home, run.run_id)
    assert (view.state, view.reason) == (State.KILLED, f"its process (pid {os.getpid()}) ended without ending the run")
    assert before <= view.ended_ns <= after
    assert reap(home, run.run_id) is False
    assert len([event for event in events_of(home, run.run_id) if event.kind == Kind.END]) == 1


@pytest.mark.parametrize("state", [State.FINISHED, State.FAILED])
def test_an_end_that_found_no_room_is_what_its_owner_noted(home, begin, owner, state):
    runs = [begin(owner=owner.name) for _ in range(2)]
    for number, run in enumerate(runs):
        owner.note_end(run.run_id, state, STARTED_NS + number)
    assert reap(home, runs[0].run_id) is False  # its owner may still write it
    owner.close()
    for number, run in enumerate(runs):
        assert reap(home, run.run_id)
        view = fold(home, run.run_id)
        assert (view.state, view.ended_ns, view.reason) == (
            state,
            STARTED_NS + number,
            "" if state is State.FINISHED else "it ended while its journal could not be written",
        )
    last = begin(owner=owner.name)
    assert reap(home, last.run_id) and fold(home, last.run_id).state is State.KILLED


def test_without_a_point_the_end_is_the_last_event(home, begin):
    run = begin()
    run.event(Kind.TAG, timestamp_ns=STARTED_NS + 5, name="a", value="b")
    run.event(Kind.TRASH, on=True)  # what another process did later
    assert reap(home, run.run_id)
    assert fold(home, run.run_id).ended_ns == STARTED_NS + 5
    assert fold(home, run.run_id).reason == "its process ended"


def test_a_run_with_nothing_but_its_start_ends_there(home, writer):
    assert reap(home, writer.run_id)
    assert fold(home, writer.run_id).ended_ns == STARTED_NS


def test_a_run_does_not_end_in_the_future(home, writer):
    writer.log("loss", 1.0, timestamp_ns=time.time_ns() + 10**15)
    assert reap(home, writer.run_id)
    assert fold(home, writer.run_id).ended_ns <= time.time_ns()


def test_a_run_that_ended_by_itself_is_left_alone(home, writer):
    writer.event(Kind.END, state=State.FINISHED)
    assert reap(home, writer.run_id) is False
    assert fold(home, writer.run_id).state is State.FINISHED


def test_what_is_no_run_is_left_alone(home):
    assert reap(home, "0" * 32) is False
    home.folder("runs")
    home.folder("runs/" + "0" * 32)
    assert reap(home, "0" * 32) is False


def test_the_machine_restarting_is_the_reason_when_it_was(home, begin, owner):
    if not boot_id():
        pytest.skip("this system does not tell when it started")
    run = begin(owner="7-other")
    facts = json.dumps({"pid": 7, "boot": "another", "since_ns": 1}).encode()
    (home.root / "owners" / "7-other").write_bytes((bytes(64) + facts).ljust(4096, b"\0"))
    assert reap(home, run.run_id)
    assert fold(home, run.run_id).reason == "the machine stopped or restarted"


def test_a_run_resumed_while_it_is_reaped_goes_on(home, begin, owner):
    run = begin(owner="7-gone")
    late = RunWriter(home, run.run_id)
    run.event(Kind.RESUME, owner=owner.name)
    late.event(Kind.END, state=State.KILLED, reason="its process ended", owner="7-gone")  # what a reaper that looked before writes now
    assert fold(home, run.run_id).state is State.RUNNING
    assert reap(home, run.run_id) is False
    run.event(Kind.END, state=State.FINISHED)
    assert fold(home, run.run_id).state is State.FINISHED


RUN = """
import sys, time
from pathlib import Path
from nbtrack.entities import RunStart
from nbtrack.journal import Home, RunWriter
from nbtrack.journal.owner import Owner
home = Home(Path(sys.argv[1]))
owner = Owner(home)
run = RunWriter.create(home, RunStart("a" * 32, "n", "e", "s", owner.name, time.time_ns()))
run.log("loss", 0.5)
print("logged", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL here")
def test_a_killed_process_is_found_and_its_run_ended(home, python):
    process = python(RUN, home.root)
    process.stdout.readline()
    assert reap(home, "a" * 32) is False
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert reap(home, "a" * 32) is True
    view = fold(home, "a" * 32)
    assert view.reason == f"its process (pid {process.pid}) ended without ending the run"
    assert view.start.started_ns <= view.ended_ns <= time.time_ns()
    assert view.metrics["loss"].last == 0.5
