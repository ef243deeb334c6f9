"""What a kernel's first tracked cell needs, made ready between `%load_ext` and that cell, in small pieces beside whatever else runs."""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
from collections.abc import Callable
from functools import partial

from nbtrack import patterns, records

_POLITE_S, _AGAIN_S = 0.001, 0.01
"""Between pieces, each about a millisecond: a cell that runs meanwhile gets the interpreter at once. And where cells follow one another, until asked again."""
NAME = "nbtrack-warm"
"""Of the thread."""
_MODULES = ("concurrent.futures.thread", "zstandard")


def warm(is_quiet: Callable[[], bool], *modules: str) -> None:
    """Begin, and return at once. What is needed earlier than its turn is made where it is needed.

    Args:
        is_quiet: whether this is a time for it; beside cells of a few milliseconds each piece would be waited for.
        modules: loaded first, as the cell's code may ask for them.
    """
    with contextlib.suppress(RuntimeError):  # the interpreter shuts down
        threading.Thread(target=_go, args=(is_quiet, modules + _MODULES), name=NAME, daemon=True).start()


def _go(is_quiet: Callable[[], bool], modules: tuple[str, ...]) -> None:
    acts: tuple[Callable[[], object], ...] = (*(partial(importlib.import_module, name) for name in modules), *records.waiting(), *patterns.waiting())
    for act in acts:
        time.sleep(_POLITE_S)
        while not is_quiet():
            time.sleep(_AGAIN_S)
        with contextlib.suppress(Exception):  # whoever needs it meets the same, and says so
            act()
