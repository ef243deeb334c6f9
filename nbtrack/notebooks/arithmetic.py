"""Functions whose result hangs on nothing but the numbers and texts they are handed: it does not matter whether it was remembered or made anew."""

from __future__ import annotations

import ast

from nbtrack.notebooks.nodes import children, walk

_BUILTINS = frozenset({"abs", "bool", "complex", "divmod", "float", "int", "len", "max", "min", "pow", "range", "round", "str", "sum", "tuple"})
_NODES = (
    ast.arguments, ast.arg, ast.Return, ast.Pass, ast.If, ast.While, ast.For, ast.Break, ast.Continue, ast.Assign, ast.AugAssign, ast.Assert, ast.Raise,
    ast.IfExp, ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Constant, ast.Tuple, ast.Subscript, ast.Slice, ast.GeneratorExp, ast.comprehension,
    ast.JoinedStr, ast.FormattedValue,
)  # fmt: skip


def is_arithmetic(node: ast.AST, own: set[str]) -> bool:
    """Whether a function does nothing but reckon with its arguments, calling itself and a few builtins. Annotations and decorators are not looked at.

    Args:
        own: names that belong to the function.
    """
    if not isinstance(node, ast.FunctionDef) or node.name in own or not _BUILTINS.isdisjoint(own):
        return False
    waiting: list[ast.AST] = [node.args, *node.body]
    while waiting:
        it = waiting.pop()
        if isinstance(it, ast.Name):
            if isinstance(it.ctx, ast.Load) and it.id not in own:
                return False
        elif isinstance(it, ast.Call):
            if not isinstance(it.func, ast.Name) or (it.func.id not in _BUILTINS and it.func.id != node.name):
                return False
            waiting += [*it.args, *it.keywords]
        elif isinstance(it, ast.arg):
            continue
        elif isinstance(it, (ast.Assign, ast.AugAssign, ast.For, ast.comprehension)) and not _binds_names_alone(it):
            return False
        elif isinstance(it, (*_NODES, ast.keyword)) or (isinstance(it, ast.Expr) and isinstance(it.value, ast.Constant)):
            waiting += children(it)
        else:
            return False
    return True


def _binds_names_alone(node: ast.Assign | ast.AugAssign | ast.For | ast.comprehension) -> bool:
    """Whether it puts nothing into an object."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return all(isinstance(it, (ast.Name, ast.Tuple)) for target in targets for it in walk(target))
