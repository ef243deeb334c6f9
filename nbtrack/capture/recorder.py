"""Writes what cells do while they run, in a thread of its own: the kernel's log of executed cells, the document, and each run's snapshot."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbtrack.capture.identity import Identity
from nbtrack.capture.link import Told
from nbtrack.capture.output_list import OutputList
from nbtrack.capture.outputs import Outputs
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import Kind
from nbtrack.entities.ledger import Entry, Status
from nbtrack.errors import NbtrackError
from nbtrack.journal import RunWriter, blobs
from nbtrack.journal.executed import EXECUTED, ExecutedLog
from nbtrack.notebooks import document, snapshot
from nbtrack.notebooks.document import Document, OpenCell

BLOCKS = snapshot.BLOCKS
DOCUMENT = "notebook/document.ipynb"
_FIRST_LOOK_S, _SLOWEST_LOOK_S = 1.0, 30.0
_POLITE_S = 0.05


class Recorder:
    """One kernel's recorder. It begins with the first run that wants a snapshot; until then entries only wait in the ledger.

    Args:
        tell: says once that something cannot be recorded.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._log: ExecutedLog | None = None
        self._ids, self._id_of = snapshot.CellIds(), dict[int, str]()
        self._running: Entry | None = None
        self._look_s = _FIRST_LOOK_S
        self._lock = threading.Lock()
        self._is_awaited = threading.Event()
        self._document: Document | None = None
        self._document_of: tuple[str, int, int] | None = None
        self._data = b""
        """Bytes of the document until they are kept."""
        self._document_blob: tuple[str, int] = ("", 0)
        self._rested: Entry | None = None
        self._told_of: tuple[OpenCell, ...] | None = None
        self._told_blob: tuple[str, int] = ("", 0)

    @property
    def is_open(self) -> bool:
        return self._thread is not None

    def begin(self, run: TrackedRun, entry: Entry, entries: list[Entry], where: Identity, said: Told | None = None, *, is_block: bool = False) -> None:
        """A run begins with this cell, or in it; `entries` are all so far, `said` is what the front end told with it."""
        earlier = [] if self._log is not None else [it for it in entries if it.number < entry.number]
        is_entered = self._log is not None

        def act() -> None:
            if self._log is None:
                is_recovered = any(it.status is Status.UNKNOWN for it in entries)
                self._log = ExecutedLog(run.home, run.start.owner, snapshot.head(where.source if where.notebook else "", is_recovered), snapshot.TAIL)
            for it in earlier:  # in order: of several executions of a cell the first has its id
                self._name(it)
            self._log.run(run.run_id)
            if is_block:
                with contextlib.suppress(RuntimeError):  # it changed at this moment
                    self._write(entry, so_far(entry))
            elif not is_entered:
                self._write(entry)

        def act_at_leisure() -> None:
            if self._rested is not entry:
                self._rested = entry
                self._is_awaited.wait(_POLITE_S)  # a cell of some milliseconds need not share its processor with this
            for it in earlier:
                self._write(it)
            self._keep_document(run, where, said)

        if not is_block or self._running is None:
            self._running, self._look_s = entry if entry.ended_ns is None else None, _FIRST_LOOK_S
        self._submit(act)
        self._submit(act_at_leisure)

    def keep(self, run: TrackedRun, path: str, make: Callable[[], bytes]) -> None:
        """An artifact of the run, made and written soon."""

        def act() -> None:
            data = make()
            _attach(run, path, blobs.keep(run.home, data), len(data))

        self._submit(act)

    def later(self, act: Callable[[], None]) -> None:
        """Do this once all before it is written."""
        self._submit(act)

    def enter(self, entry: Entry) -> None:
        """Any cell begins."""
        if self.is_open:
            self._running, self._look_s = entry, _FIRST_LOOK_S
            self._submit(lambda: self._write(entry))

    def leave(self, entry: Entry) -> None:
        """Any cell ended."""
        if self._running is entry:
            self._running = None
        if self.is_open:
            self._submit(lambda: self._write(entry))

    def end(self, run: TrackedRun, last: int) -> None:
        """The run's snapshot: all cells up to number `last`."""

        def act() -> None:
            if self._log is not None:
                blob, size_bytes = self._log.join(last)
                _attach(run, EXECUTED, blob, size_bytes)

        self._submit(act)

    def end_block(self, run: TrackedRun, entry: Entry) -> None:
        """The snapshot of a run that ends within a cell, which is given as it is now."""

        def act() -> None:
            if self._log is not None:
                blob, size_bytes = self._log.join(entry.number, snapshot.cell(entry, self._name(entry)))
                _attach(run, EXECUTED, blob, size_bytes)

        self._submit(act)

    def document(self, path: str, said: Told | None = None) -> Document | None:
        """The notebook as the front end told it, unless it was saved since; the file is read again only when it changed."""
        if said is not None and said.document is not None and _saved_ns(path) <= said.told_ns:
            return said.document
        return self._saved(path)

    def _saved(self, path: str) -> Document | None:
        if not path:
            return None
        with self._lock:
            try:
                facts = Path(path).stat()
            except OSError:
                return None
            key = (path, facts.st_mtime_ns, facts.st_size)
            if key != self._document_of:
                found = document.load(Path(path))
                self._document, self._document_of = (found[0] if found else None), key
                self._data = found[1] if found else b""
            return self._document

    def flush(self, wait_s: float) -> None:
        """Wait until all is written, but no longer."""
        if self._thread is None or self._thread is threading.current_thread():
            return
        done = threading.Event()
        self._work.put(done.set)
        if self._thread.is_alive():
            self._is_awaited.set()
            done.wait(wait_s)
            self._is_awaited.clear()

    def close(self) -> None:
        """Write what is left and end the thread."""
        if self._thread is not None:
            self._work.put(None)
            self._thread.join(10)
            self._thread = None
        if self._log is not None:
            self._log.close()
            self._log = None

    def _submit(self, act: Callable[[], None]) -> None:
        self._work.put(act)
        if self._thread is None:
            thread = threading.Thread(target=self._go, name="nbtrack-recorder", daemon=True)
            with contextlib.suppress(RuntimeError):  # the interpreter shuts down
                thread.start()
                self._thread = thread

    def _go(self) -> None:
        while True:
            try:
                act = self._work.get(timeout=self._look_s if self._running is not None else None)
            except queue.Empty:
                act = self._look
            if act is None:
                return
            try:
                act()
            except (OSError, NbtrackError) as cause:
                self._tell(f"what cells do is not recorded: {cause}")
            except Exception as cause:  # noqa: BLE001 - one that fails does not stop the others
                self._tell(f"a part of the snapshot was not recorded: {cause!r}")

    def _look(self) -> None:
        """What a long cell has output so far, in case its kernel dies; seldom, as each look writes it all."""
        self._look_s = min(self._look_s * 2, _SLOWEST_LOOK_S)
        if (entry := self._running) is not None:
            with contextlib.suppress(RuntimeError):  # it changed at this moment
                self._write(entry, so_far(entry))

    def _write(self, entry: Entry, outputs: list[dict[str, Any]] | None = None) -> None:
        if self._log is None:
            return
        self._log.cell(entry.number, snapshot.cell(entry, self._name(entry), outputs))

    def _name(self, entry: Entry) -> str:
        if entry.number not in self._id_of:
            self._id_of[entry.number] = self._ids.of(entry.cell_id, entry.number)
        return self._id_of[entry.number]

    def _keep_document(self, run: TrackedRun, where: Identity, said: Told | None) -> None:
        if said is not None and said.cells is not None and said.is_dirty:
            self._keep_told(run, where, said.cells)
            return
        if self._saved(where.notebook) is None:
            return
        with self._lock:
            data, self._data = self._data, b""
        if data:  # outside the lock: a cell may be waiting for the document to be judged
            parts = [blobs.keep(run.home, piece) for piece in document.pieces_of(data)]
            self._document_blob = (blobs.put_joined(run.home, parts), len(data))
        if self._document_blob[0]:
            _attach(run, DOCUMENT, *self._document_blob)

    def _keep_told(self, run: TrackedRun, where: Identity, cells: tuple[OpenCell, ...]) -> None:
        """The document with edits that are not saved; what only the file knows, such as outputs, is as it was saved."""
        if self._told_of is not cells:
            try:
                saved = Path(where.notebook).read_bytes() if where.notebook else b""
            except OSError:
                saved = b""
            data = document.with_cells(saved, cells)
            parts = [blobs.keep(run.home, piece) for piece in document.pieces_of(data)]
            self._told_of, self._told_blob = cells, (blobs.put_joined(run.home, parts), len(data))
        _attach(run, DOCUMENT, *self._told_blob)


def _saved_ns(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns if path else 0
    except OSError:
        return 0


def so_far(entry: Entry) -> list[dict[str, Any]]:
    """Outputs of a cell that runs; its streams get their text only when it ends."""
    kept = entry.facts.get(Outputs.name)
    texts = {id(output): text.text() for output, text in list(kept.streams)} if isinstance(kept, OutputList) else {}
    return [{**output, "text": texts[id(output)]} if id(output) in texts else output for output in list(entry.outputs)]


def _attach(run: TrackedRun, path: str, blob: str, size_bytes: int) -> None:
    """Name an artifact on a run that may have ended."""
    writer = RunWriter(run.home, run.run_id)
    try:
        writer.event(Kind.ARTIFACT, path=path, blob=blob, size_bytes=size_bytes)
    finally:
        writer.close()
