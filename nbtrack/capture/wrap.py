"""Putting a wrapper around a method of an object or a class, and taking it off again."""

from __future__ import annotations

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
