"""Calls in a cell's code, and the values their arguments had: read from the namespace, never evaluated."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nbtrack.capture.schemas import is_array, is_frame, is_of
from nbtrack.notebooks.nodes import walk

MISSING = object()
"""What cannot be told without running code."""


def calls_in(tree: ast.AST | None) -> Iterator[ast.Call]:
    """Every call below a node."""
    if tree is not None:
        yield from (node for node in walk(tree) if isinstance(node, ast.Call))


def root_of(node: ast.AST) -> str:
    """The name an expression such as `a.b[0].c()` begins with; empty where it begins with none."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def argument(call: ast.Call, at: int, *names: str) -> ast.expr | None:
    """The argument at a position or of one of these names."""
    if len(call.args) > at:
        found = call.args[at]
        return None if isinstance(found, ast.Starred) else found
    return next((it.value for it in call.keywords if it.arg in names), None)


def value_of(node: ast.AST | None, names: Mapping[str, Any]) -> Any:
    """The value of a name, a literal, an item of a frame, array or mapping, or a path put together of texts; MISSING for all else."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return names.get(node.id, MISSING)
        case ast.List() | ast.Tuple():
            items = [value_of(item, names) for item in node.elts]
            return MISSING if any(item is MISSING for item in items) else items
        case ast.Attribute():
            return _attribute(value_of(node.value, names), node.attr)
        case ast.Subscript():
            return _item(value_of(node.value, names), node.slice, names)
        case ast.JoinedStr():
            parts = [value_of(part.value if isinstance(part, ast.FormattedValue) else part, names) for part in node.values]
            return "".join(map(str, parts)) if all(type(part) in (str, int, float) for part in parts) else MISSING
        case ast.BinOp(op=ast.Add() | ast.Div()):
            left, right = value_of(node.left, names), value_of(node.right, names)
            if isinstance(node.op, ast.Add):
                return left + right if type(left) is type(right) is str else MISSING
            return left / right if isinstance(left, Path) and isinstance(right, (str, Path)) else MISSING
        case ast.Call(func=ast.Name(id="Path") | ast.Attribute(attr="Path")) | ast.Call(func=ast.Attribute(attr="join" | "joinpath")):
            return _path(node, names)
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            value = value_of(inner, names)
            return str(value) if isinstance(value, (str, Path)) else MISSING
    return MISSING


def _path(node: ast.Call, names: Mapping[str, Any]) -> Any:
    parts = [value_of(part, names) for part in node.args]
    if isinstance(node.func, ast.Attribute) and node.func.attr == "joinpath":
        parts.insert(0, value_of(node.func.value, names))
    if not parts or not all(isinstance(part, (str, Path)) for part in parts):
        return MISSING
    if isinstance(node.func, ast.Attribute) and node.func.attr == "join" and not ast.unparse(node.func).endswith("path.join"):
        return MISSING
    return Path(*parts)


def _attribute(value: Any, name: str) -> Any:
    if is_of(value, "sklearn.utils", "Bunch"):
        return dict.get(value, name, MISSING)
    if is_of(value, "argparse", "Namespace") or is_of(value, "types", "SimpleNamespace"):
        return vars(value).get(name, MISSING)
    if is_frame(value):
        return value[name] if name in value.columns else value.to_numpy() if name == "values" else MISSING
    return MISSING


def _item(value: Any, at: ast.expr, names: Mapping[str, Any]) -> Any:
    key = value_of(at, names)
    try:
        if type(value) is dict or is_of(value, "sklearn.utils", "Bunch"):
            return dict.get(value, key, MISSING) if isinstance(key, (str, int)) else MISSING
        if is_frame(value) and isinstance(key, (str, list)):
            return value[key]
        if is_array(value) and isinstance(at, ast.Slice):
            low, high = (value_of(part, names) if part is not None else None for part in (at.lower, at.upper))
            return value[low:high] if all(part is None or type(part) is int for part in (low, high)) else MISSING
    except Exception:  # noqa: BLE001 - a key that is not there any more
        return MISSING
    return MISSING
