"""`@dataclass` for the modules a kernel loads: Python writes its methods when the first object is made, as doing that for all would be felt at load."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]
_waiting: list[Callable[[], None]] = []
_TWINS_OWN = ("__init__", "__setattr__", "__delattr__", "__dict__", "__weakref__")

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        """What `dataclasses.dataclass` gives, complete once there is an object of it. The class has no bases."""
        if cls is None:
            return lambda cls: dataclass(cls, **options)
        own = dict(vars(cls))

        def init_first(self: Any, *args: Any, **kwargs: Any) -> None:
            _complete(cls, own, options)
            cls.__init__(self, *args, **kwargs)

        cls.__init__ = init_first
        _waiting.append(lambda: _complete(cls, own, options) if vars(cls)["__init__"] is init_first else None)
        return cls


def waiting() -> list[Callable[[], None]]:
    """What completes the classes that had no object yet; each may be called at any time, and is taken from here."""
    found = list(_waiting)
    del _waiting[: len(found)]
    return found


def _complete(cls: Any, own: dict[str, Any], options: dict[str, Any]) -> None:
    """Give the class the methods of a twin of its own. `__init__` comes last: threads at once, a fork or an interrupt in between do no harm."""
    twin: Any = dataclasses.dataclass(type(cls.__name__, (), {name: it for name, it in own.items() if name not in _TWINS_OWN}), **options)
    for name, value in vars(twin).items():
        if name not in _TWINS_OWN and own.get(name, own) is not value:
            setattr(cls, name, value)
    for name in own.keys() - vars(twin).keys():  # of fields with a default_factory
        with contextlib.suppress(AttributeError):
            delattr(cls, name)
    if options.get("frozen"):
        cls.__setattr__, cls.__delattr__ = _refuse("assign to"), _refuse("delete")
    cls.__init__ = twin.__init__


def _refuse(act: str) -> Callable[..., None]:
    """A twin's own would ask whether the object is one of the twin."""

    def refuse(self: object, name: str, *value: object) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot {act} field {name!r}")

    return refuse
