"""The process that kernels are forked from, begun before what talks to it is loaded: both take their time, and neither needs the other for it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbtrack import specs
from nbtrack.journal import new_id
from nbtrack.pipelines import memory
from nbtrack.pipelines.processes import TOKEN

_LEFT_OUT = ("NBTRACK_OWNER", "NBTRACK_NOTEBOOK", "JPY_SESSION_NAME", "MLFLOW_RUN_ID", TOKEN)
"""Variables that tell of the process that asks, and not of the one that executes."""
_WORTH = 3
"""Stages from which on a template costs less than it saves."""


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


@contextlib.contextmanager
def begun_for(file: Path | None, *, is_forced: bool) -> Iterator[Begun | None]:
    """A template that is begun before the pipeline is even read, where several stages are executed whatever it says; None where that is not sure.

    Args:
        file: the pipeline's; the nearest where it is None.
        is_forced: no result is taken from a cache.
    """
    found = begin(variables()) if sys.platform == "linux" and _is_sure(file, is_forced=is_forced) and memory.available() > memory.TYPICAL else None
    try:
        yield found
    finally:
        if found is not None:
            found.end()


def _is_sure(file: Path | None, *, is_forced: bool) -> bool:
    try:
        path = file if file is not None else specs.find(Path.cwd())
        text = path.read_text("utf-8") if path is not None else ""
    except (OSError, UnicodeDecodeError):  # whoever reads it next says so
        return False
    if text.count("notebook:") + text.count('"notebook":') < _WORTH:
        return False
    is_shared = "remote" in text or "NBTRACK_CACHE" in os.environ
    return is_forced or not (is_shared or (path.parent / ".nbtrack" / "cache").exists())  # type: ignore[union-attr]  # there is a text


def begin(env: Mapping[str, str]) -> Begun | None:
    """Begin a template; it waits to be told what notebooks import. None where no process can be started: kernels are then started plainly, or say so.

    Args:
        env: variables of its kernels.
    """
    try:
        ours, theirs = socket.socketpair()
    except OSError:  # too many files
        return None
    code = f"from nbtrack.pipelines.warm.template import serve; serve({theirs.fileno()})"
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", code], env={**env, TOKEN: new_id()}, cwd=tempfile.gettempdir(), pass_fds=[theirs.fileno()], start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:  # too many processes or files
            ours.close()
            return None
    return Begun(process, ours, env)
