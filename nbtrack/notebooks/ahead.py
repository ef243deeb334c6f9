"""A cell before it runs: the names it touches, which are wanted at once, and all else its code tells, which can wait."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.body import Body
from nbtrack.notebooks.effects import effects_of
from nbtrack.notebooks.nodes import walked
from nbtrack.notebooks.shell_calls import cell_magic

_HIDING = frozenset(
    {
        ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
        ast.Import, ast.ImportFrom, ast.ExceptHandler, ast.Match, ast.Global, ast.AugAssign,
    }
)  # fmt: skip
"""Code that has names of its own, binds some that are no nodes, or reads what it binds."""
_TELLING = frozenset({"globals", "locals", "vars", "dir", "get_ipython"})
"""Names by which code comes to others that only a text tells."""


class Ahead:
    """What is asked of a cell's code before the cell is in the history. Its tree has to stay as it is until then."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._body: Body | None = None
        names = names_in(entry.tree) if cell_magic(entry.source) is None else None
        self._is_plain = names is not None
        self.reads: Collection[str]
        """Names that it reads at all."""
        self.binds: Collection[str]
        self.reads, self.binds = names if names is not None else (self.body.mentions, self.body.writes)

    @property
    def body(self) -> Body:
        """All the code does."""
        if self._body is None:
            self._body = effects_of(self.entry.code, self.entry.source, self.entry.tree, is_ahead=True)
        return self._body

    @property
    def functions(self) -> Mapping[str, Body]:
        """What the functions, classes and lambdas it binds do when they are called."""
        return {} if self._is_plain else self.body.functions


def names_in(tree: ast.Module | None) -> tuple[set[str], set[str]] | None:
    """Names that plain code reads, and those it binds, at a fraction of what it takes to tell all its effects; None where only these tell."""
    reads, binds = set[str](), set[str]()
    for node in walked(tree) if tree is not None else ():
        kind = type(node)
        if kind is ast.Name:
            (binds if type(node.ctx) is ast.Store else reads).add(node.id)  # type: ignore[attr-defined]
        elif kind in _HIDING:
            return None
    return (reads, binds) if reads.isdisjoint(_TELLING) else None
