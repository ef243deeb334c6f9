"""Where code depends on the order in which a directory lists its files, which nothing defines."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from dataclasses import field

from nbtrack.notebooks.nodes import walk
from nbtrack.records import dataclass

_LISTS = frozenset({"listdir", "scandir", "iterdir", "glob", "iglob", "rglob"})
_WALKS = frozenset({"walk", "fwalk"})
_ORDER_FREE = frozenset(
    {"sorted", "natsorted", "os_sorted", "humansorted", "sort", "unique"}
    | {"sum", "fsum", "len", "min", "max", "any", "all", "set", "frozenset", "Counter", "isinstance", "type", "bool"}
)
_PASS = frozenset({"list", "tuple", "iter", "reversed", "enumerate", "filter", "map", "zip"})
"""What they give has the order of what they get."""
_FREE_METHODS = frozenset({"index", "count", "issubset", "issuperset", "union", "intersection", "difference", "symmetric_difference", "difference_update"})
_REMOVES = frozenset({"remove", "unlink", "rmdir", "rmtree"})
HERE = ""
"""Stands for a listing in the code itself, where others are named by the name that means one."""


@dataclass
class Listings:
    """What a piece of code does with listings of directories."""

    used: set[str] = field(default_factory=set)
    """Whose order counts: `HERE`, and names from before, if one of them means a listing."""
    names: dict[str, str] = field(default_factory=dict)
    """Names that mean a listing when the code has run, each with whose: `HERE`, or a name from before, if that one means a listing."""
    ordered: set[str] = field(default_factory=set)
    """Names that mean none any more, if they did: bound otherwise, or sorted."""

    def of(self, before: set[str]) -> set[str]:
        """Names that mean a listing when the code has run, given those that did before."""
        return {name for name, whose in self.names.items() if whose == HERE or whose in before}


def listings_of(statements: Iterable[ast.AST], own: Collection[str] = ()) -> Listings:
    """What code does with listings; functions inside are left out.

    Args:
        own: names of the function's own, if this is a function's body.
    """
    visitor = _Walk(frozenset(own))
    for it in statements:
        visitor.visit(it)
    return visitor.found


class _Walk(ast.NodeVisitor):
    def __init__(self, own: frozenset[str]) -> None:
        self.found, self._own = Listings(), own

    def visit_FunctionDef(self, node: ast.AST) -> None:
        return

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        listing = self._listing(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._bind(target.id, listing)
            elif isinstance(target, (ast.Tuple, ast.List)):
                self._take(node.value)
                for name in [it.id for it in walk(target) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store)]:
                    self._bind(name, None)
            else:
                self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit_Assign(ast.Assign([node.target], node.value))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit_Assign(ast.Assign([node.target], node.value))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name) and self._listing(node.value) == HERE:
            self._bind(node.target.id, HERE)

    def _bind(self, name: str, listing: str | None) -> None:
        if listing is None:
            self.found.names.pop(name, None)
            self.found.ordered.add(name)
        else:
            self.found.names[name] = listing
            self.found.ordered.discard(name)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        if not all(isinstance(it, ast.Expr) and isinstance(it.value, ast.Call) and _name(it.value) in _REMOVES for it in node.body):
            self._take(node.iter)
        for name in [it.id for it in walk(node.target) if isinstance(it, ast.Name)]:
            self._bind(name, None)
        self.generic_visit(node)

    visit_AsyncFor = visit_For

    def visit_DictComp(self, node: ast.DictComp) -> None:
        for part in node.generators:
            self._take(part.iter)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._take(node.value)
        self.generic_visit(node)

    def _taking(self, node: ast.Starred | ast.FormattedValue | ast.Return | ast.Expr | ast.YieldFrom) -> None:
        if node.value is not None:
            self._take(node.value)
        self.generic_visit(node)

    visit_Starred = visit_FormattedValue = visit_Return = visit_Expr = visit_YieldFrom = _taking

    def visit_Call(self, node: ast.Call) -> None:
        name = _name(node)
        is_method = isinstance(node.func, ast.Attribute)
        if isinstance(node.func, ast.Attribute) and name == "sort" and not node.args and isinstance(node.func.value, ast.Name):
            self._bind(node.func.value.id, None)
        elif isinstance(node.func, ast.Attribute) and name in ("pop", "__getitem__"):
            self._take(node.func.value)
        if name not in _ORDER_FREE | _PASS and not (is_method and name in _FREE_METHODS):
            for value in (*node.args, *(it.value for it in node.keywords)):
                self._take(value)
        self.generic_visit(node)

    def _take(self, node: ast.expr) -> None:
        found = self._listing(node)
        if found is not None:
            self.found.used.add(found)

    def _listing(self, node: ast.expr) -> str | None:
        """`HERE` where an expression is a listing, a name where it is one if that name means one; else None."""
        match node:
            case ast.Name():
                is_none = node.id in self.found.ordered or node.id in self._own
                return self.found.names.get(node.id, None if is_none else node.id)
            case ast.ListComp() | ast.GeneratorExp():
                return self._first(it.iter for it in node.generators)
            case ast.BinOp(op=ast.Add()):
                return self._first((node.left, node.right))
            case ast.IfExp():
                return self._first((node.body, node.orelse))
            case ast.NamedExpr():
                return self._listing(node.value)
            case ast.Call() if _is_listing(node):
                return HERE
            case ast.Call(func=ast.Name(id=name)) if name in _PASS:
                return self._first(node.args)
            case _:
                return None

    def _first(self, nodes: Iterable[ast.expr]) -> str | None:
        found = [it for it in map(self._listing, nodes) if it is not None]
        return HERE if HERE in found else next(iter(found), None)


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _is_listing(node: ast.Call) -> bool:
    name = _name(node)
    return name in _LISTS or (name in _WALKS and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "os")
