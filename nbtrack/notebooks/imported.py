"""What imports bind, and which names of a function nothing else binds."""

from __future__ import annotations

import ast
from collections import Counter

from nbtrack.notebooks.expressions import bound_in
from nbtrack.notebooks.nodes import children


def imported_by(function: ast.AST) -> dict[str, str]:
    """Names of a function's own that nothing but its imports binds, each with the full name of what it imports; functions inside it left out."""
    found: dict[str, str] = {}
    counts = Counter[str]()
    waiting: list[ast.AST] = children(function)
    while waiting:
        child = waiting.pop()
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            for alias in child.names:
                name, dotted = imported(child, alias)
                found[name] = dotted
                counts[name] += 1
        waiting.extend(children(child))
    every = Counter(bound_in(function)) if found else counts
    return {name: dotted for name, dotted in found.items() if every[name] == counts[name]}


def imported(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> tuple[str, str]:
    """The name that a part of an import binds, and the full name of what it means then."""
    if isinstance(node, ast.ImportFrom):
        return alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"
    name = alias.asname or alias.name.partition(".")[0]
    return name, alias.name if alias.asname else name
