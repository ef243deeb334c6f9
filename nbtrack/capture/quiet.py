"""Silence for user code that we call and the user did not: what it prints in this thread would stand below a cell that prints nothing."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

_threads: Counter[int] = Counter()
_lock = threading.RLock()
_STREAMS = ("stdout", "stderr")


class _Quiet:
    """A stream that drops what silent threads write; all else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if threading.get_ident() in _threads:
            return len(text)
        return int(self._stream.write(text))

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop what this thread writes to `sys.stdout` and `sys.stderr`; the last to leave puts back the very streams that were there."""
    with _lock:
        if not _threads:
            for name in _STREAMS:
                stream = getattr(sys, name)
                if stream is not None and not isinstance(stream, _Quiet):  # a redirection that began in between may have put an old one back
                    setattr(sys, name, _Quiet(stream))
        _threads[threading.get_ident()] += 1
    try:
        yield
    finally:
        with _lock:
            _threads[threading.get_ident()] -= 1
            if not _threads[threading.get_ident()]:
                del _threads[threading.get_ident()]
            for name in _STREAMS if not _threads else ():
                stream = getattr(sys, name)
                if isinstance(stream, _Quiet):  # else user code has put its own there
                    setattr(sys, name, stream._stream)
