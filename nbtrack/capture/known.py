"""Looking at objects without running code of theirs: classes by full name, own attributes, attributes of the class, plain numbers."""

from __future__ import annotations

from typing import Any

_mro = type.__dict__["__mro__"].__get__
_module = type.__dict__["__module__"].__get__
_name = type.__dict__["__name__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_namespace = type.__dict__["__dict__"].__get__


def module_of(kind: type) -> str:
    """The module of a class; no metaclass is asked."""
    return str(_module(kind))


def name_of(kind: type) -> str:
    """The name of a class; no metaclass is asked."""
    return str(_name(kind))


def bases_of(kind: type) -> tuple[type, ...]:
    """The class and those it stands on; no metaclass is asked."""
    return tuple(_mro(kind))


def namespace_of(kind: type) -> dict[str, Any]:
    """What stands in the class itself; no metaclass is asked."""
    return dict(_namespace(kind))


def home_of(value: Any) -> str:
    """The module of a function or class, empty where it has none; by one name where releases of Python differ."""
    home = module_of(value) if issubclass(type(value), type) else str(getattr(value, "__module__", None) or "")
    return "io" if home == "_io" else home  # where `open` is, from Python 3.13 on


def class_names(value: Any) -> list[str]:
    """Full names of an object's classes, its own first; no metaclass is asked."""
    return [f"{_module(base)}.{_qualname(base)}" for base in _mro(type(value))]


def own_values(value: Any) -> dict[str, Any]:
    """The object's own `__dict__`; empty where it has none."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except (AttributeError, TypeError):
        return {}
    return found if type(found) is dict else {}


def static(kind: type, name: str) -> Any:
    """A class attribute as it stands in the dictionaries of the classes, no descriptor run; None where there is none."""
    for base in _mro(kind):
        if name in _namespace(base):
            return _namespace(base)[name]
    return None


def class_values(kind: type) -> dict[str, Any]:
    """Public values that the notebook's own classes among an object's classes hold."""
    found: dict[str, Any] = {}
    for base in reversed(_mro(kind)):
        if _module(base) == "__main__":
            found |= {key: value for key, value in _namespace(base).items() if key[:1] != "_"}
    return found


def plain(value: Any) -> Any:
    """A numpy scalar as Python's number; everything else as it is."""
    kind = type(value)
    if _module(kind) == "numpy" and kind.__name__.rstrip("_0123456789") in ("float", "int", "uint", "bool", "str", "longdouble", "half"):
        return value.item()
    return value
