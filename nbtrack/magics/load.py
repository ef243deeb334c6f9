"""`%load_ext nbtrack` and `%unload_ext nbtrack`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

from nbtrack import settings
from nbtrack.capture.session import Session
from nbtrack.capture.warm import warm
from nbtrack.entities import Request
from nbtrack.errors import UnknownRunError
from nbtrack.journal import Home
from nbtrack.magics import grammar
from nbtrack.magics.after_cell import show_after_cell, show_blocks, show_end
from nbtrack.magics.completion import matcher
from nbtrack.magics.live import Live
from nbtrack.magics.parent import resolve_parent
from nbtrack.magics.track import TrackMagics

_ATTRIBUTE = "_nbtrack_session"
_COMPLETES = "_nbtrack_completes"


def load(shell: Any, join: Callable[[str], Callable[[], None]]) -> None:
    """Register the magics and hooks in a shell; loading twice changes nothing."""
    if getattr(shell, _ATTRIBUTE, None) is not None:
        return

    def read_line(raw: str) -> tuple[Request, str] | None:
        found = grammar.read_cell(raw, shell.var_expand if "$" in raw.partition("\n")[0] or "{" in raw.partition("\n")[0] else str)
        if found is None or not found[0].parent:
            return found
        try:
            return resolve_parent(found[0], Home(settings.home(settings.load()))), found[1]
        except UnknownRunError:
            return None

    session = Session(shell, read_line, show_after_cell, show_blocks, join)
    session.collector.sources.append(Live())
    magics = TrackMagics(shell=shell)
    magics.session = session
    shell.register_magics(magics)
    session.start()
    warm(session.is_quiet, "nbtrack.api")
    completes = matcher(shell)
    shell.Completer.custom_matchers.append(completes)
    setattr(shell, _ATTRIBUTE, session)
    setattr(shell, _COMPLETES, completes)
    for told in settings.unknown_variables(os.environ):
        print(f"nbtrack: {told}", file=sys.stderr)  # noqa: T201 - once, where the user sees it


def unload(shell: Any) -> None:
    """Take everything `load` registered out of the shell."""
    session = getattr(shell, _ATTRIBUTE, None)
    if session is None:
        return
    run = session.open[0] if session.open is not None else None
    session.stop()
    if run is not None:
        show_end(run)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("track", None)
    shell.magics_manager.registry.pop("TrackMagics", None)
    with contextlib.suppress(ValueError):
        shell.Completer.custom_matchers.remove(getattr(shell, _COMPLETES))
    delattr(shell, _ATTRIBUTE)
    delattr(shell, _COMPLETES)
