"""Params of a call: what the arguments of a function are bound to, where that is simple."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from nbtrack.capture.configs import fields_of
from nbtrack.capture.known import plain

_SIMPLE = frozenset((bool, int, float, str, type(None)))
_ITEMS, _LEAVES, _DEPTH = 30, 200, 5


def params_of(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers, texts, flags, None and short lists of them, by the names of the signature, defaults included; configurations as `config.lr`.

    Only exact types are read, so nothing of the user's runs. Empty for arguments that the function does not take, as it will say itself.
    """
    try:
        signature = inspect.signature(function)
        bound = signature.bind(*args, **kwargs)
    except (TypeError, ValueError):
        return {}
    bound.apply_defaults()
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        items = value.items() if kind is inspect.Parameter.VAR_KEYWORD else [(name, value)]
        if kind is inspect.Parameter.VAR_POSITIONAL and not value:
            continue
        for key, it in items:
            found.update(dict(list(_simple(key, it, ()))[:_LEAVES]))
    return found


def _simple(name: str, value: Any, around: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
    value = plain(value)
    if type(value) in _SIMPLE:
        yield name, value
    elif type(value) in (list, tuple):
        items = [plain(it) for it in value] if len(value) <= _ITEMS else [value]
        if all(type(it) in _SIMPLE for it in items):
            yield name, items
    elif len(around) < _DEPTH and id(value) not in around:
        held = value if type(value) is dict else fields_of(value, name)
        for key, it in list(held.items())[:_LEAVES]:
            if type(key) is str and key[:1] != "_":
                yield from _simple(f"{name}.{key}", it, (*around, id(value)))
