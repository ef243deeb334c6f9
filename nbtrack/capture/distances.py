"""What a formula without a name measures, where it is how far two things are apart: `mse`, `mae`, `rmse` or `sse`."""

from __future__ import annotations

import ast

from nbtrack.capture.provenance import through
from nbtrack.capture.weave.kinds import path_of
from nbtrack.patterns import regex

_MEANS, _SUMS = frozenset(("mean", "average", "nanmean")), frozenset(("sum", "nansum"))
_POWERS, _ABSOLUTES = frozenset(("power", "pow", "float_power")), frozenset(("abs", "absolute", "fabs"))
_MEAN_NAMES = regex(r"(^|_)(mean|avg|average|mu|media|m[eé]dia|moyenne|mittelwert)s?\d*($|_)")


def distance_of(node: ast.expr) -> str:
    """`mse` of `np.mean((a - b) ** 2)`, `mae` of `abs(a - b).mean()`, `rmse` of the root of the first, `sse` of `((a - b) ** 2).sum()`; else empty.

    What is subtracted from its own mean has a variance, and no error.
    """
    node = through(node)
    if isinstance(node, ast.BinOp):
        is_root = isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant) and node.right.value == 0.5
        return "rmse" if is_root and distance_of(node.left) == "mse" else ""
    if not isinstance(node, ast.Call):
        return ""
    function, about = path_of(node.func)[-1:], _about(node)
    if not function or about is None or any(it.arg in ("axis", "dim") for it in node.keywords):
        return ""
    if function[0] == "sqrt":
        return "rmse" if distance_of(about) == "mse" else ""
    if function[0] in _SUMS:
        return "sse" if _is_difference(_squared(about)) else ""
    if function[0] not in _MEANS:
        return ""
    return "mse" if _is_difference(_squared(about)) else "mae" if _is_difference(_absolute(about)) else ""


def _about(call: ast.Call) -> ast.expr | None:
    """What a function is given, or a method is called of."""
    return call.args[0] if call.args else call.func.value if isinstance(call.func, ast.Attribute) else None


def _squared(node: ast.expr) -> ast.expr | None:
    """What a square is of."""
    if isinstance(node, ast.BinOp):
        is_square = isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant) and node.right.value == 2
        is_product = isinstance(node.op, ast.Mult) and ast.unparse(node.left) == ast.unparse(node.right)
        return node.left if is_square or is_product else None
    if not isinstance(node, ast.Call) or not (path := path_of(node.func)):
        return None
    if path[-1] == "square":
        return _about(node)
    if path[-1] not in _POWERS or not node.args or not isinstance(node.args[-1], ast.Constant) or node.args[-1].value != 2:
        return None
    return node.args[0] if len(node.args) > 1 else node.func.value if isinstance(node.func, ast.Attribute) else None


def _absolute(node: ast.expr) -> ast.expr | None:
    """What an absolute value is of."""
    return _about(node) if isinstance(node, ast.Call) and _ABSOLUTES.intersection(path_of(node.func)[-1:]) else None


def _is_difference(node: ast.expr | None) -> bool:
    """Whether two things are subtracted of which neither is a number, the mean of the other, or another part of it."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
        return False
    sides = (node.left, node.right)
    if any(isinstance(it, ast.Constant) or (isinstance(it, ast.Name) and _MEAN_NAMES.search(it.id)) for it in sides):
        return False
    if all(isinstance(it, ast.Subscript) for it in sides) and len({ast.unparse(it.value) for it in sides if isinstance(it, ast.Subscript)}) == 1:
        return False
    return not any(_is_mean_of(one, other) for one, other in (sides, sides[::-1]))


def _is_mean_of(node: ast.expr, other: ast.expr) -> bool:
    """`x.mean()` of `x`."""
    if not isinstance(node, ast.Call) or not _MEANS.intersection(path_of(node.func)[-1:]):
        return False
    about = _about(node)
    return about is not None and ast.unparse(about) == ast.unparse(other)
