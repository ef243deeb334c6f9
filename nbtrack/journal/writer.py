"""Writing one run: events one by one, points a million a second."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import asdict
from typing import Any

from nbtrack.entities import Event, Kind, RunStart
from nbtrack.journal.lines import LineWriter
from nbtrack.journal.location import Home, new_id
from nbtrack.journal.points import RECORD, RECORD_BYTES, Segment

FORMAT = 1
EVENTS = "events.log"
_LIMIT = 1 << 63
_EXACT = 1 << 53
_pack = RECORD.pack_into
_now = time.time_ns


class Series:
    """One metric in one writer: its key and the step that comes next."""

    __slots__ = ("key", "next_step")

    def __init__(self, key: int) -> None:
        self.key = key
        self.next_step = 0


class RunWriter:
    """Appends to the journal of one run. Threads may share it; every process needs one of its own."""

    def __init__(self, home: Home, run_id: str) -> None:
        self.home, self.run_id = home, run_id
        self.folder = home.run(run_id)
        self.pid = os.getpid()
        self._lines = LineWriter(self.folder / EVENTS)
        self._name = f"{self.pid}x{new_id()[:8]}"
        self._series: dict[str, Series] = {}
        self._segment: Segment | None = None
        self._grow_lock = threading.Lock()

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
        writer.event(Kind.START, timestamp_ns=start.started_ns, format=FORMAT, **asdict(start))
        return writer

    def event(self, kind: str, *, timestamp_ns: int | None = None, **data: Any) -> None:
        """Append an event, dated now unless told otherwise."""
        self._lines.append(Event(kind, _now() if timestamp_ns is None else timestamp_ns, data))

    def log(self, name: str, value: Any, step: int | None = None, timestamp_ns: int | None = None) -> None:
        """Append one point of a metric.

        Args:
            name: any text.
            value: a number, or what `float()` takes; whole numbers beyond 2**53 are kept in full beside.
            step: None means one more than the series' last step, from 0.
            timestamp_ns: None means now.

        Raises:
            TypeError, ValueError: value or step is not a number.
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
        series.next_step = step + 1
        segment = self._segment
        slot = next(segment.slots) if segment is not None else 0
        while segment is None or slot >= segment.capacity:
            segment = self._grow(segment)
            slot = next(segment.slots)
        _pack(segment.map, slot * RECORD_BYTES, step, _now() if timestamp_ns is None else timestamp_ns, value, 0, series.key)

    def close(self) -> None:
        """Let go of files; what was written stays."""
        self._segment = None
        self._lines.close()

    def sync(self) -> None:
        """Make what was written outlast a loss of power; takes milliseconds."""
        segment = self._segment
        if segment is not None:
            segment.map.flush()
        fd = os.open(self.folder / EVENTS, os.O_RDWR)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _new_series(self, name: str) -> Series:
        with self._grow_lock:
            if name not in self._series:
                key = len(self._series) + 1
                self.event(Kind.SERIES, writer=self._name, key=key, name=name)
                self._series[name] = Series(key)
            return self._series[name]

    def _grow(self, full: Segment | None) -> Segment:
        with self._grow_lock:
            if self._segment is full:
                self._segment = Segment(self.folder, self._name, 0 if full is None else full.number + 1)
            assert self._segment is not None
            return self._segment

    def _number(self, name: str, value: Any, step: int) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = float("inf") if value > 0 else float("-inf")
        with contextlib.suppress(TypeError, ValueError, OverflowError, AttributeError):
            whole = int(value) if abs(number) >= _EXACT and hasattr(value, "__index__") else 0
            if whole and (number in (float("inf"), float("-inf")) or int(number) != whole):
                self.event(Kind.EXACT, name=name, step=step, value=str(whole))
        return number


def _whole(step: Any) -> int:
    """A step as a signed 64-bit number."""
    number = int(step)
    return max(-_LIMIT, min(number, _LIMIT - 2))
