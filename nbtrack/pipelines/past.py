"""What can be told of a run of a pipeline while it goes on and afterwards: whether it goes on, and what its stages printed."""

from __future__ import annotations

from pathlib import Path

from nbtrack.errors import JournalError
from nbtrack.journal import Home, blobs, fold
from nbtrack.journal.owner import is_alive
from nbtrack.pipelines.cache import Entry
from nbtrack.pipelines.history import NodeHistory, RunHistory, read, run_ids, text_file
from nbtrack.pipelines.together import holds, let_go

RUNNING, STOPPED = "running", "stopped"
"""What stands for the state of a run without an end: it goes on, or whatever ran it is gone."""


def state_of(home: Home, found: RunHistory) -> str:
    """`finished`, `failed`, `killed`, `running`, or `stopped`: it was killed, and can be gone on with."""
    if found.ended:
        return found.ended.lower()
    view = fold(home, found.run_id, metrics=False)
    return RUNNING if view is not None and is_alive(home, view.start.owner) else STOPPED


def let_go_of_the_dead(home: Home, state: Path) -> None:
    """Remove what runs held that were killed."""
    for run_id in run_ids(state):
        own = state / "runs" / run_id
        if holds(own) and ((found := read(state, run_id)) is None or state_of(home, found) != RUNNING):
            let_go(own)


def text_of(home: Home, state: Path, found: RunHistory, node: str) -> str:
    """What the cells of a stage printed; of a result out of the cache, what the run that it comes from printed."""
    path = text_file(state / "runs" / found.run_id, node)
    return path.read_text("utf-8", "replace") if path.exists() else kept_text(home, found.nodes[node])


def kept_text(home: Home, node: NodeHistory) -> str:
    """What the run that a cached result comes from printed."""
    entry = Entry.from_json(node.entry.encode()) if node.entry else None
    view = fold(home, entry.run_id, metrics=False) if entry is not None else None
    found = [it.blob for it in view.artifacts if it.path.startswith("streams/") and it.path.endswith(".txt")] if view is not None else []
    try:
        return "".join(blobs.get_bytes(home, it).decode("utf-8", "replace") for it in found)
    except (OSError, JournalError):
        return ""
