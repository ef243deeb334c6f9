"""Kernels and the delivery process killed without warning."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from nbtrack import courier
from nbtrack.courier.channel import Place


def test_thirty_killed_kernels_lose_no_point(kernel, home, store, delivered, assert_exact):
    chance = random.Random(7)
    kernels = []
    for _ in range(10):
        batch = [kernel(store, 10_000_000, "--sleep", 0.0002) for _ in range(3)]
        time.sleep(chance.uniform(0.0, 0.3))
        for one in batch:
            one.kill()
        kernels += batch
    for one in kernels:
        view = delivered(store, one.run_id, wait_s=120)
        assert "ended without ending the run" in view.reason
        run = assert_exact(store, one.run_id, "KILLED", at_least=one.logged, at_most=one.logged + 1)
        assert "ended without ending the run" in run.data.tags["nbtrack.reason"]


def test_delivery_killed_at_random_moments_neither_repeats_nor_loses(kernel, home, store, kill_delivery, delivered, assert_exact, until):
    chance = random.Random(11)
    kernels = [kernel(store, 20_000) for _ in range(3)]
    kills = 0
    for one in kernels:
        assert one.close() == 0
    from nbtrack.settings import load

    for _ in range(12):
        courier.announce(home, store, load())
        time.sleep(chance.uniform(0.0, 2.5))
        kills += kill_delivery(store)
        until(lambda: not Place.of(home, store).is_alive())
    assert kills
    for one in kernels:
        delivered(store, one.run_id, wait_s=120)
        assert_exact(store, one.run_id, "FINISHED", at_least=20_000, at_most=20_000)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_delivery_killed_at_each_step_neither_repeats_nor_loses(store, moment, assert_exact, mlflow_of):
    script = Path(__file__).with_name("killed_delivery.py")
    done = subprocess.run([sys.executable, "-W", "ignore", script, store, moment], capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    run_ids = done.stdout.split()
    assert len(run_ids) > 6  # experiment, search, creation, params and tags, artifacts, points, end: each was the last
    for run_id in run_ids:
        run = assert_exact(store, run_id, "FINISHED", 1100, 1100)
        assert (run.data.params, run.data.tags["a"], run.data.tags["late"]) == ({"lr": "0.1"}, "b", "yes")
        assert [it.path for it in mlflow_of(store).list_artifacts(run.info.run_id, "notes")] == ["notes/a.txt"]


def test_a_kernel_that_goes_without_a_word_is_found(kernel, store, home, delivered, until, assert_exact):
    one = kernel(store, 500, "--no-end")
    until(lambda: "waiting" in one.said)
    until(lambda: courier.status(home, store))
    one.kill()
    delivered(store, one.run_id)  # how soon is measured by the benchmark of kills
    assert_exact(store, one.run_id, "KILLED", 500, 500)


def test_two_kernels_on_one_notebook(kernel, store, delivered, assert_exact):
    both = [kernel(store, 3000), kernel(store, 3000)]
    for one in both:
        assert one.close() == 0
    for one in both:
        delivered(store, one.run_id)
        assert_exact(store, one.run_id, "FINISHED", 3000, 3000)


def test_forked_and_spawned_workers_log_into_the_run(kernel, store, delivered, assert_exact, history_of):
    one = kernel(store, 2000, "--fork", "--spawn")
    assert one.close() == 0
    delivered(store, one.run_id)
    run = assert_exact(store, one.run_id, "FINISHED", 2000, 2000)
    for metric in ("fork-0", "fork-1", "spawn-0", "spawn-1"):
        assert history_of(store, run.info.run_id, metric) == [(step, float(step)) for step in range(2000)]


def test_a_state_directory_that_is_removed_takes_its_delivery_process_along(home, store, until):
    from nbtrack.settings import load

    courier.announce(home, store, load())
    process = psutil.Process(until(lambda: (courier.status(home, store) or {}).get("pid")))
    home.root.rename(home.root.with_name("removed"))
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 60)
    courier.announce(home, store, load())  # and a new one serves the new directory
    assert until(lambda: (courier.status(home, store) or {}).get("pid")) != process.pid
