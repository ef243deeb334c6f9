"""Kernels, servers and databases that the tests of faults kill."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from nbtrack import courier
from nbtrack.entities import State
from nbtrack.journal import fold
from tests.faults import databases

_KERNEL = Path(__file__).with_name("kernel.py")


class Kernel:
    """A process that logs; see kernel.py."""

    def __init__(self, *args):
        self.process = subprocess.Popen([sys.executable, str(_KERNEL), *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        first = self.process.stdout.readline().decode().split()
        assert first, self.process.stderr.read().decode()
        self.run_id = first[1]
        self.logged = 0
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.said.append(line.decode().strip())
            if line.startswith(b"logged"):
                self.logged = int(line.split()[1])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.close()

    def close(self, wait_s=60):
        """Wait for its end; returns the exit status."""
        status = self.process.wait(wait_s)
        self._reader.join(10)
        self.process.stdout.close()
        self.process.stderr.close()
        return status


@pytest.fixture
def kernel(home):
    """Starts kernels: `kernel(store, count, "--sleep", 0.01)`."""
    kernels = []

    def kernel(*args):
        kernels.append(Kernel(*args))
        return kernels[-1]

    yield kernel
    for one in kernels:
        if one.process.poll() is None:
            one.kill()


@pytest.fixture
def delivered(home, settings, until):
    """Waits until a run is in MLflow to its end; returns the folded run. Announces again, as the next cell would."""

    def delivered(store, run_id, wait_s=60):
        courier.announce(home, store, settings)
        courier.wake(home, courier.mask_uri(store))

        def is_delivered():
            view = fold(home, run_id, metrics=False)
            return view if view is not None and view.is_delivered else None

        return until(is_delivered, wait_s)

    return delivered


@pytest.fixture
def kill_delivery(home):
    """Kills the delivery process of a store with no warning; says whether there was one."""

    def kill_delivery(store):
        status = courier.status(home, courier.mask_uri(store))
        if status is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(status["pid"], signal.SIGKILL)
        return True

    return kill_delivery


class Server:
    """`mlflow server` on the loopback."""

    def __init__(self, port, backend, folder, tls=None):
        self.uri = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        self._context = ssl.create_default_context(cafile=tls[1]) if tls else None
        self._argv = [sys.executable, "-W", "ignore", "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", str(port)]
        self._argv += ["--backend-store-uri", backend, "--artifacts-destination", str(folder / "artifacts")]
        self._argv += ["--uvicorn-opts", f"--ssl-keyfile {tls[0]} --ssl-certfile {tls[1]}"] if tls else []
        self._folder = folder
        self._process = None

    def start(self):
        env = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}  # a test's are its clients'
        env |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(self._argv, env=env, cwd=self._folder, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 90
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.uri}/health", timeout=5, context=self._context) as answer:
                if answer.status == 200:
                    return
            assert time.monotonic() < deadline, (self._folder / "server.log").read_text()
            assert self._process.poll() is None, (self._folder / "server.log").read_text()
            time.sleep(0.1)

    def kill(self):
        """End it and its workers as a power cut would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)
            self._process = None


@pytest.fixture
def server(store, tmp_path, free_port):
    """A running MLflow server over the test's sqlite store."""
    folder = tmp_path / "server"
    folder.mkdir()
    server = Server(free_port, store, folder)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def tls_server(store, tmp_path, free_port):
    """The same over TLS, and the file of its certificate, which no system trusts."""
    folder = tmp_path / "server"
    folder.mkdir()
    key, certificate = (str(folder / name) for name in ("key.pem", "certificate.pem"))
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*asked, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server = Server(free_port, store, folder, (key, certificate))
    server.start()
    yield server, certificate
    server.kill()


@pytest.fixture
def postgres(free_port):
    """A running PostgreSQL and the tracking URI of an empty database in it."""
    with databases.running(databases.Postgres, free_port) as server:
        yield server, f"postgresql+psycopg://ann:hush-database@127.0.0.1:{free_port}/postgres"


@pytest.fixture
def mariadb(free_port):
    """The same of MariaDB."""
    with databases.running(databases.MariaDB, free_port) as server:
        yield server, f"mysql+pymysql://ann:hush-database@127.0.0.1:{free_port}/mlflow"


@pytest.fixture(params=["postgres", "mariadb"])
def database(request):
    """Each kind of database server in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def assert_exact(home, runs_of, history_of):
    """Holds what MLflow has against what was logged: one run, this state, each point once."""

    def assert_exact(store, run_id, state, at_least=0, at_most=None, metric="loss", seen_at=None):
        [run] = runs_of(seen_at or store, run_id)
        assert run.info.status == state
        found = history_of(seen_at or store, run.info.run_id, metric) if metric in run.data.metrics else []
        assert found == [(step, step * 0.5) for step in range(len(found))]
        assert len(found) >= at_least
        assert at_most is None or len(found) <= at_most
        view = fold(home, run_id)
        assert view.state is State(state)
        assert (view.metrics[metric].count if metric in view.metrics else 0) == len(found)
        return run

    return assert_exact
