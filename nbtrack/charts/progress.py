"""How far the loops of a cell are: read from its code and from values that have a length."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbtrack.notebooks.nodes import walk

STEPS_TAG = "nbtrack.steps"
"""On a run that goes on: how often its loop will be gone through."""
_SIZED = (list, tuple, range, dict, str, set, frozenset, bytes)
_WRAPS = frozenset(("enumerate", "tqdm", "trange", "track", "list", "sorted", "reversed", "iter", "progress_bar"))
_NAMES = 5


@dataclass(frozen=True)
class Loop:
    """A loop at the top level of a cell."""

    iterated: ast.expr
    names: frozenset[str]
    """Names bound, or logged, once a step: their curves count the steps."""


def loops_of(tree: ast.Module | None) -> list[Loop]:
    """The `for` loops that stand at the top level of a cell, also inside `with` and `try`."""
    return [] if tree is None else [_loop(node) for node in _top(tree.body) if isinstance(node, ast.For)]


def length_of(node: ast.expr, namespace: Mapping[str, Any], depth: int = _NAMES) -> int | None:
    """How many steps a loop over this takes; None where that cannot be told without running the user's code."""
    if depth == 0:
        return None
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("range", "trange"):
            numbers = [_whole(it, namespace) for it in node.args[:3]]
            if not numbers or None in numbers:
                return None
            try:
                return len(range(*(it for it in numbers if it is not None)))
            except (ValueError, OverflowError):
                return None
        if name == "zip" and node.args:
            lengths = [length_of(it, namespace, depth - 1) for it in node.args]
            return min((it for it in lengths if it is not None), default=None)
        return length_of(node.args[0], namespace, depth - 1) if name in _WRAPS and node.args else None
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return None if any(isinstance(it, ast.Starred) for it in node.elts) else len(node.elts)
    if isinstance(node, ast.Name):
        value = namespace.get(node.id)
        if value is not None and type(value) in _SIZED:
            return len(value)
        shape = getattr(value, "shape", None) if type(value).__module__.partition(".")[0] in ("numpy", "torch") else None
        return int(shape[0]) if shape else None
    return None


def _whole(node: ast.expr, namespace: Mapping[str, Any]) -> int | None:
    """A whole number that code says, as far as reading it goes."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Name):
        value = namespace.get(node.id)
        return value if type(value) is int else None
    if isinstance(node, ast.BinOp):
        left, right = _whole(node.left, namespace), _whole(node.right, namespace)
        if left is None or right is None:
            return None
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.FloorDiv() if right:
                return left // right
        return None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1:
        return length_of(node.args[0], namespace)
    return None


def _top(body: list[ast.stmt]) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for node in body:
        found.append(node)
        if isinstance(node, (ast.With, ast.Try)):
            found += _top(node.body)
    return found


def _loop(node: ast.For) -> Loop:
    names: set[str] = set()
    for it in _top(node.body):
        if isinstance(it, ast.Assign):
            names.update(name.id for target in it.targets for name in walk(target) if isinstance(name, ast.Name))
        elif isinstance(it, (ast.AugAssign, ast.AnnAssign)) and isinstance(it.target, ast.Name):
            names.add(it.target.id)
        elif isinstance(it, ast.Expr) and isinstance(it.value, ast.Call) and isinstance(it.value.func, ast.Attribute) and it.value.func.attr == "log":
            names.update(keyword.arg for keyword in it.value.keywords if keyword.arg is not None and keyword.arg != "step")
            for argument in it.value.args[:1]:
                if isinstance(argument, ast.Dict):
                    names.update(str(key.value) for key in argument.keys if isinstance(key, ast.Constant))
    return Loop(node.iter, frozenset(names))
