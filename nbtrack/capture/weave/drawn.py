"""Lines that a cell draws of what the notebook measured step by step: the arguments of `plot` and its like, read without running anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from nbtrack.capture.known import module_of, own_values
from nbtrack.capture.literals import evaluate
from nbtrack.capture.own_name import share_of, snake
from nbtrack.capture.weave.expressions import blocks_of, is_score
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.values import loaded
from nbtrack.capture.weave.words import is_history, is_measure, is_measured
from nbtrack.notebooks.nodes import walk

_LINES = frozenset(("plot", "semilogy", "semilogx", "loglog", "errorbar", "step", "lineplot"))
_BARE = _LINES - {"step"}
"""As `from pylab import *` brings them."""
_SAME = frozenset(("array", "asarray", "list", "squeeze", "tolist", "numpy", "ravel", "flatten"))
_MEANS = frozenset(("mean", "average", "nanmean", "median"))
_TABLE = 2
"""Axes of a table."""
SWEEPS = frozenset(("learning_curve", "validation_curve"))
"""Functions that give scores of several folds for each of several sizes or settings."""


def lines_of(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """What stands for the values of the lines a cell draws, and of scores of all candidates that it prints, each with its label where that says a measure."""
    for call, value in _lines(tree):
        label = _label_of(call)
        yield value, "" if isinstance(_core(value), ast.Name) else label
    for node in walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield from (
                (it, "") for it in node.args if isinstance(it, ast.Subscript) and isinstance(it.value, ast.Attribute) and it.value.attr == "cv_results_"
            )


def _lines(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.expr]]:
    """The calls that draw lines, with what stands for the values."""
    for node in walk(tree):
        if not isinstance(node, ast.Call) or (path_of(node.func)[-1:] or [""])[0] not in (_LINES if isinstance(node.func, ast.Attribute) else _BARE):
            continue
        given = [it for it in node.args if not (isinstance(it, ast.Constant) and isinstance(it.value, str))]
        named = next((it.value for it in node.keywords if it.arg == "y"), None)
        if named is not None or given:
            yield node, named if named is not None else given[min(len(given), 2) - 1]


def computed_where_drawn(body: list[ast.stmt]) -> Iterator[tuple[str, ast.ListComp]]:
    """Lists that a cell makes where it draws them, outside of loops, with the name of the measure: `plot(ks, [m.bic(X) for m in models], label="BIC")`."""
    for statement in body:
        for block in blocks_of(statement):
            yield from computed_where_drawn(block)
        for call, value in _lines(statement) if isinstance(statement, ast.Expr) else ():
            core = _core(value)
            if isinstance(core, ast.ListComp) and isinstance(core.elt, ast.Call) and (name := _name_of(core.elt, call)):
                yield name, core


def _name_of(computed: ast.Call, line: ast.Call) -> str:
    """What a line shows: its label, where that says a measure, or else what is called."""
    called = (path_of(computed.func)[-1:] or [""])[0]
    return _label_of(line) or (called if is_measured(called) else share_of(computed))


def _label_of(line: ast.Call) -> str:
    """The label of a line, where it says a measure."""
    given = next((it.value.value for it in line.keywords if it.arg == "label" and isinstance(it.value, ast.Constant)), None)
    label = snake(given) if type(given) is str else ""
    return label if is_measure(label) else ""


def drawn(node: ast.expr, namespace: Mapping[str, Any], bound: Mapping[str, ast.expr], functions: Mapping[str, Any]) -> tuple[str, Any]:
    """Name and values of what a line shows, where it is something measured step by step; an empty name where it is not.

    Args:
        bound: what names were bound to last, at top level.
        functions: those of the notebook.
    """
    name, values = value_of_line(node, namespace)
    if not name or values is None:
        return "", None
    core = _core(node)
    source = bound.get(core.id) if isinstance(core, ast.Name) else core
    return (name, values) if source is not None and _is_series(source, name, bound, functions) else ("", None)


def _is_series(node: ast.expr, name: str, bound: Mapping[str, ast.expr], functions: Mapping[str, Any]) -> bool:
    """Whether an expression gives one number for each of several steps or settings, rather than for each case of the data."""
    named = is_measure(name) or is_history(name)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):  # scores of a library that are negative errors
        return _is_series(node.operand, name, bound, functions)
    if isinstance(node, ast.ListComp):
        return is_score(node.elt) or (named and any(isinstance(it, ast.Call) for it in walk(node.elt)))
    if isinstance(node, ast.Call):
        path = path_of(node.func)
        if path and path[-1] in _MEANS and _axis(node) is not None:
            return named or is_score(node) or any(isinstance(it, ast.Name) and is_sweep(bound.get(it.id)) for it in walk(node))
        if path and path[-1] in _SAME:
            return bool(node.args) and _is_series(node.args[0], name, bound, functions)
        return named and bool(path) and path[0] in functions
    return named and isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(_core(node), ast.Name)


def is_sweep(node: ast.expr | None) -> bool:
    """Whether an expression calls what gives scores for each of several sizes or settings."""
    return node is not None and any(isinstance(it, ast.Call) and path_of(it.func)[-1:] and path_of(it.func)[-1] in SWEEPS for it in walk(node))


def _axis(node: ast.Call) -> Any:
    """The axis a mean is taken over, by keyword or by position; None where none is written."""
    named = next((it.value for it in node.keywords if it.arg == "axis"), None)
    is_function = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "numpy")
    given = named or next(iter(node.args[1:2] if is_function else node.args[:1]), None)
    try:
        axis = evaluate(given) if given is not None else None
    except ValueError:
        return None
    return axis % _TABLE if type(axis) is int and -_TABLE <= axis < _TABLE else None


def _core(node: ast.expr) -> ast.expr:
    """The expression below `np.array()` and slices."""
    while True:
        if isinstance(node, ast.Call) and path_of(node.func)[-1:] and path_of(node.func)[-1] in _SAME:
            inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
        else:
            inner = node.value if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) else None
        if inner is None:
            return node
        node = inner


def value_of_line(node: ast.expr, namespace: Mapping[str, Any]) -> tuple[str, Any]:
    """Name and value of what stands for a line's values; nothing is run for it but means of tables."""
    node = _core(node)
    if isinstance(node, ast.Name):
        return node.id, namespace.get(node.id)
    if isinstance(node, ast.Attribute):
        held = own_values(value_of_line(node.value, namespace)[1])
        return node.attr.rstrip("_"), held.get(node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        name, base = value_of_line(node.value, namespace)
        key = node.slice.value
        if issubclass(type(base), dict) and type(key) in (str, int):
            within = f"{name}-" if isinstance(node.value, ast.Subscript) else ""  # `results["train"]["logloss"]`, as where the dict is found whole
            return (f"{within}{snake(key)}" if type(key) is str else name), dict.get(base, key)
        return "", None
    if isinstance(node, ast.Call) and path_of(node.func)[-1:] and path_of(node.func)[-1] in _MEANS:
        axis = _axis(node)
        base_node = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
        name, base = "", None
        if base_node is not None:
            name, base = value_of_line(base_node, namespace)
        means = mean_of_folds(base, axis, is_median=path_of(node.func)[-1] == "median")
        return (name, means) if means is not None else ("", None)
    return "", None


def mean_of_folds(value: Any, axis: Any, *, is_median: bool = False) -> Any:
    """The mean of a table of numbers over one axis, or its median; None where it is no such table."""
    numpy = loaded("numpy") if axis in (0, 1) and module_of(type(value)) == "numpy" else None
    if numpy is None or type(value) is not numpy.ndarray or value.ndim != _TABLE or value.dtype.kind not in "fiub":
        return None
    return (numpy.median if is_median else numpy.mean)(value, axis=axis)
