"""What the session says on the error stream: each of its words once, and shortly each time where a cell is not tracked."""

from __future__ import annotations

import sys

from nbtrack import settings
from nbtrack.errors import JournalError


class Notices:
    """One session's notices."""

    def __init__(self) -> None:
        self.refused = ""
        """Why the last cell that should be tracked is not; empty where it is."""
        self._told: set[str] = set()

    def tell(self, text: str) -> None:
        """Say it, unless it was said before."""
        if text not in self._told:
            self._told.add(text)
            _say(text)

    def refuse(self, cause: Exception) -> None:
        """Say that what should be tracked is not: each time, as the user counts on it, and shortly after the first."""
        self.refused = str(cause) or repr(cause)
        is_of_journal = type(cause) is JournalError or isinstance(cause, OSError)
        key = f"journal {settings.home(settings.load())}" if is_of_journal else self.refused
        if key not in self._told:
            self._told.add(key)
            self.tell(f"not tracked: {self.refused}")
            return
        what = "the journal's folder cannot be written" if is_of_journal else type(cause).__name__
        _say(f"not tracked: {what}, see above")


def _say(text: str) -> None:
    print(f"nbtrack: {text}\n", end="", file=sys.stderr)  # noqa: T201 - the one quiet notice
