"""Faults met by a real kernel with `%%track`, and by scripts with `nbtrack.track`: through the public names alone."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from nbtrack import courier
from nbtrack.entities import State
from nbtrack.journal import fold
from tests.kernel.conftest import Kernel

LOOP = "import nbtrack, time\nfor i in range({count}):\n    nbtrack.log(loss=i * 0.5, step=i)\n    time.sleep({sleep_s})\n"
SCRIPT = """
import sys, time, nbtrack
with nbtrack.track("script", store=sys.argv[1]):
    for i in range(int(sys.argv[2])):
        nbtrack.log(loss=i * 0.5, step=i)
        print(i + 1, flush=True)
        time.sleep(float(sys.argv[3]))
"""


@pytest.fixture
def notebook(home, tmp_path):
    """Starts a kernel with nbtrack loaded, before a store: `notebook(uri)`."""
    kernels = []

    def notebook(uri):
        folder = tmp_path / f"work-{len(kernels)}"
        folder.mkdir()
        kernels.append(Kernel(folder, {"NBTRACK_HOME": str(home.root), "MLFLOW_TRACKING_URI": uri}))
        assert kernels[-1].run("%load_ext nbtrack").status == "ok"
        return kernels[-1]

    yield notebook
    for kernel in kernels:
        kernel.stop()


@pytest.fixture
def started(home, until):
    """Waits until a cell that was sent has logged something; returns its run."""

    def started(name, count=1):
        def found():
            views = [view for view in (fold(home, run_id) for run_id in home.run_ids()) if view is not None and view.name == name]
            return views[0] if views and "loss" in views[0].metrics and views[0].metrics["loss"].count >= count else None

        return until(found)

    return started


def test_a_server_killed_and_restarted_while_a_cell_runs(notebook, started, server, delivered, assert_exact):
    kernel = notebook(server.uri)
    sent = kernel.send("%%track trained\n" + LOOP.format(count=600, sleep_s=0.005) + "'done'")
    run_id = started("trained", 50).run_id
    server.kill()
    reply = kernel.answer(sent)
    assert (reply.status, reply.result, reply.stderr) == ("ok", "'done'", "")
    assert kernel.run("%%track next\n1 + 1").result == "2"  # with the server away
    server.start()
    delivered(server.uri, run_id)
    assert_exact(server.uri, run_id, "FINISHED", 600, 600)


def test_a_kernel_killed_in_a_cell_and_restarted_goes_on_with_the_next_attempt(notebook, started, store, home, delivered, assert_exact):
    kernel = notebook(store)
    kernel.send("%%track trained\n" + LOOP.format(count=10**6, sleep_s=0), "cell-a")
    first = started("trained", 1000)
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=120)
    assert kernel.run("%load_ext nbtrack").status == "ok"
    assert kernel.run("%%track trained\n" + LOOP.format(count=10, sleep_s=0), "cell-a").status == "ok"
    [second] = [view for view in kernel.runs() if view.run_id != first.run_id]
    assert second.start.attempt == 2
    for run_id, state in ((first.run_id, "KILLED"), (second.run_id, "FINISHED")):
        delivered(store, run_id, wait_s=120)
        assert_exact(store, run_id, state, at_least=10)


def test_an_interrupted_cell_is_killed_in_mlflow_too(notebook, started, store, delivered, assert_exact):
    kernel = notebook(store)
    sent = kernel.send("%%track trained\n" + LOOP.format(count=10**6, sleep_s=0.001))
    run_id = started("trained", 100).run_id
    kernel.manager.interrupt_kernel()
    assert kernel.answer(sent).ename == "KeyboardInterrupt"
    delivered(store, run_id)
    assert_exact(store, run_id, "KILLED", at_least=100)


def test_a_cell_that_runs_out_of_memory_fails_as_it_would_and_keeps_its_points(notebook, store, home, delivered, assert_exact):
    """Real memory: the kernel's address space is limited, and the cell allocates until Python raises MemoryError."""
    kernel = notebook(store)
    kernel.run("import numpy as np, resource")
    reply = kernel.run(
        "%%track hungry\n" + LOOP.format(count=2000, sleep_s=0) + "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size + (96 << 20), resource.RLIM_INFINITY))\nheld = []\ntry:\n    while True:\n"
        "        held.append(np.ones(1 << 19))\n        nbtrack.log(loss=(i := i + 1) * 0.5, step=i)\n"
        "except MemoryError:  # or IPython has no memory left to say so\n    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)\n    raise"
    )
    assert "MemoryError" in reply.ename
    assert kernel.run("resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); logged = i + 1; held = None; logged").status == "ok"
    logged = int(kernel.run("logged").result)
    [view] = kernel.runs()
    assert (view.state, "MemoryError" in view.reason) == (State.FAILED, True)
    delivered(store, view.run_id)
    assert_exact(store, view.run_id, "FAILED", at_least=logged, at_most=logged)
    assert logged > 2000


def test_a_kernel_that_the_system_kills_while_it_allocates_loses_nothing(notebook, store, home, until, delivered, assert_exact):
    """Simulated: what the kernel of Linux does when memory runs out is a SIGKILL to whoever allocates; a test must not exhaust its machine for real."""
    kernel = notebook(store)
    kernel.send(
        "%%track doomed\n" + LOOP.format(count=3000, sleep_s=0) + "import os, signal, threading\n"
        "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGKILL)).start()\nheld = []\nwhile True:\n    held.append(bytearray(1 << 16))\n    time.sleep(0.0005)"
    )
    until(lambda: kernel.manager.provisioner.process.poll() is not None)
    [view] = kernel.runs()
    delivered(store, view.run_id)
    assert_exact(store, view.run_id, "KILLED", 3000, 3000)


WORKER = """
import multiprocessing, os, signal, nbtrack
def work(name, count, dies=False):
    for step in range(count):
        nbtrack.log({name: step * 0.5}, step=step)
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return count
"""


def test_workers_of_joblib_and_multiprocessing_log_into_the_cells_run_and_one_that_is_killed_loses_nothing(notebook, store, home, delivered, assert_exact):
    kernel = notebook(store)
    (kernel.folder / "worker.py").write_text(WORKER)
    reply = kernel.run(
        "%%track pool\nimport joblib, multiprocessing, worker\n"
        "told = joblib.Parallel(n_jobs=2)(joblib.delayed(worker.work)(f'loky-{n}', 200) for n in range(2))\n"
        "for kind in ('fork', 'spawn'):\n    with multiprocessing.get_context(kind).Pool(2) as pool:\n"
        "        told += pool.starmap(worker.work, [(f'{kind}-{n}', 200) for n in range(2)])\n"
        "doomed = multiprocessing.get_context('spawn').Process(target=worker.work, args=('killed', 200, True))\n"
        "doomed.start(); doomed.join()\n(told, doomed.exitcode)"
    )
    assert reply.result == f"({[200] * 6}, -9)", reply.traceback
    [view] = kernel.runs()
    delivered(store, view.run_id)
    for metric in [*(f"{kind}-{n}" for kind in ("loky", "fork", "spawn") for n in range(2)), "killed"]:
        assert_exact(store, view.run_id, "FINISHED", 200, 200, metric=metric)


def test_a_cell_that_fails_because_a_worker_of_joblib_was_killed_keeps_what_the_worker_had_logged(notebook, store, home, delivered, assert_exact):
    kernel = notebook(store)
    (kernel.folder / "worker.py").write_text(WORKER)
    reply = kernel.run("%%track pool\nimport joblib, worker\njoblib.Parallel(n_jobs=2)(joblib.delayed(worker.work)('killed', 100, True) for _ in range(1))")
    assert "TerminatedWorkerError" in reply.ename + reply.traceback
    [view] = kernel.runs()
    delivered(store, view.run_id)
    assert_exact(store, view.run_id, "FAILED", 100, 100, metric="killed")


def test_two_kernels_on_one_notebook_keep_their_runs_apart(notebook, store, delivered, assert_exact):
    kernels = [notebook(store), notebook(store)]
    sent = [kernel.send("%%track both\n" + LOOP.format(count=1000, sleep_s=0.0005), "cell-a") for kernel in kernels]
    assert [kernel.answer(msg).status for kernel, msg in zip(kernels, sent, strict=True)] == ["ok", "ok"]
    views = kernels[0].runs()
    assert len(views) == 2
    for view in views:
        delivered(store, view.run_id)
        assert_exact(store, view.run_id, "FINISHED", 1000, 1000)


def test_a_script_killed_at_full_speed_keeps_every_point_it_told(home, store, delivered, assert_exact):
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, store, "1000000", "0"], stdout=subprocess.PIPE)
    time.sleep(3)
    process.send_signal(signal.SIGKILL)
    told = int(process.communicate()[0].split()[-1])
    [run_id] = home.run_ids()
    delivered(store, run_id, wait_s=120)
    assert_exact(store, run_id, "KILLED", at_least=told, at_most=told + 1)


def test_a_script_with_a_wrong_password_waits_for_the_right_one(home, postgres, until, delivered, assert_exact):
    _, uri = postgres
    masked = courier.mask_uri(uri)
    subprocess.run([sys.executable, "-c", SCRIPT, uri.replace("hush-database", "hush-wrong"), "20", "0"], check=True, stdout=subprocess.DEVNULL, timeout=120)
    status = until(lambda: (found := courier.status(home, masked)) and "refused" in found["problem"] and found)
    assert status["state"] == "login missing"
    [run_id] = home.run_ids()
    delivered(uri, run_id, wait_s=120)
    assert_exact(uri, run_id, "FINISHED", 20, 20)
