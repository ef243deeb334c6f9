"""Completion of `%track` and `%%track`."""

from __future__ import annotations

from typing import Any

from nbtrack.magics.grammar import OPTIONS
from nbtrack.magics.track import COMMANDS


def complete(shell: Any, event: Any) -> list[str]:
    """Options, commands, and names for -p and -m; IPython calls it with the line as far as it is typed."""
    words = event.line.split()
    is_cell = event.line.startswith("%%")
    before = words[-1] if event.line.endswith(" ") else words[-2] if len(words) > 1 else ""
    if before in ("-p", "-m", "--param", "--metric"):
        return [name for name in shell.user_ns if not name.startswith("_")]
    if before == "--goal":
        return ["max:", "min:"]
    return list(OPTIONS) if is_cell or (len(words) > 1 and words[1] == "on") else list(COMMANDS)
