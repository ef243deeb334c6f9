"""The owner of runs: one file a process, locked while the process lives, naming the run that is in the foreground now."""

from __future__ import annotations

import json
import mmap
import os
import struct
import time
import weakref
import zlib
from pathlib import Path

from nbtrack.errors import JournalError
from nbtrack.journal.location import Home, new_id
from nbtrack.system import after_fork_in_child, boot_id, is_locked, lock, open_private, reserve

ENV = "NBTRACK_OWNER"
"""Names the owner to processes that it starts, so that their points go to its current run."""
_SIZE = 4096
_ID = 32
_ENDS, _END = 1024, struct.Struct("<32s12sqI")
"""Where in the file ends are noted that found no room elsewhere, and what one looks like: run, state, time, checksum."""


class Owner:
    """This process as the owner of runs."""

    def __init__(self, home: Home) -> None:
        self.name = f"{os.getpid()}-{new_id()[:12]}"
        self.pid, self.home = os.getpid(), home
        self._ends = 0
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
        _here.add(self)

    def show(self, run_id: str) -> None:
        """Tell processes started by this one which run is in the foreground; empty for none. Nothing to do once closed, or in a forked child."""
        if self._fd >= 0:
            self._map[:_ID] = run_id.encode().ljust(_ID, b"\0")

    def note_end(self, run_id: str, state: str, ended_ns: int) -> None:
        """Note how a run ended where there is room for it on a full disk, too; the latest few dozen are kept."""
        if self._fd >= 0:
            at = _ENDS + self._ends % ((_SIZE - _ENDS) // _END.size) * _END.size
            body = _END.pack(run_id.encode(), state.encode(), ended_ns, 0)
            self._map[at : at + _END.size] = _END.pack(run_id.encode(), state.encode(), ended_ns, zlib.crc32(body))
            self._ends += 1

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
            found: dict[str, object] = json.loads(self._map[64:_ENDS].rstrip(b"\0"))
        except ValueError:
            return {}
        return found

    def end_of(self, run_id: str) -> tuple[str, int] | None:
        """State and time of a run's end that the owner noted here."""
        found = None
        for name, state, ended_ns, checksum in _END.iter_unpack(self._map[_ENDS : _ENDS + (_SIZE - _ENDS) // _END.size * _END.size]):
            if name == run_id.encode() and checksum == zlib.crc32(_END.pack(name, state, ended_ns, 0)):
                found = state.rstrip(b"\0").decode("ascii", "replace"), ended_ns
        return found


_here: weakref.WeakSet[Owner] = weakref.WeakSet()


def note_end(home: Home, run_id: str, state: str, ended_ns: int) -> None:
    """Have this process, as owner of runs, note an end that its journal has no room for."""
    for it in list(_here):
        if it.home.root == home.root and it.pid == os.getpid():
            it.note_end(run_id, state, ended_ns)


def noted_end(home: Home, owner: str, run_id: str) -> tuple[str, int] | None:
    """State and time of an end that an owner noted."""
    try:
        return OwnerView(home.owner(owner)).end_of(run_id)
    except (OSError, ValueError):
        return None


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
