"""Names of a cell, from its syntax tree: what it reads from before, binds, deletes and may change in place."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from nbtrack.entities.ledger import Scope
from nbtrack.notebooks.branches import Branches
from nbtrack.notebooks.nodes import children, walk

_BUILTINS = frozenset(dir(builtins))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def parse(code: str) -> ast.Module | None:
    """The tree of Python code, with top-level await; None where it does not parse."""
    try:
        tree = compile(code, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if isinstance(tree, ast.Module) else None


def scope_of(tree: ast.Module | None) -> Scope:
    """Scope of a cell; empty where it did not parse."""
    if tree is None:
        return Scope()
    visitor = _Walk()
    try:
        for statement in tree.body:
            visitor.visit(statement)
    except RecursionError:
        return Scope()
    return Scope(
        frozenset(name for name in visitor.reads if name not in _BUILTINS or name in visitor.writes), frozenset(visitor.writes), frozenset(visitor.deletes),
        frozenset(visitor.mutates), {name: frozenset(reads) for name, reads in visitor.functions.items()}, visitor.has_star_import,
    )  # fmt: skip


class _Walk(Branches):
    """Walks top-level code in the order of evaluation; a name bound only in a branch still counts as read when it is used later."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.deletes: set[str] = set()
        self.mutates: set[str] = set()
        self.functions: dict[str, set[str]] = {}
        self.has_star_import = False

    def _read(self, name: str) -> None:
        if name not in self.sure:
            self.reads.add(name)

    def _bind(self, name: str) -> None:
        self.writes.add(name)
        self.sure.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id)
        else:
            self._read(node.id)
            self.deletes.add(node.id)
            self.sure.discard(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._target(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._target(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        for name in _root(node.target):
            self._read(name)
            self.mutates.add(name)
        self.visit(node.value)
        self._target(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bind(node.target.id)

    def _target(self, node: ast.expr) -> None:
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            self.mutates.update(_root(node))
        self.visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            self.mutates.update(_root(node.func.value))
        self.generic_visit(node)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._branch([node.target, *node.body], node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._branch(node.body, node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branch(node.body, node.orelse)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.has_star_import = True
            else:
                self._bind(alias.asname or alias.name)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *(it for it in node.args.kw_defaults if it is not None)):
            self.visit(part)
        self._define(node.name, node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(part)
        self._define(node.name, node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for name in free_names(node):
            self._read(name)

    def _define(self, name: str, node: ast.AST) -> None:
        free = set(free_names(node))
        self.functions.setdefault(name, set()).update(free)
        self._bind(name)
        for declared in (name for inner in walk(node) if isinstance(inner, ast.Global) for name in inner.names):
            self.writes.add(declared)
        for read in free - {name}:
            self._read(read)

    def _comprehension(self, node: ast.AST) -> None:
        for name in free_names(node):
            self._read(name)
        for inner in walk(node):
            if isinstance(inner, ast.NamedExpr):
                self._bind(inner.target.id)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


def free_names(node: ast.AST) -> Iterator[str]:
    """Names that a function, class, lambda or comprehension takes from around it; a class body's own names are its own."""
    bound: set[str] = set()
    outside: set[str] = set()
    inner: list[str] = []
    for child in _own(node):
        if isinstance(child, (ast.Global, ast.Nonlocal)):
            outside.update(child.names)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, (ast.Store, ast.Del)):
            bound.add(child.id)
        elif isinstance(child, ast.Name):
            inner.append(child.id)
        elif isinstance(child, ast.arg):
            bound.add(child.arg)
        elif (isinstance(child, ast.ExceptHandler) and child.name) or (isinstance(child, (ast.MatchAs, ast.MatchStar)) and child.name):
            bound.add(child.name)
        elif isinstance(child, ast.alias):
            bound.add(child.asname or child.name.partition(".")[0])
        elif isinstance(child, (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)) and child is not node:
            if not isinstance(child, (ast.Lambda, *_COMPREHENSIONS)):
                bound.add(child.name)
            inner.extend(free_names(child))
    yield from (name for name in dict.fromkeys(inner) if name in outside or name not in bound)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes below `node`, nested functions, classes and comprehensions as one node each."""
    waiting = children(node)
    while waiting:
        child = waiting.pop(0)
        yield child
        if not isinstance(child, (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)):
            waiting = [*children(child), *waiting]


def _root(node: ast.expr) -> list[str]:
    """The name an expression such as `a.b[0].c` begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return [node.id] if isinstance(node, ast.Name) else []
