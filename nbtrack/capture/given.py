"""What calls of loaders gave, seen at the moment of the call by taps woven around them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from nbtrack.capture.readers import WORDS
from nbtrack.capture.weave import taps
from nbtrack.capture.weave.insert import Transformer, wrap
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.taps import Shape, Tap
from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.nodes import children
from nbtrack.patterns import regex

_LOADERS = regex(r"(read|fetch|make)_\w+|load(_\w+)?|loadtxt|genfromtxt|fromfile|get_rdataset")
_CALLS = 100
"""Most calls of one place that are looked at while a cell runs."""
_PLACES = 100


class _Seen(Tap):
    """Keeps what `look` makes of each value; the value itself is let go."""

    def __init__(self, look: Any) -> None:
        super().__init__(Shape.VALUE)
        self._look = look

    def see(self, value: Any) -> None:
        if len(self.record) >= _CALLS:
            self.off()
            return
        self.record.append(self._look(value))


class Given:
    """Taps around calls of loaders.

    Args:
        look: takes from a loader's result what is to be kept.
    """

    def __init__(self, look: Any) -> None:
        self._look = look
        self.transformer = Transformer(self._weave)
        self._woven: dict[str, list[tuple[ast.Call, _Seen]]] = {}
        """By the code of the cell; calls as the entry's tree has them."""

    def enter(self, entry: Entry) -> None:
        if WORDS.search(entry.code) and taps.NAME not in entry.code:
            self.transformer.arm(entry)
        for _, tap in self._all():
            tap.on()

    def leave(self) -> dict[int, tuple[ast.Call, list[Any]]]:
        """Calls that were made while the cell ran, by `id()`, each with what was kept of its results."""
        self.transformer.disarm()
        found = {id(call): (call, values) for call, tap in self._all() if (values := tap.drain())}
        for _, tap in self._all():
            tap.off()
        return found

    def start(self, shell: Any) -> None:
        self.transformer.start(shell)

    def stop(self) -> None:
        for _, tap in self._all():
            tap.off()
        self.transformer.stop()

    def _weave(self, tree: ast.Module, entry: Entry) -> bool:
        ours, theirs = (list(_loaders(it))[:_PLACES] for it in (entry.tree or tree, tree))
        if not ours or [path_of(it.func) for it in ours] != [path_of(it.func) for it in theirs]:
            return False
        for _, tap in self._woven.get(entry.code, ()):
            tap.off()
        fresh = [(call, _Seen(self._look)) for call in ours]
        wrap(tree, {id(call): tap.index for call, (_, tap) in zip(theirs, fresh, strict=True)})
        for _, tap in fresh:
            tap.on()
        self._woven[entry.code] = fresh
        return True

    def _all(self) -> Iterator[tuple[ast.Call, _Seen]]:
        for them in self._woven.values():
            yield from them


def _loaders(node: ast.AST) -> Iterator[ast.Call]:
    """Calls that may be of loaders, in the order they stand; none in what a decorator may compile from what is in it."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.decorator_list:
        return
    if isinstance(node, ast.Call):
        path = path_of(node.func)
        if path and (_LOADERS.fullmatch(path[-1]) or "datasets" in path[:-1]):
            yield node
    for child in children(node):
        yield from _loaders(child)
