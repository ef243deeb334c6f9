"""What a stage prepares in its kernel: the run that the runner began goes on there, around all cells."""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbtrack.capture.begin import tracking_uri
from nbtrack.capture.current import enter, owner
from nbtrack.capture.run import TrackedRun
from nbtrack.courier import absolute_uri
from nbtrack.entities import Kind, Request, State
from nbtrack.journal import Home, RunWriter, fold
from nbtrack.secrets.values import MASK

SHORTEST = 4
"""Characters from which a secret is struck out: fewer stand everywhere by chance."""
_JOIN_S = 5
_stage: list[TrackedRun] = []


def prepare(shell: Any, facts: str) -> None:
    """Load nbtrack and go on with the runner's run.

    Args:
        facts: JSON: `run_id`, `home`, `cwd`, `document` (the notebook as it is executed), `excluded` (names that are recorded
            already), `secrets` (variables whose values are not printed).
    """
    from dataclasses import replace

    from nbtrack import settings

    told: dict[str, Any] = json.loads(facts)
    atexit.register(_end_control, shell.kernel.control_thread)
    shell.run_line_magic("load_ext", "nbtrack")
    session = shell._nbtrack_session
    home, run_id = Home(Path(told["home"])), told["run_id"]
    view = fold(home, run_id, metrics=False)
    if view is None:
        raise LookupError(f"there is no run {run_id} in {home.root}")
    this = owner(home).name
    writer = RunWriter(home, run_id)
    writer.event(Kind.RESUME, owner=this)
    run = TrackedRun(home, replace(view.start, owner=this), writer)
    run.uri = absolute_uri(tracking_uri(settings.load()), Path(told["cwd"]))
    request = Request(name=view.name, is_quiet=True, excluded=tuple(told["excluded"]))
    enter(run)
    session.base = (run, request)
    session.truth.told = told["document"]
    _stage[:] = [run]
    _strike_out(shell.display_pub.session, told["secrets"])


def _end_control(thread: Any) -> None:
    """Let the thread that heard of the end come to its own, before ipykernel ends what it publishes through and waits for it, at times for ever."""
    if thread is not None and thread.is_alive():
        thread.stop()
        thread.join(_JOIN_S)


def finish(shell: Any, facts: str) -> None:
    """End the run.

    Args:
        facts: JSON: `state`, `reason`, `traceback`.
    """
    told: dict[str, Any] = json.loads(facts)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    session = shell._nbtrack_session
    session.release(State(told["state"]), told["reason"], told["traceback"])
    session.truth.settle()


def _strike_out(session: Any, names: Sequence[str]) -> None:
    """Let no output of a cell show a secret that was handed to it; all output passes the session, where capture sees it too."""
    values = [value for name in names if len(value := os.environ.get(name, "")) >= SHORTEST]
    if not values:
        return
    send = session.send

    def masked(data: Any) -> Any:
        if isinstance(data, str):
            for value in values:
                data = data.replace(value, MASK)
            return data
        if isinstance(data, dict):
            return {key: masked(it) for key, it in data.items()}
        return [masked(it) for it in data] if isinstance(data, list) else data

    def send_masked(stream: Any, message: Any, content: Any = None, *args: Any, **kwargs: Any) -> Any:
        if isinstance(message, dict):
            message = {**message, "content": masked(message.get("content"))}
        return send(stream, message, masked(content), *args, **kwargs)

    session.send = send_masked


def stage_run() -> TrackedRun | None:
    """The run of the stage that this kernel executes; None in any other process."""
    return _stage[0] if _stage and not _stage[0].is_ended else None
