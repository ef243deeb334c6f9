"""Curves in dicts that keep what was measured under the setting it was measured with: `scores[k] = ...`, `returns[epsilon][alpha] = ...`."""

from __future__ import annotations

import ast
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from dataclasses import field
from typing import Any

from nbtrack.capture.own_name import own_name, snake
from nbtrack.capture.source import Cell
from nbtrack.capture.weave.expressions import is_score
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.values import is_number, text_of
from nbtrack.capture.weave.words import is_history, is_measure, is_result, is_step
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex
from nbtrack.records import dataclass

DICTS = frozenset((dict, OrderedDict, defaultdict))
ITEMS = "curves: items of dicts"
"""Of an entry: the items that are points of a curve, as `name[path]`."""
CLASSES = "curves: dicts by class"
"""Of an entry: the dicts whose keys are classes: a number each, and no curve."""
_CLASS = regex(r"(^|_)(cls|klass|class|label|lbl|digit|category|cluster)(_?(id|idx|nr|no|number))?$")
_MOST = 200
"""Items of a dict beyond which it is data."""
_DEEP = 3
_GROUPS = 20
_SETTINGS = 12
"""Settings each of which may have a curve of its own."""
_MEMBERS = 4
"""Most numbers of a tuple that are several measures."""
_Path = tuple[tuple[str, bool], ...]
"""Keys in words and settings; True where it is a setting."""
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_GOES_THROUGH = frozenset(("enumerate", "zip", "items", "range", "sorted", "reversed", "list", "tuple"))


@dataclass
class Group:
    """Items of a dict that differ in one setting alone, in the order they came."""

    name: str
    """What else their keys say: words, and settings of dicts around."""
    is_word: bool
    """The name is a word that stands below the setting: `results[k]["mse"]`."""
    paths: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)


def groups_of(items: dict[Any, Any]) -> list[Group]:
    """The numbers and lists of a dict and of the dicts it holds, by what their keys have in common but for the last setting."""
    found: dict[str, Group] = {}
    for path, text, value in _leaves(items, (), "", 0):
        at = max((at for at, (_, is_setting) in enumerate(path) if is_setting), default=-1)
        if at < 0:
            continue
        name = ".".join(word for other, (word, _) in enumerate(path) if other != at)
        is_word = at == 0 and len(path) == 2
        group = found.setdefault(name, Group(name, is_word))
        group.paths.append(text)
        group.values.append(value)
    return list(found.values())


def curves_by_setting(name: str, value: dict[Any, Any], cell: Cell) -> Iterator[tuple[str, list[Any], str, str]]:
    """Name, values, the rule and another name of each curve in a dict that the cell fills."""
    groups = groups_of(value)
    puts = _Puts(name, cell) if groups else None
    if puts is None or not puts.values or puts.is_matrix or len(groups) > _GROUPS:
        return
    if puts.is_by_class:
        cell.entry.facts.setdefault(CLASSES, set()).add(name)
        return
    kept: set[str] = cell.entry.facts.setdefault(ITEMS, set())
    is_plain = len(groups) == 1 and not groups[0].name and all(type(key) is not tuple for key in value)
    for group in groups:
        group.name = puts.members.get(group.name, group.name)
        is_said = puts.is_said or is_measure(snake(group.name.rpartition(".")[2]))
        if len(group.values) > 1 and all(is_number(it) for it in group.values):
            if is_said or (is_plain and puts.is_filled and any(it != group.values[0] for it in group.values)):
                kept.update(f"{name}[{path}]" for path in group.paths)
                full = f"{name}.{group.name}" if group.name else name
                is_own = group.is_word and is_measure(snake(group.name))
                yield group.name if is_own else full, group.values, f"values of the dict {name}, one for each of several settings", full
        elif is_said and not puts.is_by_step and len(groups) <= _SETTINGS:
            lists = [(path, it) for path, it in zip(group.paths, group.values, strict=True) if not is_number(it)]
            if len(lists) > _SETTINGS and cell.run is not None:
                cell.run.notice(f"{name} has lists for {len(lists)} settings; those of the first {_SETTINGS} are curves")
            yield from ((f"{name}.{path}", it, f"in the dict {name}, one for each setting", "") for path, it in lists[:_SETTINGS])


def _leaves(items: dict[Any, Any], before: _Path, text: str, depth: int) -> Iterator[tuple[_Path, str, Any]]:
    """What the dicts hold, with its keys: taken apart, and as a text."""
    if depth > _DEEP or len(items) > _MOST:
        return
    is_by_number = any(is_number(key) for key in items)
    for key, value in list(items.items()):
        parts = _parts(key, is_by_number=is_by_number)
        if not parts:
            return
        path, called = (*before, *parts), f"{text}.{text_of(key)}" if text else text_of(key)
        if type(value) in DICTS:
            yield from _leaves(value, path, called, depth + 1)
        elif type(value) is tuple and 1 < len(value) <= _MEMBERS and all(map(is_number, value)):
            yield from (((*path, (str(at), False)), f"{called}.{at}", it) for at, it in enumerate(value))
        else:
            yield path, called, value


def _parts(key: Any, *, is_by_number: bool) -> _Path:
    """A key in words and settings; empty where it is something else. Among numbers all keys are settings: `None`, `"auto"`."""
    if type(key) is tuple:
        words = [it for it in key if type(it) is str]
        numbers = tuple(it for it in key if it is None or is_number(it))
        if not key or len(words) + len(numbers) < len(key):
            return ()
        return (*((word, False) for word in words), *(((text_of(numbers), True),) if numbers else ()))
    if is_number(key) or key is None:
        return ((text_of(key), is_number(key) or is_by_number),)
    return ((key, is_by_number),) if type(key) is str else ()


class _Puts:
    """What the code of a cell puts into a dict under keys."""

    def __init__(self, name: str, cell: Cell) -> None:
        self.values: list[ast.expr] = []
        self.is_filled = False
        """In a loop, or by a comprehension that runs something: there is one for each setting, whatever it is called."""
        self.members: dict[str, str] = {}
        """What the members of a tuple that it gets are called."""
        self._keys: set[str] = set()
        self._counters: set[str] = set()
        self._functions = {function for entry in cell.ledger.entries for function in entry.scope.functions}
        tree = cell.entry.tree if cell.entry.tree is not None else ast.Module([], [])
        for it in walk(tree):
            if isinstance(it, (*_LOOPS, ast.comprehension)) and not isinstance(it, ast.While):
                self._counters.update(_counted(it.target, it.iter))
        within = {id(it) for loop in walk(tree) if isinstance(loop, _LOOPS) for it in walk(loop)}
        self._read(name, tree, within, set())
        words = [name, *(it.id for it in self.values if isinstance(it, ast.Name))]
        self.is_said = any(is_measure(it) or is_history(it) or is_result(it) for it in words) or any(map(is_score, self.values))

    @property
    def is_matrix(self) -> bool:
        """Whether the keys are two positions: `kernel[i, j]`."""
        return len(self._keys & self._counters) > 1

    @property
    def is_by_class(self) -> bool:
        """Whether the keys are classes of the data."""
        return any(map(_CLASS.search, self._keys))

    @property
    def is_by_step(self) -> bool:
        """Whether the keys count the steps of one training."""
        return any(map(is_step, self._keys))

    def _read(self, name: str, tree: ast.AST, within: set[int], seen: set[str]) -> None:
        if name in seen:
            return
        seen.add(name)
        for it in walk(tree):
            for target, keys, value in _puts(it):
                if target != name:
                    continue
                self._keys.update(inner.id for key in keys for inner in walk(key) if isinstance(inner, ast.Name))
                is_built = isinstance(value, ast.DictComp) and not keys
                put = self._innermost(value)
                if (not keys and not is_built and not self._may_be(put)) or (isinstance(value, ast.DictComp) and _is_copied(value)):
                    continue
                self.values.append(put)
                if isinstance(put, ast.Tuple):
                    self.members.update({str(at): called for at, part in enumerate(put.elts) if (called := own_name(part))})
                is_run = any(isinstance(inner, ast.Call) for inner in walk(put))
                self.is_filled = self.is_filled or (id(it) in within and bool(keys)) or (is_built and is_run)
                if isinstance(put, ast.Name):
                    self._read(put.id, tree, within, seen)  # outer[epsilon] = inner

    def _innermost(self, value: ast.expr) -> ast.expr:
        """What the dicts get that comprehensions make within one another."""
        while isinstance(value, ast.DictComp):
            self._keys.update(inner.id for inner in walk(value.key) if isinstance(inner, ast.Name))
            value = value.value
        return value

    def _may_be(self, value: ast.expr) -> bool:
        """Whether a whole dict is one of what was measured: written out with calls, made of two lists, or what a function of the notebook gives."""
        if isinstance(value, ast.Dict):
            return any(isinstance(it, ast.Call) for item in value.values for it in walk(item))
        return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and (value.func.id in self._functions or value.func.id == "dict")


def _is_copied(node: ast.DictComp) -> bool:
    """Whether a comprehension only hands on what it goes through: `{at: rate for at, rate in enumerate(rates)}`."""
    given = [it for each in node.generators for it in walk(each.iter)]
    is_run = any(
        isinstance(it, (ast.Call, ast.ListComp, ast.GeneratorExp)) and (path_of(getattr(it, "func", it)) or [""])[-1] not in _GOES_THROUGH for it in given
    )
    names = {it.id for each in node.generators for it in walk(each.target) if isinstance(it, ast.Name)}
    return isinstance(node.value, ast.Name) and node.value.id in names and not is_run


def _puts(node: ast.AST) -> Iterator[tuple[str, list[ast.expr], ast.expr]]:
    """The name of a dict, the keys and the value that a node puts there; no keys where it is the whole dict."""
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            name, keys = _place(target)
            if name and (keys or isinstance(node, ast.Assign)):
                yield name, keys, node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        name, keys = _place(node.func.value)
        if node.func.attr == "append" and isinstance(node.func.value, ast.Call) and path_of(node.func.value.func)[-1:] == ["setdefault"]:
            name, keys = _place(node.func.value.func.value)  # type: ignore[attr-defined]
            yield name, [*keys, *node.func.value.args[:1]], node.args[0]
        elif node.func.attr == "append" and keys:
            yield name, keys, node.args[0]
        elif node.func.attr == "setdefault" and len(node.args) > 1 and not (isinstance(node.args[1], (ast.List, ast.Dict))):
            yield name, [*keys, node.args[0]], node.args[1]
        elif node.func.attr == "update" and isinstance(node.args[0], ast.Dict):
            yield from ((name, [*keys, key], value) for key, value in zip(node.args[0].keys, node.args[0].values, strict=True) if key is not None)


def _place(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """`returns` and its keys of `returns[epsilon][alpha]`; the name is empty where it is none."""
    keys: list[ast.expr] = []
    while isinstance(node, ast.Subscript):
        keys.insert(0, node.slice)
        node = node.value
    return (node.id if isinstance(node, ast.Name) else "", keys)


def _counted(target: ast.expr, iterated: ast.expr) -> Iterator[str]:
    """What counts the items of something."""
    path = path_of(iterated.func)[-1:] if isinstance(iterated, ast.Call) else []
    if path == ["enumerate"] and isinstance(target, ast.Tuple) and isinstance(target.elts[0], ast.Name):
        yield target.elts[0].id
    elif path == ["range"] and isinstance(iterated, ast.Call) and len(iterated.args) == 1 and isinstance(target, ast.Name):
        yield target.id
