"""The owner of runs: one file a process, locked while the process lives, naming the run that is in the foreground now."""

from __future__ import annotations

import json
import mmap
import os
import time
from pathlib import Path

from nbtrack.errors import JournalError
from nbtrack.journal.location import Home, new_id
from nbtrack.system import after_fork_in_child, boot_id, is_locked, lock, open_private, reserve

ENV = "NBTRACK_OWNER"
"""Names the owner to processes that it starts, so that their points go to its current run."""
_SIZE = 4096
_ID = 32


class Owner:
    """This process as the owner of runs."""

    def __init__(self, home: Home) -> None:
        self.name = f"{os.getpid()}-{new_id()[:12]}"
        self.pid = os.getpid()
        path = home.folder("owners") / self.name
        self._fd = open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            reserve(self._fd, _SIZE)
            _insist(self._fd, path)
            self._map = mmap.mmap(self._fd, _SIZE)
        except BaseException:  # even an interrupt leaves nothing half-made behind
            os.close(self._fd)
            path.unlink(missing_ok=True)
            raise
        facts = json.dumps({"pid": self.pid, "boot": boot_id(), "since_ns": time.time_ns()}).encode()
        self._map[64 : 64 + len(facts)] = facts
        after_fork_in_child(self._leave)

    def show(self, run_id: str) -> None:
        """Tell processes started by this one which run is in the foreground; empty for none. Nothing to do once closed, or in a forked child."""
        if self._fd >= 0:
            self._map[:_ID] = run_id.encode().ljust(_ID, b"\0")

    def _leave(self) -> None:
        """In a forked child: let go of the lock's file and of the map, which holds it too, or the lock would outlive the owner."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._map.close()

    close = _leave


def _insist(fd: int, path: Path) -> None:
    """Take the lock; whoever asks just now whether it is taken holds it for an instant."""
    for _ in range(100):
        if lock(fd):
            return
        time.sleep(0.01)
    raise JournalError(f"{path} cannot be locked.", mend="Point NBTRACK_HOME to a folder on a disk that has file locks.")


class OwnerView:
    """Another process's owner file, read without system calls."""

    def __init__(self, path: Path) -> None:
        fd = open_private(path, os.O_RDONLY)
        try:
            self._map = mmap.mmap(fd, _SIZE, access=mmap.ACCESS_READ)
        finally:
            os.close(fd)

    def current_run(self) -> str:
        """Run in the owner's foreground, or empty."""
        return self._map[:_ID].rstrip(b"\0").decode("ascii", "replace")

    def facts(self) -> dict[str, object]:
        """`pid`, `boot` and `since_ns` of the owner; empty if it died before writing them."""
        try:
            found: dict[str, object] = json.loads(self._map[64:].rstrip(b"\0"))
        except ValueError:
            return {}
        return found


def is_alive(home: Home, owner: str) -> bool:
    """Whether the owning process lives."""
    return bool(owner) and is_locked(home.owner(owner))


def why_gone(home: Home, owner: str) -> str:
    """How an owner that no longer lives came to its end, as far as the system tells."""
    try:
        facts = OwnerView(home.owner(owner)).facts()
    except (OSError, ValueError):
        return "its process ended"
    if facts.get("boot") and facts["boot"] != boot_id():
        return "the machine stopped or restarted"
    return f"its process (pid {facts.get('pid', '?')}) ended without ending the run"
