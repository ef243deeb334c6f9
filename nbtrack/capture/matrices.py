"""Confusion matrices as numbers: pictures of them cannot be set on one scale afterwards."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

from nbtrack.capture.imports import when_imported
from nbtrack.capture.known import module_of, name_of
from nbtrack.capture.run import TrackedRun
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.wrap import observed, wrap
from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.nodes import walked

_MODULE = "sklearn.metrics._plot.confusion_matrix"
_MOST, _LARGEST = 20, 100
"""Matrices of a cell, and classes of a matrix."""


class Matrices(Source):
    """`matrices/NAME.json` with `labels` and `values`, rows for the true classes.

    What a name was bound to by `confusion_matrix`, and what a display of scikit-learn drew.
    """

    name = "confusion matrices"
    kind = "figures"

    def __init__(self) -> None:
        self._drawn: list[tuple[Any, list[str]]] = []
        self._undo: list[Callable[[], None]] = []

    def start(self, shell: Any) -> None:
        self._undo.append(when_imported(_MODULE, self._watch))

    def stop(self) -> None:
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()
        self._drawn = []

    def enter(self, entry: Entry) -> None:
        self._drawn = []

    def after(self, cell: Cell) -> Iterable[Finding]:
        seen: set[str] = set()
        for name, values, labels in list(self._found(cell))[:_MOST]:
            text = json.dumps({"labels": labels, "values": values}, ensure_ascii=False)
            if str(values) in seen or not cell.choice.wants(name):
                continue
            seen.add(str(values))
            yield Finding("fact", name, f"{len(values)} classes", "a confusion matrix", self._keep(f"matrices/{name}.json", text, cell))

    @staticmethod
    def _keep(path: str, text: str, cell: Cell) -> Callable[[TrackedRun], None]:
        return lambda run: cell.later(lambda: run.artifact_bytes(path, text.encode("utf-8", "replace")))

    def _found(self, cell: Cell) -> Iterator[tuple[str, list[list[float]], list[str]]]:
        """Drawn ones first: they know what their classes are called. A name that was bound stands for the same values."""
        named = [(name, values) for name in _names(cell.entry.tree) if (values := _values(cell.namespace.get(name))) is not None]
        for number, (matrix, labels) in enumerate(self._drawn, 1):
            if (values := _values(matrix)) is not None:
                own = f"confusion matrix {number}" if number > 1 else "confusion matrix"
                yield next((name for name, same in named if same == values), own), values, labels if len(labels) == len(values) else []
        yield from ((name, values, []) for name, values in named)

    def _watch(self, module: ModuleType) -> None:
        self._undo.append(wrap(module.ConfusionMatrixDisplay, "plot", lambda call: observed(call, self._see)))

    def _see(self, _: Any, display: Any, *args: Any, **options: Any) -> None:
        labels = display.display_labels
        self._drawn.append((display.confusion_matrix, [] if labels is None else [str(it) for it in labels]))


def _names(tree: ast.Module | None) -> Iterator[str]:
    """Names that the cell binds to what a function called `confusion_matrix` gives."""
    for node in walked(tree) if tree is not None else ():
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
            if name == "confusion_matrix":
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _values(value: Any) -> list[list[float]] | None:
    """A square array of numbers as lists; anything else is no confusion matrix."""
    if module_of(type(value)) != "numpy" or name_of(type(value)) != "ndarray" or value.dtype.kind not in "iuf":
        return None
    if value.ndim != 2 or value.shape[0] != value.shape[1] or not 2 <= value.shape[0] <= _LARGEST:
        return None
    found: list[list[float]] = value.tolist()
    return found if all(number == number and abs(number) != float("inf") for row in found for number in row) else None  # noqa: PLR0124 - NaN
