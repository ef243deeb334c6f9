"""What a kernel executed, written while it does: one log a kernel, from which the snapshots of its runs are joined, also after its death.

The log's events: `open` (head and tail of the notebook's JSON, as blobs), `run` (run_id: wants a snapshot) and `cell` (number, blob,
size_bytes): a cell's JSON, of which the last one written of each number counts. All cells but the first begin with a comma, so that
head, cells and tail joined are a notebook.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nbtrack.entities import Event
from nbtrack.journal import blobs
from nbtrack.journal.lines import LineWriter, read_events
from nbtrack.journal.location import Home

EXECUTED = "notebook/executed.ipynb"
"""Path of the artifact."""
_FOLDER = "executed"


class ExecutedLog:
    """Writes the log of this process's kernel."""

    def __init__(self, home: Home, owner: str, head: bytes, tail: bytes) -> None:
        home.folder(_FOLDER)
        self._home, self._owner = home, owner
        self._lines = LineWriter(path_of(home, owner))
        self._ends = (blobs.keep(home, head), blobs.keep(home, tail))
        self._cells: dict[int, tuple[str, int]] = {}
        self._size_bytes = len(head) + len(tail)
        self._lines.append(Event("open", time.time_ns(), {"head": self._ends[0], "tail": self._ends[1], "size_bytes": self._size_bytes}))

    def run(self, run_id: str) -> None:
        """Note that a run wants its snapshot, whatever comes."""
        self._lines.append(Event("run", time.time_ns(), {"run_id": run_id}))

    def cell(self, number: int, data: bytes) -> None:
        """Keep a cell as it is now.

        Raises:
            OSError: the disk is full.
        """
        blob = blobs.keep(self._home, data)
        if self._cells.get(number, ("", 0))[0] == blob:
            return
        self._cells[number] = (blob, len(data))
        self._lines.append(Event("cell", time.time_ns(), {"number": number, "blob": blob, "size_bytes": len(data)}))

    def join(self, last: int, data: bytes | None = None) -> tuple[str, int]:
        """The notebook up to the cell with that number: blob and size in bytes.

        Args:
            data: that cell as it is to be in it, where it may be another by now.
        """
        cells = {number: it for number, it in self._cells.items() if number <= last}
        if data is not None:
            cells[last] = (blobs.keep(self._home, data), len(data))
        return _join(self._home, *self._ends, self._size_bytes, cells)

    def close(self) -> None:
        self._lines.close()


def is_of(facts: Mapping[str, Any], run_id: str) -> bool:
    """Whether a cell of a snapshot is one of the run's, by its metadata `nbtrack`: its own, or one in which a block of the run executed."""
    return facts.get("run_id") == run_id or run_id in (facts.get("blocks") or ())


def join_of(home: Home, owner: str, run_id: str) -> tuple[str, int] | None:
    """The notebook of all that a kernel executed; None where it left no log, or the run wanted no snapshot."""
    ends: tuple[str, str, int] | None = None
    cells: dict[int, tuple[str, int]] = {}
    is_wanted = False
    for event, _ in read_events(path_of(home, owner)):
        data = event.data
        if event.kind == "open":
            ends = (data["head"], data["tail"], data["size_bytes"])
        elif event.kind == "cell":
            cells[data["number"]] = (data["blob"], data["size_bytes"])
        elif event.kind == "run":
            is_wanted |= data["run_id"] == run_id
    return None if ends is None or not cells or not is_wanted else _join(home, *ends, cells)


def owners(home: Home) -> Iterator[str]:
    """Owners that left a log."""
    try:
        yield from os.listdir(home.root / _FOLDER)  # noqa: PTH208 - names are all that is needed
    except OSError:
        return


def path_of(home: Home, owner: str) -> Path:
    return home.root / _FOLDER / owner


def _join(home: Home, head: str, tail: str, size_bytes: int, cells: dict[int, tuple[str, int]]) -> tuple[str, int]:
    parts = [cells[number][0] for number in sorted(cells)]
    size_bytes += sum(size for _, size in cells.values())
    first = blobs.get_bytes(home, parts[0]) if parts and 1 not in cells else b""
    if first.startswith(b","):  # the cells before it were not written yet when the kernel died
        parts[0] = blobs.keep(home, first[1:])
        size_bytes -= 1
    return blobs.put_joined(home, [head, *parts, tail]), size_bytes
