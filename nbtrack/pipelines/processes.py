"""The processes of a kernel: those it started, and those that these started, also where they left its process group."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOKEN = "NBTRACK_KERNEL"
"""Variable that every process of a stage's kernel inherits."""
_PROC = Path("/proc")


def sweep(token: str, pid: int = 0) -> list[str]:
    """End every process with the token, and all below `pid`; returns their names.

    Processes of nbtrack's own that outlive kernels are left alone.
    """
    import psutil

    ended: list[str] = []
    for _ in range(3):  # one may start another meanwhile
        found = _processes(token, pid)
        if not found:
            break
        for process in found:
            with contextlib.suppress(psutil.Error):
                ended.append(process.name())
                process.kill()
        psutil.wait_procs(found, timeout=5)
    return ended


def _processes(token: str, pid: int) -> list[Any]:
    import psutil

    found: dict[int, Any] = {}
    if pid:
        with contextlib.suppress(psutil.Error):
            top = psutil.Process(pid)
            if top.environ().get(TOKEN) == token:  # the number may be another's by now
                found = {it.pid: it for it in (top, *top.children(recursive=True))}
    for it in _with_variable(TOKEN, token):
        with contextlib.suppress(psutil.Error):
            found[it] = psutil.Process(it)
    return [it for it in found.values() if not _is_ours(it)]


def _with_variable(name: str, value: str) -> Iterator[int]:
    """Numbers of the processes that have a variable of this value. On Linux without psutil, which takes ten times as long to look at all there are."""
    if sys.platform != "linux":
        import psutil

        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(name) == value:
                    yield process.pid
        return
    wanted = f"\0{name}={value}\0".encode()
    for number in os.listdir(_PROC):  # noqa: PTH208 - names alone are wanted
        if number.isdigit():
            with contextlib.suppress(OSError), (_PROC / number / "environ").open("rb") as file:  # another user's, or gone
                if wanted in b"\0" + file.read():
                    yield int(number)


def _is_ours(process: Any) -> bool:
    import psutil

    try:
        return process.status() == psutil.STATUS_ZOMBIE or "nbtrack.delivery" in process.cmdline()
    except psutil.Error:
        return True  # it is gone
