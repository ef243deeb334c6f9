"""The processes of a kernel: those it started, and those that these started, also where they left its process group."""

from __future__ import annotations

import contextlib
from typing import Any

TOKEN = "NBTRACK_KERNEL"
"""Variable that every process of a stage's kernel inherits."""


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
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(TOKEN) == token:
                found[process.pid] = process
    return [it for it in found.values() if not _is_ours(it)]


def _is_ours(process: Any) -> bool:
    import psutil

    try:
        return process.status() == psutil.STATUS_ZOMBIE or "nbtrack.delivery" in process.cmdline()
    except psutil.Error:
        return True  # it is gone
