"""What the calls of one function are handed that no name holds, as in `report(y, model.predict(X))`: seen at the moment of the call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from nbtrack.capture.calls import argument
from nbtrack.capture.weave import taps
from nbtrack.capture.weave.insert import Transformer, wrap
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.taps import Shape, Tap
from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.nodes import walk, walked


class _Holds(Tap):
    """Keeps the one value that came; of several nobody could say which was meant."""

    def __init__(self) -> None:
        super().__init__(Shape.VALUE)

    def see(self, value: Any) -> None:
        self.record.append(value)
        if len(self.record) > 1:
            self.record.clear()
            self.off()


class Handed:
    """Of tracked cells.

    Args:
        function: its name, as calls end with it.
        names: those of the arguments, in order.
    """

    def __init__(self, function: str, *names: str) -> None:
        self._function, self._names = function, names
        self.transformer = Transformer(self._weave)
        self._taps: dict[tuple[int, int], _Holds] = {}
        """By the `id()` of the call in the entry's tree, and the argument's place."""

    def start(self, shell: Any) -> None:
        self.transformer.start(shell)

    def stop(self) -> None:
        self.take()
        self.transformer.stop()

    def enter(self, entry: Entry) -> None:
        """A tracked cell is about to run."""
        if self._function in entry.code and taps.NAME not in entry.code:
            self.transformer.arm(entry)

    def take(self) -> dict[tuple[int, int], Any]:
        """What was handed since; it is let go here."""
        self.transformer.disarm()
        found = {where: values[0] for where, tap in self._taps.items() if (values := tap.drain())}
        for tap in self._taps.values():
            tap.off()
        self._taps = {}
        return found

    def _weave(self, tree: ast.Module, entry: Entry) -> bool:
        ours, theirs = list(self._calls(walked(entry.tree or tree))), list(self._calls(walk(tree)))
        if len(ours) != len(theirs):
            return False
        for own, call in zip(ours, theirs, strict=True):
            for at, name in enumerate(self._names):
                node = argument(call, at, name)
                if isinstance(node, (ast.Call, ast.BinOp, ast.Compare, ast.Subscript)):
                    tap = self._taps[id(own), at] = _Holds()
                    wrap(tree, {id(node): tap.index})
                    tap.on()
        return True

    def _calls(self, nodes: list[ast.AST] | Iterator[ast.AST]) -> Iterator[ast.Call]:
        yield from (it for it in nodes if isinstance(it, ast.Call) and path_of(it.func)[-1:] == [self._function])
