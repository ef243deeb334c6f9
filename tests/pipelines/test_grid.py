"""`nbtrack run NOTEBOOK --grid`: a notebook with every combination of some values."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from nbtrack.journal import fold
from nbtrack.reads import all_runs

TRAIN = "if depth == 3:\n    raise ValueError('too deep')\nloss = sum([lr, depth])"


def nbtrack(*words, cwd):
    return subprocess.run([sys.executable, "-m", "nbtrack", *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False, timeout=240)


def test_every_combination_is_a_run_below_the_grids_and_a_failure_stops_no_other(notebook, home, tmp_path):
    notebook("train.ipynb", TRAIN, parameters="lr = 0.5\ndepth = 1\nname = 'a'")
    words = ("--grid", "lr=0.25", "--grid", "lr=0.5", "--grid", "depth=2", "--grid", "depth=3", "-p", "name", "b", "--jobs", 2)
    found = nbtrack("run", "train.ipynb", *words, "--json", cwd=tmp_path)
    assert found.returncode == 1, found.stderr
    told = json.loads(found.stdout)
    parent = fold(home, told["run_id"])
    assert (parent.state, parent.params, parent.tags["nbtrack.grid"]) == ("FAILED", {"lr": "[0.25, 0.5]", "depth": "[2, 3]", "name": "b"}, "lr, depth")
    assert "2 of 4 failed: ValueError: too deep" in parent.reason
    children = [view for view in all_runs(home) if view.start.parent == parent.run_id]
    assert {(view.params["lr"], view.params["depth"], view.params["name"], view.state) for view in children} == {
        ("0.25", "2", "b", "FINISHED"), ("0.5", "2", "b", "FINISHED"), ("0.25", "3", "b", "FAILED"), ("0.5", "3", "b", "FAILED"),
    }  # fmt: skip
    assert {it["run_id"] for it in told["runs"]} == {view.run_id for view in children}
    assert [it["name"] for it in told["runs"]] == [f"train-{number}" for number in range(1, 5)]  # as they were said, in whatever order they ended
    assert {view.name for view in children} == {f"train-{number}" for number in range(1, 5)}
    assert "4 of 4" in found.stderr and "too deep" in found.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--grid", "lr=1", "--grid", "lr=x"), "no float"), (("--grid", "lr=1", "-p", "lr=2"), "one value and several"), (("--grid", "lr"), "Write --grid lr=VALUE"),
        (("--grid", "lr=1", "--out", "o"), "--out is for one run"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_grid_is_refused_before_anything_begins(notebook, home, tmp_path, words, why):
    notebook("train.ipynb", "1", parameters="lr = 0.5")
    found = nbtrack("run", "train.ipynb", *words, cwd=tmp_path)
    assert (found.returncode, why in found.stderr) == (3, True), found.stderr
    assert all_runs(home) == []


def test_an_interrupt_ends_what_runs_and_begins_nothing_more(notebook, home, tmp_path):
    notebook("slow.ipynb", "import time\nprint('begun', flush=True)\ntime.sleep(300)", parameters="lr = 0.5")
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from nbtrack.cli import main; main()"
    words = ["run", "slow.ipynb", "--grid", "lr=0.25", "--grid", "lr=0.5", "--json"]
    with subprocess.Popen([sys.executable, "-c", code, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None and process.stdout is not None
        while "grid of 2 runs" not in process.stderr.readline():
            pass
        os.kill(process.pid, signal.SIGINT)
        told = json.loads(process.stdout.read())
        process.stderr.read()
    assert (process.returncode, told["state"]) == (130, "KILLED")
    assert len(told["runs"]) <= 1
    assert fold(home, told["run_id"]).state == "KILLED"
    assert all(view.state == "KILLED" for view in all_runs(home))
