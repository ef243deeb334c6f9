"""Several processes at one run: forked, spawned, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from nbtrack.entities import Kind
from nbtrack.journal import events_of, fold, points_of
from nbtrack.journal.points import read_bytes, segments
from tests.unit.journal.conftest import finish

POSIX = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
BEGIN = """
import os, signal, sys, time, threading
from pathlib import Path
from nbtrack.journal import Home, RunWriter
run = RunWriter(Home(Path(sys.argv[1])), sys.argv[2])
"""

FORK = (
    BEGIN
    + """
for number in range(10):
    run.log("loss", number)
children = []
for child in range(1, 4):
    pid = os.fork()
    if pid == 0:
        try:
            for number in range(20_000):
                run.log("loss", child * 100_000 + number)
            run.log(f"child {child}", child)
            run.event("note", text=f"child {child}")
            os._exit(0)
        finally:
            os._exit(1)
    children.append(pid)
for number in range(20_000):
    run.log("loss", number)
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
"""
)


@POSIX
def test_forked_children_write_beside_their_parent_not_over_it(home, writer, python):
    finish(python(FORK, home.root, writer.run_id))
    assert len({path.stem.split("-")[1] for path in segments(writer.folder)}) == 4
    values = sorted(value for name, _, _, value in points_of(home, writer.run_id) if name == "loss")
    assert values == sorted([*range(10), *range(20_000), *(child * 100_000 + number for child in (1, 2, 3) for number in range(20_000))])
    view = fold(home, writer.run_id)
    assert sorted(view.notes) == ["child 1", "child 2", "child 3"]
    assert {name: metric.last for name, metric in view.metrics.items() if name != "loss"} == {"child 1": 1, "child 2": 2, "child 3": 3}
    assert view.metrics["loss"].last_step == 20_009  # children go on with their parent's steps
    assert not any(read_bytes(path)[28::32].count(0) for path in segments(writer.folder))


FORK_UNDER_LOCK = (
    BEGIN
    + """
from nbtrack.journal import writer as writing
run.log("loss", 0)
held, done = threading.Event(), threading.Event()
def hold():
    with run._grow_lock, run._lines._lock:
        held.set()
        done.wait()
thread = threading.Thread(target=hold)
thread.start()
held.wait()
import warnings
warnings.simplefilter("ignore")  # Python 3.12 warns of what is tried here
pid = os.fork()
if pid == 0:
    signal.alarm(20)
    run.log("new in child", 1)
    os._exit(0)
done.set()
thread.join()
assert os.waitpid(pid, 0)[1] == 0
"""
)


@POSIX
def test_a_child_forked_while_a_thread_holds_the_locks_can_log(home, writer, python):
    finish(python(FORK_UNDER_LOCK, home.root, writer.run_id))
    assert [name for name, *_ in points_of(home, writer.run_id)].count("new in child") == 1


GRANDCHILD = (
    BEGIN
    + """
run.log("loss", 1)
if os.fork() == 0:
    if os.fork() == 0:
        run.log("loss", 3)
        os._exit(0)
    os.wait()
    run.log("loss", 2)
    os._exit(0)
os.wait()
run.close()
if os.fork() == 0:
    try:
        run.log("loss", 4)
    except Exception as error:
        os._exit(0 if "closed" in str(error) else 1)
    os._exit(2)
assert os.wait()[1] == 0
"""
)


@POSIX
def test_grandchildren_can_log_and_a_closed_run_stays_closed_in_children(home, writer, python):
    finish(python(GRANDCHILD, home.root, writer.run_id))
    assert sorted(value for _, _, _, value in points_of(home, writer.run_id)) == [1.0, 2.0, 3.0]


APART = (
    BEGIN
    + """
sys.stdin.readline()
for number in range(500):
    run.event("note", text=f"{sys.argv[3]} {number} " + "x" * (number * 37 % 3000))
    run.log(f"m{number % 7}", number)
"""
)


def test_processes_that_append_at_once_keep_every_line_whole(home, writer, python):
    processes = [python(APART, home.root, writer.run_id, number) for number in range(3)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        finish(process)
    notes = [event.data["text"] for event in events_of(home, writer.run_id) if event.kind == Kind.NOTE]
    for number in range(3):
        mine = [note for note in notes if note.startswith(f"{number} ")]
        assert mine == [f"{number} {count} " + "x" * (count * 37 % 3000) for count in range(500)]
    assert sum(metric.count for metric in fold(home, writer.run_id).metrics.values()) == 1500


SPAWN = """
import multiprocessing, sys
from pathlib import Path
from nbtrack.journal import Home, RunWriter

def work(root, run_id, number):
    run = RunWriter(Home(Path(root)), run_id)
    for step in range(1000):
        run.log("loss", number * 1000 + step)
    run.close()

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(work, [(*sys.argv[1:3], number) for number in range(4)])
"""


def test_spawned_workers_lose_nothing(home, writer, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SPAWN)
    subprocess.run([sys.executable, script, home.root, writer.run_id], check=True, timeout=120)
    assert sorted(value for _, _, _, value in points_of(home, writer.run_id)) == list(range(4000))


KILLED = (
    BEGIN
    + """
number = 0
while True:
    run.log("loss", number)
    os.write(1, b".")  # the call returned
    number += 1
"""
)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL here")
@pytest.mark.parametrize("returned", [1, 300, 2500])
def test_every_point_of_a_returned_call_outlives_kill_9(home, writer, python, returned):
    process = python(KILLED, home.root, writer.run_id)
    seen = len(process.stdout.read(returned))
    process.send_signal(signal.SIGKILL)
    seen += len(process.stdout.read())
    process.communicate()
    values = [value for _, _, _, value in points_of(home, writer.run_id)]
    assert values == list(range(len(values)))
    assert returned <= seen <= len(values) <= seen + 1
