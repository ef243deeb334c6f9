"""Who writes and who reads what stages make: of two pipelines at once, the second waits for the first and finds what that made."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from nbtrack.pipelines.digests import digest_of
from nbtrack.system import lock, open_private


class StageLock:
    """Locks of one stage; the system gives them back when the process ends, however it ends."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "locks"
        self._fds: list[int] = []

    @classmethod
    def take(cls, state: Path, alone: Iterable[str], shared: Iterable[str] = ()) -> StageLock | None:
        """All of them at once, or None where another process has one: who holds nothing while it waits keeps nobody waiting.

        Args:
            alone: names that nobody else may have.
            shared: names that others may share.
        """
        found = cls(state)
        found._folder.mkdir(parents=True, exist_ok=True)
        has_all = False
        try:
            has_all = all(found._lock(it) for it in alone) and all(found._lock(it, is_shared=True) for it in shared)
        finally:
            if not has_all:
                found.release()
        return found if has_all else None

    def _lock(self, name: str, *, is_shared: bool = False) -> bool:
        self._fds.append(open_private(self._folder / digest_of(name)[:32], os.O_RDWR | os.O_CREAT))
        return lock(self._fds[-1], is_shared=is_shared)

    def release(self) -> None:
        while self._fds:
            os.close(self._fds.pop())
