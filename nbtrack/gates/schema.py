"""Pandera's door: what of a table breaks a schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.gates import frames
from nbtrack.gates.gate import CannotTellError, need
from nbtrack.reads import words

if TYPE_CHECKING:
    from pandas import DataFrame

_ROWS = 3


def violations(source: str, table: DataFrame, folder: Path) -> list[str]:
    """What breaks the schema, a line a check; empty where it holds.

    Args:
        source: YAML file, or `FILE.py:NAME` of a schema or a DataFrameModel.
        folder: where it is looked for.

    Raises:
        CannotTellError: there is no such schema.
    """
    pandera = need("pandera.pandas", "pandera", "A pandera schema")
    schema = _schema(source, folder)
    try:
        schema.validate(table, lazy=True)
    except pandera.errors.SchemaErrors as found:
        return _lines(found.failure_cases) or [words.short(str(found), 200)]
    except pandera.errors.SchemaError as found:
        return [words.short(str(found), 200)]
    return []


def _schema(source: str, folder: Path) -> Any:
    path = folder / source
    if path.suffix in (".yaml", ".yml"):
        io = need("pandera.io.pandas_io", "pandera", "A pandera schema")
        try:
            return io.from_yaml(path.read_text("utf-8"))
        except Exception as cause:  # pandera raises what its parts raise
            raise CannotTellError(
                f"{path} is no schema of pandera's: {cause}", mend="Write it with pandera.io.pandas_io.to_yaml, or name FILE.py:NAME."
            ) from cause
    module, _, name = source.rpartition(":")
    if not module:
        raise CannotTellError(f"{source!r} names no schema.", mend="Name a YAML file, or FILE.py:NAME.")
    found = frames.attribute(module, name, folder)
    if not hasattr(found, "validate"):
        raise CannotTellError(f"{source} is a {type(found).__name__}, no schema.", mend="Name a pandera DataFrameSchema or DataFrameModel.")
    return found


def _lines(cases: DataFrame) -> list[str]:
    """Of each check that fails: column, how often, and the first rows."""
    keys = [[("" if value is None or value != value else str(value)) for value in cases[name]] for name in ("column", "check")]  # noqa: PLR0124 - NaN is not itself
    groups: dict[tuple[str, str], list[tuple[Any, Any]]] = {}
    for *key, case, index in zip(*keys, cases["failure_case"], cases["index"], strict=True):
        groups.setdefault((key[0], key[1]), []).append((case, index))
    lines = []
    for (column, check), rows in groups.items():
        shown = ", ".join(
            words.short(str(case), 30) + ("" if index is None or index != index else f" in row {index}")  # noqa: PLR0124 - as above
            for case, index in rows[:_ROWS]
        )
        more = f" and {len(rows) - _ROWS} more" if len(rows) > _ROWS else ""
        lines.append(f"{column + ': ' if column else ''}{check} fails for {shown}{more}")
    return lines
