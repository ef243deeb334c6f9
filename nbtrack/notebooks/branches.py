"""Walking code in the order of evaluation, knowing which names are surely bound: what a branch binds is sure inside it only."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Sequence


class Branches(ast.NodeVisitor, ABC):
    """The statements that branch, and the patterns that bind; a walk that stands on it says what binding a name comes to."""

    def __init__(self) -> None:
        self.sure: set[str] = set()

    @abstractmethod
    def _bind(self, name: str) -> None:
        """A name is bound here."""

    def _branch(self, *branches: Sequence[ast.AST]) -> None:
        for branch in branches:
            before = set(self.sure)
            for node in branch:
                self.visit(node)
            self.sure = before

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._branch([node.body], [node.orelse])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._branch(*([value] for value in node.values[1:]))

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._branch(*([case.pattern, *([case.guard] if case.guard else []), *case.body] for case in node.cases))

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.pattern is not None:
            self.visit(node.pattern)
        if node.name:
            self._bind(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self._bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest:
            self._bind(node.rest)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        self._branch([*node.body, *node.orelse])
        for handler in node.handlers:
            self._branch((handler,))
        for statement in node.finalbody:
            self.visit(statement)

    visit_TryStar = visit_Try

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.visit(node.type)
        if node.name:
            self._bind(node.name)
        for statement in node.body:
            self.visit(statement)
