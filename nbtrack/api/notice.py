"""The one quiet notice, each of its words once."""

from __future__ import annotations

import sys

_told: set[str] = set()
_untracked = 0
"""Blocks that go on and could not be tracked."""


def no_run(word: str) -> None:
    """Nothing could be kept, as no run goes on here; where a block should have one, that was said with its reason."""
    if not _untracked:
        tell(f"nbtrack.{word}() was called outside a run, so nothing was kept. Put %%track on the cell, or `with nbtrack.track():` around the code.")


def untracked_begins(cause: Exception) -> None:
    """A block goes on that could not be tracked."""
    global _untracked  # noqa: PLW0603 - of the process, as what was told is
    _untracked += 1
    tell(f"this block is not tracked: {cause}")


def untracked_ends() -> None:
    """It ended."""
    global _untracked  # noqa: PLW0603
    _untracked -= 1


def tell(text: str) -> None:
    """Say it on the error stream, unless it was said before."""
    if text not in _told:
        _told.add(text)
        print(f"nbtrack: {text}", file=sys.stderr)  # noqa: T201 - the one quiet notice
