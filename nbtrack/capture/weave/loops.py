"""Reads the loops of a piece of code."""

from __future__ import annotations

import ast
import math
import time
from collections.abc import Iterator, Set

from nbtrack.capture.labels import Labelled, labelled
from nbtrack.capture.own_name import own_name, snake
from nbtrack.capture.weave.expressions import blocks_of, container_name, innermost, keys_of, name_nodes, names, only, own_expressions, walk_once
from nbtrack.capture.weave.functions import Function, is_compiled, summed_up
from nbtrack.capture.weave.kinds import Env, Kind, join, kind_of, path_of
from nbtrack.capture.weave.rows import leave_out_cases
from nbtrack.capture.weave.scope import Binding, Loop, Report, Scope, Way
from nbtrack.capture.weave.words import is_measure
from nbtrack.notebooks.nodes import walk

_LOGGERS = frozenset(("log", "log_metric", "log_metrics", "add_scalar", "add_scalars", "log_dict", "report_scalar", "scalar", "track"))
_SHOWS = frozenset(("print", "display", "pprint"))
_WRITES = frozenset(("write", "info", "debug", "warning", "set_description", "set_description_str", "set_postfix_str", "echo", "secho"))
_FIRST = 2
"""Values with which a list of results may begin, before the loop that fills it."""
_RECORDS = frozenset(("append", "add", "record", "update"))
_BARS = ("tqdm", "trange", "progress", "track", "prange")


class TooLongError(Exception):  # of this folder alone: `Curves` makes a notice of it
    """Reading the code takes longer than it may."""


def scopes_of(tree: ast.Module, *, with_functions: bool = True, budget_s: float = math.inf, generators: Set[str] = frozenset()) -> list[Scope]:
    """The scopes of a cell that have loops.

    Args:
        generators: functions of the notebook that hand on one value after the other.

    Raises:
        TooLongError: this would take longer than the budget.
    """
    found: list[Scope] = []
    _Reader("", found, with_functions, time.thread_time() + budget_s, generators).read(tree.body)
    return [scope for scope in found if scope.loops]


class _Reader:
    """Reads one scope, and makes a reader for each function in it."""

    def __init__(self, place: str, found: list[Scope], with_functions: bool, until_s: float, generators: Set[str]) -> None:
        self.scope, self._found, self._with_functions, self._until_s, self._generators = Scope(place), found, with_functions, until_s, generators
        self._all: list[tuple[str, Binding]] = []
        self._counted: set[str] = set()
        """Names that the scope counts up."""
        found.append(self.scope)

    def read(self, body: list[ast.stmt]) -> None:
        self.scope.body = body
        self._counted = {name for statement in body for name in _counted(statement)}
        self._block(body, None)
        env = self.scope.kinds
        for _ in range(3):  # kinds flow through names; three rounds reach what people write
            kinds: dict[str, list[Kind]] = {}
            for name, binding in self._all:
                if time.thread_time() > self._until_s:
                    raise TooLongError
                if not binding.is_fixed:
                    binding.kind = self._kind(name, binding, env)
                kinds.setdefault(name, []).append(binding.kind)
            env = {name: join(them) for name, them in kinds.items()}
            self.scope.kinds = env
        for loop in self.scope.loops:
            loop.is_iterating = self._is_iterating(loop.node)
            leave_out_cases(loop)

    def _kind(self, name: str, binding: Binding, env: Env) -> Kind:
        value = binding.value
        if isinstance(value, ast.BinOp) and any(isinstance(it, ast.Name) and it.id == name for it in walk(value)):
            other = value.right if isinstance(value.left, ast.Name) and value.left.id == name else value.left
            if isinstance(value.op, (ast.Add, ast.Sub)) and kind_of(other, env) in (Kind.CONST, Kind.COUNT, Kind.TRUTH):
                return Kind.COUNT
            return kind_of(value, {**env, name: Kind.NUMBER})
        return kind_of(value, env)

    def _block(self, body: list[ast.stmt], loop: Loop | None) -> None:
        for statement in body:
            self._statement(statement, loop)

    def _statement(self, statement: ast.stmt, loop: Loop | None) -> None:
        if time.thread_time() > self._until_s:
            raise TooLongError
        if isinstance(statement, Function):
            self._note(statement.name, _fixed(Kind.OTHER), None)
            self._function(statement, statement.name)
        elif isinstance(statement, ast.ClassDef):
            self._note(statement.name, _fixed(Kind.OTHER), None)
            for method in statement.body:
                if isinstance(method, Function):
                    self._function(method, f"{statement.name}.{method.name}")
        elif isinstance(statement, (ast.For, ast.AsyncFor, ast.While)):
            inner = Loop(statement, loop, False)
            self.scope.loops.append(inner)
            if isinstance(statement, ast.While):
                self._expression(statement.test, inner, statement)
            else:
                self._expression(statement.iter, loop, statement)
                inner.target = statement.target.id if isinstance(statement.target, ast.Name) else ""
                for name, kind in self._targets(statement.target, statement.iter):
                    self._note(name, _fixed(kind), None)
                    if kind is Kind.CALL:
                        inner.given.add(name)
                    if kind is Kind.COUNT:
                        inner.target, inner.is_counting = name, True
            self._block(statement.body, inner)
            self._block(statement.orelse, loop)
        else:
            self._simple(statement, loop)
            for block in blocks_of(statement):
                self._block(block, loop)

    def _function(self, node: Function, name: str) -> None:
        if not self._with_functions or is_compiled(node):
            return
        place = f"{self.scope.place}.{name}" if self.scope.place else name
        reader = _Reader(place, self._found, True, self._until_s, self._generators)
        reader.scope.summed_up = summed_up(node)
        reader.read(node.body)

    def _simple(self, statement: ast.stmt, loop: Loop | None) -> None:
        for node in own_expressions(statement):
            self._expression(node, loop, statement)
        if loop is not None:
            for base, value in _lengthened(statement):
                self._appended(base, value, loop, statement)
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                self._assign(target, statement.value, statement, loop)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self._assign(statement.target, statement.value, statement, loop)
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            target = statement.target
            value = ast.BinOp(ast.Name(target.id, ast.Load()), statement.op, statement.value)
            adds = isinstance(statement.op, ast.Add)
            self._note(target.id, Binding(value, is_augmented=True, adds_to_itself=adds, node=target, statement=statement), loop)
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            for item in statement.items:
                for name in names(item.optional_vars):
                    self._note(name, _fixed(Kind.OTHER), None)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            for alias in statement.names:
                self._note(alias.asname or alias.name.partition(".")[0], _fixed(Kind.OTHER), None)

    def _assign(self, target: ast.expr, value: ast.expr, statement: ast.stmt, loop: Loop | None) -> None:
        if loop is None and isinstance(value, ast.List) and 0 < len(value.elts) <= _FIRST and isinstance(target, (ast.Name, ast.Attribute)):  # see `begun`
            self.scope.begun[container_name(target)] = (value, statement)
        if isinstance(target, ast.Name):
            adds = (
                isinstance(value, ast.BinOp)
                and isinstance(value.op, ast.Add)
                and any(isinstance(it, ast.Name) and it.id == target.id for it in (value.left, value.right))
            )
            self._note(target.id, Binding(value, adds_to_itself=adds, node=target, statement=statement), loop)
        elif isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                for each, item in zip(target.elts, value.elts, strict=True):
                    self._assign(each, item, statement, loop)
            else:
                if isinstance(value, ast.Name) and all(isinstance(it, ast.Name) for it in target.elts):
                    self.scope.unpacked.setdefault(value.id, names(target))
                for name in name_nodes(target):
                    item = ast.Subscript(value, ast.Constant(0), ast.Load())
                    self._note(name.id, Binding(item, node=name, statement=statement), loop)
        elif isinstance(target, ast.Subscript) and loop is not None:
            key = target.slice
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                is_key = is_measure(snake(key.value)) and not is_measure(own_name(value))
                loop.reports.append(Report(value, Way.STORED, key.value, statement, is_key=is_key))
            elif len({it.id for it in walk(key) if isinstance(it, ast.Name) and self._is_counter(it.id, loop)}) == 1:  # by two it is a matrix
                loop.reports.append(Report(value, Way.STORED, own_name(target.value) or container_name(target.value), statement, keys=keys_of(target.value)))
        elif isinstance(target, ast.Attribute) and loop is not None and isinstance(statement, ast.Assign) and statement.value is value:
            loop.attributes.append((statement, target.attr))

    def _is_counter(self, name: str, loop: Loop) -> bool:
        if name in self._counted:
            return True
        at: Loop | None = loop
        while at is not None:
            if at.target == name and at.is_counting:
                return True
            at = at.parent
        return False

    def _note(self, name: str, binding: Binding, loop: Loop | None) -> None:
        self._all.append((name, binding))
        self.scope.own.setdefault(name, []).append(binding.value)
        if loop is not None:
            loop.binds.setdefault(name, []).append(binding)

    def _expression(self, node: ast.expr, loop: Loop | None, statement: ast.stmt) -> None:
        """Note what an expression of a statement binds and hands on."""
        for it in walk_once(node):
            if isinstance(it, ast.NamedExpr):
                self._note(it.target.id, Binding(it.value, node=it, statement=statement), loop)
            elif isinstance(it, ast.Call):
                self._read_call(it, loop, statement)
            elif isinstance(it, (ast.Yield, ast.YieldFrom)) and loop is not None and it.value is not None:
                for part in it.value.elts if isinstance(it.value, ast.Tuple) else [it.value]:
                    loop.reports.append(Report(part, Way.YIELDED, own_name(part), statement))

    def _read_call(self, node: ast.Call, loop: Loop | None, statement: ast.stmt) -> None:
        path = path_of(node.func)
        last = path[-1] if path else ""
        if last in _LOGGERS and isinstance(node.func, ast.Attribute):
            self.scope.explicit.update(_logged_names(node))
        if loop is None:
            if last in _SHOWS and isinstance(node.func, ast.Name):
                self.scope.shown.update({core.id: it.label for it in labelled(node) if isinstance(core := innermost(it.node), ast.Name)})
            elif last == "append" and isinstance(node.func, ast.Attribute) and len(node.args) == 1 and not self.scope.loops:
                self._begun(container_name(node.func.value), node.args[0], statement)
            return
        if last == "backward" and isinstance(node.func, ast.Attribute):
            loop.losses.update(names(node.func.value))
        if last in ("gradient", "minimize") and node.args:
            loop.losses.update(names(node.args[0]))
        if last in ("append", "appendleft") and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
            self._appended(node.func.value, node.args[0], loop, statement)
        elif last in _RECORDS and isinstance(node.func, ast.Attribute) and not node.args and [it.arg for it in node.keywords] == [None]:
            self._appended(node.func.value, node.keywords[0].value, loop, statement)  # history.append(**logs)
        elif last == "extend" and isinstance(node.func, ast.Attribute) and len(node.args) == 1 and (one := only(node.args[0])) is not None:
            self._appended(node.func.value, one, loop, statement)
        elif last in _SHOWS and isinstance(node.func, ast.Name):
            self._shown(labelled(node), loop, statement)
        elif last == "set_postfix":
            items = [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg]
            for argument in node.args:
                if isinstance(argument, ast.Dict):
                    items += [(str(key.value), value) for key, value in zip(argument.keys, argument.values, strict=True) if isinstance(key, ast.Constant)]
            for name, value in items:
                texts = labelled(value)
                loop.reports.append(Report(texts[0].node if len(texts) == 1 else value, Way.POSTFIX, name, statement))
        elif last in _WRITES:
            for at, argument in enumerate(node.args):
                text: ast.expr = argument
                if at == 0 and len(node.args) > 1 and isinstance(argument, ast.Constant):
                    text = ast.BinOp(argument, ast.Mod(), ast.Tuple(node.args[1:], ast.Load()))
                self._shown(labelled(text), loop, statement)

    def _begun(self, name: str, value: ast.expr, statement: ast.stmt) -> None:
        """A list gets a value before any loop."""
        first, begins = self.scope.begun.get(name, (ast.List([], ast.Load()), statement))
        if name and len(first.elts) < _FIRST:
            self.scope.begun[name] = (ast.List([*first.elts, value], ast.Load()), begins)

    @staticmethod
    def _shown(them: list[Labelled], loop: Loop, statement: ast.stmt) -> None:
        loop.reports.extend(Report(it.node, Way.PRINTED, it.label, statement, about=it.about, split=it.split) for it in them)

    @staticmethod
    def _appended(base: ast.expr, value: ast.expr, loop: Loop, statement: ast.stmt) -> None:
        name = container_name(base)
        if isinstance(value, (ast.Tuple, ast.List)):
            loop.reports.extend(Report(it, Way.APPENDED, own_name(it), statement, name, at) for at, it in enumerate(value.elts))
        elif isinstance(value, ast.Dict):
            for key, it in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    loop.reports.append(Report(it, Way.APPENDED, key.value, statement, is_key=True))
        else:
            is_key = isinstance(base, (ast.Subscript, ast.Call)) and not is_measure(own_name(value))
            loop.reports.append(Report(value, Way.APPENDED, name, statement, is_key=is_key, keys=keys_of(base)))

    def _targets(self, target: ast.expr, iterated: ast.expr) -> Iterator[tuple[str, Kind]]:
        iterated = self._unwrap(iterated)
        path = path_of(iterated) if isinstance(iterated, ast.Call) else []
        last = path[-1] if path else ""
        if isinstance(target, ast.Name):
            yield target.id, Kind.COUNT if last in ("range", "count", "arange", "trange", "prange") else self._item_kind(iterated)
        elif isinstance(target, (ast.Tuple, ast.List)):
            inner = iterated
            if last == "enumerate" and isinstance(iterated, ast.Call) and iterated.args:
                inner = self._unwrap(iterated.args[0])
            for at, part in enumerate(target.elts):
                for name in name_nodes(part):
                    yield name.id, Kind.COUNT if at == 0 and last == "enumerate" else self._item_kind(inner)

    def _item_kind(self, iterated: ast.expr) -> Kind:
        """What a loop goes through: items of data, or what a function of the notebook hands on step by step."""
        is_call = isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name) and iterated.func.id in self._generators
        return Kind.CALL if is_call else Kind.DATA

    def _unwrap(self, node: ast.expr, depth: int = 0) -> ast.expr:
        """What is iterated, below progress bars and names."""
        if depth > 5:
            return node
        if isinstance(node, ast.Name):
            values = self.scope.own.get(node.id, [])
            return self._unwrap(values[-1], depth + 1) if len(values) == 1 and isinstance(values[-1], (ast.Call, ast.Name)) else node
        if isinstance(node, ast.Call) and node.args:
            name = (path_of(node.func) or [""])[-1].lower()
            if name != "trange" and any(bar in name for bar in _BARS):
                return self._unwrap(node.args[0], depth + 1)
        return node

    def _is_iterating(self, node: ast.For | ast.AsyncFor | ast.While) -> bool:
        if isinstance(node, ast.While):
            return True
        iterated = self._unwrap(node.iter)
        if isinstance(iterated, ast.Call):
            last = (path_of(iterated.func) or [""])[-1]
            if last == "enumerate" and iterated.args:
                iterated = self._unwrap(iterated.args[0])
                last = (path_of(iterated.func) or [""])[-1] if isinstance(iterated, ast.Call) else ""
            if last == "count":
                return True
            if last in ("range", "trange", "arange") and isinstance(iterated, ast.Call):
                return not any(self._is_size(argument) for argument in iterated.args)
        return False

    def _is_size(self, node: ast.expr, depth: int = 0) -> bool:
        """Whether a number is the size of some data."""
        for it in walk(node):
            if (isinstance(it, ast.Call) and (path_of(it.func) or [""])[-1] in ("len", "size")) or (
                isinstance(it, ast.Attribute) and it.attr in ("shape", "size")
            ):
                return True
            if isinstance(it, ast.Name) and depth < 3 and any(self._is_size(value, depth + 1) for value in self.scope.own.get(it.id, [])[:3]):
                return True
        return False


def _fixed(kind: Kind) -> Binding:
    return Binding(ast.Constant(None), kind, is_fixed=True)


def _lengthened(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """A list and what is put at its end, without `append`: `losses += [loss]`, `losses = losses + [loss]`, `losses = np.append(losses, loss)`."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add) and (one := only(statement.value)) is not None:
        yield statement.target, one
    elif isinstance(statement, ast.Assign):
        value = statement.value
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) and (one := only(value.right)) is not None:
            sides = value.left, one
        elif isinstance(value, ast.Call) and len(value.args) == 2 and path_of(value.func)[-1:] == ["append"]:
            sides = value.args[0], only(value.args[1]) or value.args[1]
        else:
            return
        if ast.unparse(sides[0]) == ast.unparse(statement.targets[0]):
            yield sides


def _counted(statement: ast.stmt) -> Iterator[str]:
    """Names that are counted up: `step += 1`."""
    for it in walk(statement):
        is_added = isinstance(it, ast.AugAssign) and isinstance(it.op, ast.Add) and isinstance(it.value, ast.Constant) and type(it.value.value) is int
        if is_added and isinstance(it, ast.AugAssign) and isinstance(it.target, ast.Name):
            yield it.target.id


def _logged_names(node: ast.Call) -> Iterator[str]:
    for keyword in node.keywords:
        if keyword.arg:
            yield keyword.arg
    for argument in node.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value
        elif isinstance(argument, ast.Dict):
            yield from (key.value for key in argument.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))
