"""Putting taps into a tree. What is inserted carries the place of what it follows: no line more is seen by tracebacks, debuggers and coverage."""

from __future__ import annotations

import ast
import contextlib
import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from nbtrack.capture.weave import taps
from nbtrack.capture.weave.expressions import blocks_of
from nbtrack.capture.weave.scope import Loop
from nbtrack.capture.weave.spot import Spot
from nbtrack.capture.weave.taps import NAME, Shape, Tap
from nbtrack.capture.weave.values import ABOUT
from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.nodes import walk
from nbtrack.records import dataclass

_MAGICS = ("%%time", "%%capture")
"""Cell magics that give their body to IPython's transformers."""


class Transformer(ast.NodeTransformer):
    """What IPython calls with each tree before it is compiled: while a cell is armed, for with any transformer it walks every tree once more.

    Args:
        weave: weaves taps into a tree that may be the armed cell's, and says whether it was.
    """

    def __init__(self, weave: Callable[[ast.Module, Entry], bool]) -> None:
        self._weave = weave
        self._shell: Any = None
        self._armed: dict[int, Entry] = {}
        """By thread."""
        self._stands = False

    def start(self, shell: Any) -> None:
        """From now on cells of this shell may be armed."""
        self._shell = shell
        if hasattr(shell, "ast_transformers"):
            taps.install(shell.user_ns, shell.user_ns_hidden)

    def stop(self) -> None:
        """All is as before `start`."""
        self._armed.clear()
        self._withdraw()
        if hasattr(self._shell, "ast_transformers"):
            taps.uninstall(self._shell.user_ns, self._shell.user_ns_hidden)

    def arm(self, entry: Entry) -> None:
        """The cell that this thread begins to execute is to be woven into; one below a magic that does not call transformers is not."""
        magic = magic_of(entry)
        if entry.tree is None or not entry.tree.body or (magic and not magic.startswith(_MAGICS)):
            return
        self._armed[threading.get_ident()] = entry
        if not self._stands and hasattr(self._shell, "ast_transformers"):
            them = self._shell.ast_transformers
            them.insert(sum(type(it) is Transformer for it in them), self)  # before the user's, which may change the tree or fail
            self._stands = True

    def disarm(self) -> None:
        """It has ended."""
        self._armed.pop(threading.get_ident(), None)
        if self._stands and not self._armed:
            self._withdraw()

    def _withdraw(self) -> None:
        self._stands = False
        if self in getattr(self._shell, "ast_transformers", ()):  # the cell may have put another list in its place
            self._shell.ast_transformers.remove(self)

    def visit(self, node: ast.AST) -> ast.AST:
        entry = self._armed.get(threading.get_ident())
        if entry is None or entry.tree is None or not isinstance(node, ast.Module) or len(node.body) != len(entry.tree.body):
            return node
        with contextlib.suppress(Exception):  # a cell without taps is what the user wrote
            if self._weave(node, entry):
                self._armed.pop(threading.get_ident(), None)
        return node


def magic_of(entry: Entry) -> str:
    """The line of another cell magic than `%%track` that stands above the cell's code; empty where there is none."""
    body = (entry.source.partition("\n")[2] if entry.source.startswith("%%track") else entry.source).lstrip()
    return body.partition("\n")[0] if body.startswith("%%") else ""


def insert(tree: ast.Module, spots: Iterable[Spot], tap_for: Callable[[Spot, Shape, bool], Tap]) -> None:
    """Weave taps for the spots into the tree, in place.

    Args:
        tap_for: gives the tap of a spot, in its shape; True where it needs to know the steps of an outer loop.
    """
    values: dict[int, int] = {}
    above: dict[int, dict[int, int]] = {}
    blocks = {id(inner): block for node in walk(tree) for block in _lists(node) for inner in block if isinstance(inner, (ast.For, ast.AsyncFor, ast.While))}
    begin: list[tuple[Spot, Tap]] = []
    splits: dict[int, ast.expr] = {}

    def allot(spot: Spot, shape: Shape, has_outer: bool) -> Tap:
        tap = tap_for(spot, shape, has_outer)
        if spot.begins_anew:
            begin.append((spot, tap))
        return tap

    for spot in spots:
        has_outer = spot.loop.parent is not None
        if spot.node is not None:
            if id(spot.node) in values:
                continue
            index = allot(spot, Shape.VALUE, has_outer).index
            values |= {id(node): index for node in (spot.node, *spot.also)}
            splits |= {id(node): spot.split for node in (spot.node, *spot.also) if spot.split is not None}
            continue
        if spot.assignment is not None:
            tap = allot(spot, Shape.TARGET, has_outer)
            last = spot.assignment.targets[-1]
            spot.assignment.targets.append(ast.copy_location(ast.Attribute(_item(tap.index, last), "into", ast.Store()), last))
            continue
        walrus = [it for it in spot.bindings if isinstance(it.node, ast.NamedExpr)]
        if walrus:
            tap = allot(spot, Shape.VALUE, False)
            values.update((id(it.value), tap.index) for it in walrus)
            continue
        tap = allot(spot, Shape.CALL, has_outer)
        statements = {id(it.statement): it.node for it in spot.bindings if it.statement is not None and it.node is not None}
        if id(spot.loop) not in above:
            above[id(spot.loop)] = dict(_above(spot.loop.node.body, 0))
        _cover(spot.loop.node.body, _Call(tap, spot.variable, spot.split), statements, _holding(statements, above[id(spot.loop)]))
        if has_outer and spot.loop.parent is not None and tap.boundary is not None:
            _mark(spot.loop, spot.loop.parent, tap.boundary)
    for spot, tap in begin:
        loop = spot.begin.node
        block = blocks[id(loop)]
        first = spot.begun if spot.begun is not None and spot.begun in block[: block.index(loop)] else loop
        block.insert(block.index(first), _sign(tap.add_boundary(), ast.Tuple([], ast.Load()), _start(first)))
    if values:
        wrap(tree, values, splits)


def wrap(tree: ast.AST, values: dict[int, int], splits: Mapping[int, ast.expr] = MappingProxyType({})) -> None:
    """Wrap expressions, told by `id()`, in the taps of these places.

    Args:
        splits: for some of them what may hold a word; the tap gets the value with it.
    """
    _Wrap(values, splits).visit(tree)


@dataclass(frozen=True)
class _Call:
    """What is called where a name was bound."""

    tap: Tap
    name: str
    split: ast.expr | None

    def at(self, where: ast.expr) -> ast.stmt:
        value: ast.expr = ast.copy_location(ast.Name(self.name, ast.Load()), where)
        if self.split is not None:
            value = _about(self.split, value, where)
        call = ast.Call(_item(self.tap.index, where), [value], [])
        act = ast.copy_location(ast.Expr(ast.copy_location(call, where)), where)
        return ast.copy_location(ast.If(_item(self.tap.switch, where), [act], []), where)


def _cover(block: list[ast.stmt], call: _Call, statements: dict[int, ast.expr], holding: set[int], *, sure: bool = False, need: bool = False) -> None:
    """Put a tap where the block has bound the name for the last time: once on every way through it, as far as that is possible.

    Args:
        holding: of every statement that binds the name, or has one in its blocks, the `id()`.
        sure: the name is bound before the block.
        need: a way through the block that does not bind the name gets a tap too.
    """
    binding = [at for at, statement in enumerate(block) if id(statement) in holding]
    if not binding:
        if need:
            block.insert(0, call.at(_start(block[0])))
        return
    last = binding[-1]
    statement = block[last]
    if id(statement) in statements and not blocks_of(statement):
        block.insert(last + 1, call.at(statements[id(statement)]))
        return
    sure = sure or any(id(block[at]) in statements for at in binding[:-1])
    if sure and last + 1 < len(block):
        block.insert(last + 1, call.at(_start(block[last + 1])))
        return
    if isinstance(statement, ast.If):
        _cover(statement.body, call, statements, holding, sure=sure, need=sure)
        if statement.orelse:
            _cover(statement.orelse, call, statements, holding, sure=sure, need=sure)
        elif sure:
            statement.orelse = [call.at(_start(statement))]
    else:
        for below in blocks_of(statement):
            _cover(below, call, statements, holding, sure=sure, need=sure and isinstance(statement, (ast.With, ast.AsyncWith)))
    if not sure:
        for at in binding[:-1]:
            for below in blocks_of(block[at]):
                _cover(below, call, statements, holding)


def _above(block: list[ast.stmt], holder: int) -> Iterator[tuple[int, int]]:
    """Of every statement in the block and the blocks in it: its `id()`, and that of the statement whose block it is in; 0 on top."""
    for statement in block:
        yield id(statement), holder
        for below in blocks_of(statement):
            yield from _above(below, id(statement))


def _holding(statements: Iterable[int], above: dict[int, int]) -> set[int]:
    """The statements and all those around them. Looked up from below: looking down for every name would cost the square of a long body."""
    found: set[int] = set()
    for statement in statements:
        at = statement
        while at and at not in found:
            found.add(at)
            at = above.get(at, 0)
    return found


def _mark(inner: Loop, outer: Loop, index: int) -> None:
    """Mark the end of the inner loop among its values."""
    for block in _blocks_within(outer.node.body):
        for at, statement in enumerate(block):
            if statement is inner.node:
                where = _start(block[at + 1]) if at + 1 < len(block) else _start(statement)
                block.insert(at + 1, _sign(index, ast.Constant(...), where))
                return


def _blocks_within(block: list[ast.stmt]) -> Iterable[list[ast.stmt]]:
    yield block
    for statement in block:
        for below in blocks_of(statement):
            yield from _blocks_within(below)


def _lists(node: ast.AST) -> Iterable[list[ast.stmt]]:
    """The blocks of a node."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def _sign(index: int, sign: ast.expr, where: ast.expr) -> ast.stmt:
    call = ast.Call(_item(index, where), [ast.copy_location(sign, where)], [])
    return ast.copy_location(ast.Expr(ast.copy_location(call, where)), where)


def _start(statement: ast.stmt) -> ast.expr:
    """A place on the first line of a statement."""
    first = min((it.lineno for it in getattr(statement, "decorator_list", [])), default=statement.lineno)
    return ast.Constant(None, lineno=first, col_offset=statement.col_offset, end_lineno=first, end_col_offset=statement.col_offset)


def _item(index: int, where: ast.expr) -> ast.expr:
    name = ast.copy_location(ast.Name(NAME, ast.Load()), where)
    return ast.copy_location(ast.Subscript(name, ast.copy_location(ast.Constant(index), where), ast.Load()), where)


def _about(word: ast.expr, value: ast.expr, where: ast.expr) -> ast.expr:
    """`(word, value, ABOUT)`."""
    copied: ast.expr = copy.deepcopy(word)
    for it in walk(copied):
        ast.copy_location(it, where)
    return ast.copy_location(ast.Tuple([copied, value, ast.copy_location(ast.Constant(ABOUT), where)], ast.Load()), where)


class _Wrap(ast.NodeTransformer):
    """Wraps expressions in taps that give back what they get."""

    def __init__(self, values: dict[int, int], splits: Mapping[int, ast.expr]) -> None:
        self._values, self._splits = values, splits

    def visit(self, node: ast.AST) -> ast.AST:
        index = self._values.get(id(node))
        seen: ast.AST = self.generic_visit(node)
        if index is None or not isinstance(node, ast.expr):
            return seen
        word = self._splits.get(id(node))
        item = ast.copy_location(ast.Tuple([node if word is None else _about(word, node, node)], ast.Load()), node)
        call = ast.copy_location(ast.Call(_item(index, node), [item], []), node)
        return call if word is None else ast.copy_location(ast.Subscript(call, ast.copy_location(ast.Constant(1), node), ast.Load()), node)
