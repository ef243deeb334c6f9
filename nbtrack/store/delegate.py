"""A store class whose methods go to another store, but for those it defines itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

C = TypeVar("C", bound=type)


def delegates(base: type) -> Callable[[C], C]:
    """Give a subclass of `base` every method of it that the subclass does not define, sent through its `ask(name, args, kwargs)`.

    Methods that have a default in `base` are sent too: the real store may know better.
    """

    def act(cls: C) -> C:
        own = {name for kind in cls.__mro__ if kind not in base.__mro__ for name in vars(kind)}
        for name in dir(base):
            found = inspect.getattr_static(base, name)
            if name.startswith("__") or name in own:
                continue
            if isinstance(found, property):
                setattr(cls, name, property(functools.partial(_read, name)))
            elif inspect.isfunction(found):
                setattr(cls, name, _method(name, found))
        return cls

    return act


def _read(name: str, store: Any) -> Any:
    return getattr(store.real(), name)


def _method(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def send(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.ask(name, args, kwargs)

    return send
