"""A stream as a screen shows it: progress bars in their last state, head and tail within a cap."""

from __future__ import annotations

import re
from collections import deque

from nbtrack.patterns import regex

CAP = 1_000_000
"""Characters of one stream that are kept: half from its beginning, half from its end."""
_REACH = 20
"""Lines that the cursor may still go up to; nested progress bars go up a line a bar."""
_LONG_LINE = 10_000
_TIMES = 512
_MOVE = regex(r"\x1b\[\d*[ABK]")
_PIECE = regex(r"\n|\r|\x08|\x1b\[(\d*)([ABK])|(?:[^\n\r\x08\x1b]|\x1b(?!\[\d*[ABK]))+")


class StreamText:
    """Takes pieces as they are written; carriage return, backspace, cursor up and down, and erasing to the end of the line are obeyed."""

    def __init__(self, cap: int = CAP) -> None:
        self.size = 0
        """Characters that were written, whether they are still there or not."""
        self.times: list[tuple[int, int]] = []
        """Line, counted from 0, at which a piece began, and when it came (ns); thinned where there are many."""
        self._every, self._pieces = 1, 0
        self._half = max(1, cap // 2)
        self._head: list[str] = []
        self._head_size = 0
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._left_out = 0
        self._settled_lines = 0
        self._live = [""]
        self._row = self._column = 0

    def write(self, text: str, time_ns: int) -> None:
        """Take the next piece."""
        self._note_time(time_ns)
        self.size += len(text)
        is_at_end = self._row == len(self._live) - 1 and self._column >= len(self._live[-1])
        if is_at_end and not _has_control(text):
            *above, last = self._live
            parts = (last + text).rsplit("\n", _REACH)
            if len(parts) > _REACH:
                self._settle("\n".join([*above, parts[0]]) + "\n")
                above, parts = [], parts[1:]
            self._live = above + parts
            self._row, self._column = len(self._live) - 1, len(self._live[-1])
        else:
            for piece in _PIECE.finditer(text):
                self._obey(piece)
        self._shorten()

    def text(self) -> str:
        """What a screen would show now, the middle left out where it is too long."""
        tail = "".join(self._tail)[-self._half :]
        left_out = self._left_out + self._tail_size - len(tail)
        gap = f"\n[{left_out} characters left out]\n" if left_out else ""
        return "".join(self._head) + gap + tail + "\n".join(self._live)

    @property
    def is_cut(self) -> bool:
        """Whether something is left out."""
        return self._left_out > 0 or self._tail_size > self._half

    def _obey(self, piece: re.Match[str]) -> None:
        text, count, command = piece.group(), int(piece.group(1) or 1), piece.group(2)
        if text == "\n":
            self._down(1)
            self._column = 0
        elif text == "\r":
            self._column = 0
        elif text == "\x08":
            self._column = max(0, self._column - 1)
        elif command == "A":
            self._row = max(0, self._row - count)
        elif command == "B":
            self._down(min(count, _REACH))
        elif command == "K":
            self._live[self._row] = self._live[self._row][: self._column]
        else:
            line = self._live[self._row].ljust(self._column)
            self._live[self._row] = line[: self._column] + text + line[self._column + len(text) :]
            self._column += len(text)

    def _down(self, count: int) -> None:
        self._row += count
        while self._row >= len(self._live):
            self._live.append("")
        self._shorten()

    def _shorten(self) -> None:
        """Settle lines that the cursor cannot reach any more, and the beginning of a very long one."""
        surplus, size = max(0, len(self._live) - 1 - _REACH), sum(map(len, self._live))
        while size > _LONG_LINE and surplus < self._row:
            size -= len(self._live[surplus])
            surplus += 1
        if surplus:
            self._settle("\n".join(self._live[:surplus]) + "\n")
            del self._live[:surplus]
            self._row = max(0, self._row - surplus)
        if len(self._live[-1]) > _LONG_LINE and self._row == len(self._live) - 1:
            *above, last = self._live
            kept = last[-1000:]
            self._settle("".join(line + "\n" for line in above) + last[:-1000])
            self._live, self._row, self._column = [kept], 0, max(0, self._column - (len(last) - len(kept)))

    def _settle(self, text: str) -> None:
        self._settled_lines += text.count("\n")
        room = self._half - self._head_size
        if room > 0:
            self._head.append(text[:room])
            self._head_size += min(room, len(text))
            text = text[room:]
        if not text:
            return
        if len(text) > self._half:
            self._left_out += len(text) - self._half
            text = text[-self._half :]
        self._tail.append(text)
        self._tail_size += len(text)
        while self._tail_size - len(self._tail[0]) >= self._half:
            gone = len(self._tail.popleft())
            self._left_out += gone
            self._tail_size -= gone

    def _note_time(self, time_ns: int) -> None:
        if self._pieces % self._every == 0:
            self.times.append((self._settled_lines + self._row, time_ns))
            if len(self.times) > _TIMES:
                self.times = self.times[::2]
                self._every *= 2
        self._pieces += 1


def _has_control(text: str) -> bool:
    """One expression for all would take fifty times as long over megabytes of plain text."""
    return "\r" in text or "\x08" in text or ("\x1b[" in text and _MOVE.search(text) is not None)
