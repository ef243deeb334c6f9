"""What expressions call themselves: the name by which a number goes that has no label."""

from __future__ import annotations

import ast
import re

from nbtrack.capture.weave.kinds import path_of

_SAME_ATTRIBUTES = frozenset(("data", "val", "value", "values", "T", "avg"))
_SAME_METHODS = frozenset(("item", "detach", "cpu", "numpy", "tolist", "mean", "sum", "get", "float", "double", "result", "round", "squeeze", "clone"))
_SAME_CALLS = frozenset(("float", "int", "round", "abs", "str", "repr", "mean", "average", "sum", "format", "array", "asarray", "squeeze", "around", "Decimal"))


def snake(text: str) -> str:
    """A text as a name: words joined by underscores, in lower case; `valLoss` and `R^2` become `val_loss` and `r2`."""
    text = re.sub(r"(?<=[a-z\d])(?=[A-Z][a-z])", "_", text.replace("²", "2").replace("^", ""))
    return re.sub(r"\W+", "_", text.replace("'", "")).strip("_").lower()


def own_name(node: ast.expr) -> str:
    """What an expression calls itself: `loss` of `loss`, `self.loss`, `loss.item()`, `float(loss)`, `round(100 * loss, 2)`, `logs["loss"]`; else empty."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Subscript):
        key = node.slice
        return snake(key.value) if isinstance(key, ast.Constant) and isinstance(key.value, str) else own_name(node.value) if _is_last(key) else ""
    if isinstance(node, ast.Attribute):
        return own_name(node.value) if node.attr in _SAME_ATTRIBUTES else node.attr
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in _SAME_METHODS and not (node.args and node.func.attr in _SAME_CALLS):
            return own_name(node.func.value)
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        return own_name(node.args[0]) if name in _SAME_CALLS and node.args else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):  # a share as percent
        sides = [side for side in (node.left, node.right) if not isinstance(side, ast.Constant)]
        return own_name(sides[0]) if len(sides) == 1 else ""
    return ""


def share_of(node: ast.expr) -> str:
    """`accuracy` of `(y == p).mean()`, `np.mean(y == p)` and `np.sum(y == p) / len(y)`, `error_rate` of the share that differs; else empty."""
    words = ("mean", "average")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_size(node.right):
        node, words = node.left, ("sum", "count_nonzero")
        while isinstance(node, ast.Call) and path_of(node.func) in (["float"], ["int"]) and node.args:
            node = node.args[0]
    if not isinstance(node, ast.Call) or not path_of(node.func) or path_of(node.func)[-1] not in words:
        return ""
    about = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
    while isinstance(about, ast.Call) and isinstance(about.func, ast.Attribute) and not about.args:  # (y == p).float().mean()
        about = about.func.value
    if not isinstance(about, ast.Compare) or len(about.ops) != 1 or isinstance(about.comparators[0], ast.Constant):
        return ""
    return "accuracy" if isinstance(about.ops[0], ast.Eq) else "error_rate" if isinstance(about.ops[0], ast.NotEq) else ""


def _is_size(node: ast.expr) -> bool:
    """`len(y)`, `float(len(y))`, `y.shape[0]`, `y.size`."""
    match node:
        case ast.Call(func=ast.Name(id="float" | "int"), args=[inner]):
            return _is_size(inner)
        case ast.Call(func=ast.Name(id="len")) | ast.Attribute(attr="size") | ast.Subscript(value=ast.Attribute(attr="shape")):
            return True
    return False


def _is_last(key: ast.expr) -> bool:
    return isinstance(key, ast.UnaryOp) and isinstance(key.op, ast.USub) and isinstance(key.operand, ast.Constant)
