"""What the names of a program are used for."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import TypeGuard

from nbtrack.capture.kinds import DATA, SHOWING, STORING, WORK, call_kind, is_bar, only_shows
from nbtrack.capture.program import Program
from nbtrack.notebooks.nodes import children, walk
from nbtrack.patterns import regex
from nbtrack.records import dataclass

INDEX = "index"
"""As the index of an item, `x[i]`; the bounds of a slice, `x[:k]`, are a use like others."""
OTHER = "other"
"""In arithmetic, conditions, loops, and whatever else there is."""
KEYS = "keys"
"""As a mapping whose items are read by constant keys, or that is spread with `**`."""
ATTRIBUTES = "attributes"
"""As an object whose attributes are read."""


_LIMITS = regex(r"[xyz]\d?_?(min|max)\d?|(min|max)_?[xyz]\d?", re.I)
_OTHER_END = {"min": "max", "max": "min", "MIN": "MAX", "MAX": "MIN"}
_DRAWN = "uses but for ends of axes"


@dataclass
class Uses:
    """For each name the kinds of its uses."""

    of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def matter(self, name: str, value: object) -> bool:
        """Whether a name's value takes part in the work, and is not only shown, stored or an index."""
        kinds = self.of.get(name, set())
        if isinstance(value, str):
            return bool(kinds & {WORK, OTHER, KEYS, ATTRIBUTES})
        return bool(kinds - {SHOWING, INDEX})  # a number given to `load_data(...)` is no path


def uses_of(program: Program, nodes: Iterable[ast.AST]) -> Uses:
    """Uses of all names in some statements and functions; names local to a function do not count as those outside."""
    visitor = _Walk(program)
    for node in nodes:
        visitor.hidden = set(_own_names(node))
        visitor.see(node, OTHER)
    return visitor.uses


def uses_in(program: Program) -> Uses:
    """Uses in everything that matters to the cell; made once."""
    kept = program.entry.facts.get("uses")
    if not isinstance(kept, Uses):
        kept = uses_of(program, [*(part.node for part in program.parts), *program.reached])
        program.entry.facts["uses"] = kept
    return kept


def is_limit_of_drawing(program: Program, name: str) -> bool:
    """Whether a name is that of an end of an axis, `x_min` beside `x_max`, and no code uses it but to draw, or to compute other such ends."""
    other = re.sub("min|max|MIN|MAX", lambda it: _OTHER_END[it.group()], name)
    if not _LIMITS.fullmatch(name) or not any(other in part.scope.writes for part in program.parts):
        return False  # a minimum that was found may be drawn, too
    kept: Uses | None = program.entry.facts.get(_DRAWN)
    if kept is None:
        nodes: list[ast.AST] = [*(part.node for part in program.parts), *program.reached]
        kept = program.entry.facts[_DRAWN] = uses_of(program, [it for it in nodes if not _sets_limit(it)])
    kinds = set(kept.of.get(name, ()))
    for it in (part.node for part in program.parts if _sets_limit(part.node)):
        if any(isinstance(inner, ast.Name) and inner.id == name and isinstance(inner.ctx, ast.Load) for inner in walk(it)):
            kinds |= {kind for target in it.targets if isinstance(target, ast.Name) for kind in kept.of.get(target.id, {OTHER})}
    return SHOWING in kinds and kinds <= {SHOWING, INDEX}


def _sets_limit(node: ast.AST) -> TypeGuard[ast.Assign]:
    return isinstance(node, ast.Assign) and all(isinstance(it, ast.Name) and _LIMITS.fullmatch(it.id) for it in node.targets)


def _own_names(node: ast.AST) -> Iterator[str]:
    """Arguments and local names of a function; a class's methods are looked at one by one."""
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    declared = {name for it in walk(node) if isinstance(it, (ast.Global, ast.Nonlocal)) for name in it.names}
    for it in walk(node):
        if isinstance(it, ast.arg):
            yield it.arg
        elif isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store) and it.id not in declared:
            yield it.id


class _Walk:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.uses = Uses()
        self.hidden: set[str] = set()

    def see(self, node: ast.AST, kind: str) -> None:
        """Note what names below `node` are used for, where what is around them is of this kind."""
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load) and node.id not in self.hidden:
                self.uses.of[node.id].add(kind)
        elif isinstance(node, ast.Call):
            self._call(node, kind)
        elif isinstance(node, ast.Subscript):
            self._subscript(node, kind)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            self.see(node.value, ATTRIBUTES if kind in (OTHER, WORK, DATA) else kind)
        elif isinstance(node, (ast.JoinedStr, ast.FormattedValue)) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and is_text(node.left)):
            self._children(node, SHOWING)
        elif isinstance(node, ast.Expr) and isinstance(node.value, (ast.Name, ast.Attribute, ast.Subscript, ast.Tuple)):
            self._children(node, SHOWING)  # a last expression is displayed
        elif isinstance(node, ast.If) and _is_switch(node.test) and only_shows(self.program, [*node.body, *node.orelse]):
            self.see(node.test, SHOWING)
            for part in (*node.body, *node.orelse):
                self.see(part, kind)
        elif isinstance(node, ast.While) and _is_switch(node.test):
            self.see(node.test, INDEX)  # it only says whether to go on
            for part in (*node.body, *node.orelse):
                self.see(part, kind)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            before = self.hidden
            self.hidden = before | set(_own_names(node))
            self._children(node, OTHER)
            self.hidden = before
        else:
            self._children(node, kind)

    def _children(self, node: ast.AST, kind: str) -> None:
        for child in children(node):
            self.see(child, kind)

    def _call(self, node: ast.Call, around: str) -> None:
        inside = call_kind(self.program, node)
        if is_bar(self.program.dotted(node.func)):
            inside = around
        elif inside == DATA and around in (SHOWING, STORING):
            inside = around  # print(round(np.sqrt(x))) only shows
        self.see(node.func, inside if isinstance(node.func, ast.Name) else around)
        for part in node.args:
            self.see(part, inside)
        for keyword in node.keywords:
            if keyword.arg is None and isinstance(keyword.value, ast.Name):
                self.see(keyword.value, KEYS if inside == WORK else inside)
            else:
                self.see(keyword.value, inside)

    def _subscript(self, node: ast.Subscript, kind: str) -> None:
        is_key = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
        self.see(node.value, KEYS if is_key and kind in (OTHER, WORK, DATA) else kind)
        for part in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
            if isinstance(part, ast.Slice):
                self._children(part, kind)
            else:
                self.see(part, INDEX)


def _is_switch(test: ast.expr) -> bool:
    """`if INTERACTIVE`, `if not quiet`."""
    return isinstance(test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else test, ast.Name)


def is_text(node: ast.AST) -> bool:
    """Whether this is a text that is written out, with or without values in it."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)))
