"""What ended a cell or a block, as state, reason and traceback."""

from __future__ import annotations

import asyncio
import sys
import traceback
from pathlib import Path
from typing import Any

from nbtrack.entities import State


def error_of(result: Any, shell: Any) -> BaseException | None:
    """What ended a cell; None where it ran to its end.

    Where the value of its last line cannot be shown, IPython's result tells of no error. Newer releases of ipykernel then answer that the cell failed,
    so that Run All stops there; older ones, and IPython in a terminal, go on.
    """
    if result is None:  # IPython itself failed, and this hook runs while that exception passes
        return sys.exc_info()[1]
    error: BaseException | None = result.error_before_exec or result.error_in_exec
    if error is None and getattr(shell, "_last_traceback_during_displayhook", False):
        shown = getattr(sys, "last_value", None)
        return shown if isinstance(shown, BaseException) else RuntimeError("the value of the last line could not be shown")
    return error


def outcome(error: BaseException | None) -> tuple[State, str, str]:
    """State, reason and traceback for what ended a cell or a block."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return State.FINISHED, "", ""
    text = "".join(traceback.format_exception(type(error), error, _users_part(error)))
    if isinstance(error, (KeyboardInterrupt, asyncio.CancelledError)):
        return State.KILLED, "interrupted", text
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 - a class of the user's, and Python's own tracebacks say this of it
        words = "<exception str() failed>"
    return State.FAILED, f"{type(error).__name__}: {words}"[:1000], text


def _users_part(error: BaseException) -> Any:
    """The traceback from the user's first frame on."""
    trace = error.__traceback__
    first = trace
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if {"IPython", "ipykernel"} & set(Path(file).parts):  # cells themselves lie in ipykernel_<pid>
            first = trace.tb_next
        trace = trace.tb_next
    return first or error.__traceback__
