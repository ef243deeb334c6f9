"""What became of the stages of one run of a pipeline, written as it happens: what `status` shows and `--resume` goes on from."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from nbtrack.entities import Event
from nbtrack.errors import UsageError
from nbtrack.journal.lines import LineWriter, read_events
from nbtrack.pipelines.digests import digest_of, write_atomically

_BEGIN, _STAGE, _KERNEL, _CELL, _END = "begin", "stage", "kernel", "cell", "end"


class Phase(StrEnum):
    """Where a node is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    GATED = "gate failed"
    SKIPPED = "skipped"
    KILLED = "interrupted"

    @property
    def is_good(self) -> bool:
        return self in (Phase.DONE, Phase.CACHED)


@dataclass
class NodeHistory:
    """What is known of one node."""

    phase: Phase = Phase.WAITING
    run_id: str = ""
    key: str = ""
    attempt: int = 0
    reason: str = ""
    seconds: float = 0.0
    entry: str = ""
    """JSON of the result, where the node is done."""
    token: str = ""
    pid: int = 0
    since_ns: int = 0
    cell: int = 0
    """Which cell it is at, from 1; 0 before the first."""
    cells: int = 0


@dataclass
class RunHistory:
    """One run of a pipeline, read."""

    run_id: str
    file: str
    name: str
    began_ns: int
    facts: dict[str, Any]
    nodes: dict[str, NodeHistory] = field(default_factory=dict)
    ended: str = ""
    """State of its end; empty while it goes on, or where it was killed."""
    ended_ns: int = 0


class History:
    """Writes the log of one run of a pipeline."""

    def __init__(self, state: Path, run_id: str) -> None:
        self.folder = state / "runs" / run_id
        keep_out_of_git(state)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lines = LineWriter(self.folder / "log")

    def begin(self, file: Path, name: str, nodes: list[str], facts: dict[str, Any]) -> None:
        self._append(_BEGIN, file=str(file), name=name, nodes=nodes, facts=facts)

    def stage(self, node: str, phase: Phase, **facts: Any) -> None:
        """A node came to a phase; facts as in `NodeHistory`."""
        self._append(_STAGE, node=node, phase=phase, **facts)

    def kernel(self, node: str, token: str, pid: int) -> None:
        """A node has a kernel, which must not outlive this run."""
        self._append(_KERNEL, node=node, token=token, pid=pid)

    def cell(self, node: str, number: int, count: int) -> None:
        """A node comes to a cell."""
        self._append(_CELL, node=node, number=number, count=count)

    def end(self, state: str) -> None:
        self._append(_END, state=state)

    def text_file(self, node: str) -> Path:
        """Where what a node's cells print is written."""
        return text_file(self.folder, node)

    def close(self) -> None:
        self._lines.close()

    def _append(self, kind: str, **data: Any) -> None:
        self._lines.append(Event(kind, time.time_ns(), data))


def keep_out_of_git(state: Path) -> None:
    """Have git ignore the folder in which caches and histories lie."""
    ignore = state / ".gitignore"
    if not ignore.exists():
        write_atomically(ignore, b"*\n")


def read(state: Path, run_id: str) -> RunHistory | None:
    """What became of a run of a pipeline; None where there is none."""
    found: RunHistory | None = None
    for event, _ in read_events(state / "runs" / run_id / "log"):
        data = event.data
        if event.kind == _BEGIN:
            nodes = found.nodes if found is not None else {}
            found = RunHistory(run_id, data["file"], data["name"], found.began_ns if found else event.timestamp_ns, data["facts"])
            found.nodes = {it: nodes.get(it, NodeHistory()) for it in data["nodes"]}
        elif found is None:
            continue
        elif event.kind == _STAGE:
            node = found.nodes.setdefault(data["node"], NodeHistory())
            node.phase, node.since_ns = Phase(data["phase"]), event.timestamp_ns
            if node.phase is Phase.RUNNING and "run_id" not in data:  # another attempt
                node.cell = node.cells = 0
            for name in ("run_id", "key", "attempt", "reason", "seconds", "entry"):
                if name in data:
                    setattr(node, name, data[name])
        elif event.kind == _KERNEL:
            node = found.nodes.setdefault(data["node"], NodeHistory())
            node.token, node.pid = data["token"], data["pid"]
        elif event.kind == _CELL:
            node = found.nodes.setdefault(data["node"], NodeHistory())
            node.cell, node.cells = data["number"], data["count"]
        elif event.kind == _END:
            found.ended, found.ended_ns = data["state"], event.timestamp_ns
    return found


def run_ids(state: Path) -> Iterator[str]:
    """Ids of all runs of a pipeline's folder, the newest first."""
    logs = [(it.stat().st_mtime_ns, it.parent.name) for it in (state / "runs").glob("*/log")]
    yield from (name for _, name in sorted(logs, reverse=True))


def find(state: Path, word: str) -> RunHistory:
    """The run that a word means: `last`, or the first letters of an id.

    Raises:
        UsageError: there is none, or more than one.
    """
    ids = list(run_ids(state))
    chosen = ids[:1] if word == "last" else [it for it in ids if it.startswith(word)]
    found = read(state, chosen[0]) if len(chosen) == 1 else None
    if found is None:
        told = ", ".join(it[:8] for it in ids[:5])
        raise UsageError(
            f"{len(chosen) or 'No'} run{'s' if len(chosen) > 1 else ''} of this pipeline answer{'' if len(chosen) > 1 else 's'} to {word!r}.",
            mend=f"There are {told}." if ids else "Begin one with nbtrack run.",
        )
    return found


def text_file(folder: Path, node: str) -> Path:
    """A file for a node's text: readable, and its own whatever the name holds."""
    return folder / f"{re.sub(r'[^A-Za-z0-9_-]+', '_', node)[:60]}-{digest_of(node)[:8]}.txt"
