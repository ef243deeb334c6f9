"""Params from literals: names the cell binds at its top level, once, to a number, a text, a bool, None or a small collection of them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.entities.ledger import Entry

_ITEMS = 50


class Literals(Source):
    """Top-level literal assignments of the tracked cell."""

    name = "literals"
    kind = "params"

    def before(self, cell: Cell) -> Iterable[Finding]:
        for name, value in literal_bindings(cell.code).items():
            if name not in cell.request.metrics:
                yield Finding("param", name, value, "bound to a literal in the cell")


class Parameters(Source):
    """Literals of the cell that papermill injected, or that says `# parameters` on its first line, for every later cell of the kernel."""

    name = "parameters"
    kind = "params"

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def enter(self, entry: Entry) -> None:
        first = entry.source.lstrip().partition("\n")[0].strip().lower()
        if first in ("# parameters", "#parameters"):
            self._values.update(literal_bindings(entry.code))

    def before(self, cell: Cell) -> Iterable[Finding]:
        for name, value in self._values.items():
            yield Finding("param", name, value, "bound in the parameters cell")


def literal_bindings(code: str) -> dict[str, Any]:
    """Names bound at top level, and nowhere else in the code, to a literal; empty where the code does not parse."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    bound = Counter(_bound_names(tree))
    found: dict[str, Any] = {}
    for statement in tree.body:
        for name, node in _pairs(statement):
            if bound[name] == 1 and not name.startswith("_"):
                try:
                    value = ast.literal_eval(node)
                except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                    continue
                if not isinstance(value, (bytes, type(...))) and not (isinstance(value, (list, tuple, dict, set)) and (not value or len(value) > _ITEMS)):
                    found[name] = value
    return found


def _pairs(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.AnnAssign) and statement.value is not None and isinstance(statement.target, ast.Name):
        yield statement.target.id, statement.value
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
            elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple) and len(target.elts) == len(statement.value.elts):
                yield from ((left.id, right) for left, right in zip(target.elts, statement.value.elts, strict=True) if isinstance(left, ast.Name))


def _bound_names(tree: ast.AST) -> Iterator[str]:
    """Every binding of a name outside functions and classes; a `global` counts as one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
            yield from (name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names)
            continue
        elif isinstance(node, ast.Lambda):
            continue
        yield from _bound_names(node)
