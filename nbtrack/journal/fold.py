"""Folding a journal: from a run's events and points to a RunView."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nbtrack.entities import Artifact, Event, Kind, Metric, RunStart, RunView, State, direction_of
from nbtrack.errors import FormatError, JournalError
from nbtrack.journal import blobs
from nbtrack.journal import cursor as cursors
from nbtrack.journal.lines import read_events
from nbtrack.journal.location import Home
from nbtrack.journal.points import RECORD, SIZES, Scratch, is_full, read_bytes, read_table, segments, writer_of
from nbtrack.journal.writer import EVENTS, FORMAT

RENAMED = "nbtrack.name"
"""Tag of a run that was given another name."""
_MANY, _SOME = 20_000, 1_000
"""Points from which numpy is worth its import; from which it is quicker where it is loaded anyway."""
_FEW_NAMES = 64
_MOST_KEPT = 4_000
_whole: dict[str, dict[int, dict[str, Any]]] = {}
"""What was folded of large segments that are full: they stay as they are."""
_START_FIELDS = frozenset(RunStart.__annotations__)


def start_of(events: Iterable[Event]) -> RunStart | None:
    """The run's start; None where the journal was cut before it.

    Raises:
        FormatError: written by a release newer than this one.
    """
    for event in events:
        if event.kind == Kind.START:
            if event.data.get("format", 1) > FORMAT:
                raise FormatError(
                    f"The run's journal has format {event.data['format']}; this release reads up to {FORMAT}.",
                    mend="Install a newer nbtrack: pip install -U nbtrack.",
                )
            return RunStart(**{name: value for name, value in event.data.items() if name in _START_FIELDS})
    return None


def events_of(home: Home, run_id: str) -> list[Event]:
    """All readable events of a run."""
    return [event for event, _ in read_events(home.run(run_id) / EVENTS)]


def fold(home: Home, run_id: str, *, metrics: bool = True) -> RunView | None:
    """The run as its journal tells it; None where there is no such run or its start was not written.

    Args:
        metrics: False leaves the points unread.
    """
    events = events_of(home, run_id)
    start = start_of(events)
    if start is None:
        return None
    state, ended_ns, reason, trace = State.RUNNING, None, "", ""
    params: dict[str, str] = {}
    later: dict[str, list[str]] = {}
    tags = dict(start.tags)
    artifacts: dict[str, Artifact] = {}
    notes: list[str] = []
    notices: list[str] = []
    names: dict[tuple[str, int], str] = {}
    trashed = False
    for event in events:
        data = event.data
        match event.kind:
            case Kind.PARAM:
                name, value = data["name"], data["value"] if "value" in data else _text(home, data["blob"])
                if later.get(name, [params.setdefault(name, value)])[-1] != value:
                    later.setdefault(name, []).append(value)
            case Kind.TAG:
                if data["value"] is None:
                    tags.pop(data["name"], None)
                else:
                    tags[data["name"]] = data["value"]
            case Kind.ARTIFACT:
                artifacts[data["path"]] = Artifact(data["path"], data["blob"], data["size_bytes"])
            case Kind.MODEL:
                for inside, (blob, size_bytes) in data["files"].items():
                    path = f"models/{data['name']}/{inside}"
                    artifacts[path] = Artifact(path, blob, size_bytes)
            case Kind.SERIES:
                names[data["writer"], data["key"]] = data["name"]
            case Kind.NOTE:
                notes.append(data["text"])
            case Kind.NOTICE:
                notices.append(data["text"])
            case Kind.TRASH:
                trashed = data["on"]
            case Kind.RESUME:
                state, ended_ns, reason, trace = State.RUNNING, None, "", ""
                start = dataclasses.replace(start, owner=data["owner"])
            case Kind.END if not state.is_end and data.get("owner", start.owner) == start.owner:
                state, ended_ns = State(data["state"]), event.timestamp_ns
                reason, trace = data.get("reason", ""), data.get("traceback", "")
    cursor = cursors.load(home, run_id)
    if RENAMED in tags:
        start = dataclasses.replace(start, name=tags[RENAMED])
    return RunView(
        start,
        state,
        ended_ns,
        reason,
        trace,
        params,
        {name: tuple(values) for name, values in later.items()},
        fold_metrics(home.run(run_id), names, start.goal) if metrics else {},
        tags,
        tuple(artifacts.values()),
        tuple(notes),
        tuple(notices),
        trashed,
        cursor.is_done,
        cursor.mlflow_run_id or start.mlflow_run_id,
    )


def _text(home: Home, blob: str) -> str:
    try:
        return blobs.get_bytes(home, blob).decode("utf-8", "surrogatepass")
    except (OSError, JournalError, UnicodeDecodeError):
        return f"(blob {blob} is missing or damaged)"


def series_names(events: Iterable[Event]) -> dict[tuple[str, int], str]:
    """Metric name by writer and key."""
    return {(event.data["writer"], event.data["key"]): event.data["name"] for event in events if event.kind == Kind.SERIES}


def fold_metrics(folder: Path, names: dict[tuple[str, int], str], goal: str) -> dict[str, Metric]:
    """Count, last, lowest, highest and best point of every metric; last means the highest step, the later one where two share it."""
    found: dict[str, dict[str, Any]] = {}
    scratch = Scratch()
    for segment in segments(folder):
        writer = writer_of(segment)
        for key, part in _fold_segment(segment, scratch).items():
            name = names.get((writer, key))
            if name is None:
                continue
            known = found.setdefault(name, part)
            if known is not part:
                known["count"] += part["count"]
                if (part["step"], part["time"]) >= (known["step"], known["time"]):
                    known.update(step=part["step"], time=part["time"], value=part["value"])
                if not part["low"] >= known["low"]:
                    known.update(low=part["low"], low_step=part["low_step"]) if not math.isnan(part["low"]) else None
                if not part["high"] <= known["high"]:
                    known.update(high=part["high"], high_step=part["high_step"]) if not math.isnan(part["high"]) else None
    metrics = {}
    for name, it in found.items():
        way = direction_of(name, goal)
        best, best_step = (it["low"], it["low_step"]) if way == "min" else (it["high"], it["high_step"])
        metrics[name] = Metric(name, it["count"], it["value"], it["step"], it["low"], it["high"], best, best_step, way)
    return metrics


def _fold_segment(segment: Path, scratch: Scratch) -> dict[int, dict[str, Any]]:
    if (known := _whole.get(str(segment))) is not None:
        return {key: dict(part) for key, part in known.items()}
    if not hasattr(sys.modules.get("numpy"), "fromfile"):
        data = read_bytes(segment)
        if len(data) // RECORD.size <= _MANY:
            return _fold_few(data)
    table = read_table(segment, scratch)
    found = _fold_table(table) if len(table) > _SOME else _fold_few(table.tobytes())
    if len(table) >= SIZES[-1] // RECORD.size - 1 and is_full(segment, table) and len(_whole) < _MOST_KEPT:
        _whole[str(segment)] = {key: dict(part) for key, part in found.items()}
    return found


def _fold_few(data: bytes) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for step, time_ns, value, _, key in RECORD.iter_unpack(data):
        if not key:
            continue
        it = found.get(key)
        if it is None:
            found[key] = {"count": 1, "step": step, "time": time_ns, "value": value, "low": value, "low_step": step, "high": value, "high_step": step}
            continue
        it["count"] += 1
        if step > it["step"] or (step == it["step"] and time_ns >= it["time"]):
            it["step"], it["time"], it["value"] = step, time_ns, value
        if value < it["low"] or (it["low"] != it["low"] and not math.isnan(value)):
            it["low"], it["low_step"] = value, step
        if value > it["high"] or (it["high"] != it["high"] and not math.isnan(value)):
            it["high"], it["high_step"] = value, step
    return found


def _fold_table(table: Any) -> dict[int, dict[str, Any]]:
    import numpy as np

    keys = table["key"]
    if not len(keys):
        return {}
    names = keys[:1] if (keys == keys[0]).all() else np.unique(keys)
    if len(names) > _FEW_NAMES:  # a pass over the table for each name would cost more than one in Python
        return _fold_few(table.tobytes())
    found: dict[int, dict[str, Any]] = {}
    for key in names[names != 0]:
        rows = table if len(names) == 1 else table[keys == key]
        steps, values = rows["step"], rows["value"].copy()  # one after the other they are gone through much faster
        at = np.flatnonzero(steps == steps.max())
        last = rows[at[-1 - int(np.argmax(rows["time"][at][::-1]))]]
        # argmax finds the first; nanargmin would give a NaN's place where the others are infinite
        low, high = int(np.argmax(values == np.fmin.reduce(values))), int(np.argmax(values == np.fmax.reduce(values)))
        found[int(key)] = {
            "count": len(rows), "step": int(last["step"]), "time": int(last["time"]), "value": float(last["value"]),
            "low": float(values[low]), "low_step": int(rows["step"][low]), "high": float(values[high]), "high_step": int(rows["step"][high]),
        }  # fmt: skip
    return found


def points_of(home: Home, run_id: str) -> Iterator[tuple[str, int, int, float]]:
    """Every point of a run: name, step, time (ns), value; writer by writer, in the order written."""
    names = series_names(events_of(home, run_id))
    for segment in segments(home.run(run_id)):
        writer = writer_of(segment)
        for step, time_ns, value, _, key in RECORD.iter_unpack(read_bytes(segment)):
            if key and (writer, key) in names:
                yield names[writer, key], step, time_ns, value
