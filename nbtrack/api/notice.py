"""The one quiet notice, each of its words once."""

from __future__ import annotations

import sys

_told: set[str] = set()


def no_run(word: str) -> None:
    """Nothing could be kept, as no run goes on here."""
    tell(f"nbtrack.{word}() was called outside a run, so nothing was kept. Put %%track on the cell, or `with nbtrack.track():` around the code.")


def tell(text: str) -> None:
    """Say it on the error stream, unless it was said before."""
    if text not in _told:
        _told.add(text)
        print(f"nbtrack: {text}", file=sys.stderr)  # noqa: T201 - the one quiet notice
