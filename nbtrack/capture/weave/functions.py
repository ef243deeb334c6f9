"""What the code of a function says of it: what it returns, whether it is compiled, hands on values, or sums up."""

from __future__ import annotations

import ast

from nbtrack.capture.own_name import own_name
from nbtrack.capture.provenance import bindings
from nbtrack.capture.weave.kinds import path_of
from nbtrack.notebooks.nodes import walk

Function = ast.FunctionDef | ast.AsyncFunctionDef
_COMPILERS = frozenset(("njit", "jit", "vectorize", "guvectorize", "stencil", "cfunc", "script", "compile", "function", "pjit", "pmap", "cython", "kernel"))
"""Decorators whose functions are compiled from what is in them: they may contain nothing they do not know."""
_SUMS = frozenset(("mean", "sum", "average", "len", "std", "nanmean", "fmean"))


def returns_of(tree: ast.Module) -> dict[str, tuple[str, ...]]:
    """What functions that return several values call them: names of a tuple, keys of a dict."""
    found: dict[str, tuple[str, ...]] = {}
    for node in walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for it in walk(node):
                value = it.value if isinstance(it, ast.Return) else None
                if isinstance(value, ast.Tuple):
                    found[node.name] = tuple(own_name(part) for part in value.elts)
                elif isinstance(value, ast.Dict):
                    found[node.name] = tuple(str(key.value) for key in value.keys if isinstance(key, ast.Constant))
    return found


def generators_of(tree: ast.Module) -> set[str]:
    """Functions that hand on one value after the other."""
    return {
        node.name
        for node in walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(isinstance(it, (ast.Yield, ast.YieldFrom)) for it in walk(node))
    }


def is_compiled(function: Function) -> bool:
    """Whether a decorator compiles the function from what is in it."""
    return any(_COMPILERS.intersection(path_of(it)) for it in function.decorator_list)


def summed_up(function: ast.stmt) -> set[str]:
    """Names of lists that a function, or a loop, begins empty, appends to, and takes the mean, the sum or the number of."""
    begun = {name for it in walk(function) if isinstance(it, ast.Assign) for name, value in bindings(it) if isinstance(value, ast.List) and not value.elts}
    if not begun:
        return set()
    within: set[int] = set()
    sums: set[str] = set()
    for it in walk(function):
        if isinstance(it, ast.Call):
            name = (path_of(it.func) or [""])[-1]
            if name in _SUMS:
                inside = {id(inner) for part in it.args for inner in walk(part)}
                sums |= {inner.id for part in it.args for inner in walk(part) if isinstance(inner, ast.Name)} if name != "len" else set()
                within |= inside
            elif name == "append" and isinstance(it.func, ast.Attribute):
                within.add(id(it.func.value))
    used = {it.id for it in walk(function) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Load) and id(it) not in within}
    return (begun & sums) - used
