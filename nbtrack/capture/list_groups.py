"""Lists that a loop fills side by side, one for each of several things, `losses = [[], []]`: a curve each, when the cell has ended."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from nbtrack.capture.curves import Kept
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.weave.histories import LISTS, numbers_of
from nbtrack.capture.weave.split import lists_given
from nbtrack.notebooks.nodes import walk

_MOST = 12
"""Lists of one group that are kept."""


class ListGroups(Source):
    """Curves of lists of lists that no figure has named: `losses_0`, `losses_1`."""

    name = "lists of lists"
    kind = "curves"

    def after(self, cell: Cell) -> Iterable[Finding]:
        if cell.entry.tree is None or "append" not in cell.code:
            return
        kept = Kept(cell)
        for name in dict.fromkeys(it for loop in walk(cell.entry.tree) if isinstance(loop, ast.For) for it in lists_given(loop).values()):
            value = cell.namespace.get(name)
            if type(value) is list:
                for number, held in enumerate(value[:_MOST]):
                    if type(held) is list and (numbers := numbers_of(held)) and not kept.has_whole(numbers):
                        yield from kept.take(f"{name}_{number}", numbers, f"{LISTS} filled side by side")
