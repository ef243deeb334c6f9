"""One writer a stage: of two pipelines at once, the second waits for the first and finds what that made."""

from __future__ import annotations

import os
from pathlib import Path

from nbtrack.pipelines.digests import digest_of
from nbtrack.system import lock, open_private


class StageLock:
    """The lock of one stage; the system gives it back when the process ends, however it ends."""

    def __init__(self, state: Path, node: str) -> None:
        folder = state / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        self._fd = open_private(folder / digest_of(node)[:32], os.O_RDWR | os.O_CREAT)

    @classmethod
    def take(cls, state: Path, node: str) -> StageLock | None:
        """None where another process has it."""
        found = cls(state, node)
        if lock(found._fd):
            return found
        found.release()
        return None

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
