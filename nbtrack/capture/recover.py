"""What ran before `%load_ext nbtrack`, from IPython's own history."""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from nbtrack.entities.ledger import LATE, Entry, Ledger, Status
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
        entry = ledger.add(source, code, tree, partial(scope_of, tree), execution_count=count, status=Status.UNKNOWN)
        if count == len(sources) - 1 and _is_executing():
            entry.status, entry.started_ns, running = Status.RUNNING, time.time_ns(), entry
            if not _has_just_begun(tree, shell.user_ns):
                entry.facts[LATE] = True
    return running


def _has_just_begun(tree: ast.Module | None, namespace: dict[str, Any]) -> bool:
    """Whether the running cell has done nothing yet but to import modules and to name numbers and texts."""
    frame, line = sys._getframe(), 0
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals is namespace:
            line = frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    if tree is None or not line:
        return False
    done = [it for it in tree.body if it.lineno < line]
    if done and (done[-1].end_lineno or 0) >= line:
        return False  # within a loop or the like, whose turns before nobody saw
    return all(isinstance(it, (ast.Import, ast.ImportFrom)) or (isinstance(it, ast.Assign) and isinstance(it.value, ast.Constant)) for it in done)


def _is_executing() -> bool:
    """Whether a cell that IPython numbers is what loads the extension."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "run_cell_async":
            return bool(frame.f_locals.get("store_history"))
        frame = frame.f_back  # type: ignore[assignment]
    return False
