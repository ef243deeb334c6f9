"""What changed between the data that two runs read: columns, rows, and how the values are distributed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.amounts import counted
from nbtrack.entities import RunView
from nbtrack.errors import MissingPackageError
from nbtrack.gates import frames
from nbtrack.gates.data import DriftSpec
from nbtrack.gates.drift import Drift, drift
from nbtrack.gates.gate import CannotTellError
from nbtrack.journal import Home
from nbtrack.pipelines.data.sources import Input, bytes_of, inputs_of
from nbtrack.reads.diff import columns_of, rows_of

if TYPE_CHECKING:
    from pandas import DataFrame

_FEW = 50


@dataclass(frozen=True)
class Moved:
    """A column whose values are distributed otherwise, or may be."""

    drift: Drift
    why: str
    """Empty where it has not moved."""


@dataclass(frozen=True)
class InputDifference:
    """One input of both runs, or of one."""

    name: str
    a: Input | None
    b: Input | None
    is_same: bool
    """Byte for byte."""
    columns: tuple[tuple[str, str, str], ...] = ()
    """Name, type before and type now, of those that differ; empty where there is none."""
    rows: tuple[int | None, int | None] = (None, None)
    moved: tuple[Moved, ...] = ()
    """Every column that both have, the most moved first."""
    notes: tuple[str, ...] = ()
    """What could not be compared, and why."""

    @property
    def has_moved(self) -> bool:
        return any(it.why for it in self.moved)

    @property
    def is_changed(self) -> bool:
        return not self.is_same


@dataclass(frozen=True)
class DataDifference:
    """The data of two runs."""

    a: RunView
    b: RunView
    inputs: tuple[InputDifference, ...]


def difference(home: Home, a: RunView, b: RunView, folder: Path, names: tuple[str, ...] = ()) -> DataDifference:
    """Compare what two runs read.

    Args:
        folder: where relative paths begin, if a run's notebook is no longer there.
        names: inputs to look at; none means all.
    """
    one, other = inputs_of(home, a, folder), inputs_of(home, b, folder)
    pairs = [(name, one.get(name), other.get(name)) for name in dict.fromkeys([*one, *other]) if not names or name in names]
    if len(pairs) == 2 and len(one) == len(other) == 1 and not names:  # each read one thing: the same under another name
        pairs = [(f"{pairs[0][0]} → {pairs[1][0]}", pairs[0][1], pairs[1][2])]
    return DataDifference(a, b, tuple(_compare(name, first, second, a, b) for name, first, second in pairs))


def _compare(name: str, first: Input | None, second: Input | None, a: RunView, b: RunView) -> InputDifference:
    if first is None or second is None:
        return InputDifference(name, first, second, False)
    if first.digest and first.digest == second.digest and first.name == second.name:
        return InputDifference(name, first, second, True, rows=(_rows(first), _rows(second)))
    notes: list[str] = []
    tables = [_table(it, view, word, notes) for it, view, word in ((first, a, "before"), (second, b, "now"))]
    before, now = tables
    rows = (_rows(first) if before is None else len(before), _rows(second) if now is None else len(now))
    if before is not None and now is not None:
        moved = _drifts(before, now, notes)
        return InputDifference(name, first, second, False, _columns(_types(before), _types(now)), rows, moved, tuple(notes))
    recorded = [columns_of(it.facts) for it in (first, second)]  # both from MLflow, which has words of its own for types
    columns = _columns(*recorded) if all(recorded) else ()
    return InputDifference(name, first, second, False, columns, rows, (), tuple(notes))


def _rows(it: Input) -> int | None:
    found = rows_of(it.facts) or ""
    return int(found) if found.isdecimal() else None


def _columns(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    names = dict.fromkeys([*before, *now])
    return tuple((name, before.get(name, ""), now.get(name, "")) for name in names if before.get(name) != now.get(name))


def _table(it: Input, view: RunView, word: str, notes: list[str]) -> DataFrame | None:
    with bytes_of(it, view) as (path, told):
        if path is None:
            notes.append(f"the data of {word} are not here ({told}): of {it.name} what was recorded is compared")
            return None
        try:
            return frames.table(path, it.name if it.path is None else it.path.name)
        except (CannotTellError, MissingPackageError) as cause:
            notes.append(f"{word}: {cause.message} {cause.mend}")
            return None


def _types(table: DataFrame) -> dict[str, str]:
    return {str(name): str(kind) for name, kind in table.dtypes.items()}


def _drifts(before: DataFrame, now: DataFrame, notes: list[str]) -> tuple[Moved, ...]:
    limits: Mapping[str, Any] = {name: field.default for name, field in DriftSpec.model_fields.items()}
    names = [{str(it): it for it in table.columns} for table in (before, now)]
    shared = [name for name in names[0] if name in names[1]]
    found = []
    for name in shared:
        sides = [table[of[name]] for table, of in zip((before, now), names, strict=True)]
        sides = [it.iloc[:, 0] if it.ndim > 1 else it for it in sides]
        it = drift(name, sides[0], sides[1], limits["bins"])
        is_text = it.test != "KS" and sides[0].astype(str).nunique() > max(_FEW, len(sides[0]) // 2)
        if min(it.sizes) < limits["min_rows"] or is_text:
            few = counted(min(it.sizes), "value is", "values are")
            notes.append(f"{name}: {'nearly every value is another one' if is_text else f'{few} too few to say whether it moved'}")
            continue
        found.append(Moved(it, it.moved(psi=limits["psi"], alpha=limits["alpha"] / len(shared), missing=limits["missing"])))
    return tuple(sorted(found, key=lambda it: (not it.why, -it.drift.psi)))
