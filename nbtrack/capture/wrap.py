"""Putting a wrapper around a method of an object or a class, and taking it off again."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any


def wrap(target: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[[], None]:
    """Set `target.name` to `make(what it was)`; returns what undoes it.

    Where somebody wrapped it again meanwhile, undoing leaves it alone: the wrapper must then do nothing but pass on by itself.

    Raises:
        AttributeError, TypeError: the target takes no attributes.
    """
    own = vars(target).get(name)
    wrapper = make(getattr(target, name))
    setattr(target, name, wrapper)

    def undo() -> None:
        if vars(target).get(name) is not wrapper:
            return
        if own is None:
            delattr(target, name)
        else:
            setattr(target, name, own)

    return undo


def observed(call: Callable[..., Any], see: Callable[..., None]) -> Callable[..., Any]:
    """`call`, which then tells `see` its result and arguments; in a traceback it does not appear, and what `see` raises is dropped."""

    @functools.wraps(call)
    def observed_call(*args: Any, **kwargs: Any) -> Any:
        try:
            result = call(*args, **kwargs)
        except BaseException as error:
            without_this_frame(error)
            raise
        with contextlib.suppress(Exception):
            see(result, *args, **kwargs)
        return result

    return observed_call


def without_this_frame(error: BaseException) -> None:
    """Take the frame that caught the error out of its traceback; a bare `raise` after it adds none."""
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next
