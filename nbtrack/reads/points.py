"""Points of a run as arrays, for whoever computes with millions of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtrack.journal import Home, events_of
from nbtrack.journal.fold import series_names
from nbtrack.journal.points import Scratch, read_table, segments, writer_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Curve:
    """Points of one metric, by step, and by time where steps are equal; arrays of one length."""

    steps: NDArray[np.int64]
    times_ns: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.values)


def points(home: Home, run_id: str, names: Collection[str] | None = None) -> dict[str, Curve]:
    """Points of a run by metric; a metric without any is left out.

    Args:
        names: of the metrics that are read; None reads all.

    Raises:
        FormatError: a newer release wrote them.
        UnknownRunError, StoreError, DeliveryError: the journal does not have the run, and the store does not give them.
    """
    import numpy as np

    if not home.run(run_id).exists():
        from nbtrack.reads.series import stored_points

        return stored_points(home, run_id, names)

    wanted = {at: name for at, name in series_names(events_of(home, run_id)).items() if names is None or name in names}
    parts: dict[str, list[tuple[Any, Any, Any]]] = {}
    scratch = Scratch()
    for segment in segments(home.run(run_id)):
        writer = writer_of(segment)
        keys = {key: name for (by, key), name in wanted.items() if by == writer}
        if not keys:
            continue
        for key, rows in _by_key(read_table(segment, scratch), np):
            if key in keys:  # copied field by field while the segment is in the processor's cache
                parts.setdefault(keys[key], []).append((rows["step"].copy(), rows["time"].copy(), rows["value"].copy()))
    return {name: curve_of(tables) for name, tables in parts.items()}


def _by_key(table: Any, np: Any) -> list[tuple[int, Any]]:
    """Rows of each key, in the order written."""
    keys = table["key"]
    if not len(keys):
        return []
    if (keys == keys[0]).all():
        return [(int(keys[0]), table)]
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    return [(int(key), table[rows]) for key, rows in zip(found, np.split(order, starts[1:]), strict=True) if key]


def curve_of(parts: list[tuple[Any, Any, Any]]) -> Curve:
    """Points that were written one after the other (steps, times, values), as one curve."""
    import numpy as np

    steps, times, values = (np.concatenate(field) for field in zip(*parts, strict=True))
    if len(steps) > 1:
        is_later = steps[1:] > steps[:-1]
        if not is_later.all():
            is_kept = is_later | ((steps[1:] == steps[:-1]) & (times[1:] >= times[:-1]))
            if not is_kept.all():
                order = np.lexsort((times, steps))
                steps, times, values = steps[order], times[order], values[order]
    return Curve(steps, times, values)
