"""What a sweep searches: `log(1e-4, 1e-1)`, `uniform(0, 1)`, `int(1, 9)`, `choice(2, 4, 8)`, one for each parameter."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.pipelines.notebook import Notebook
from nbtrack.pipelines.parameters import Declared, accept, unknown
from nbtrack.yaml_text import read_scalar

KINDS = ("log", "uniform", "int", "choice")
_CALL = re.compile(r"\s*([^\W\d]\w*)\s*\((.*)\)\s*\Z", re.DOTALL)
_MOST = 100_000
"""Points of a grid."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    low: float
    high: float
    is_log: bool = False
    step: float | None = None
    is_whole: bool = False

    def __str__(self) -> str:
        kind = "log" if self.is_log else "int" if self.is_whole else "uniform"
        return f"{kind}({', '.join(_number(it) for it in (self.low, self.high, self.step) if it is not None)})"

    def points(self) -> list[Any] | None:
        """All of them; None where there is no end to them."""
        step = self.step or (1 if self.is_whole and not self.is_log else None)
        if step is None or (self.high - self.low) / step > _MOST:
            return None
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        return [int(self.low + at * step) if self.is_whole else self.low + at * step for at in range(count)]


@dataclass(frozen=True)
class Choice:
    """One of these."""

    values: tuple[bool | int | float | str | None, ...]

    def __str__(self) -> str:
        return f"choice({', '.join(str(it) for it in self.values)})"

    def points(self) -> list[Any]:
        """All of them."""
        return list(self.values)


Dimension = Range | Choice
Space = Mapping[str, Dimension]


def split(notebook: Notebook, declared: tuple[Declared, ...], given: Mapping[str, Any]) -> tuple[dict[str, Dimension], dict[str, Any]]:
    """What is searched, and what is the same in every trial: a list, or a text such as `log(1, 10)`, is searched.

    Raises:
        UsageError: there is no such parameter, or it cannot be searched so.
    """
    space, fixed = {}, {}
    for name, value in given.items():
        found = read(notebook, declared, name, value)
        if found is None:
            fixed[name] = value
        else:
            space[name] = found
    return space, fixed


def read(notebook: Notebook, declared: tuple[Declared, ...], name: str, value: Any) -> Dimension | None:
    """The values that a parameter may have; None where it is one value.

    Raises:
        UsageError: it cannot be read, or the parameter is of another type.
    """
    it = next((it for it in declared if it.name == name), None)
    if it is None:
        raise unknown(notebook, declared, name)
    if isinstance(value, (Range, Choice)):
        return value
    if isinstance(value, (list, tuple)):
        return None if it.kinds & {"list", "tuple"} else _choice(notebook, declared, name, list(value))
    match = _CALL.match(value) if isinstance(value, str) else None
    if match is None or (match[1] not in KINDS and "str" in it.kinds):
        return None
    kind, inner = match[1], match[2]
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, 1)
        mend = f"Did you mean {near[0]}(...)?" if near else f"There are {', '.join(f'{it}(...)' for it in KINDS)}."
        raise UsageError(f"Parameter {name!r} cannot be searched by {kind!r}.", mend=mend)
    values = read_scalar(f"[{inner}]")
    if not isinstance(values, list):
        raise UsageError(f"{value!r} of parameter {name!r} cannot be read.", mend=f"Write {kind}({'a, b, c' if kind == 'choice' else 'LOW, HIGH'}).")
    return _choice(notebook, declared, name, values) if kind == "choice" else _range(notebook, declared, it, kind, values)


def _choice(notebook: Notebook, declared: tuple[Declared, ...], name: str, values: list[Any]) -> Choice:
    if not values:
        raise UsageError(f"Parameter {name!r} has no values to choose from.", mend="Write choice(2, 4, 8).")
    found = [accept(notebook, declared, {name: value})[name] for value in values]
    if not all(value is None or isinstance(value, (bool, int, float, str)) for value in found):
        raise UsageError(f"Parameter {name!r} has a choice that is no number and no text.", mend="Choose among names, and let the notebook look up the rest.")
    if len({(type(value), value) for value in found}) < len(found):
        raise UsageError(f"Parameter {name!r} has a choice twice.", mend="Take one away.")
    return Choice(tuple(found))


def _range(notebook: Notebook, declared: tuple[Declared, ...], it: Declared, kind: str, values: list[Any]) -> Range:
    name, form = it.name, f"{kind}(LOW, HIGH{'' if kind == 'log' else '[, STEP]'})"
    if len(values) not in ((2,) if kind == "log" else (2, 3)) or not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        raise UsageError(f"{kind}({', '.join(map(str, values))}) of parameter {name!r} cannot be read.", mend=f"Write {form}, all of them numbers.")
    low, high, *rest = values
    if not (math.isfinite(low) and math.isfinite(high) and low < high) or any(not step > 0 for step in rest):
        raise UsageError(f"The range of parameter {name!r} is empty: {low} to {high}{f' by {rest[0]}' if rest else ''}.", mend=f"Write {form}, LOW first.")
    if kind == "log" and low <= 0:
        raise UsageError(
            f"The range of parameter {name!r} begins at {low}, and logarithms above 0.", mend=f"Write log(1e-6, {high}), or uniform({low}, {high})."
        )
    numeric = it.kinds & {"int", "float"}
    are_whole = all(isinstance(value, int) for value in values)
    is_whole = kind == "int" or numeric == {"int"} or (are_whole and not numeric)
    if is_whole and not are_whole:
        raise UsageError(f"Parameter {name!r} is a whole number, and {low} to {high} is not.", mend=f"Write {kind}({math.ceil(low)}, {math.floor(high)}).")
    accept(notebook, declared, {name: low if is_whole else float(low)})
    if not is_whole:
        low, high = float(low), float(high)
    return Range(low, high, kind == "log", rest[0] if rest else None, is_whole)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}" if float(f"{value:g}") == value else repr(value)
