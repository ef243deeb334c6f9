"""One run held against the gates of a file, and the verdicts kept on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from nbtrack import courier
from nbtrack.capture.begin import tracking_uri
from nbtrack.errors import UsageError
from nbtrack.gates.check import Verdicts, check, record
from nbtrack.gates.spec import find_gates
from nbtrack.journal import Home
from nbtrack.reads import find
from nbtrack.reads.cached import source_of
from nbtrack.replay.files import settled
from nbtrack.settings import Settings

STAGE_TAG = "nbtrack.stage"


def gate_run(
    home: Home, word: str, chosen: Settings, folder: Path, *, file: str = "", against: str = "", tell: Callable[[str], None] = lambda _: None
) -> Verdicts:  # fmt: skip
    """Hold a run against gates, those of its stage where it is one of a pipeline, and keep what they say on it.

    Args:
        word: the run, as `find` takes it.
        folder: where the file of gates is looked for, upwards.
        file: the file itself.
        against: the run to compare with, for gates that name none.

    Raises:
        UnknownRunError: no such run.
        UsageError: the run goes on; there is no file of gates; it says what cannot be meant.
        StoreError: a gate needs the store, and it does not answer.
    """
    view = settled(home, source_of(home, find(home, word)))  # what came from the cache is judged where it was made, as the pipeline does
    gates, path = find_gates(folder, file, view.tags.get(STAGE_TAG, ""))
    if not view.state.is_end:
        raise UsageError(f"Run {view.name} ({view.run_id[:8]}) still goes on.", mend="Ask again when it has ended.")
    uri = courier.absolute_uri(tracking_uri(chosen), Path.cwd())
    other = find(home, against) if against else None
    found = check(home, view, gates, path.parent.absolute(), against=other, uri=uri, file=os.path.relpath(path), tell=tell)
    record(home, found)
    courier.wake(home, view.start.store)
    return found
