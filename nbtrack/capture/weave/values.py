"""Numbers of known types. Nothing here calls what a user's class defines: only exact types are read."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

from nbtrack.capture.known import module_of, own_values, plain, static
from nbtrack.records import dataclass

PLAIN: frozenset[type] = frozenset((float, int))
_EXACT = frozenset((float, int, Decimal))
_WORD = 60
"""Letters of what may be a name; longer ones are data."""
_MEMBERS = 20
"""Most items of a dict or tuple whose numbers are taken one by one."""


ABOUT = ...
"""Marks, in what a tap gets, a word and the value that it is about."""


@dataclass(frozen=True)
class Parts:
    """Numbers of a small dict by key, or of a tuple by position."""

    numbers: dict[str | int, Any]


def loaded(name: str) -> Any:
    """A package that the user's code has imported; None while it is not, or not yet whole. Ours would be seen half-made by others."""
    module = sys.modules.get(name)
    return None if module is None or getattr(getattr(module, "__spec__", None), "_initializing", False) else module


def _is_exact(kind: type) -> bool:
    return kind in _EXACT or (module_of(kind) == "fractions" and kind is sys.modules["fractions"].Fraction)  # not imported for it


def is_number(value: Any) -> bool:
    """Whether this is an immutable number: it may be kept as it is and read later. No bool, no complex number."""
    kind = type(value)
    if _is_exact(kind):
        return True
    if module_of(kind) != "numpy":
        return False
    numpy = loaded("numpy")
    return numpy is not None and isinstance(value, (numpy.floating, numpy.integer)) and not isinstance(value, numpy.timedelta64)


def take(value: Any, is_reused: bool) -> Any:
    """What may be kept of a value now, without waiting for a device and without keeping a graph alive; None where it is no number.

    Args:
        is_reused: the object is changed in place, so what it holds later is another value.
    """
    if is_number(value):
        return value
    kind = type(value)
    module = module_of(kind)
    if module == "numpy":
        numpy = sys.modules["numpy"]
        if kind is numpy.ndarray and value.size == 1 and value.ndim <= 2 and value.dtype.kind in "fiu":
            return value.item()
        return None
    if module in ("torch", "torch.nn.parameter"):
        torch: Any = sys.modules["torch"]
        if kind not in (torch.Tensor, torch.nn.Parameter) or value.numel() != 1 or value.dtype == torch.bool or value.is_complex():
            return None
        if value.device.type == "cpu":
            return value.item()
        return value.detach().clone() if is_reused else value.detach()
    if _is_foreign_scalar(kind, value):
        return value + 0 if is_reused and module.startswith("cupy") else value
    return None


def parts_of(value: Any) -> Any:
    """The numbers in a small dict, named tuple or tuple of nothing but numbers, as `take` keeps them; None where there are none.

    What a tap gets as `(word, value, ABOUT)` is one number by that word, or by the settings of a tuple; where it is neither, the number.
    """
    kind = type(value)
    if kind is tuple and len(value) == 3 and value[2] is ABOUT:
        kept = take(value[1], True)
        if type(value[0]) is tuple:
            key = text_of(value[0])
            return Parts({key: kept}) if kept is not None and 0 < len(key) <= _WORD else kept
        return None if kept is None else Parts({value[0]: kept}) if type(value[0]) is str and 0 < len(value[0]) <= _WORD else kept
    items: list[tuple[str | int, Any]] = []
    if module_of(kind) == "__main__" and not issubclass(kind, (dict, list, tuple)):
        return _of_own(value)
    if kind is dict and len(value) <= _MEMBERS:
        items = [(key, it) for key, it in value.items() if type(key) is str]
    elif issubclass(kind, tuple) and 2 <= tuple.__len__(value) <= _MEMBERS:
        fields = static(kind, "_fields")
        if type(fields) is tuple:
            items = list(zip(fields, tuple.__iter__(value), strict=False))
        elif kind is tuple:
            items = list(enumerate(value))
    numbers = {key: kept for key, it in items if (kept := take(it, True)) is not None}
    return Parts(numbers) if numbers and (type(value) is dict or len(numbers) == len(items)) else None


def text_of(key: Any) -> str:
    """A setting in the name of a curve: `0.1`, `64.32` of a tuple; empty where it is none."""
    if type(key) is tuple:
        parts = [text_of(it) for it in key]
        return ".".join(parts) if all(parts) else ""
    return f"{plain(key)}" if type(key) is str or key is None or is_number(key) else ""


def _of_own(value: Any) -> Any:
    """The mean that a meter of the notebook keeps, or the numbers of a record: an object of a dataclass."""
    held = own_values(value)
    if (mean := take(held.get("avg"), True)) is not None:
        return mean
    fields = static(type(value), "__dataclass_fields__")
    numbers: dict[str | int, Any] = {key: kept for key in held if key in fields and (kept := take(held[key], True)) is not None} if type(fields) is dict else {}
    return Parts(numbers) if 0 < len(numbers) <= _MEMBERS else None


def _is_foreign_scalar(kind: type, value: Any) -> bool:
    """An array without dimensions of jax, cupy or TensorFlow."""
    name = _FOREIGN.get(module_of(kind).partition(".")[0])
    return name is not None and kind.__name__ == name and getattr(value, "ndim", 1) == 0 and getattr(value.dtype, "kind", "f") not in "bc"


_FOREIGN = {"jaxlib": "ArrayImpl", "jax": "ArrayImpl", "cupy": "ndarray", "tensorflow": "EagerTensor"}


def as_floats(values: list[Any]) -> list[float | int | None]:
    """Numbers of what `take` kept, or of what came instead; None for what is no number. Tensors on a device are fetched together.

    Integers stay integers: they tell counters apart.
    """
    found: list[float | int | None] = []
    waiting: list[int] = []
    for value in values:
        kind = type(value)
        if kind in PLAIN:
            found.append(value)
            continue
        kept = take(value, False)
        if module_of(type(kept)) == "torch":
            waiting.append(len(found))
            found.append(None)
        else:
            found.append(_plain(kept))
    if waiting:
        torch: Any = sys.modules["torch"]
        tensors = [values[at].reshape(()).double() for at in waiting]
        for at, number in zip(waiting, torch.stack(tensors).tolist(), strict=True):
            found[at] = number
    return found


def _plain(value: Any) -> float | int | None:
    if value is None or type(value) in PLAIN:
        return value  # type: ignore[no-any-return]
    try:
        kind = type(value)
        if _is_exact(kind):
            return float(value)
        dtype = getattr(value, "dtype", None)
        return int(value) if getattr(dtype, "kind", "") in ("i", "u") else float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None
