"""Plain MLflow calls inside a tracked cell go to the cell's run. Nothing here imports mlflow: that is the user's to do."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from nbtrack.capture.current import current
from nbtrack.courier.uris import PREFIX, mask_uri
from nbtrack.store.journal_uris import ARTIFACTS, SCHEMES, free
from nbtrack.store.told_uri import ToldUri, choose, chosen, is_same

_ENV = "MLFLOW_TRACKING_URI"


def enter(uri: str) -> Callable[[], None]:
    """Send MLflow's calls through the journal, from now until the function that is returned is called.

    A run that the user's code leaves open is ended then; one that was open before is left alone. What the user's code
    sets meanwhile stays.

    Args:
        uri: full absolute URI of the cell's store.
    """
    if uri.partition("://")[0] not in SCHEMES:
        return lambda: None
    ours = PREFIX + uri
    run = current()
    if run is not None:
        free(run.home, run.run_id)
    before = os.environ.get(_ENV)
    earlier = chosen()
    open_before = {id(active) for active in _active_runs()}
    has_chosen = earlier is not None and earlier != ours and is_same(earlier, uri)
    if has_chosen:
        choose(ours)
    os.environ[_ENV] = ours
    here = ToldUri(uri)

    def undo() -> None:
        here.stop()
        try:
            _end_left_open(open_before)
            _forget_dead_threads()
        finally:
            if run is not None and (now := chosen()) not in (None, ours, ours if has_chosen else earlier):
                run.notice(_went_past(str(now), uri))
            if chosen() == ours and (here.told is not None or has_chosen):
                choose(here.told if here.told is not None else earlier)
            if os.environ.get(_ENV) == ours:
                if before is None:
                    del os.environ[_ENV]
                else:
                    os.environ[_ENV] = before

    return undo


def _went_past(now: str, uri: str) -> str:
    where = "did not go through the run" if is_same(now, uri) else f"went to {mask_uri(now)}, not to the run in {mask_uri(uri)}"
    return f"mlflow.set_tracking_uri was called in the cell: MLflow's calls after it {where}; call it in a cell before, and they join"


def _active_runs() -> list[Any]:
    """MLflow's active runs of this thread."""
    stack = getattr(sys.modules.get("mlflow.tracking.fluent"), "_active_run_stack", None)
    return [] if stack is None else list(stack.get())


def _end_left_open(open_before: set[int]) -> None:
    while True:
        active = _active_runs()
        if not active or id(active[-1]) in open_before or not str(active[-1].info.artifact_uri).startswith(ARTIFACTS):
            return
        sys.modules["mlflow.tracking.fluent"].end_run()
        if len(_active_runs()) >= len(active):
            return


def _forget_dead_threads() -> None:
    """MLflow keeps the active runs of threads that have ended, and would give them the traces of cells to come."""
    stack = getattr(sys.modules.get("mlflow.tracking.fluent"), "_active_run_stack", None)
    if stack is None:
        return
    living = {thread.ident for thread in threading.enumerate()}
    for thread, runs in stack.get_all_thread_values().items():
        if thread not in living:
            runs[:] = [run for run in runs if not str(run.info.artifact_uri).startswith(ARTIFACTS)]
