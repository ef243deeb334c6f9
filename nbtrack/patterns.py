"""Regular expressions of the modules a kernel loads: compiled when one is first used, as compiling all of them would be felt at load."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, AnyStr, cast

_waiting: list[Callable[[], object]] = []


class _Waiting:
    """A pattern until it is used; what is asked of it once is kept, so that it costs nothing from then on."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, but compiled later; only the functions of module `re` do not take it in place of a text."""
    _waiting.append(partial(re.compile, text, flags))
    return cast("re.Pattern[AnyStr]", _Waiting(text, flags))


def waiting() -> list[Callable[[], object]]:
    """What compiles the patterns, which `re` then keeps; each may be called at any time, and is taken from here."""
    found = list(_waiting)
    del _waiting[: len(found)]
    return found
