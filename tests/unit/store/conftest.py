"""MLflow pointed at the plugin, in this process, and put back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.request

import pytest


@pytest.fixture
def plugged(store, home, tmp_path, monkeypatch):
    """MLflow's tracking URI is the plugin's, before a sqlite store of the test's own; returns the real store's URI."""
    yield from _point(f"nbtrack+{store}", store, tmp_path, monkeypatch)


@pytest.fixture
def away(home, tmp_path, monkeypatch):
    """The same before a server that does not answer."""
    uri = f"http://127.0.0.1:9/{tmp_path.name}"  # MLflow keeps one store a URI for as long as the process lives
    yield from _point(f"nbtrack+{uri}", uri, tmp_path, monkeypatch)


def _point(uri, real, tmp_path, monkeypatch):
    import mlflow

    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(uri)
    yield real
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.tracking.fluent._active_experiment_id = None
    mlflow.set_tracking_uri(None)
    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"):
        os.environ.pop(name, None)


@pytest.fixture
def script(tmp_path):
    """Runs Python code in a process of its own; returns what it printed, or the process itself if it is not to be waited for."""

    def script(code, uri="", *, check=True, wait=True):
        env = {**os.environ, "MLFLOW_TRACKING_URI": uri}
        argv = [sys.executable, "-c", textwrap.dedent(code)]
        if not wait:
            started.append(subprocess.Popen(argv, env=env, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            return started[-1]
        done = subprocess.run(argv, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=180)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    started = []
    yield script
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def server(store, tmp_path, until):
    """URI of an MLflow server that is not there yet, and what starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    running = []

    def answers():
        try:
            return urllib.request.urlopen(f"{uri}/health", timeout=2).status == 200
        except OSError:
            return False

    def start():
        argv = [sys.executable, "-W", "ignore", "-m", "mlflow", "server", "--backend-store-uri", store, "--artifacts-destination", str(tmp_path / "artifacts")]
        env = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        env.pop("MLFLOW_TRACKING_URI", None)
        with (tmp_path / "server.log").open("wb") as log:
            running.append(
                subprocess.Popen(
                    [*argv, "--workers", "1", "--host", "127.0.0.1", "--port", str(port)], env=env, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
                )
            )
        until(answers, 120)

    yield uri, start
    for process in running:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
