"""What is to be done to runs that are in the store alone: one small file an act, written at once, done by delivery, removed when it is done."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, field
from pathlib import Path

from nbtrack.courier.channel import Place, write_private
from nbtrack.errors import JournalError
from nbtrack.journal.location import Home
from nbtrack.records import dataclass

_FOLDER, _REFUSED = "acts", "refused"


@dataclass(frozen=True)
class Act:
    """One change of one run of the store."""

    mlflow_run_id: str
    name: str | None = None
    """Its new name."""
    tags: dict[str, str | None] = field(default_factory=dict)
    """Tags to set; None takes one off."""
    trash: bool | None = None
    """Into the trash, or out of it."""
    why: str = ""
    """Why the store refused it, where it did."""


def put(home: Home, store: str, act: Act) -> None:
    """Keep an act until delivery has done it.

    Args:
        store: masked absolute URI.

    Raises:
        JournalError: the folder cannot be written.
    """
    place = Place.of(home, store)
    place.make()
    folder = home.folder(f"delivery/{place.hash}/{_FOLDER}")
    if not place.uri.exists():
        _write(place.uri, store.encode("utf-8", "surrogatepass"))
    _write(folder / f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}.json", json.dumps(asdict(act)).encode())


def waiting(place: Place) -> list[tuple[Path, Act]]:
    """Acts that are not done, in the order they were asked for."""
    return _read(place.folder / _FOLDER)


def refused(place: Place) -> list[Act]:
    """Acts that the store would not do, the last ones."""
    return [act for _, act in _read(place.folder / _FOLDER / _REFUSED)]


def refuse(place: Place, path: Path, act: Act, why: str) -> None:
    """Take an act out of the queue for good, and remember why, of the last hundred."""
    folder = place.home.folder(f"delivery/{place.hash}/{_FOLDER}/{_REFUSED}")
    _write(folder / path.name, json.dumps({**asdict(act), "why": why}).encode())
    path.unlink(missing_ok=True)
    for old in sorted(folder.glob("*.json"))[:-_KEPT]:
        old.unlink(missing_ok=True)


def changed(acts: Sequence[Act]) -> dict[str, Act]:
    """What several acts come to, by run; later ones win."""
    found: dict[str, Act] = {}
    for act in acts:
        before = found.get(act.mlflow_run_id, Act(act.mlflow_run_id))
        name = act.name if act.name is not None else before.name
        trash = act.trash if act.trash is not None else before.trash
        found[act.mlflow_run_id] = Act(act.mlflow_run_id, name, {**before.tags, **act.tags}, trash)
    return found


_KEPT = 100


def _read(folder: Path) -> list[tuple[Path, Act]]:
    found = []
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, ValueError, TypeError):  # done meanwhile, or written by a later release
            found.append((path, Act(**json.loads(path.read_bytes()))))
    return found


def _write(path: Path, data: bytes) -> None:
    try:
        write_private(path, data)
    except OSError as cause:
        raise JournalError(f"{path.parent} cannot be written: {cause.strerror or cause}.", mend="Free space there, or make it writable.") from cause
