"""A real IPython kernel, driven cell by cell."""

from __future__ import annotations

import os
import queue
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from nbtrack import courier
from nbtrack.entities import RunView
from nbtrack.journal import Home
from nbtrack.reads import all_runs


@dataclass
class Reply:
    """What a front end got for one cell."""

    status: str = ""
    text: str = ""
    stdout: str = ""
    stderr: str = ""
    result: str | None = None
    shown: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    traceback: str = ""
    ename: str = ""
    count: int = 0


class Kernel:
    """One kernel process and its client."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.home = folder, Home(Path(env["NBTRACK_HOME"]))
        self._place = tempfile.TemporaryDirectory(prefix="nbt")  # sockets' paths may have a hundred letters
        self.manager = KernelManager(
            kernel_name="python3",  # this interpreter, by jupyter_client's own rule
            connection_file=str(Path(self._place.name) / "kernel.json"),
            transport="tcp" if os.name == "nt" else "ipc",  # a free port may be another's by the time the kernel binds it
        )
        self.manager.start_kernel(cwd=str(folder), env={**os.environ, **env})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def send(self, code: str, cell_id: str | None = None, said: dict[str, object] | None = None, *, can_ask: bool = False) -> str:
        """Send a cell; `said` is what JupyterLab's extension would tell with it, `can_ask` that somebody sits there who can be asked."""
        message = self.client.session.msg(
            "execute_request", {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": can_ask, "stop_on_error": True}
        )
        if cell_id is not None:
            message["metadata"]["cellId"] = cell_id
        if said is not None:
            message["metadata"]["nbtrack"] = said
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def run(self, code: str, cell_id: str | None = None, said: dict[str, object] | None = None, *, can_ask: bool = False) -> Reply:
        return self.answer(self.send(code, cell_id, said, can_ask=can_ask))

    def answer(self, msg_id: str) -> Reply:
        reply = Reply()
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                break
            if kind == "stream":
                setattr(reply, content["name"], getattr(reply, content["name"]) + content["text"])
            elif kind == "execute_result":
                reply.result = content["data"]["text/plain"]
            elif kind == "display_data":
                reply.shown.append(content["data"].get("text/plain", ""))
                reply.html.append(content["data"].get("text/html", ""))
            elif kind == "error":
                reply.ename, reply.traceback = content["ename"], "\n".join(content["traceback"])
        while True:
            try:
                message = self.client.get_shell_msg(timeout=120)
            except queue.Empty:  # pragma: no cover - the kernel died
                return reply
            if message["parent_header"].get("msg_id") == msg_id:
                reply.status, reply.count = message["content"]["status"], message["content"].get("execution_count", 0)
                return reply

    def runs(self) -> list[RunView]:
        return all_runs(self.home, with_trash=True)

    def stop(self) -> None:
        self.client.stop_channels()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.manager.shutdown_kernel(now=True)
            self.manager.cleanup_resources()
        self._place.cleanup()


@pytest.fixture
def kernel_env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A state directory and store of the test's own; its delivery process ends with the test."""
    home = tmp_path / "home"
    yield {"NBTRACK_HOME": str(home), "NBTRACK_POLL_S": "0.1", "NBTRACK_IDLE_S": "20", "MLFLOW_DISABLE_TELEMETRY": "true", "NBTRACK_DELIVERY": "0"}
    for store in courier.known_stores(Home(home)):
        courier.stop(Home(home), store)


@pytest.fixture
def bare_kernel(tmp_path: Path, kernel_env: dict[str, str]) -> Iterator[Kernel]:
    folder = tmp_path / "work"
    folder.mkdir()
    kernel = Kernel(folder, kernel_env)
    yield kernel
    kernel.stop()


@pytest.fixture
def kernel(bare_kernel: Kernel) -> Kernel:
    """A kernel with nbtrack loaded."""
    reply = bare_kernel.run("%load_ext nbtrack")
    assert reply.status == "ok", reply.traceback
    return bare_kernel
