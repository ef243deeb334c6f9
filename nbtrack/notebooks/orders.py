"""Where code goes through a set in the order of its hashes, which for texts and objects is another in each process."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from nbtrack.notebooks.nodes import walk

_ORDER_FREE = frozenset({"sorted", "sum", "len", "min", "max", "any", "all", "set", "frozenset", "Counter", "isinstance", "print"})
_TIES = frozenset({"sorted", "min", "max"})
"""Of these, what is alike by a key comes in the order it had."""
_GO_THROUGH = frozenset({"str", "repr", "format", "list", "tuple", "enumerate", "iter", "zip", "map", "filter", "next", "deque", "array"})
_TAKE_ALL = frozenset({"join", "extend", "fromkeys"})
_SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
_TEXT_METHODS = frozenset({"findall", "glob", "iterdir", "listdir", "lower", "read", "readlines", "rsplit", "split", "splitlines", "strip", "upper"})
ANY, TEXT = "*", "'"
"""Among the names of an order: a name of a function's own, and a text that stands in the code."""

Order = tuple[frozenset[str], bool]
"""Names whose values tell what the set holds, and whether it is surely a set; otherwise it is one if such a name's value is."""


def orders_of(statements: Iterable[ast.AST], own: Collection[str] = ()) -> set[Order]:
    """Each place where the order of a set counts; functions inside are left out.

    Args:
        own: names of the function's own, if this is a function's body.
    """
    visitor = _Walk()
    for it in statements:
        visitor.visit(it)
    return {(frozenset(ANY if name in own else name for name in names), is_sure) for names, is_sure in visitor.found}


class _Walk(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: set[Order] = set()
        self._sets: dict[str, frozenset[str]] = {}

    def visit_FunctionDef(self, node: ast.AST) -> None:
        return

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        found = self._set(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._sets.pop(target.id, None)
                if found is not None and found[1]:
                    self._sets[target.id] = found[0] | {target.id}  # what it holds then tells, too

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._take(node.iter)
        self.generic_visit(node)

    visit_AsyncFor = visit_For

    def _comprehension(self, node: ast.ListComp | ast.DictComp | ast.GeneratorExp) -> None:
        for part in node.generators:
            self._take(part.iter)
        self.generic_visit(node)

    visit_ListComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_Starred(self, node: ast.Starred) -> None:
        self._take(node.value)
        self.generic_visit(node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        self._take(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name == "print" or (name in _TIES and any(it.arg == "key" for it in node.keywords)):
            for value in node.args:
                self._take(value)
        if name in _ORDER_FREE:
            for value in (*node.args, *(it.value for it in node.keywords)):
                if isinstance(value, (ast.ListComp, ast.GeneratorExp)):
                    super().generic_visit(value)  # what it goes through, in whatever order, comes to the same
                else:
                    self.visit(value)
            return
        if name in (_TAKE_ALL if isinstance(node.func, ast.Attribute) and name != "array" else _GO_THROUGH):
            for value in node.args:
                self._take(value)
        elif name == "pop" and isinstance(node.func, ast.Attribute) and not node.args:
            self._take(node.func.value)
        self.generic_visit(node)

    def _take(self, node: ast.expr) -> None:
        found = self._set(node)
        if found is not None:
            self.found.add(found)

    def _set(self, node: ast.expr) -> Order | None:
        """What an expression is as a set; None where it is none."""
        if isinstance(node, ast.Name):
            return (self._sets[node.id], True) if node.id in self._sets else (frozenset({node.id}), False)
        if isinstance(node, (ast.Set, ast.SetComp)):
            return _names(node), True
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)):
            sides = [it for it in (self._set(node.left), self._set(node.right)) if it is not None]
            return (frozenset().union(*(names for names, _ in sides)), any(is_sure for _, is_sure in sides)) if sides else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset") and node.args:
            return _names(*node.args), True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SET_METHODS:
            return self._set(node.func.value)
        return None


def _names(*nodes: ast.AST) -> frozenset[str]:
    found = {it.id for node in nodes for it in walk(node) if isinstance(it, ast.Name)}
    return frozenset(found | {TEXT} if any(map(_holds_text, nodes)) else found)


def _holds_text(node: ast.AST) -> bool:
    """Whether the code alone tells that there are texts: those in a display, or what a method of texts gives."""
    match node:
        case ast.Constant():
            return isinstance(node.value, (str, bytes))
        case ast.Set() | ast.List() | ast.Tuple():
            return any(map(_holds_text, node.elts))
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in _TEXT_METHODS
        case _:
            return False
