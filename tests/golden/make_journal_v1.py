"""Writes `journal-v1/`: a small run of every kind of event, in journal format 1, the same bytes each time.

    python tests/golden/make_journal_v1.py tests/golden/journal-v1

The folder was written once and stays as it is: every later release must read it. It is written again only if this script is.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

from nbtrack.entities import Event, Kind, RunStart, State
from nbtrack.journal import Cursor, Home, RunWriter, attempts, blobs, cursor
from nbtrack.journal import writer as writing
from nbtrack.journal.lines import encode
from nbtrack.journal.points import RECORD_BYTES, segments

RUN = "6b1f0c5d9a7e4f3280c1d2e3f4a5b6c7"
PARENT = "00112233445566778899aabbccddeeff"
CELL = attempts.cell_key("study/wine.ipynb", "b7c1e2")
STARTED_NS = 1_790_000_000_000_000_000
FIGURE = b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 40


def make(root: Path) -> None:
    """Write the run under `root`."""
    root.mkdir(parents=True)
    home = Home(root)
    clock = iter(range(STARTED_NS, STARTED_NS + 10**9, 1_000_003))
    with patch.object(writing, "_now", lambda: next(clock)):
        attempts.add(home, CELL, RUN)
        start = RunStart(
            run_id=RUN, name="bold-otter", experiment="wine", store="sqlite:///mlflow.db", owner="4242-0123456789ab", started_ns=STARTED_NS,
            attempt=1, cell_key=CELL, parent=PARENT, goal="max:score", tags={"nbtrack.cell": "b7c1e2", "stays": "yes", "goes": "soon"},
        )  # fmt: skip
        run = RunWriter.create(home, start)
        run._name = "4242x00000001"
        run.event(Kind.PARAM, name="lr", value="0.1")
        run.event(Kind.PARAM, name="note\nwith a break", value="žluťoučký 🦦 \ud800")
        run.event(Kind.PARAM, name="long", value="x" * 10_000)
        run.event(Kind.TAG, name="goes", value=None)
        for step in range(50):
            run.log("val_loss", 1.0 / (step + 1))
            run.log("score", step % 10, step=step)
        run.log("score", float("nan"), step=50)
        run.log("train/größe", float("-inf"), step=-3, timestamp_ns=STARTED_NS + 5)
        run.log("rows", 2**60 + 1)
        run.event(Kind.ARTIFACT, path="figures/curve.svg", blob=blobs.put_bytes(home, FIGURE), size_bytes=len(FIGURE))
        with (run.folder / writing.EVENTS).open("ab") as file:  # a writer killed half-way through a line
            file.write(encode(Event(Kind.NOTE, STARTED_NS, {"text": "torn"}))[:20])
        run.event(Kind.INPUT, dataset='{"name": "wine"}')
        run.event(Kind.PARAM, name="lr", value="0.2")
        run.event(Kind.NOTE, text="first try")
        run.event(Kind.NOTICE, text="2 cells were out of order")
        run.event("a kind of tomorrow", anything=[1, 2])
        run.event(Kind.END, state=State.KILLED, reason="interrupted")
        run.event(Kind.RESUME, owner="4243-0123456789ab")
        run.close()
        worker = RunWriter(home, RUN)
        worker._name = "4243x00000002"
        worker.log("val_loss", 0.001, step=50)
        worker.event(Kind.TRASH, on=True)
        worker.event(Kind.TRASH, on=False)
        worker.event(Kind.END, state=State.FAILED, reason="ValueError: no wine", traceback="Traceback (most recent call last): …")
        worker.close()
        cursor.save(home, RUN, Cursor(mlflow_run_id="f" * 32, experiment_id="7", slots={"points-4242x00000001-0.bin": 20}, params={"lr": 1}))
    for path in segments(home.run(RUN)):  # most of a segment is space for points to come
        data = path.read_bytes().rstrip(b"\0")
        path.write_bytes(data + bytes(-len(data) % RECORD_BYTES))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
