"""Checksummed lines: how an event is written and read back.

A line is `crc32 json`, with a line break before and after. The break before keeps a line readable when the writer before it
died half-way; one `write` with O_APPEND keeps lines of several processes whole.
"""

from __future__ import annotations

import errno
import json
import os
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbtrack.entities import Event
from nbtrack.errors import JournalError
from nbtrack.system import open_private


def encode(event: Event) -> bytes:
    """One line. Keys `k` and `t` are kind and time; what JSON cannot hold is written as text."""
    body = json.dumps({"k": event.kind, "t": event.timestamp_ns, **event.data}, default=str, separators=(",", ":")).encode("ascii")
    return b"\n%08x %s\n" % (zlib.crc32(body), body)


def decode(line: bytes) -> Event | None:
    """The event of one line; None where the line is torn or damaged."""
    body = line[9:]
    try:
        if int(line[:8], 16) != zlib.crc32(body):
            return None
        data: dict[str, Any] = json.loads(body)
        return Event(data.pop("k"), data.pop("t"), data)
    except (ValueError, KeyError, AttributeError, TypeError):
        return None


class LineWriter:
    """Appends events to one file; any number of processes may do so at once."""

    def __init__(self, path: Path) -> None:
        self._fd = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._lock = threading.RLock()  # a signal handler may log while its own thread does

    def append(self, event: Event) -> None:
        """Write one event.

        Raises:
            JournalError: it was closed.
            OSError: the disk is full or the file cannot be written.
        """
        data = encode(event)
        with self._lock:
            if self._fd < 0:
                raise JournalError(f"The run's journal is closed; a {event.kind} came late.", mend="Resume the run to write more.")
            for _ in range(2):  # a full disk takes a part; another process may write behind it, so only a whole line will do
                if os.write(self._fd, data) == len(data):
                    return
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Let go of the file; closing twice does nothing."""
        with self._lock:  # or a late thread would write to whatever file gets this number next
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def renew(self) -> None:
        """In a forked child: forget locks that threads of the parent hold."""
        self._lock = threading.RLock()


def read_events(path: Path, offset: int = 0) -> Iterator[tuple[Event, int]]:
    """Events from `offset` on, each with the offset behind it; damaged lines are passed over, an unfinished one ends the reading."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            event = decode(line[:-1]) if len(line) > 10 else None
            if event is not None:
                yield event, offset
