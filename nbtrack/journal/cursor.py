"""How far a run has been delivered: one small file beside the journal, replaced whole."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, field, replace
from pathlib import Path

from nbtrack.journal.location import Home
from nbtrack.records import dataclass
from nbtrack.system import open_private

FILE = "cursor.json"


@dataclass(frozen=True)
class Cursor:
    """What of a run is in MLflow."""

    mlflow_run_id: str = ""
    experiment_id: str = ""
    artifact_uri: str = ""
    events_bytes: int = 0
    """Offset in the event file up to which everything is delivered."""
    event_ns: int = 0
    """Time of the event that ends there: another one there means that the file was cut and written on. 0 where it is not known."""
    slots: dict[str, int] = field(default_factory=dict)
    """For each segment file, the first slot not delivered."""
    holes: dict[str, list[int]] = field(default_factory=dict)
    """Slots before that, by segment file, which were taken but not written when they were passed over; they are looked at again."""
    names: dict[str, str] = field(default_factory=dict)
    """Metric and param names MLflow refused, and what they are called there."""
    params: dict[str, int] = field(default_factory=dict)
    """How many values of each param were delivered."""
    is_done: bool = False
    """The run ended and everything in its journal is delivered."""
    refusals: tuple[str, ...] = ()
    """What MLflow refused for good; it stays in the journal."""
    masked: tuple[tuple[str, str], ...] = ()
    """Kind and place of each secret that was struck out on the way."""
    held: str = ""
    """Why nothing of the run is sent, where its secrets keep it here."""

    def moved(self, **changes: object) -> Cursor:
        return replace(self, **changes)  # type: ignore[arg-type]


def load(home: Home, run_id: str) -> Cursor:
    """The run's cursor; a fresh one where none was written."""
    try:
        data = json.loads((home.run(run_id) / FILE).read_bytes())
    except (OSError, ValueError):
        return Cursor()
    if not isinstance(data, dict):
        return Cursor()
    if data.get("events_bytes", 0) > _size_bytes(home.run(run_id) / "events.log"):
        # A loss of power took events that were delivered; what is appended now must not hide behind the old offset.
        data["events_bytes"] = 0
        data["params"] = {}
    known = {name: value for name, value in data.items() if name in Cursor.__annotations__}
    known["refusals"] = tuple(known.get("refusals", ()))
    known["masked"] = tuple((str(kind), str(place)) for kind, place in known.get("masked", ()))
    return Cursor(**known)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def save(home: Home, run_id: str, cursor: Cursor) -> None:
    """Replace the run's cursor whole. A lost cursor means sending again, so it need not wait for the disk; a torn one is no cursor.

    Raises:
        OSError: the disk is full; the cursor before stays.
    """
    path = home.run(run_id) / FILE
    temporary = Path(f"{path}.{os.getpid()}")
    try:
        with os.fdopen(open_private(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
            file.write(json.dumps(asdict(cursor)).encode())
        temporary.replace(path)
    except BaseException:  # even an interrupt leaves nothing half-made behind
        temporary.unlink(missing_ok=True)
        raise
