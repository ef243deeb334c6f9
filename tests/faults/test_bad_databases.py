"""Databases that take a connection and then hang up, or say nothing: the plugin's writes go on, nothing is lost, and the URI reached its driver.

Of SQL Server this is all that is tested: no package for this machine has one.
"""

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

_CODE = """
    import json, mlflow
    with mlflow.start_run(run_name="away") as active:
        for step in range(20):
            mlflow.log_metric("loss", step * 0.5, step=step)
    print(json.dumps(active.info.run_id))
"""


@pytest.fixture
def listening(free_port):
    """Begins to listen on a port; gives its place, and what was said to it."""
    heard, held = [], []

    def serve(server, is_silent):
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            held.append(connection)
            connection.settimeout(5)
            try:
                heard.append(connection.recv(4096))
            except OSError:
                heard.append(b"")
            if not is_silent:
                connection.close()

    with socket.create_server(("127.0.0.1", free_port)) as server:

        def listening(is_silent):
            threading.Thread(target=serve, args=(server, is_silent), daemon=True).start()
            return f"127.0.0.1:{free_port}", heard

        yield listening
        server.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()


@pytest.mark.parametrize(
    ("scheme", "is_silent", "begins"),
    [
        ("mssql+pymssql", False, (b"\x12", b"\x10")),  # a TDS client's prelogin or login
        ("postgresql+psycopg", False, (b"\0\0\0",)),  # the length of a startup message
        ("postgresql+psycopg", True, (b"\0\0\0",)),
        ("mysql+pymysql", True, (b"",)),  # there the server speaks first
    ],
)
def test_writes_go_on_and_nothing_is_lost(listening, home, until, tmp_path, scheme, is_silent, begins):
    pytest.importorskip(scheme.partition("+")[2])
    place, heard = listening(is_silent)
    uri = f"{scheme}://ann:hush-database@{place}/mlflow"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(_CODE)], env={**os.environ, "MLFLOW_TRACKING_URI": f"nbtrack+{uri}"}, cwd=tmp_path,
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run_id = json.loads(done.stdout.splitlines()[-1])
    masked = courier.mask_uri(uri)
    status = until(lambda: (found := courier.status(home, masked)) and found["problem"] and found, 90)
    assert (status["state"], status["backlog_runs"]) == ("store unreachable", 1), status
    assert any(said.startswith(begins) for said in heard), heard
    view = fold(home, run_id)
    assert (view.state, view.metrics["loss"].count, view.start.store) == (State.FINISHED, 20, masked)
    assert "hush-database" not in masked + done.stderr + status["problem"]
    assert b"hush-database" not in b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())
