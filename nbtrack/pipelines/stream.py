"""What cells write, kept within bounds."""

from __future__ import annotations

import re

_HEAD, _TAIL = 500_000, 500_000
_REDRAWN = re.compile(r"[^\n]*\r(?=[^\n])")
"""What a progress bar drew over."""
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class StreamText:
    """One stream of one cell: its beginning and its end, however much comes."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._room = _HEAD
        self._tail = ""
        self.dropped = 0
        """Characters that are not kept."""

    def add(self, text: str) -> None:
        """Append what was written."""
        if self._room > 0:
            self._head.append(text[: self._room])
            text, self._room = text[self._room :], self._room - len(text)
        if text:
            joined = self._tail + text
            self.dropped += max(0, len(joined) - _TAIL)
            self._tail = joined[-_TAIL:]

    def text(self) -> str:
        """What is kept, and how much is not."""
        middle = f"\n[nbtrack: {self.dropped} characters left out]\n" if self.dropped else ""
        return _REDRAWN.sub("", "".join(self._head) + middle + self._tail)


def without_colours(text: str) -> str:
    """The text without a terminal's codes."""
    return _COLOURS.sub("", text)
