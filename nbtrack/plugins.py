"""Extensions of strangers, found by entry points."""

from __future__ import annotations

from importlib import metadata
from typing import Any


def load(group: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What is registered in an entry-point group, by name; and of what cannot be loaded, why.

    A broken extension of somebody else must not take ours down with it, so its error is told where its name is asked for.
    """
    found: dict[str, Any] = {}
    broken: dict[str, str] = {}
    for it in sorted(metadata.entry_points(group=group), key=lambda it: it.name):
        try:
            found[it.name] = it.load()
        except Exception as cause:  # noqa: BLE001 - foreign code is imported
            broken[it.name] = f"{it.value} cannot be loaded: {type(cause).__name__}: {cause}"
    return found, broken
