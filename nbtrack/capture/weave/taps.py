"""What woven code calls: taps in one list, each a C function that appends, or one that does nothing.

A woven statement is `if _nbtrack_taps_[7]: _nbtrack_taps_[8](loss)`. The list is an exact `list` and a tap that records is the bound
`append` of a list, so that the interpreter specialises both: a tap costs about what `losses.append(loss)` costs, and a third of that when
it is off. What stands in place 8 can always be called, so that a tap may be switched off between the two. A tap begins by looking at
what it gets: numbers turn it into that append, anything else turns it off soon. Looking is the only Python of ours that runs in the
user's thread.

Functions of a notebook are sent to other processes by value, with the globals they name. Everything here therefore pickles to
objects of the standard library that do nothing, and needs no nbtrack where it arrives.
"""

from __future__ import annotations

import builtins
import functools
import operator
from collections import deque
from collections.abc import Callable
from enum import Enum
from types import SimpleNamespace
from typing import Any

from nbtrack.capture.weave.values import is_number, parts_of, take
from nbtrack.system import after_fork_in_child

NAME = "_nbtrack_taps_"
_MISSES = 8
"""Values of other types until a tap turns itself off."""
_CHUNK = 256
BOUNDARY = ...
"""Marks, among the values of an inner loop, where one step of the outer loop ended."""
BEGIN = ()
"""Marks, among the values of a function's loop, where a call began. (There is one empty tuple.)"""
_RING = 1024


class Record(list[Any]):
    """Values since the last look."""

    __slots__ = ()
    into = property(None, list.append)
    """`record.into = value` appends, in C: a target that can stand beside the user's own in an assignment."""

    def __reduce_ex__(self, _: Any) -> Any:
        return _inert()


class _Ring(deque[Any]):
    """The last values."""

    into = property(None, deque.append)

    def __reduce_ex__(self, _: Any) -> Any:
        return _inert()


class Shape(Enum):
    """How a tap stands in the code."""

    CALL = "call"  # if taps[7]: taps[8](loss)
    VALUE = "value"  # print(taps[7]((loss,))): gives back what it got
    TARGET = "target"  # self.loss = taps[7].into = f()


_nothing: Callable[[Any], None] = deque[Any]((), 0).append


def _inert() -> tuple[Any, ...]:
    """How a tap's end pickles: takes `into`, has an `append` that does nothing."""
    return SimpleNamespace, (), {"append": _nothing}


_OFF: dict[Shape, Any] = {Shape.CALL: _nothing, Shape.VALUE: operator.itemgetter(0), Shape.TARGET: _Ring((), 0)}


class Tap:
    """One tap: where its values go, and whether it records.

    Args:
        is_reused: the value may be changed in place later, so it is read at once.
    """

    def __init__(self, shape: Shape, is_reused: bool = False) -> None:
        self.shape, self.is_reused = shape, is_reused
        self.switch = _allot(None) if shape is Shape.CALL else -1
        """Index of what tells whether the tap is on; -1 where it is asked without."""
        self.index = _allot(shape)
        self.boundary: int | None = None
        """Index of the tap that takes marks among our values."""
        self.record = Record()
        self.ring: _Ring | None = None
        self._misses = 0
        self._sees = _Sees(self)

    def add_boundary(self) -> int:
        """Index of a tap that takes marks."""
        if self.boundary is None:
            self.boundary = _allot(Shape.CALL)
        return self.boundary

    def on(self) -> None:
        """Begin to look; what was kept before is let go."""
        self.record, self.ring, self._misses = Record(), None, 0
        self._set(self._sees, self._sees)

    def off(self) -> None:
        """Become a C function that does nothing."""
        if self.switch >= 0:
            taps[self.switch] = False
        taps[self.index] = _OFF[self.shape]
        if self.boundary is not None:
            taps[self.boundary] = _nothing

    @property
    def is_off(self) -> bool:
        return taps[self.index] is _OFF[self.shape]

    def keep_last(self) -> None:
        """Keep only the last values from now on."""
        self.ring = _Ring((), _RING)
        self._set(self.ring, self.ring.append)

    def pause(self, is_off: bool) -> None:
        """Switch a tap that has a switch off for a while, or on again; its steps of an outer loop are not marked any more."""
        taps[self.switch] = not is_off
        if self.boundary is not None:
            taps[self.boundary] = _nothing

    def drain(self) -> list[Any]:
        """Take out what came since the last time. User threads may go on appending."""
        if self.ring is not None:
            values = list(self.ring)
            self.ring.clear()
            if self.record:
                values = self.record[:] + values
                self.record.clear()
            return values
        record = self.record
        if not record:
            return []
        values = record[:]
        del record[: len(values)]
        return values

    def see(self, value: Any) -> None:
        """Look at a value in the user's thread."""
        if is_number(value) and not self.is_reused:
            self.record.append(value)
            self._set(self.record, self.record.append)
            return
        kept = take(value, self.is_reused)
        if kept is None:
            kept = parts_of(value)
        if kept is not None:
            self.record.append(kept)  # and look at the next one too: it is another tensor
            self._misses = 0
            return
        self._misses += 1
        if self._misses >= _MISSES:
            self.off()

    def look_again(self) -> None:
        """Stop appending unseen: something came that is no plain number."""
        if not self.is_off and self.ring is None:
            self._set(self._sees, self._sees)

    def _set(self, owner: Any, append: Any) -> None:
        if self.shape is Shape.CALL:
            taps[self.index] = append
            taps[self.switch] = True
        elif self.shape is Shape.VALUE:
            taps[self.index] = functools.partial(max, key=append)  # of one item: calls append, gives the item back, all in C
        else:
            taps[self.index] = owner
        if self.boundary is not None:
            taps[self.boundary] = self.record.append if self.ring is None else _nothing


class NoTap(Tap):
    """Stands where a curve gets its values from another one."""

    def __init__(self) -> None:
        self.shape, self.is_reused, self.switch, self.index, self.boundary = Shape.VALUE, False, -1, -1, None
        self.record, self.ring = Record(), None

    def on(self) -> None:
        return

    def off(self) -> None:
        return

    def look_again(self) -> None:
        return


class _Sees:
    """The looking end of a tap. (A bound method would not do: cloudpickle takes one apart and sends its class.)"""

    __slots__ = ("_tap",)

    def __init__(self, tap: Tap) -> None:
        self._tap = tap

    def __call__(self, value: Any) -> None:
        __debuggerskip__ = True  # IPython's debugger does not stop here
        try:
            self._tap.see(value)
        except Exception:  # noqa: BLE001 - a value that cannot be read is none; nothing may reach the user's loop
            self._tap.off()

    into = property(None, __call__)

    def __reduce_ex__(self, _: Any) -> Any:
        return _inert() if self._tap.shape is Shape.TARGET else (getattr, (deque(maxlen=0), "append"))


def _allot(shape: Shape | None) -> int:
    """A place in the list. It grows by chunks, so that what is pickled changes seldom."""
    global _used  # noqa: PLW0603 - places are never given back: code that was woven once may be called for ever
    if _used == len(taps):
        taps.extend([_nothing] * _CHUNK)
    taps[_used] = False if shape is None else _OFF[shape]
    _used += 1
    return _used - 1


def install(namespace: dict[str, Any], hidden: dict[str, Any]) -> None:
    """Put the list where woven code finds it: in the shell's namespace, from where it is pickled, and for emptied ones among the builtins."""
    namespace[NAME] = hidden[NAME] = taps
    setattr(builtins, NAME, taps)


def uninstall(namespace: dict[str, Any], hidden: dict[str, Any]) -> None:
    """Take the list out of the namespace. Where code was woven, it stays among the builtins: that code may still be called."""
    if namespace.get(NAME) is taps:
        del namespace[NAME]
    hidden.pop(NAME, None)
    if not _used and getattr(builtins, NAME, None) is taps:
        delattr(builtins, NAME)


def _silence() -> None:
    """In a forked child nobody takes values out, and several children would write one curve: taps do nothing there."""
    for at, tap in enumerate(taps):
        if tap is True or tap is False:
            taps[at] = False
        elif isinstance(tap, functools.partial):
            taps[at] = _OFF[Shape.VALUE]
        elif isinstance(tap, (Record, _Ring, _Sees)):
            taps[at] = _OFF[Shape.TARGET]
        elif not isinstance(tap, operator.itemgetter):
            taps[at] = _nothing


taps: list[Any] = getattr(builtins, NAME, [])
_used = len(taps)
after_fork_in_child(_silence)
