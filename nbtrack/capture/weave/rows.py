"""Loops through the rows of a table, which show what each case is: no steps of anything."""

from __future__ import annotations

import ast

from nbtrack.capture.weave.expressions import reads
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.scope import Loop, Way
from nbtrack.notebooks.nodes import walk

_ROWS = frozenset(("iloc", "loc", "iat", "at"))
_ITERATES = (["iterrows"], ["itertuples"])
_SHOWS = frozenset(("print", "display", "append", "extend", "write", "add_row"))


def leave_out_cases(loop: Loop) -> None:
    """Where a loop only looks at rows, `table.iloc[j]`, nothing of it is a curve but what lists get; one that carries on weights learns from them."""
    if not isinstance(loop.node, ast.For) or not _goes_through_rows(loop.node) or loop.losses or _carries_on(loop):
        return
    loop.reports = [it for it in loop.reports if it.way is not Way.PRINTED]
    kept = {it.node.id for it in loop.reports if isinstance(it.node, ast.Name)}
    loop.binds = {name: them for name, them in loop.binds.items() if name in kept}


def _goes_through_rows(node: ast.For) -> bool:
    if isinstance(node.iter, ast.Call) and path_of(node.iter.func)[-1:] in _ITERATES:
        return True
    targets = {it.id for it in walk(node.target) if isinstance(it, ast.Name)}
    items = (it for it in walk(node) if isinstance(it, ast.Subscript) and isinstance(it.value, ast.Attribute) and it.value.attr in _ROWS)
    return any(isinstance(part, ast.Name) and part.id in targets for it in items for part in (it.slice.elts if isinstance(it.slice, ast.Tuple) else [it.slice]))


def _carries_on(loop: Loop) -> bool:
    """Whether a step depends on those before it by more than a sum, or changes an object."""
    values = [(name, it) for name, them in loop.binds.items() for it in them]
    for name, it in values:
        if reads(it.value, name) and (not it.adds_to_itself or any(other != name and reads(each.value, name) for other, each in values)):
            return True
    calls = [it.value for it in walk(loop.node) if isinstance(it, ast.Expr) and isinstance(it.value, ast.Call)]
    return any(not _SHOWS.intersection(path_of(it.func)[-1:]) for it in calls)
