"""SQL Server, of which no package for this machine exists: its URI reaches its driver as it was given, and a server that hangs up loses nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import threading

import pytest

from nbtrack import courier
from nbtrack.entities import State
from nbtrack.journal import fold

pytest.importorskip("pymssql")
_PRELOGIN, _LOGIN = 0x12, 0x10
"""First bytes of what a client of the TDS protocol says."""


@pytest.fixture
def listening(free_port):
    """A port that is asked for a login and hangs up; what it was asked."""
    heard = []
    with socket.create_server(("127.0.0.1", free_port)) as server:

        def listen():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    try:
                        heard.append(connection.recv(4096))
                    except OSError:
                        heard.append(b"")

        threading.Thread(target=listen, daemon=True).start()
        yield f"127.0.0.1:{free_port}", heard
        server.shutdown(socket.SHUT_RDWR)


def test_the_uri_reaches_the_driver_and_a_server_that_hangs_up_loses_nothing(listening, home, until, tmp_path):
    place, heard = listening
    uri = f"mssql+pymssql://ann:hush-database@{place}/mlflow"
    code = """
        import json, mlflow
        with mlflow.start_run(run_name="away") as active:
            for step in range(20):
                mlflow.log_metric("loss", step * 0.5, step=step)
        print(json.dumps(active.info.run_id))
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)], env={**os.environ, "MLFLOW_TRACKING_URI": f"nbtrack+{uri}"}, cwd=tmp_path,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run_id = json.loads(done.stdout.splitlines()[-1])
    masked = courier.mask_uri(uri)
    status = until(lambda: (found := courier.status(home, masked)) and found["problem"] and found)
    assert (status["state"], status["backlog_runs"]) == ("store unreachable", 1), status
    assert any(first[:1] and first[0] in (_PRELOGIN, _LOGIN) for first in heard), heard
    view = fold(home, run_id)
    assert (view.state, view.metrics["loss"].count, view.start.store) == (State.FINISHED, 20, masked)
    assert "hush-database" not in masked
    written = b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())
    assert b"hush-database" not in written
