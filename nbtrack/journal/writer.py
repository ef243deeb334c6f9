"""Writing one run: events one by one, points a million a second."""

from __future__ import annotations

import itertools
import math
import os
import struct
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from nbtrack.entities import Event, Kind, RunStart
from nbtrack.errors import JournalError
from nbtrack.journal.lines import LineWriter
from nbtrack.journal.location import Home, new_id
from nbtrack.journal.points import RECORD, RECORD_BYTES, Segment, segments, writer_of
from nbtrack.system import after_fork_in_child, sync_folder

FORMAT = 1
EVENTS = "events.log"
_LIMIT = 1 << 63
_EXACT = 1 << 53
_BULK = 4096
_pack = RECORD.pack_into
_now = time.time_ns


class Series:
    """One metric in one writer: its key and the step that comes next."""

    __slots__ = ("key", "next_step")

    def __init__(self, key: int, next_step: int) -> None:
        self.key = key
        self.next_step = next_step


class RunWriter:
    """Appends to the journal of one run. Threads may share it; a forked child's copy goes on under a name and in segments of its own."""

    def __init__(self, home: Home, run_id: str) -> None:
        self.home, self.run_id = home, run_id
        self.folder = home.run(run_id)
        self._lines = LineWriter(self.folder / EVENTS)
        self._is_closed = False
        self._next_steps: dict[str, int] = {}
        self._begin()
        _writers.add(self)

    def _begin(self) -> None:
        """Take a name that no other process has, and start its keys and segments."""
        self.pid = os.getpid()
        self._name = f"{self.pid}x{new_id()[:8]}"
        self._series: dict[str, Series] = {}
        self._keys = itertools.count(1)
        self._segment: Segment | None = None
        self._segment_numbers = itertools.count()
        self._grow_lock = threading.RLock()  # a signal handler may log while its own thread does

    def _begin_in_child(self) -> None:
        """In a forked child: the parent's segment is the parent's; steps go on from where they were."""
        self._next_steps.update((name, series.next_step) for name, series in self._series.items())
        self._lines.renew()
        self._begin()

    @classmethod
    def create(cls, home: Home, start: RunStart) -> RunWriter:
        """Begin the journal of a new run.

        Raises:
            JournalError: the folder cannot be made.
            OSError: the disk is full.
        """
        home.folder("runs")
        home.folder(f"runs/{start.run_id}")
        writer = cls(home, start.run_id)
        try:
            writer.event(Kind.START, timestamp_ns=start.started_ns, format=FORMAT, **asdict(start))
        except BaseException:  # even an interrupt leaves nothing half-made behind
            writer.close()
            raise
        return writer

    def event(self, kind: str, *, timestamp_ns: int | None = None, **data: Any) -> None:
        """Append an event, dated now unless told otherwise."""
        self._lines.append(Event(kind, _now() if timestamp_ns is None else timestamp_ns, data))

    def log(self, name: str, value: Any, step: int | None = None, timestamp_ns: int | None = None) -> None:
        """Append one point of a metric.

        Args:
            name: any text.
            value: a number, or what `float()` takes; integers that a float cannot hold are kept in full beside.
            step: None means one more than the series' last step, from 0; a fraction is cut off, and beyond 64 bits stands the last step there is.
            timestamp_ns: None means now.

        Raises:
            TypeError, ValueError: name is not a text; value, step or timestamp is not a number. Nothing was written.
            JournalError: the writer is closed.
            OSError: the disk is full.
        """
        series = self._series.get(name)
        if series is None:
            series = self._new_series(name)
        if step is None:
            step = series.next_step
        elif type(step) is not int or not -_LIMIT <= step < _LIMIT:
            step = _whole(step)
        if type(value) is not float:
            value = self._number(name, value, step)
        if timestamp_ns is None:
            timestamp_ns = _now()
        elif type(timestamp_ns) is not int or not -_LIMIT <= timestamp_ns < _LIMIT:
            timestamp_ns = _whole(timestamp_ns)
        series.next_step = step + 1
        segment = self._segment
        slot = next(segment.slots) if segment is not None else 0
        while segment is None or slot >= segment.capacity:
            segment = self._grow(segment)
            slot = next(segment.slots)
        try:
            _pack(segment.map, slot * RECORD_BYTES, step, timestamp_ns, value, 0, series.key)
        except struct.error:  # only the step after the last one there is; testing for it above would cost every point
            series.next_step = _LIMIT
            _pack(segment.map, slot * RECORD_BYTES, _LIMIT - 1, timestamp_ns, value, 0, series.key)

    def log_many(self, name: str, steps: Sequence[int], times_ns: Sequence[int], values: Sequence[float]) -> None:
        """Append many points of a metric at a fraction of `log`'s cost each.

        Args:
            name: any text.
            steps, times_ns, values: of one length; lists, or arrays of numpy. Ascending steps below 2**63.

        Raises:
            JournalError: the writer is closed. What was written before stays.
            OSError: the disk is full.
        """
        if not len(values):
            return
        series = self._series.get(name) or self._new_series(name)
        series.next_step = int(steps[-1]) + 1
        for start in range(0, len(values), _BULK):  # packing one chunk holds the interpreter for less than a millisecond
            part = slice(start, start + _BULK)
            self._append_packed(_packed(steps[part], times_ns[part], values[part], series.key))

    def _append_packed(self, data: bytes) -> None:
        done = 0
        while done < len(data):
            segment = self._segment
            slots = list(itertools.islice(segment.slots, (len(data) - done) // RECORD_BYTES)) if segment is not None else []
            usable = [slot for slot in slots if segment is not None and slot < segment.capacity]
            if segment is not None and usable:
                if usable[-1] - usable[0] == len(usable) - 1:  # nobody else took a slot between them
                    segment.map[usable[0] * RECORD_BYTES : (usable[-1] + 1) * RECORD_BYTES] = data[done : done + len(usable) * RECORD_BYTES]
                else:
                    for at, slot in enumerate(usable):
                        first = done + at * RECORD_BYTES
                        segment.map[slot * RECORD_BYTES : (slot + 1) * RECORD_BYTES] = data[first : first + RECORD_BYTES]
                done += len(usable) * RECORD_BYTES
            if len(usable) < len(slots) or segment is None:
                self._grow(segment)

    def has_series(self, name: str) -> bool:
        """Whether this writer has points of the metric."""
        return name in self._series

    def close(self) -> None:
        """Let go of files; what was written stays, and what comes later is refused."""
        with self._grow_lock:
            self._is_closed = True
            self._segment = None
        self._lines.close()

    def sync(self) -> None:
        """Make what was written outlast a loss of power; takes milliseconds."""
        segment = self._segment
        if segment is not None:
            segment.map.flush()
        for path in (self.folder / EVENTS, *(it for it in segments(self.folder) if writer_of(it) == self._name)):
            fd = os.open(path, os.O_RDWR)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        sync_folder(self.folder)

    def _new_series(self, name: str) -> Series:
        if not isinstance(name, str):
            raise TypeError(f"A metric's name is a text, not {name!r}.")
        with self._grow_lock:
            if name not in self._series:
                key = next(self._keys)
                self.event(Kind.SERIES, writer=self._name, key=key, name=name)
                self._series.setdefault(name, Series(key, self._next_steps.get(name, 0)))
            return self._series[name]

    def _grow(self, full: Segment | None) -> Segment:
        with self._grow_lock:
            if self._is_closed:
                raise JournalError("The run's journal is closed; a point came late.", mend="Resume the run to write more.")
            if self._segment is full:
                self._segment = Segment(self.folder, self._name, next(self._segment_numbers))
            assert self._segment is not None
            return self._segment

    def _number(self, name: str, value: Any, step: int) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = float("inf") if value > 0 else float("-inf")
        if -_EXACT < number < _EXACT or math.isnan(number) or not hasattr(value, "__index__"):
            return number
        whole = int(value)
        if math.isinf(number) or int(number) != whole:
            self.event(Kind.EXACT, name=name, step=step, value=_digits(whole))
        return number


def _packed(steps: Sequence[int], times_ns: Sequence[int], values: Sequence[float], key: int) -> bytes:
    if isinstance(values, list):
        return b"".join([RECORD.pack(step, time_ns, value, 0, key) for step, time_ns, value in zip(steps, times_ns, values, strict=True)])
    import numpy as np

    table = np.zeros(len(values), dtype=[("step", "<i8"), ("time", "<i8"), ("value", "<f8"), ("flags", "<u4"), ("key", "<u4")])
    table["step"], table["time"], table["value"], table["key"] = steps, times_ns, values, key
    return table.tobytes()


def _whole(number: Any) -> int:
    """A step or a time as a signed 64-bit number."""
    try:
        whole = int(number)
    except OverflowError as cause:
        raise ValueError(f"A step or a time is a whole number, not {number!r}.") from cause
    return max(-_LIMIT, min(whole, _LIMIT - 1))


def _digits(whole: int) -> str:
    """What `int(text, 0)` reads back: decimal digits, or hexadecimal ones where Python refuses to write so many."""
    try:
        return str(whole)
    except ValueError:
        return hex(whole)


_writers: weakref.WeakSet[RunWriter] = weakref.WeakSet()


def _begin_in_child() -> None:
    for writer in list(_writers):
        writer._begin_in_child()


after_fork_in_child(_begin_in_child)
