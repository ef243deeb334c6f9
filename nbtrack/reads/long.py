"""Curves too long to be read for every look: of each block of points written one after the other only those that a picture needs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.journal import Home, events_of
from nbtrack.journal.fold import series_names
from nbtrack.journal.points import Scratch, is_full, read_table, segments, writer_of
from nbtrack.reads.points import Curve, curve_of

LONG = 1_000_000
"""Points from which a curve is read so."""
_BLOCK = 256
_KEPT_BYTES = 32 << 20
_lock = threading.Lock()
_kept: OrderedDict[tuple[str, int], tuple[Any, int]] = OrderedDict()
"""By file and key, of segments that nothing is written to any more."""


@dataclass(frozen=True)
class Part:
    """Points of a metric in one file of a run."""

    file: Path
    key: int
    rough: Curve
    """First, last, lowest and highest point of each block, and where there is any the first and last that is no number."""
    count: int
    """How many there are in all."""

    def whole(self) -> Curve:
        """All of them."""
        table = read_table(self.file)
        rows = table[table["key"] == self.key]
        return curve_of([(rows["step"], rows["time"], rows["value"])])


def parts(home: Home, run_id: str, name: str) -> list[Part]:
    """A metric's points in the order they were written, each file's on their own; reads only files that were not read before or still grow.

    Raises:
        FormatError: a newer release wrote them.
    """
    wanted = [(writer, key) for (writer, key), metric in series_names(events_of(home, run_id)).items() if metric == name]
    found, scratch = [], Scratch()
    for file in segments(home.run(run_id)):
        for writer, key in wanted:
            if writer == writer_of(file):
                rows, count = _rows(file, key, scratch)
                if count:
                    found.append(Part(file, key, curve_of([(rows["step"], rows["time"], rows["value"])]), count))
    return found


def _rows(file: Path, key: int, scratch: Scratch) -> tuple[Any, int]:
    place = (str(file), key)
    with _lock:
        if place in _kept:
            _kept.move_to_end(place)
            return _kept[place]
    table = read_table(file, scratch)
    keys = table["key"]
    rows = table if len(table) and (keys == key).all() else table[keys == key]
    found = rows[_chosen(rows["value"].copy())], len(rows)  # values one after the other are gone through much faster
    if is_full(file, table):
        with _lock:
            _kept[place] = found
            while sum(rows.nbytes for rows, _ in _kept.values()) > _KEPT_BYTES:
                _kept.popitem(last=False)
    return found


def _chosen(values: Any) -> Any:
    """Indices of what is kept of each block, ascending; of what is left behind the last whole block all."""
    import numpy as np

    blocks = len(values) // _BLOCK
    table = values[: blocks * _BLOCK].reshape(blocks, _BLOCK)
    first = np.arange(blocks) * _BLOCK
    chosen = [first, first + _BLOCK - 1, np.arange(blocks * _BLOCK, len(values))]
    is_number = np.isfinite(table)
    if is_number.all():
        chosen += [first + table.argmin(axis=1), first + table.argmax(axis=1)]
    else:
        chosen += [first + np.where(is_number, table, np.inf).argmin(axis=1), first + np.where(is_number, table, -np.inf).argmax(axis=1)]
        gaps = ~is_number
        some = gaps.any(axis=1)
        chosen += [first[some] + gaps[some].argmax(axis=1), first[some] + _BLOCK - 1 - gaps[some, ::-1].argmax(axis=1)]
    return np.unique(np.concatenate(chosen))
