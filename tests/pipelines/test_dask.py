"""Stages on a real Dask scheduler with several workers, one of which is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from nbtrack.entities import State
from nbtrack.journal import Home
from nbtrack.reads import all_runs

pytestmark = pytest.mark.timeout(600)
_SPEC = """
stages:
  first: {notebook: first.ipynb, outputs: {pids: pids.txt}}
  after: {notebook: after.ipynb, inputs: {pids: "${first.outputs.pids}"}, outputs: {count: {value: int}}}
"""
_FIRST = """
import os, pathlib, time
with open(tries, "a") as file:
    file.write(f"{os.getppid()}\\n")
while len(pathlib.Path(tries).read_text().split()) < 2:
    time.sleep(0.1)  # until the worker is killed
pathlib.Path("pids.txt").write_text(pathlib.Path(tries).read_text())
"""


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers, each a process of its own; gives HOST:PORT."""
    told = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    started = [subprocess.Popen([*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", told], **quiet)]
    try:
        while not told.exists():
            assert started[0].poll() is None
            time.sleep(0.1)
        worker = [*dask, "worker", "--scheduler-file", told, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        started += [subprocess.Popen([*worker, "--local-directory", tmp_path / f"worker-{it}"], **quiet) for it in range(2)]
        yield json.loads(told.read_text())["address"].removeprefix("tcp://")
    finally:
        for process in started:
            process.kill()
            process.wait()


def run(folder, *words):
    code = "from nbtrack.cli import main; main()"
    return subprocess.Popen([sys.executable, "-c", code, "run", *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize("carried", ["", "?files={}/between"], ids=["shared disk", "through a place"])
def test_a_stage_of_a_killed_worker_is_done_by_another_one(notebook, cluster, tmp_path, carried):
    tries, there = tmp_path / "tries.txt", f"dask://{cluster}{carried.format(tmp_path)}"
    notebook("first.ipynb", f"tries = {str(tries)!r}\n{_FIRST}")
    notebook("after.ipynb", "import nbtrack\nnbtrack.output('count', len(open('pids.txt').read().split()))")
    (tmp_path / "nbtrack.yaml").write_text(_SPEC)
    done = run(tmp_path, "--executor", there)
    while not (tries.exists() and tries.read_text().strip()):
        assert done.poll() is None, done.stdout.read()
        time.sleep(0.1)
    victim = psutil.Process(int(tries.read_text()))
    kernels = victim.children(recursive=True)
    victim.send_signal(signal.SIGKILL)
    text, _ = done.communicate()
    assert done.returncode == 0, text
    pids = (tmp_path / "pids.txt").read_text().split()
    assert len(pids) == 2 and pids[0] != pids[1]
    runs = [it for it in all_runs(Home(Path(os.environ["NBTRACK_HOME"]))) if it.tags.get("nbtrack.stage") == "first"]
    assert sum(it.state is State.FINISHED for it in runs) == 1 and all(it.state is not State.FAILED for it in runs)
    assert sum(it.state is State.KILLED for it in runs) == 1 or not carried  # else the next look at the home ends it
    assert psutil.wait_procs(kernels, timeout=60)[1] == []
    again = run(tmp_path, "--executor", there)
    assert "2 cached" in again.communicate()[0]


def test_interrupting_ends_the_stage_and_what_is_wrong_is_told(notebook, cluster, tmp_path):
    notebook("first.ipynb", "import time\nopen('begun', 'w').close()\ntime.sleep(600)")
    (tmp_path / "nbtrack.yaml").write_text("stages: {first: {notebook: first.ipynb}}")
    done = run(tmp_path, "--executor", f"dask://{cluster}")
    while not (tmp_path / "begun").exists():
        assert done.poll() is None, done.stdout.read()
        time.sleep(0.1)
    done.send_signal(signal.SIGINT)
    text, _ = done.communicate()
    assert done.returncode == 130, text
    for word, told in (("dask://127.0.0.1:1", "No Dask scheduler answers"), ("slurm", "There is no executor 'slurm'")):
        wrong = run(tmp_path, "--executor", word)
        assert told in wrong.communicate()[0] and wrong.returncode == 3


def test_a_cluster_of_its_own(notebook, tmp_path):
    notebook("first.ipynb", "import nbtrack\nnbtrack.output('n', 1)")
    (tmp_path / "nbtrack.yaml").write_text("stages: {first: {notebook: first.ipynb, matrix: {m: [1, 2]}, outputs: {n: {value: int}}}}")
    done = run(tmp_path, "--executor", "dask", "--jobs", "2")
    text, _ = done.communicate()
    assert done.returncode == 0 and "2 done" in text, text
