"""How much memory there is for stages: of the machine, or of the container that this process is confined to."""

from __future__ import annotations

import contextlib
from pathlib import Path

TYPICAL = 512 << 20
"""Bytes that a stage is thought to take that says nothing of it."""
_V2, _V1 = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory")
_NAMES = ((_V2, "memory.max", "memory.current", "inactive_file"), (_V1, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))


def available() -> int:
    """Bytes that processes may still take without anything being killed or swapped out."""
    import psutil

    free = int(psutil.virtual_memory().available)
    for folder, limit, used, cached in _NAMES:
        with contextlib.suppress(OSError, ValueError):  # no such controller, or `max`: no limit
            stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            free = min(free, _number(folder / limit) - _number(folder / used) + int(stat.get(cached, 0)))
    return max(0, free)


def total() -> int:
    """Bytes that there are in all."""
    import psutil

    found = int(psutil.virtual_memory().total)
    for folder, limit, _, _ in _NAMES:
        with contextlib.suppress(OSError, ValueError):
            found = min(found, _number(folder / limit))
    return found


def _number(path: Path) -> int:
    return int(path.read_text())
