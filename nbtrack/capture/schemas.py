"""What a table or array looks like, in MLflow's words, and a few rows of it; known by type, with no framework imported."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from nbtrack.records import dataclass

ROWS = 5
"""Rows of an example."""
_COLUMNS = 2_000
_CELLS = 20_000
_TYPES = {
    "bool": "boolean", "int8": "integer", "int16": "integer", "int32": "integer", "uint8": "integer", "uint16": "integer",
    "uint32": "long", "int64": "long", "float16": "float", "float32": "float", "float64": "double",
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """The first rows of what a model was fitted on or a cell read."""

    schema: list[dict[str, Any]]
    """MLflow's column or tensor specifications."""
    example: Any
    """JSON of the rows; None where they cannot be written as such."""
    is_table: bool
    columns: int | None = None


def is_of(value: Any, module: str, *names: str) -> bool:
    """Whether a value is of a class, or of one below it, of a module that is loaded; never imports it.

    By its type: `isinstance` would ask the value for its `__class__`, which may be code of the notebook.
    """
    found = sys.modules.get(module)
    return found is not None and any(
        isinstance(kind, type) and issubclass(type(value), kind) for name in names if (kind := getattr(found, name, None)) is not None
    )


def is_frame(value: Any) -> bool:
    """A pandas DataFrame."""
    return is_of(value, "pandas", "DataFrame")


def is_array(value: Any) -> bool:
    return is_of(value, "numpy", "ndarray")


def is_tensor(value: Any) -> bool:
    return is_of(value, "torch", "Tensor")


def shape_of(value: Any) -> tuple[int, int | None] | None:
    """Rows and columns (None for what has none) of a frame, array, tensor, series or plain list; None for all else."""
    if is_frame(value) or is_array(value) or is_tensor(value) or is_of(value, "scipy.sparse", "spmatrix", "sparray") or is_of(value, "pandas", "Series"):
        shape = tuple(value.shape)
        return (int(shape[0]), math.prod(int(n) for n in shape[1:]) if len(shape) > 1 else None) if shape else None
    if is_of(value, "polars", "DataFrame") or is_of(value, "pyarrow", "Table"):
        return int(value.shape[0]), int(value.shape[1])
    if is_of(value, "polars", "Series"):
        return len(value), None
    return None


def sample_of(value: Any) -> Sample | None:
    """Schema and first rows; None where MLflow has no words for it. Copies what it keeps."""
    if is_of(value, "polars", "DataFrame") or is_of(value, "pyarrow", "Table"):
        return _columnar(value)
    if is_frame(value):
        head = value.iloc[:ROWS]
        if not all(isinstance(name, str) for name in head.columns):
            value = head.to_numpy()
            return _array(value, len(head.columns)) if value.dtype.kind in "fiub" else None
        return _frame(head)
    if is_tensor(value):
        return _array(value[:ROWS].detach().cpu().numpy(), None) if value.dim() else None
    if is_array(value) and value.ndim:
        return _array(value[:ROWS].copy(), int(value.shape[1]) if value.ndim == 2 else None)
    return None


def output_of(model: Any, target: tuple[int, int | None] | None) -> list[dict[str, Any]] | None:
    """Schema of what an estimator predicts, from its classes or the shape of its target; nothing is predicted for it."""
    facts, bases = vars(model), {base.__name__ for base in type(model).__mro__}
    if "steps" in facts:
        return output_of(facts["steps"][-1][1], target) if hasattr(facts["steps"][-1][1], "__dict__") else None
    classes, labels = facts.get("classes_"), facts.get("labels_")
    is_flat = target is None or target[1] is None
    if is_array(classes) and classes.dtype.kind in "fiubUS" and is_flat:
        return [_tensor(classes.dtype, (0,))]
    if "RegressorMixin" in bases and target is not None:
        return [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1] if is_flat else [-1, target[1]]}}]
    return [_tensor(labels.dtype, (0,))] if "ClusterMixin" in bases and is_array(labels) else None


def named_columns(names: Any) -> list[dict[str, Any]]:
    """Columns of which only the names are known: numbers, as a fitted estimator has turned them into."""
    return [{"type": "double", "name": str(name), "required": True} for name in names]


def _frame(head: Any) -> Sample | None:
    schema: list[dict[str, Any]] = []
    if len(head.columns) > _COLUMNS or len(set(head.columns)) != len(head.columns):
        return None
    for name in head.columns:
        column = head[name]
        kind = _kind(column.dtype, column)
        if kind is None:
            return None
        schema.append({"type": kind, "name": name, "required": not bool(column.isna().any())})
    rows = [[_plain(cell) for cell in row] for row in head.itertuples(index=False, name=None)]
    return Sample(schema, _fitting({"columns": list(head.columns), "data": rows}), True, len(schema))


def _columnar(table: Any) -> Sample | None:
    """Columns of a polars frame or pyarrow table."""
    if is_of(table, "polars", "DataFrame"):
        columns = list(zip(table.columns, table.dtypes, strict=True))
    else:
        columns = [(field.name, field.type) for field in table.schema]
    schema = [{"type": _word(str(kind).lower()), "name": name, "required": False} for name, kind in columns]
    return Sample(schema, None, True, len(schema)) if len(schema) <= _COLUMNS else None


def _word(kind: str) -> str:
    kind = {"float": "float32", "double": "float64"}.get(kind, kind)
    if kind in _TYPES:
        return _TYPES[kind]
    return "long" if kind == "uint64" else "boolean" if kind == "boolean" else "datetime" if kind.startswith(("date", "timestamp")) else "string"


def _kind(dtype: Any, column: Any) -> str | None:
    name = str(dtype)
    if name in _TYPES:
        return _TYPES[name]
    if name.startswith("datetime64"):
        return "datetime"
    if name == "category":
        return _kind(dtype.categories.dtype, dtype.categories)
    if name.lower() in _TYPES:  # pandas' Int64 and its like
        return _TYPES[name.lower()]
    if name in ("boolean", "bool[pyarrow]"):
        return "boolean"
    if name.startswith("str") or name == "object":
        values = [value for value in list(column[:ROWS]) if isinstance(value, str)]
        return "string" if values or name != "object" else None
    return None


def _array(head: Any, columns: int | None) -> Sample | None:
    if head.dtype.kind not in "fiub":
        return None
    return Sample([_tensor(head.dtype, head.shape)], _fitting(head.tolist()), False, columns)


def _tensor(dtype: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    name = "str" if dtype.kind == "U" else str(dtype)
    return {"type": "tensor", "tensor-spec": {"dtype": name, "shape": [-1, *(int(n) for n in shape[1:])]}}


def _plain(cell: Any) -> Any:
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if cell is None or isinstance(cell, (str, int, float, bool)):
        return cell
    if hasattr(cell, "isoformat"):
        return None if cell != cell else cell.isoformat()  # noqa: PLR0124 - NaT
    return cell.item() if hasattr(cell, "item") else None


def _fitting(example: Any) -> Any:
    """The example, if it is small enough to lie beside a model."""
    if isinstance(example, Mapping):
        return example if len(example["data"]) * len(example["columns"]) <= _CELLS else None
    return example if len(json.dumps(example, default=str)) <= 20 * _CELLS else None
