"""Values that a stage hands on: `nbtrack.output(name, value)`."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from nbtrack.capture.run import TrackedRun
from nbtrack.errors import JournalError, UsageError
from nbtrack.journal import Home, blobs, fold

FOLDER = "outputs/"
"""Artifacts: one JSON file a value."""
_NAME = re.compile(r"[^\W\d]\w*\Z")
_LONGEST = 1 << 20


def record(run: TrackedRun, name: str, value: Any) -> None:
    """Keep a value as an output of the run; the last one of a name holds.

    Raises:
        UsageError: the name is no identifier, or JSON cannot hold the value.
    """
    if not _NAME.match(name):
        raise UsageError(f"An output cannot be called {name!r}.", mend="Take letters, digits and underscores, as for a variable.")
    text = as_json(name, value)
    if len(text) > _LONGEST:
        raise UsageError(f"Output {name!r} is {len(text)} characters long.", mend="Write it to a file, and declare that as the stage's output.")
    run.artifact_bytes(f"{FOLDER}{name}.json", text.encode())


def as_json(name: str, value: Any) -> str:
    """The value as JSON; numpy's numbers and paths are taken as what they mean.

    Raises:
        UsageError: JSON cannot hold it.
    """
    try:
        return json.dumps(value, ensure_ascii=False, default=_plain, allow_nan=True)
    except (TypeError, ValueError, RecursionError) as cause:
        raise UsageError(
            f"Output {name!r} is a {type(value).__name__}, which cannot be handed on as a value.",
            mend="Give a number, text, list or dict; write anything else to a file that the stage declares in `outputs`.",
        ) from cause


def outputs_of(home: Home, run_id: str) -> dict[str, Any]:
    """Values that a run recorded; one that is damaged is left out."""
    view = fold(home, run_id, metrics=False)
    found = {}
    for artifact in view.artifacts if view is not None else ():
        if artifact.path.startswith(FOLDER) and artifact.path.endswith(".json"):
            try:
                found[artifact.path[len(FOLDER) : -len(".json")]] = json.loads(blobs.get_bytes(home, artifact.blob))
            except (OSError, JournalError, ValueError):
                continue
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:  # a number of numpy's or torch's
        found = value.item()
        if isinstance(found, (bool, int, float, str)):
            return found
    if hasattr(value, "tolist") and getattr(value, "size", _LONGEST) <= 10_000:
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(type(value).__name__)
