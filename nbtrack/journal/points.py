"""Metric points: fixed-size records appended through a memory map.

A record is 32 bytes: step i64, time i64 (ns), value f64, flags u32, key u32, little-endian. The key is written last and is never
0, so a record exists when its key does; it lies within one disk sector. The map belongs to the system, not to the process:
what was packed is in the file whatever happens to the process, without a system call a point.
"""

from __future__ import annotations

import itertools
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbtrack.errors import FormatError
from nbtrack.patterns import regex
from nbtrack.system import open_private, reserve

RECORD = struct.Struct("<qqdII")
RECORD_BYTES = RECORD.size
MAGIC = 0x4E425450  # "NBTP"
VERSION = 1
SIZES = (64 << 10, 512 << 10, 4 << 20)
"""Bytes of a writer's first, second and every further segment: small runs stay small, no map grows past 4 MiB of a kernel's memory."""

_FILE = regex(r"points-(?P<writer>.+)-(?P<number>\d+)\.bin")
_NOTHING = bytes(4096)
_TAIL_BYTES = 1024 * RECORD_BYTES

Point = tuple[int, int, float, int]
"""Step, time (ns since the epoch), value, key."""


class Segment:
    """One file of points, mapped for writing; slot 0 is the header."""

    __slots__ = ("capacity", "map", "number", "slots")

    def __init__(self, folder: Path, writer: str, number: int) -> None:
        size = SIZES[min(number, len(SIZES) - 1)]
        path = folder / f"points-{writer}-{number}.bin"
        fd = open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            reserve(fd, size)
            self.map = mmap.mmap(fd, size)
        except BaseException:  # even an interrupt leaves nothing half-made behind
            path.unlink(missing_ok=True)  # a full disk needs its bytes back
            raise
        finally:
            os.close(fd)
        RECORD.pack_into(self.map, 0, VERSION, 0, 0.0, 0, MAGIC)
        self.number = number
        self.capacity = size // RECORD_BYTES
        self.slots = itertools.count(1)  # next() is atomic, so threads need no lock


def segments(folder: Path) -> list[Path]:
    """A run's segment files, each writer's in the order they were written; files of other names are not ours."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - Path.glob compiles an expression for each folder it looks into
    except OSError:
        return []
    found = [(match["writer"], int(match["number"]), name) for name in names if (match := _FILE.fullmatch(name))]
    return [folder / name for _, _, name in sorted(found)]


def writer_of(segment: Path) -> str:
    """The writer whose keys the points of a segment use."""
    return segment.stem.removeprefix("points-").rpartition("-")[0]


def read_bytes(path: Path, start: int = 1) -> bytes:
    """Whole records from slot `start` up to the last one written, unwritten ones between them included (their key is 0).

    An unwritten slot before a written one belongs to a thread that is about to fill it, or was interrupted there. A file that was
    cut, or whose header is damaged, gives the records it has.

    Raises:
        FormatError: written by a release newer than this one.
    """
    with path.open("rb") as file:
        head = file.read(RECORD_BYTES)
        if len(head) < RECORD_BYTES:
            return b""
        version, _, _, _, magic = RECORD.unpack(head)
        _check(path, version, magic)
        file.seek(start * RECORD_BYTES)
        data = file.read()
    data = data[: len(data) // RECORD_BYTES * RECORD_BYTES]
    end = _written(data)
    return data[: -(-end // RECORD_BYTES) * RECORD_BYTES]


def _written(data: bytes) -> int:
    """Bytes up to the last one that is not zero. A new segment is all but empty, and `rstrip` goes through that byte by byte."""
    end = len(data)
    while end >= len(_NOTHING) and data.endswith(_NOTHING, end - len(_NOTHING), end):
        end -= len(_NOTHING)
    return len(data[:end].rstrip(b"\0"))


class Scratch:
    """Memory that one file after the other is read into: new pages for every file would cost more than the reading."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def read(self, path: Path) -> memoryview:
        """A file's bytes, until the next one is read."""
        with path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > len(self._bytes):
                self._bytes = bytearray(size)
            view = memoryview(self._bytes)[:size]
            return view[: file.readinto(view)]


def read_table(path: Path, scratch: Scratch | None = None) -> Any:
    """The same from the first slot on as one numpy table with the fields step, time, value, flags and key, and without a copy: for millions of points.

    Args:
        scratch: memory it is read into; the table then holds until the next one is.

    Raises:
        FormatError: written by a release newer than this one.
    """
    import numpy as np

    data = (scratch or Scratch()).read(path)
    kinds = [("step", "<i8"), ("time", "<i8"), ("value", "<f8"), ("flags", "<u4"), ("key", "<u4")]
    table = np.frombuffer(data, dtype=kinds, count=len(data) // RECORD_BYTES)
    if not len(table):
        return table
    _check(path, int(table["step"][0]), int(table["key"][0]))
    if table["key"][-1]:
        return table[1:]
    written = np.flatnonzero(table["key"])
    return table[1 : written[-1] + 1 if len(written) else 1]


def is_full(path: Path, table: Any) -> bool:
    """Whether nothing will be written to a segment any more: every slot of it is in the table that was read of it."""
    return len(table) == path.stat().st_size // RECORD_BYTES - 1 and bool(table["key"].all())


def _check(path: Path, version: int, magic: int) -> None:
    if magic == MAGIC and version > VERSION:
        raise FormatError(
            f"{path.name} holds points of format {version}; this release reads up to {VERSION}.", mend="Install a newer nbtrack: pip install -U nbtrack."
        )


def last_time_ns(folder: Path) -> int:
    """When a run's last point was logged, 0 if there is none; reads one segment a writer, however many points there are."""
    latest: dict[str, int] = {}
    for segment in reversed(segments(folder)):
        if (writer := writer_of(segment)) not in latest:
            tail = read_bytes(segment)[-_TAIL_BYTES:]  # threads finish out of order, but not by so much
            if times := [time_ns for _, time_ns, _, _, key in RECORD.iter_unpack(tail) if key]:
                latest[writer] = max(times)
    return max(latest.values(), default=0)


def read_points(path: Path, start: int = 1) -> Iterator[Point]:
    """Written points from slot `start` on."""
    for step, time_ns, value, _, key in RECORD.iter_unpack(read_bytes(path, start)):
        if key:
            yield step, time_ns, value, key
