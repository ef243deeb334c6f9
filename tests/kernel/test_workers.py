"""Processes started from a tracked cell write to its run; the kernel's death ends it."""

import time

from nbtrack import courier
from nbtrack.entities import State
from nbtrack.journal.reaper import reap

WORKER = "import nbtrack\ndef work(n):\n    for i in range(50):\n        nbtrack.log({f'w{n}': i})\n    return n\n"


def test_joblib_and_spawned_and_forked_workers_write_to_the_cells_run(kernel):
    (kernel.folder / "worker.py").write_text(WORKER)
    reply = kernel.run(
        "%%track pool\nimport multiprocessing as mp, joblib, worker\n"
        "print(joblib.Parallel(n_jobs=2)(joblib.delayed(worker.work)(n) for n in (0, 1)))\n"
        "with mp.get_context('spawn').Pool(2) as pool: print(pool.map(worker.work, (2, 3)))\n"
        "with mp.get_context('fork').Pool(2) as pool: print(pool.map(worker.work, (4, 5)))"
    )
    assert "[4, 5]" in reply.stdout, reply.traceback
    (run,) = kernel.runs()
    assert {name: metric.count for name, metric in run.metrics.items()} == {f"w{n}": 50 for n in range(6)}


def test_workers_that_live_on_write_to_the_next_cells_run(kernel):
    (kernel.folder / "worker.py").write_text(WORKER)
    kernel.run("%%track one\nimport joblib, worker\njoblib.Parallel(n_jobs=2)(joblib.delayed(worker.work)(0) for _ in range(2))")
    kernel.run("%%track two\njoblib.Parallel(n_jobs=2)(joblib.delayed(worker.work)(1) for _ in range(2))")
    two, one = kernel.runs()
    assert (set(one.metrics), set(two.metrics)) == ({"w0"}, {"w1"})


def test_a_killed_kernel_loses_no_point_and_its_run_ends_killed(kernel):
    kernel.send("%%track doomed\nimport nbtrack, os, signal\nfor i in range(5000):\n    nbtrack.log(loss=i)\nos.kill(os.getpid(), signal.SIGKILL)")
    deadline = time.monotonic() + 60
    while kernel.manager.provisioner.process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (run,) = kernel.runs()
    assert run.metrics["loss"].count == 5000
    assert reap(kernel.home, run.run_id)
    (run,) = kernel.runs()
    assert run.state is State.KILLED
    assert "ended without ending the run" in run.reason


def test_a_shut_down_kernel_ends_the_run_of_track_on(kernel):
    kernel.run("%track on whole")
    kernel.client.shutdown()
    deadline = time.monotonic() + 60
    while kernel.manager.provisioner.process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert kernel.runs()[0].state is State.FINISHED


def test_a_cells_run_is_in_mlflow_soon_after(kernel):
    from mlflow import MlflowClient

    kernel.run("import os; os.environ['NBTRACK_DELIVERY'] = '1'")
    kernel.run("%%track delivered -e kernels -t team=vision\nimport nbtrack\nlr = 0.1\nfor i in range(100):\n    nbtrack.log(loss=1 / (i + 1))", "cell-a")
    store = kernel.runs()[0].start.store
    deadline = time.monotonic() + 120
    while not kernel.runs()[0].is_delivered:
        assert time.monotonic() < deadline, courier.status(kernel.home, store)
        time.sleep(0.2)
    client = MlflowClient(store)
    run = client.get_run(kernel.runs()[0].mlflow_run_id)
    assert (run.info.status, run.info.run_name, run.data.params) == ("FINISHED", "delivered", {"lr": "0.1"})
    assert client.get_experiment(run.info.experiment_id).name == "kernels"
    assert [point.value for point in client.get_metric_history(run.info.run_id, "loss")] == [1 / (i + 1) for i in range(100)]
    assert run.data.tags["team"] == "vision"
    assert run.data.tags["nbtrack.cell_id"] == "cell-a"
    assert run.data.tags["nbtrack.attempt"] == "1"
    assert run.data.tags["mlflow.source.type"] == "NOTEBOOK"
