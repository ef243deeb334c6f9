"""What ran before `%load_ext nbtrack`, from IPython's own history."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from nbtrack.entities.ledger import Entry, Ledger, Status
from nbtrack.notebooks.scopes import parse, scope_of


def recover(shell: Any, ledger: Ledger, as_python: Callable[[str], str]) -> Entry | None:
    """Fill a new ledger with the cells of this kernel so far, as far as IPython still has them.

    Returns:
        The cell that loads the extension, which still runs; None where none does.
    """
    sources = list(getattr(shell.history_manager, "input_hist_raw", ()))
    running: Entry | None = None
    for count, source in enumerate(sources):
        if count == 0 or not isinstance(source, str) or not source.strip():
            continue
        code = as_python(source)
        tree = parse(code)
        entry = ledger.add(source, code, tree, scope_of(tree), execution_count=count, status=Status.UNKNOWN)
        if count == len(sources) - 1 and _is_executing():
            entry.status, entry.started_ns, running = Status.RUNNING, time.time_ns(), entry
    return running


def _is_executing() -> bool:
    """Whether a cell that IPython numbers is what loads the extension."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "run_cell_async":
            return bool(frame.f_locals.get("store_history"))
        frame = frame.f_back  # type: ignore[assignment]
    return False
