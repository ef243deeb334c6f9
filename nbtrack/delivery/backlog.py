"""What of one run is not in MLflow yet, read from its journal piece by piece."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from nbtrack.delivery.mask import INSPECTED, LARGEST, OURS, Mask, model_folders
from nbtrack.delivery.parcel import Names, Parcel, Translator
from nbtrack.entities import Event, Kind, RunStart, State
from nbtrack.errors import JournalError
from nbtrack.journal import blobs
from nbtrack.journal import cursor as cursors
from nbtrack.journal.fold import start_of
from nbtrack.journal.lines import read_events
from nbtrack.journal.location import Home
from nbtrack.journal.owner import is_alive
from nbtrack.journal.points import RECORD, RECORD_BYTES, read_bytes, segments, writer_of
from nbtrack.journal.writer import EVENTS
from nbtrack.secrets.policy import TAGS
from nbtrack.store.client import METRICS_PER_BATCH, MetricPoint

_PEEK = 64 * RECORD_BYTES
_HOLE_S = 2.0


class Backlog:
    """One run's journal as delivery sees it. Events are read once; points as often as there are new ones."""

    def __init__(self, home: Home, run_id: str, long_param: int, *, ignores_case: bool = False) -> None:
        self.home, self.run_id = home, run_id
        self.ignores_case = ignores_case
        self.folder = home.run(run_id)
        self.cursor = cursors.load(home, run_id)
        self.start: RunStart | None = None
        self.owner = ""
        self.end: tuple[State, int] | None = None
        """State and time, where the run has ended."""
        self.was_recreated = False
        self.refusals: list[str] = []
        """What was refused and not yet reported."""
        self.refused_points: dict[str, int] = {}
        self.mask = Mask()
        self.translator = Translator(Names(self.cursor.names, ignores_case=ignores_case), long_param, self._text_of, self.mask)
        self._long_param = long_param
        self._series: dict[tuple[str, int], str] = {}
        self._pending: list[tuple[Event, int]] = []
        self._open: tuple[Parcel, int] | None = None
        self._read_bytes = 0
        self._end_seen = 0.0
        self._full: set[str] = set()

    def read(self) -> None:
        """Read events that were appended since.

        Raises:
            FormatError: written by a later release.
        """
        for event, offset in read_events(self.folder / EVENTS, self._read_bytes):
            if self._was_cut(event, offset):
                self._begin_again(self.cursor.moved(events_bytes=0, event_ns=0, params={}))
                return
            self._read_bytes = offset
            for name, value in (event.data.get("tags") or {}).items() if event.kind == Kind.START else ():
                self.mask.hear(name, value)
            if event.kind == Kind.TAG:
                self.mask.hear(str(event.data["name"]), event.data["value"])
            if event.kind == Kind.START:
                if self.start is None:
                    self.start = start_of([event])
                    self.owner = self.start.owner if self.start else ""
            elif event.kind == Kind.SERIES:
                self._series[event.data["writer"], event.data["key"]] = event.data["name"]
            elif event.kind == Kind.END:
                if self.is_ended or event.data.get("owner", self.owner) != self.owner:  # as folding has it: the first end of its owner counts
                    event = Event(Kind.NOTICE, event.timestamp_ns)  # noqa: PLW2901 - it says nothing
                else:
                    self.end, self._end_seen = (State(event.data["state"]), event.timestamp_ns), time.monotonic()
            elif event.kind == Kind.RESUME:
                self.end, self.owner = None, event.data["owner"]
            if event.kind in (Kind.SERIES, Kind.PARAM, Kind.TAG):
                self.translator.names.of(str(event.data["name"]))  # here, so that names are given in the order of events, whatever is sent first
            if offset > self.cursor.events_bytes:
                self._pending.append((event, offset))
            else:
                self.translator.take(event, Parcel())

    def _was_cut(self, event: Event, offset: int) -> bool:
        """Whether another event stands where the last delivered one ended: a loss of power took it, and the run was written on."""
        known = self.cursor.events_bytes
        return self._read_bytes < known < offset or (offset == known and self.cursor.event_ns not in (0, event.timestamp_ns))

    def forget_delivery(self) -> None:
        """Begin again from nothing: the store lost the run."""
        self.was_recreated = True
        self._begin_again(cursors.Cursor())

    def _begin_again(self, cursor: cursors.Cursor) -> None:
        self.cursor = cursor
        cursors.save(self.home, self.run_id, cursor)
        self.mask.forget()
        self.translator = Translator(Names(cursor.names, ignores_case=self.ignores_case), self._long_param, self._text_of, self.mask)
        self._pending.clear()
        self._open = None
        self._series.clear()
        self._full.clear()
        self._read_bytes = 0
        self.read()

    @property
    def is_ended(self) -> bool:
        return self.end is not None

    @property
    def has_events(self) -> bool:
        return bool(self._pending)

    def has_news(self) -> bool:
        """Whether there is something to deliver; reads a few bytes of each open segment."""
        self.read()
        return self.has_events or self._has_points() or (self.is_ended and not self.cursor.is_done)

    def secrets_ahead(self) -> list[tuple[str, str]]:
        """Kind and place of each secret in what is not delivered, of a run that must not be published with one; points are not looked at."""
        if not self.mask.is_strict:
            return []
        self.mask.forget()
        models = model_folders(str(event.data["path"]) for event, _ in self._pending if event.kind == Kind.ARTIFACT)
        for event, _ in self._pending:
            self._look(event, models)
        return list(self.mask.found)

    def _look(self, event: Event, models: tuple[str, ...]) -> None:
        data = event.data
        match event.kind:
            case Kind.PARAM:
                self.mask.text(data["value"] if "value" in data else self._text_of(data["blob"]), f"param {data['name']}", str(data["name"]))
            case Kind.TAG if data["value"] is not None and data["name"] not in TAGS:
                self.mask.text(str(data["value"]), f"tag {data['name']}", str(data["name"]))
            case Kind.ARTIFACT:
                with contextlib.suppress(OSError, JournalError):  # delivering it will say so
                    self._look_into(str(data["path"]), str(data["blob"]), data["size_bytes"], models)
            case Kind.START:
                self.mask.text(f"{data['name']}\n{data['experiment']}", "the run's name")
                for name, value in data["tags"].items():
                    if name not in TAGS:
                        self.mask.text(str(value), f"tag {name}", name)
            case Kind.MODEL:
                self.mask.data(data.get("params"), f"model {data['name']}")
                with contextlib.suppress(OSError, JournalError):
                    for path, (blob, size_bytes) in data["files"].items():
                        self._look_into(f"models/{data['name']}/{path}", blob, size_bytes, (f"models/{data['name']}/",))
            case Kind.NOTE | Kind.INPUT | Kind.END:
                self.mask.data(data, {Kind.NOTE: "note", Kind.INPUT: "a dataset input"}.get(Kind(event.kind), "traceback"))

    def _look_into(self, path: str, blob: str, size_bytes: int, models: tuple[str, ...]) -> None:
        content = blobs.get_bytes(self.home, blob)
        if (size_bytes <= LARGEST or path.startswith(OURS)) and not (models and path.startswith(models)):
            self.mask.content(content, path)
        else:
            self.mask.inspect(content[:INSPECTED], path)

    def parcel(self, *, up_to_end: bool) -> Parcel | None:
        """What undelivered events come to; None where there are none. The same parcel again until it is delivered.

        Args:
            up_to_end: leave out the first event that ends or trashes the run, and those after it: points go before them.
        """
        if self._open is None:
            count = len(self._pending)
            if up_to_end:
                count = next((at for at, (event, _) in enumerate(self._pending) if event.kind in (Kind.END, Kind.TRASH)), count)
            if count:
                self._open = self.translator.parcel(event for event, _ in self._pending[:count]), count
        return self._open[0] if self._open else None

    def parcel_delivered(self) -> None:
        """The last parcel is in MLflow."""
        assert self._open is not None
        count = self._open[1]
        event, offset = self._pending[count - 1]
        del self._pending[:count]
        self._open = None
        self.save(events_bytes=offset, event_ns=event.timestamp_ns)

    def points(self) -> Iterator[tuple[str, int, list[int], list[MetricPoint]]]:
        """Undelivered points in batches: segment, the slot behind the batch, slots of the segment that are still unwritten, the batch.

        A slot that a thread has taken but not written is passed over and looked at again, as long as its writer may still write it.
        """
        for path in segments(self.folder):
            holes = self.cursor.holes.get(path.name, [])
            first = self.cursor.slots.get(path.name, 1)
            if holes or self._may_wait(path, first):
                yield from self._segment(path, first, holes)

    def points_delivered(self, segment: str, slot: int, holes: list[int]) -> None:
        """Points of a segment before `slot` are in MLflow, but for the holes."""
        kept = {name: slots for name, slots in {**self.cursor.holes, segment: holes}.items() if slots}
        self.save(slots={**self.cursor.slots, segment: slot}, holes=kept)

    @property
    def has_holes(self) -> bool:
        return bool(self.cursor.holes)

    def save(self, **changes: object) -> None:
        """Change the cursor and write it."""
        self.cursor = self.cursor.moved(**changes)
        cursors.save(self.home, self.run_id, self.cursor)

    def _has_points(self) -> bool:
        return self.has_holes or any(self._may_wait(path, self.cursor.slots.get(path.name, 1)) for path in segments(self.folder))

    def _may_wait(self, path: Path, first: int) -> bool:
        """Whether anything is written at or shortly behind a slot."""
        if path.name in self._full:
            return False
        with path.open("rb") as file:
            file.seek(first * RECORD_BYTES)
            found = file.read(_PEEK)
        if not found:
            self._full.add(path.name)
        return any(found)

    def _may_forget_holes(self) -> bool:
        """Whether a hole will stay one: its writer is gone, or had time enough since the end."""
        if is_alive(self.home, self.owner):
            return self.is_ended and time.monotonic() - self._end_seen > _HOLE_S
        return True

    def _segment(self, path: Path, first: int, holes: list[int]) -> Iterator[tuple[str, int, list[int], list[MetricPoint]]]:
        may_forget = self._may_forget_holes()  # asked before reading, so that nothing can be written in between
        start = min([*holes, first])
        known, holes = set(holes), []
        batch: list[MetricPoint] = []
        slot, writer, is_fresh = start, writer_of(path), False
        names, targets = self.translator.names.of, dict[int, str]()
        for step, time_ns, value, _, key in RECORD.iter_unpack(_whole_records(path, start)):
            if slot < first and slot not in known:
                slot += 1
                continue
            target = targets.get(key)
            if target is None:
                name = self._series.get((writer, key))
                if key and name is None and not is_fresh:
                    is_fresh = True
                    self.read()
                    name = self._series.get((writer, key))
                if name is None:
                    if not may_forget:
                        holes.append(slot)
                    slot += 1
                    continue
                target = targets[key] = names(name)
            batch.append((target, value, max(0, time_ns // 1_000_000), step))
            slot += 1
            if len(batch) == METRICS_PER_BATCH:
                yield path.name, max(slot, first), [*holes, *(hole for hole in known if hole >= slot)], batch
                batch = []
        if batch or slot > self.cursor.slots.get(path.name, 1) or holes != self.cursor.holes.get(path.name, []):
            yield path.name, max(slot, first), holes, batch

    def _text_of(self, blob: str) -> str:
        try:
            return blobs.get_bytes(self.home, blob).decode("utf-8", "surrogatepass")
        except (OSError, JournalError, UnicodeDecodeError):
            return f"(blob {blob} is missing or damaged)"


def _whole_records(path: Path, start: int) -> bytes:
    """Records from a slot on, none of them half old and half new.

    A record read while it is being written may show its key and not yet its value. What had its key at a first reading is whole at a
    second one; what had not stays unwritten for this time.
    """
    once = read_bytes(path, start)
    twice = bytearray(read_bytes(path, start)[: len(once)])
    if once != twice:
        for at in range(RECORD_BYTES - 4, len(twice), RECORD_BYTES):
            if once[at : at + 4] == b"\0\0\0\0":
                twice[at : at + 4] = b"\0\0\0\0"
    return bytes(twice)
