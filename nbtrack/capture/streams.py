"""What a cell wrote to stdout and stderr, as files of its run."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from nbtrack.amounts import counted
from nbtrack.capture.output_list import OutputList
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.stream_text import StreamText


class Streams(Source):
    """`streams/stdout.txt` and `streams/stderr.txt`: head and tail within a cap, progress bars in their last state; `streams/index.json` tells lines' times."""

    name = "streams"
    kind = "streams"

    def __init__(self) -> None:
        self._log = RunLog("")

    def after(self, cell: Cell) -> Iterable[Finding]:
        outputs = cell.entry.facts.get("outputs")
        if not isinstance(outputs, OutputList):
            return
        whole = dict(outputs.whole)
        outputs.whole.clear()
        if cell.run is not None and self._log.run_id != cell.run.run_id:
            self._log = RunLog(cell.run.run_id)  # cells of one %track on share a run, and write one after the other
        for name, text in sorted(whole.items(), reverse=True):
            shown = text.text()
            if shown and cell.choice.wants(name):
                yield Finding("fact", name, counted(len(shown.splitlines()), "line"), "written by the cell", self._keep(cell, name, shown, text))

    def _keep(self, cell: Cell, name: str, shown: str, text: StreamText) -> Callable[[TrackedRun], None]:
        log = self._log

        def keep(run: TrackedRun) -> None:
            log.add(name, shown, text, cell)
            cell.later(lambda: log.write(run, name))

        return keep


class RunLog:
    """The streams of one run."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self._texts: dict[str, StreamText] = {}
        self._lines: dict[str, int] = {}
        self._index: list[dict[str, Any]] = []
        self._lock = threading.Lock()  # the background of one cell may still write while the next cell ends

    def add(self, name: str, shown: str, text: StreamText, cell: Cell) -> None:
        with self._lock:
            before = self._lines.get(name, 0)
            self._texts.setdefault(name, StreamText()).write(shown if shown.endswith("\n") or cell.is_own else shown + "\n", 0)
            self._lines[name] = before + len(shown.splitlines())
            self._index.append(
                {
                    "stream": name, "cell_id": cell.entry.cell_id, "number": cell.entry.number, "size": text.size, "is_cut": text.is_cut,
                    "lines": [[before + line, time_ns] for line, time_ns in text.times],
                }
            )  # fmt: skip

    def files(self, name: str) -> dict[str, bytes]:
        """Artifacts by path that a stream is kept as."""
        return {f"streams/{name}.txt": self._texts[name].text().encode("utf-8", "replace"), "streams/index.json": json.dumps(self._index).encode()}

    def write(self, run: TrackedRun, name: str) -> None:
        with self._lock:
            for path, data in self.files(name).items():
                run.artifact_bytes(path, data)
