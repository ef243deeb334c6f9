"""Which containers the code of a cell fills step by step, in whatever way: in loops, in callbacks, in functions that call themselves."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import field

from nbtrack.capture.own_name import snake
from nbtrack.capture.weave.expressions import is_score
from nbtrack.capture.weave.kinds import path_of
from nbtrack.notebooks.nodes import children, walk, walked
from nbtrack.records import dataclass

_ADDS = frozenset(("append", "extend", "appendleft"))
_PLACES = frozenset(("loc", "iloc", "at", "iat"))
_JOINS = frozenset(("concat", "append"))
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


@dataclass
class Filled:
    """Names of variables, attributes and keys."""

    names: set[str] = field(default_factory=set)
    scores: set[str] = field(default_factory=set)
    """Of these, what gets numbers that say themselves what they measure, such as `model.score(X, y)`."""
    emptied: set[str] = field(default_factory=set)
    """What the code empties again: a buffer."""
    frames: set[str] = field(default_factory=set)
    """Tables that get a row in each step of a loop."""


def filled_by(nodes: Iterable[ast.AST]) -> Filled:
    """What statements and definitions fill."""
    found = Filled()
    by_name: list[tuple[str, str]] = []
    bound: dict[str, bool] = {}
    for node in nodes:
        for it in walked(node):
            if isinstance(it, ast.Assign) and len(it.targets) == 1 and isinstance(to := it.targets[0], ast.Name):
                bound[to.id] = bound.get(to.id, True) and isinstance(it.value, ast.Call) and is_score(it.value.func)
            for base, value in _puts(it):
                name = _name_of(base)
                if name:
                    found.names.add(name)
                    if is_score(value):
                        found.scores.add(name)
                    else:
                        by_name.append((name, value.id if isinstance(value, ast.Name) else ""))
            found.emptied.update(_emptied(it))
            if isinstance(it, _LOOPS):
                found.frames.update(_frames(it))
                found.emptied.update(_made_anew(it))
    found.scores.update({name for name, _ in by_name} - {name for name, value in by_name if not bound.get(value, False)})
    return found


def _puts(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """A container, and what is put into it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ADDS and len(node.args) == 1:
        yield node.func.value, node.args[0]
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript):
        yield node.target.value, node.value  # rewards[episode] += reward
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and isinstance(node.value, (ast.List, ast.ListComp)):
        yield node.target, node.value
    elif isinstance(node, ast.Assign):
        value = node.value
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                yield target.value, value
            elif isinstance(value, ast.Call) and path_of(value.func)[-1:] == ["append"] and value.args and ast.unparse(value.args[0]) == ast.unparse(target):
                yield target, value
            elif (
                isinstance(value, ast.BinOp)
                and isinstance(value.op, ast.Add)
                and isinstance(value.right, ast.List)
                and ast.unparse(value.left) == ast.unparse(target)
            ):
                yield target, value.right


def _emptied(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "clear":
        yield _name_of(node.func.value)
    elif isinstance(node, ast.Delete):
        yield from (_name_of(it.value) for it in node.targets if isinstance(it, ast.Subscript) and isinstance(it.slice, ast.Slice))
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.List) and not node.value.elts:  # agent.rewards = [], by others than itself
        for target in node.targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id != "self":
                yield target.attr


def _made_anew(loop: ast.AST) -> Iterator[str]:
    """Lists of one step of a loop: `log_probs, rewards = [], []`."""
    for it in walk(loop):
        if isinstance(it, ast.Assign):
            for target in it.targets:
                pairs = (
                    zip(target.elts, it.value.elts, strict=False) if isinstance(target, ast.Tuple) and isinstance(it.value, ast.Tuple) else [(target, it.value)]
                )
                yield from (to.id for to, value in pairs if isinstance(to, ast.Name) and isinstance(value, ast.List) and not value.elts)


def _frames(loop: ast.AST) -> Iterator[str]:
    for it in walk(loop):
        if isinstance(it, ast.Subscript) and isinstance(it.ctx, ast.Store) and isinstance(it.value, ast.Attribute) and it.value.attr in _PLACES:
            if isinstance(it.value.value, ast.Name):
                yield it.value.value.id
        elif isinstance(it, ast.Assign) and isinstance(it.value, ast.Call) and path_of(it.value.func)[-1:] and path_of(it.value.func)[-1] in _JOINS:
            read = {name.id for name in walk(it.value) if isinstance(name, ast.Name)}
            yield from (target.id for target in it.targets if isinstance(target, ast.Name) and target.id in read)


def _name_of(node: ast.expr) -> str:
    """A variable, an attribute, or the key of an item; what holds an item of an unknown key goes by its own name."""
    if isinstance(node, ast.Subscript):
        key = node.slice
        return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else _name_of(node.value)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def returned_keys(body: Iterable[ast.stmt]) -> dict[str, str]:
    """Keys under which a function gives back what it binds once, in a dict that is written out: `return {"loss": l, "val_loss": vl}`."""
    own = list(_own(body))
    given = [it.value for it in own if isinstance(it, ast.Return) and it.value is not None]
    names = {it.id for it in given if isinstance(it, ast.Name)}
    bound = [it.value for it in own if isinstance(it, ast.Assign) and any(isinstance(target, ast.Name) and target.id in names for target in it.targets)]
    pairs = [pair for it in (*given, *bound) if isinstance(it, ast.Dict) for pair in zip(it.keys, it.values, strict=True)]
    times = Counter(it.id for it in own if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store))
    uses = Counter(it.id for _, it in pairs if isinstance(it, ast.Name))
    return {
        it.id: snake(key.value) for key, it in pairs
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and isinstance(it, ast.Name) and times[it.id] == uses[it.id] == 1
    }  # fmt: skip


def _own(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """What a scope has, without what functions and classes in it have."""
    for node in nodes:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _own(children(node))


def columns_of(tree: ast.Module) -> dict[str, list[str]]:
    """Columns of the tables that are made of lists: `DataFrame(rows, columns=["depth", "score"])`."""
    found: dict[str, list[str]] = {}
    for node in walk(tree):
        if isinstance(node, ast.Call) and path_of(node.func)[-1:] == ["DataFrame"] and node.args and isinstance(node.args[0], ast.Name):
            for keyword in node.keywords:
                if keyword.arg == "columns" and isinstance(keyword.value, (ast.List, ast.Tuple)):
                    found[node.args[0].id] = [str(it.value) if isinstance(it, ast.Constant) else "" for it in keyword.value.elts]
    return found
