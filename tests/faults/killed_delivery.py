"""Delivers runs in processes that die at each step: before, or after, the n-th request of delivery. Prints the runs' ids.

python killed_delivery.py STORE before|after
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from nbtrack.delivery.loop import Loop
from nbtrack.entities import Kind, RunStart, State
from nbtrack.journal import Home, RunWriter, blobs, new_id
from nbtrack.journal.owner import Owner
from nbtrack.settings import load
from nbtrack.store.client import StoreClient

HOME = Home(Path(os.environ["NBTRACK_HOME"]))
STORE, MOMENT = sys.argv[1:]
POINTS = 1100


class Mortal(StoreClient):
    """A client whose process is killed at the n-th request."""

    left = 0

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        if name.startswith("_") or not callable(found):
            return found

        def request(*args, **kwargs):
            Mortal.left -= 1
            if Mortal.left == 0 and MOMENT == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            answer = found(*args, **kwargs)
            if Mortal.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return request


def write(owner):
    """A run with something of each kind."""
    writer = RunWriter.create(HOME, RunStart(new_id(), "mortal", "Faults", STORE, owner.name, time.time_ns(), tags={"a": "b"}))
    writer.event(Kind.PARAM, name="lr", value="0.1")
    writer.event(Kind.TAG, name="late", value="yes")
    writer.event(Kind.ARTIFACT, path="notes/a.txt", blob=blobs.put_bytes(HOME, b"text"), size_bytes=4)
    for step in range(POINTS):
        writer.log("loss", step * 0.5, step=step)
    writer.event(Kind.END, state=State.FINISHED)
    writer.close()
    return writer.run_id


def deliver(run_id, dies_at):
    """Deliver in a process of its own; says whether that came to its end."""
    pid = os.fork()
    if pid == 0:
        Mortal.left = dies_at
        Loop(HOME, STORE, load(), lambda: Mortal(STORE)).deliver_here(run_id)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert status in (0, signal.SIGKILL), status
    return status == 0


if __name__ == "__main__":
    import mlflow  # noqa: F401 - once, for all that are forked

    owner = Owner(HOME)
    at, is_whole = 0, False
    while not is_whole:
        at += 1
        run_id = write(owner)
        is_whole = deliver(run_id, at)
        assert is_whole or deliver(run_id, 0)
        print(run_id, flush=True)
