"""A real kernel of nbtrack's environment, driven over its sockets like a notebook does."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from environments import NBTRACK, environment, python_of
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager


class Kernel:
    """One kernel with `folder` as working directory; ends with the `with` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manager = KernelManager()
        self._manager._kernel_spec = KernelSpec(argv=[str(python_of(NBTRACK)), "-m", "ipykernel_launcher", "-f", "{connection_file}"], language="python")
        self._manager.start_kernel(cwd=str(folder), env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=120)

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    @property
    def pid(self) -> int:
        return self._manager.provisioner.process.pid

    def run(self, code: str, *, timeout_s: float = 300) -> tuple[str, float]:
        """Execute a cell; returns what it printed and the seconds from request to idle.

        Raises:
            RuntimeError: the cell failed.
        """
        printed, error = "", ""
        start = time.perf_counter()
        sent = self._client.execute(code)
        while True:
            message = self._client.get_iopub_msg(timeout=timeout_s)
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream" and content["name"] == "stdout":
                printed += content["text"]
            elif kind == "error":
                error = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                break
        took_s = time.perf_counter() - start
        self._client.get_shell_msg(timeout=timeout_s)
        if error:
            raise RuntimeError(error)
        return printed, took_s

    def ask(self, code: str) -> dict:
        """Execute a cell whose last printed line of JSON is the answer."""
        printed, _ = self.run(code)
        return json.loads([line for line in printed.splitlines() if line.startswith("{")][-1])

    def send(self, code: str) -> None:
        """Execute a cell without waiting for it."""
        self._client.execute(code)

    def kill(self) -> None:
        """`kill -9`, as the out-of-memory killer does it."""
        self._manager.provisioner.process.kill()
        self._manager.provisioner.process.wait()
