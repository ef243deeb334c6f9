"""What differs between operating systems: file locks, detached processes, reserved space, forks.

The one file that may touch POSIX-only or Windows-only modules; it imports them inside functions.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

WINDOWS = os.name == "nt"


_last_folder = Path(os.environ.get("PWD") or os.sep)


def working_folder() -> Path:
    """The working directory; where it was deleted, the last one there was, for `Path.cwd` raises then."""
    global _last_folder  # noqa: PLW0603 - the process has one
    with contextlib.suppress(OSError):
        _last_folder = Path.cwd()
    return _last_folder


def variables(env: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Those of some environment whose names begin so; of the process's own without decoding each other, which takes longer than all the rest."""
    raw = getattr(env, "_data", None) if env is os.environ and not WINDOWS else None
    if raw is not None:
        begins = os.fsencode(prefix)
        names = [os.fsdecode(it) for it in list(raw) if it.startswith(begins)]
    else:
        names = [it for it in env if it.startswith(prefix)]
    return {name: value for name in names if (value := env.get(name)) is not None}


def upwards(folder: Path, name: str) -> Iterator[Path]:
    """What is called `name` in the folder and in those above it, the nearest first."""
    place = os.fspath(folder)
    while True:
        path = os.path.join(place, name)  # noqa: PTH118 - asked for every tracked cell, where pathlib would cost more than the rest together
        if os.path.exists(path):  # noqa: PTH110 - as above
            yield Path(path)
        above = os.path.dirname(place)  # noqa: PTH120 - as above
        if above == place:
            return
        place = above


def make_private_folder(path: Path) -> Path:
    """Create `path` and its missing parents; only the user may enter `path` (0700 where the system has modes)."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def open_private(path: Path, flags: int) -> int:
    """Open `path` without letting child processes inherit it; a new file is the user's alone (0600)."""
    return os.open(path, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0), 0o600)


def lock(fd: int, *, is_shared: bool = False) -> bool:
    """Take the lock of an open file without waiting; False if another process has it.

    The system gives the lock back when the process ends, however it ends.

    Args:
        is_shared: others may share it, but none has it alone meanwhile. Windows has no such locks here: nothing is taken.
    """
    if WINDOWS and is_shared:
        return True
    try:
        if WINDOWS:
            import msvcrt

            os.lseek(fd, 1 << 30, os.SEEK_SET)  # a byte beyond the content, so that reading stays free
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(fd, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock of `path`; a missing file is not locked.

    In doubt (too many open files) it counts as locked: nobody's run may be ended by mistake.
    """
    try:
        fd = open_private(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return not lock(fd)
    finally:
        os.close(fd)


def reserve(fd: int, size_bytes: int) -> None:
    """Give the file `size_bytes` of real disk space.

    A memory map over a hole would end the process with SIGBUS when the disk is full; reserving turns that into an error here.

    Raises:
        OSError: the disk is full or a quota is reached.
    """
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(fd, 0, size_bytes)
        except OSError as cause:
            if cause.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):  # a file system that does not know it
                raise
        else:
            return
    zeros = bytes(min(size_bytes, 1 << 20))
    os.lseek(fd, 0, os.SEEK_SET)
    left = size_bytes
    while left:
        left -= os.write(fd, zeros[:left])


def after_fork_in_child(act: Callable[[], None]) -> None:
    """Run `act` in every child this process forks (nothing to do where processes cannot fork)."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=act)


def start_detached(argv: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path, told: bytes = b"") -> None:
    """Start a process that outlives this one: no terminal, no signals of ours; `told` is its input, its output is appended to `log`.

    Where processes can fork it must call `leave_parent` at once; that is waited for, so that this process has no new child.
    """
    fd = open_private(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        flags = 0
        if WINDOWS:
            flags = 0x00000008 | 0x00000200 | 0x08000000  # detached, own group, no window
        process = subprocess.Popen(
            list(argv), env=dict(env), cwd=cwd, stdin=subprocess.PIPE, stdout=fd, stderr=fd, close_fds=True,
            start_new_session=not WINDOWS, creationflags=flags,
        )  # fmt: skip
    finally:
        os.close(fd)
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # it ended at once; the caller sees that nobody answers
        process.stdin.write(told)
    with contextlib.suppress(OSError):
        process.stdin.close()
    if WINDOWS:
        process.returncode = 0  # nobody waits for it, and Python need not warn of that
    else:
        process.wait()


def own_group() -> dict[str, Any]:
    """Arguments of `Popen` that make the new process the first of a group, which can be interrupted and ended whole."""
    return {"creationflags": 0x00000200} if WINDOWS else {"start_new_session": True}


def interrupt_group(process: subprocess.Popen[bytes]) -> None:
    """What Ctrl-C is to a program in a terminal, for a process begun with `own_group` and its children."""
    _signal_group(process, getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))


def end_group(process: subprocess.Popen[bytes], *, is_now: bool) -> None:
    """Terminate a process begun with `own_group` and its children; with `is_now` they are not asked. Nothing happens where they are gone."""
    _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM) if is_now else signal.SIGTERM)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(OSError):
        if WINDOWS:
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)


def leave_parent() -> None:
    """Go on in a child that nobody waits for; nothing to do where processes cannot fork."""
    if hasattr(os, "fork") and os.fork():
        os._exit(0)


def boot_id() -> str:
    """A text that changes when the machine starts again; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def sync_folder(path: Path) -> None:
    """Make renames inside `path` durable; nothing to do on Windows."""
    if WINDOWS:
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def python() -> str:
    """The interpreter of this environment, without a console window on Windows."""
    if WINDOWS:
        quiet = Path(sys.executable).with_name("pythonw.exe")
        if quiet.exists():
            return str(quiet)
    return sys.executable


_FICLONE = 0x40049409


def cloned(source: Path, target: Path) -> bool:
    """Make a new file with the blocks of another, until either is written to; says whether the file system does so, as Btrfs, XFS and bcachefs do."""
    if sys.platform != "linux":
        return False
    try:
        import fcntl

        with source.open("rb") as one, target.open("xb") as other:
            fcntl.ioctl(other.fileno(), _FICLONE, one.fileno())
    except OSError:
        target.unlink(missing_ok=True)
        return False
    return True
