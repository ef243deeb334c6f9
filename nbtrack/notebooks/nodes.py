"""Walks over syntax trees, by which each executed cell is read many times: with less work than those of `ast`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_NO_NODES = {"id", "ctx", "attr", "arg", "asname", "level", "module", "op", "ops", "simple", "conversion", "is_async", "kind", "type_comment"}
"""Fields that hold no node, or only one that says nothing of its own: a context such as Load, an operator such as Add."""
_WALKED = "nodes_below"
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {ast.Constant: ()}


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all that lie below it, in the order of `ast.walk`, without contexts and operators."""
    found = [node]
    for it in found:  # grows as it goes
        found += children(it)
        yield it


def walked(node: ast.AST) -> list[ast.AST]:
    """The same, kept with the node: for statements and trees of cells, which many ask about and nothing changes."""
    kept: dict[str, list[ast.AST]] = vars(node)
    if _WALKED not in kept:
        kept[_WALKED] = list(walk(node))
    return kept[_WALKED]


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below a node, in the order of `ast.iter_child_nodes`, without contexts and operators."""
    fields = _FIELDS.get(type(node))
    if fields is None:
        fields = _FIELDS[type(node)] = tuple(name for name in node._fields if name not in _NO_NODES)
    found: list[ast.AST] = []
    for name in fields:
        value = getattr(node, name, None)
        if type(value) is list:
            found += [it for it in value if isinstance(it, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found
