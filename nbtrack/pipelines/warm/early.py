"""The process that kernels are forked from, begun before what talks to it is loaded: both take their time, and neither needs the other for it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

from nbtrack.journal import new_id
from nbtrack.pipelines.processes import TOKEN

_LEFT_OUT = ("NBTRACK_OWNER", "NBTRACK_NOTEBOOK", "JPY_SESSION_NAME", "MLFLOW_RUN_ID", TOKEN)
"""Variables that tell of the process that asks, and not of the one that executes."""


@dataclass(frozen=True)
class Begun:
    """A template on its way."""

    process: subprocess.Popen[bytes]
    line: socket.socket
    env: Mapping[str, str]

    def end(self) -> None:
        self.line.close()
        self.process.kill()
        self.process.wait()


def variables() -> dict[str, str]:
    """What kernels get of this process's variables."""
    return {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}


def begin(env: Mapping[str, str]) -> Begun:
    """Begin a template; it waits to be told what notebooks import.

    Args:
        env: variables of its kernels.

    Raises:
        OSError: no process can be started.
    """
    ours, theirs = socket.socketpair()
    code = f"from nbtrack.pipelines.warm.template import serve; serve({theirs.fileno()})"
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", code], env={**env, TOKEN: new_id()}, cwd=tempfile.gettempdir(), pass_fds=[theirs.fileno()], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    return Begun(process, ours, env)
