"""Which dicts of lists are data, read from a file or made of other data, and no histories."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from nbtrack.capture.kinds import DATA, STORING, call_kind
from nbtrack.capture.own_name import snake
from nbtrack.capture.program import Definition, Program
from nbtrack.capture.provenance import bindings
from nbtrack.capture.weave.keyed import DICTS
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.words import is_history, is_measure, is_measured, is_result
from nbtrack.notebooks.nodes import walk

_ADDS = frozenset(("append", "extend", "setdefault", "update"))
_DEEP = 5
_PART = 3
"""A name among many may say a measure by chance: Baton Rouge."""


def is_data(name: str, value: dict[Any, Any], program: Program) -> bool:
    """Whether nothing speaks for a dict of lists: neither its name nor a good part of its keys, and the code only reads, shapes or writes out what it holds."""
    lists = list(_lists(value))
    said = sum(any(is_measure(snake(key)) or is_history(key) for key in keys) for keys in lists)
    if is_history(name) or is_measure(name) or is_result(name) or said * _PART >= len(lists):
        return False
    made = _Made(program)
    origins = [it for it in made.of.get(name, ()) if not _is_empty(it)]
    return bool(origins) and name not in made.grown and all(made.is_of_data(it, (name,)) for it in origins)


class _Made:
    """What the statements of a program make its names of."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.of: dict[str, list[ast.expr]] = {}
        self.grown: set[str] = set()
        """What gets its values one after the other."""
        for part in program.parts:
            for it in walk(part.node) if not isinstance(part.node, Definition) else ():
                for name, node in _puts(it):
                    self.of.setdefault(name, []).append(node)
                if isinstance(it, ast.Call) and isinstance(it.func, ast.Attribute) and it.func.attr in _ADDS:
                    self.grown.add(_root(it.func.value))
                elif isinstance(it, ast.AugAssign):
                    self.grown.add(_root(it.target))

    def is_of_data(self, node: ast.expr, seen: tuple[str, ...]) -> bool:
        """Whether an expression, with the names it stands on, calls nothing but what reads, makes and shapes data."""
        if len(seen) > _DEEP or any(isinstance(it, ast.Call) and self._is_work(it) for it in walk(node)):
            return False
        names = {it.id for it in walk(node) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Load)} - set(seen)
        return not names & self.grown and all(self.is_of_data(origin, (*seen, name)) for name in names for origin in self.of.get(name, ()))

    def _is_work(self, call: ast.Call) -> bool:
        return call_kind(self._program, call) not in (DATA, STORING) or is_measured((path_of(call.func) or [""])[-1])


def _puts(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that a node binds, or puts an item into, and what with."""
    if isinstance(node, ast.Assign):
        yield from ((_root(target), node.value) for target in node.targets if isinstance(target, ast.Subscript))
    if isinstance(node, ast.stmt) and not isinstance(node, ast.AugAssign):
        yield from bindings(node)
    if isinstance(node, (ast.For, ast.AsyncFor)):
        yield from ((it.id, node.iter) for it in walk(node.target) if isinstance(it, ast.Name))
    if isinstance(node, (ast.With, ast.AsyncWith)):
        yield from ((it.optional_vars.id, it.context_expr) for it in node.items if isinstance(it.optional_vars, ast.Name))


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _lists(items: dict[Any, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys that lead to each list."""
    for key, value in list(items.items()):
        keys = (*before, key) if type(key) is str else before
        if type(value) in DICTS and len(before) < _DEEP:
            yield from _lists(value, keys)
        elif type(value) is list:
            yield keys


def _is_empty(node: ast.expr) -> bool:
    """Whether this is a dict, or a dict of lists, that is filled later."""
    if isinstance(node, ast.Call):
        return path_of(node.func)[-1:] in (["dict"], ["defaultdict"], ["OrderedDict"]) and all(isinstance(it, ast.Name) and it.id == "list" for it in node.args)
    if isinstance(node, ast.DictComp):
        return _is_empty(node.value)
    return all(map(_is_empty, node.values)) if isinstance(node, ast.Dict) else isinstance(node, ast.List) and not node.elts
