"""Metrics from small tables of pandas: what they say of each row and column."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from nbtrack.capture.literals import evaluate
from nbtrack.capture.measures import Measured, known, number, told
from nbtrack.capture.own_name import snake
from nbtrack.capture.program import program_of
from nbtrack.capture.provenance import bindings
from nbtrack.capture.source import Cell
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.words import is_measure, is_result
from nbtrack.notebooks.nodes import walk

_ROWS, _COLUMNS, _ITEMS = 30, 12, 60
"""Most rows, columns, and columns of one row."""
_MAKES_TABLES = frozenset(("DataFrame", "from_dict", "from_records"))


def of_table(cell: Cell, name: str, shown: Any, node: ast.expr | None) -> Iterator[Measured]:
    """Numbers of a small table of pandas whose columns, or whose rows, are measures, by row and column; not those the run has already.

    Args:
        shown: the table.
        node: what gave it.
    """
    frame = _unrounded(shown, node, cell.namespace)
    if len(frame) > _ROWS or len(frame.columns) > (_COLUMNS if len(frame) > 1 else _ITEMS) or frame.columns.nlevels > 1 or frame.index.nlevels > 1:
        return
    if _has_measures_below(frame):
        frame = frame.T
    columns = {str(it): frame[it].tolist() for it in frame.columns}
    if len(columns) != len(frame.columns):
        return
    measured = [it for it in columns if is_measure(snake(it))]
    numeric = [it for it, values in columns.items() if values and number(values[0]) is not None]
    if not measured or not (is_result(name) or len(measured) * 2 >= len(numeric)):
        return
    texts = [it for it, values in columns.items() if all(type(value) is str for value in values)]
    rows = [str(it) for it in (columns[texts[0]] if texts else frame.index.tolist())]
    is_record = rows == ["0"] and _is_of_records(cell, node)
    if len(set(rows)) != len(rows) or (all(it.isdigit() for it in rows) and not is_record):
        return
    has = set(known(cell))
    for column in measured:
        for row, value in zip(rows, columns[column], strict=True):
            found = number(value)
            if isinstance(found, float) and not (
                any(it.endswith(f"{row}.{column}") or it.endswith(f"{column}.{row}") for it in has) or _is_told(cell, found, row, column)
            ):
                where = f"in the table {name}" if name else "in the table shown"
                called = column if is_record else f"{row}.{column}"
                yield Measured(called, found, where, f"{name}[{row}, {column}]", (name,) if name else (), where)


def _has_measures_below(frame: Any) -> bool:
    """Whether a table has a measure in each row, `MAE` and `RMSE`, and what it is of in the columns, `train` and `test`."""
    rows, columns = [snake(str(it)) for it in frame.index.tolist()], [snake(str(it)) for it in frame.columns.tolist()]
    is_numeric = all(str(it)[:3] in ("flo", "int", "Flo", "Int") for it in frame.dtypes.tolist())
    return is_numeric and sum(map(is_measure, rows)) * 2 > len(rows) and not any(map(is_measure, columns))


def _is_of_records(cell: Cell, node: ast.expr | None) -> bool:
    """Whether a table is made of what was measured once, `DataFrame([metrics])`: it is no piece of a longer one."""
    made = [value for part in program_of(cell).parts for it, value in bindings(part.node) if isinstance(node, ast.Name) and it == node.id]
    node = made[-1] if made else node
    about = node.args[0] if isinstance(node, ast.Call) and node.args and not _MAKES_TABLES.isdisjoint(path_of(node.func)[-1:]) else None
    return isinstance(about, (ast.Name, ast.List)) and not any(isinstance(it, ast.Dict) for it in walk(about))


def _unrounded(frame: Any, node: ast.expr | None, namespace: dict[str, Any]) -> Any:
    """The table before it was rounded to be shown, `table.round(4)` or `DataFrame(rows).round(4)`, where it is still there; else the table itself."""
    inner = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "round" else None
    is_made = isinstance(inner, ast.Call) and path_of(inner.func)[-1:] == ["DataFrame"] and len(inner.args) == 1 and not inner.keywords
    about = inner.args[0] if isinstance(inner, ast.Call) and is_made else inner
    held: Any = namespace.get(about.id) if isinstance(about, ast.Name) else None
    if is_made and type(held) is list and 0 < len(held) <= _ROWS and all(type(it) is dict for it in held):
        held = type(frame)(held)
    try:
        digits = evaluate(node.args[0]) if isinstance(node, ast.Call) and node.args else 0
    except ValueError:
        return frame
    return held if type(held) is type(frame) and type(digits) is int and held.round(digits).equals(frame) else frame  # it may have changed since


def _is_told(cell: Cell, value: float, row: str, column: str) -> bool:
    """Whether the run, or that of a cell the table comes from, has the number already, by a name that says row or column; the table may round it."""
    digits = len(repr(value).partition(".")[2])
    telling = [set(snake(it).split("_")) for it in (row, column)]
    return any(
        round(other, digits) == value and any(words and words <= set(snake(name.rpartition(".")[2]).split("_")) for words in telling)
        for name, other in told(cell).items()
    )
