"""What a tracked cell ran on, and the git state it ran in."""

import importlib.metadata
import json
import platform
import subprocess
import time

import pytest

from nbtrack.errors import UsageError
from nbtrack.journal import blobs
from nbtrack.replay import restore

JOIN = """
import threading
from nbtrack.capture import background
background.soon('later', int).result()
for thread in threading.enumerate():
    if thread.name == 'nbtrack-git':
        thread.join()
"""


def artifacts(kernel, number=0):
    kernel.run(JOIN)
    run = kernel.runs()[number]
    assert run.notices == ()
    return {it.path: it.blob for it in run.artifacts}


def read(kernel, blob):
    return blobs.get_bytes(kernel.home, blob).decode()


def test_the_environment_is_kept_with_what_is_imported_and_seeded(kernel):
    kernel.run("import os\nos.environ['OMP_NUM_THREADS'] = '3'\nos.environ['MY_TOKEN'] = 'hunter2'\nimport numpy as np, random\nnp.random.seed(7)")
    kernel.run("%%track\nx = 1")
    found = artifacts(kernel)
    text = read(kernel, found["environment/environment.json"])
    environment = json.loads(text)
    assert environment["python"] == platform.python_version()
    assert environment["imported"]["numpy"] == importlib.metadata.version("numpy")
    assert "scikit-learn" not in environment["imported"]
    assert environment["seeds"] == {"random": "not seeded", "numpy": 7}
    assert environment["variables"]["OMP_NUM_THREADS"] == "3"
    assert "hunter2" not in text
    assert environment["memory_bytes"] > 0
    assert environment["cpus"] > 0
    assert environment["platform"] and environment["cpu"] and environment["gpus"] == []
    requirements = read(kernel, found["environment/requirements.txt"]).splitlines()
    assert len(environment["distributions_digest"]) >= 32
    assert f"scikit-learn=={importlib.metadata.version('scikit-learn')}" in requirements


def test_the_same_environment_is_stored_once(kernel):
    kernel.run("%%track\nx = 0")  # the first run's background loads what nbtrack itself needs
    artifacts(kernel)
    kernel.run("%%track\nx = 1")
    first = artifacts(kernel)
    kernel.run("%%track\nx = 2")
    second = artifacts(kernel)
    assert [first[path] for path in sorted(first) if path.startswith("environment/")] == [
        second[path] for path in sorted(second) if path.startswith("environment/")
    ]


def test_git_tells_commit_changes_and_remote(kernel):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words], cwd=kernel.folder, check=True, capture_output=True)

    git("init")
    (kernel.folder / "a.py").write_text("1\n")
    git("add", ".")
    git("commit", "-m", "first")
    git("remote", "add", "origin", "https://me:hunter2@example.org/a.git")
    (kernel.folder / "a.py").write_text("2\n")
    kernel.run("%%track\nx = 1")
    found = artifacts(kernel)
    state = json.loads(read(kernel, found["git/state.json"]))
    assert state["dirty"] == ["a.py"]
    assert state["remote"] == "https://example.org/a.git"
    assert state["commit"] == kernel.runs()[0].tags["mlflow.source.git.commit"]
    assert "+2" in read(kernel, found["git/diff.patch"])


def test_outside_a_repository_there_is_no_git_and_both_can_be_switched_off(kernel):
    kernel.run("%%track --capture -environment\nx = 1")
    assert not any(path.startswith(("git/", "environment/")) for path in artifacts(kernel))


def test_a_kernel_killed_in_a_cell_leaves_the_environment_of_the_run_and_of_a_block_in_it(kernel):
    kernel.run("import os\nos.environ['OMP_NUM_THREADS'] = '3'")
    kernel.send("%%track\nimport random, nbtrack, time\nrandom.seed(3)\nwith nbtrack.track('inner'):\n    while True:\n        time.sleep(0.01)")
    deadline = time.monotonic() + 120
    wanted = {"environment/environment.json", "environment/requirements.txt"}
    while not (len(runs := kernel.runs()) == 2 and all(wanted <= {it.path for it in run.artifacts} for run in runs)):
        assert time.monotonic() < deadline, runs
        time.sleep(0.1)
    kernel.manager.provisioner.process.kill()
    for run in kernel.runs():
        found = {it.path: it.blob for it in run.artifacts}
        environment = json.loads(read(kernel, found["environment/environment.json"]))
        assert (environment["python"], environment["seeds"]["random"], environment["variables"]["OMP_NUM_THREADS"]) == (platform.python_version(), 3, "3")
        assert "ipykernel" in environment["imported"]
        assert "ipykernel==" in restore.environment(kernel.home, run, to=str(kernel.folder / f"{run.run_id}.txt")).path.read_text()


def test_a_run_without_an_environment_says_why(kernel):
    kernel.run("%%track --capture -environment\nx = 1")
    [run] = kernel.runs()
    with pytest.raises(UsageError, match=r"setting capture left it out, .*--env current"):
        restore.environment(kernel.home, run)
