"""What a measured number is of: the models its expression asks, found through the names it reads, and what a function was called with."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from nbtrack.capture.known import class_names, static
from nbtrack.capture.program import program_of
from nbtrack.capture.provenance import bindings, flat_statements, through
from nbtrack.capture.source import Cell
from nbtrack.capture.weave.kinds import path_of
from nbtrack.notebooks.nodes import walk

_ASKED = frozenset(("predict", "predict_proba", "decision_function", "predict_log_proba", "score", "evaluate", "fit_predict", "forecast", "inference"))
"""Methods by which a model is asked, whatever its class."""
_BASES = frozenset(("torch.nn.modules.module.Module", "keras.src.models.model.Model", "xgboost.core.Booster", "lightgbm.basic.Booster"))
_STEPS, _NAMES = 4, 60
"""How far back names are followed, and how many."""


def qualifiers_of(cell: Cell, node: ast.expr, line: int = 0) -> tuple[str, ...]:
    """What tells a number from others of its name: the model it is of, else the names the expression reads, its receiver first.

    Args:
        line: where the expression stands in the cell; bindings below it do not count. 0 for the cell's end.
    """
    modules = program_of(cell).imports
    return models_in(cell, node, line) or tuple(it for it in _names(through(node)) if it not in modules and type(cell.namespace.get(it)) not in _FUNCTIONS)


_FUNCTIONS = (type(lambda: 0), type(len), type)


def models_in(cell: Cell, node: ast.expr, line: int = 0) -> tuple[str, ...]:
    """Variables of the models that an expression asks, or that gave what it reads; those nearest to it."""
    bound: dict[str, ast.expr] | None = None
    level, seen = [node], set[str]()
    for _ in range(_STEPS):
        found = tuple(dict.fromkeys(name for it in level for name in _asked(cell, it)))
        if found:
            return found
        bound = _bound(cell, line) if bound is None else bound
        names = [name for it in level for name in _names(it) if name not in seen][:_NAMES]
        seen |= set(names)
        level = [bound[name] for name in names if name in bound]
    return ()


def _asked(cell: Cell, node: ast.expr) -> Iterator[str]:
    """Models that stand in the expression itself."""
    for it in walk(node):
        name = _root(it.func.value) if isinstance(it, ast.Call) and isinstance(it.func, ast.Attribute) and it.func.attr in _ASKED else ""
        if name and name not in program_of(cell).imports:
            yield name
    for name in _names(node):
        if name in cell.namespace and is_model(cell.namespace[name]):
            yield name


def is_model(value: Any) -> bool:
    """Whether an object is a model of a known kind: what only prepares data is none."""
    kinds = class_names(value)
    if "sklearn.base.BaseEstimator" in kinds:
        return static(type(value), "predict") is not None
    return not _BASES.isdisjoint(kinds)


def _root(node: ast.expr) -> str:
    """`knn` of `knn.fit(X, y)` and `knn.best_estimator_`."""
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _names(node: ast.expr) -> list[str]:
    """Names an expression reads: the receiver of a method, then the arguments from the last, then all others."""
    first: list[str] = []
    if isinstance(node, ast.Call):
        first = [_root(node.func.value)] if isinstance(node.func, ast.Attribute) else []
        for argument in reversed(node.args):
            first.append(_root(argument))
    return [it for it in dict.fromkeys([*first, *(it.id for it in walk(node) if isinstance(it, ast.Name))]) if it]


def _bound(cell: Cell, line: int) -> dict[str, ast.expr]:
    """The latest binding of each name, those of earlier cells too."""
    kept: list[tuple[int, str, ast.expr]] | None = cell.entry.facts.get("bindings")
    if kept is None:
        kept = []
        for part in program_of(cell).parts:
            is_own = part.entry is cell.entry
            for statement in flat_statements([part.node]):
                kept += [(statement.end_lineno or 0 if is_own else -1, name, value) for name, value in bindings(statement)]
        cell.entry.facts["bindings"] = kept
    return {name: value for end, name, value in kept if not line or end < line}


def arguments_of(cell: Cell, function: str) -> tuple[str, ...]:
    """What the cell's last call of a function was given: models, else names."""
    calls = [it for part in program_of(cell).own for it in walk(part.node) if isinstance(it, ast.Call) and path_of(it.func)[-1:] == [function]]
    if not calls:
        return ()
    last = max(calls, key=lambda it: (it.lineno, it.col_offset))
    given = [*last.args, *(it.value for it in last.keywords)]
    models = [name for it in given for name in models_in(cell, it, last.lineno)]
    return tuple(dict.fromkeys(models or [it.id for it in given if isinstance(it, ast.Name)]))


def setting_of(cell: Cell, function: str) -> str:
    """The number or word that the cell's last call of a function was given, such as a threshold: `0.3`; empty where there are none or several."""
    calls = [it for part in program_of(cell).own for it in walk(part.node) if isinstance(it, ast.Call) and path_of(it.func)[-1:] == [function]]
    given = [it for call in calls[-1:] for it in (*call.args, *(keyword.value for keyword in call.keywords))]
    plain = [it.value for it in given if isinstance(it, ast.Constant) and type(it.value) in (int, float, str)]
    return str(plain[0]) if len(plain) == 1 and len(str(plain[0])) <= 20 else ""
