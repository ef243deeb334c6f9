"""Code that is known not to run: behind tests that literals settle, in functions that only such code calls, and behind what always ends a block."""

from __future__ import annotations

import ast
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from nbtrack.capture.literals import evaluate
from nbtrack.capture.program import Definition, Program, program_of
from nbtrack.capture.source import Cell
from nbtrack.capture.weave.expressions import blocks_of, own_expressions
from nbtrack.notebooks.nodes import children, walk, walked

_FACTS = "untaken"
_PLAIN = frozenset((bool, int, float, str, type(None)))
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_UNKNOWN: Any = object()
_ROUNDS = 2
"""How often functions are looked at with what is known of their calls; each may settle what another one is given."""
_COMPARES: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Is: operator.is_, ast.IsNot: operator.is_not, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.In: lambda some, others: some in others, ast.NotIn: lambda some, others: some not in others,
}  # fmt: skip
_Env = Mapping[str, Any]


def untaken(cell: Cell) -> set[int]:
    """The `id()` of the nodes of a cell's program that do not run, as far as literals tell; what is not known counts as taken."""
    kept: set[int] | None = cell.entry.facts.get(_FACTS)
    if kept is None:
        kept = cell.entry.facts[_FACTS] = _untaken(cell, program_of(cell))
    return kept


def _untaken(cell: Cell, program: Program) -> set[int]:
    own: list[ast.stmt] = [part.node for part in program.own if not isinstance(part.node, Definition)]
    earlier: list[ast.stmt] = [part.node for part in program.earlier if not isinstance(part.node, Definition)]
    uses = _Uses([*earlier, *own, *program.reached])
    if not uses.tested:
        return set()
    known = _settled(cell, program)
    dead = _dead_in(own, known)
    for node in earlier:
        dead |= _dead_in([node], known) if id(node) in uses.tested else set()
    live: list[Definition] = list(program.reached)
    for _ in range(_ROUNDS):
        for it in (it for it in live if id(it) in uses.tested):
            dead |= _dead_in_scope(it, known, _given(it, uses, known, dead))
        if not dead:
            break
        live = list(_live([*earlier, *own], program, dead))
        kept = {id(it) for it in live}
        dead |= _ids(it for it in program.reached if id(it) not in kept)
    return dead


class _Uses:
    """Where the names of functions stand in some nodes, and which of these have a test, or raise."""

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        self.tested: set[int] = set()
        self.calls: dict[str, list[ast.Call]] = {}
        self.names: dict[str, set[int]] = {}
        """By name the `id()` of each node that reads it."""
        for node in nodes:
            for it in walked(node):
                if isinstance(it, (ast.If, ast.IfExp, ast.Raise)):
                    self.tested.add(id(node))
                elif isinstance(it, ast.Name):
                    self.names.setdefault(it.id, set()).add(id(it))
                elif isinstance(it, ast.Call) and isinstance(it.func, ast.Name):
                    self.calls.setdefault(it.func.id, []).append(it)


def _settled(cell: Cell, program: Program) -> dict[str, Any]:
    """Names that the program binds once, to a literal, and that still had that value when the cell began."""
    bound: Counter[str] = Counter()
    values: dict[str, Any] = {}
    own = {id(part.node) for part in program.own}
    for part in program.parts:
        bound.update(_stored([part.node]))
        node = part.node
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, _literal(node.value, {})
            if value is not _UNKNOWN and (id(node) in own or _is_same(cell.namespace.get(name, _UNKNOWN), value)):
                values[name] = value
    changed = {
        name for it in (*program.reached, *(part.node for part in program.parts)) for node in walked(it) if isinstance(node, ast.Global) for name in node.names
    }
    return {name: value for name, value in values.items() if bound[name] == 1 and name not in changed | program.definitions.keys() | program.imports.keys()}


def _stored(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names that nodes bind, but for the local ones of functions."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting.extend(children(node))


def _dead_in(block: list[ast.stmt], known: _Env) -> set[int]:
    """What does not run of a block."""
    dead: set[int] = set()
    for at, node in enumerate(block):
        ends = isinstance(node, _ENDS)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            dead |= _dead_in_scope(node, known, {})
        elif isinstance(node, ast.If):
            test = _truth(node.test, known)
            arms = [(node.body, test is not False), (node.orelse, test is not True)]
            for arm, may_run in arms:
                dead |= _dead_in(arm, known) if may_run else _ids(arm)
            ends = all(bool(arm) and isinstance(arm[-1], _ENDS) for arm, may_run in arms if may_run)
        else:
            dead |= {it for below in blocks_of(node) for it in _dead_in(below, known)}
            if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
                dead |= _dead_in(node.body, known) | _dead_in(node.orelse, known)
        dead |= _dead_arms(node, known)
        if ends:
            return dead | _ids(block[at + 1 :])
    return dead


def _dead_arms(statement: ast.stmt, known: _Env) -> set[int]:
    """What does not run of the expressions of a statement: `A() if simple else B()`."""
    dead: set[int] = set()
    for node in (it for part in own_expressions(statement) for it in walk(part)):
        if isinstance(node, ast.IfExp) and (test := _truth(node.test, known)) is not None:
            dead |= _ids([node.orelse if test else node.body])
    return dead


def _dead_in_scope(node: Definition, known: _Env, given: _Env) -> set[int]:
    """What does not run of a function or class; its own names hide those outside.

    Args:
        given: arguments that have one value in all calls.
    """
    hidden = {it for inner in walk(node) for it in _bound_by(inner)}
    return _dead_in(node.body, {**{name: value for name, value in known.items() if name not in hidden}, **given})


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]


def _given(function: Definition, uses: _Uses, known: _Env, dead: set[int]) -> dict[str, Any]:
    """Arguments of a function that have the same literal in all of its calls that may run; none where it is used otherwise than by a call."""
    if isinstance(function, ast.ClassDef) or function.decorator_list or function.args.vararg is not None or function.args.kwarg is not None:
        return {}
    calls = [it for it in uses.calls.get(function.name, ()) if id(it) not in dead]
    if not calls or {it for it in uses.names[function.name] if it not in dead} != {id(it.func) for it in calls}:
        return {}
    names = [it.arg for it in (*function.args.posonlyargs, *function.args.args)]
    defaults: dict[str, ast.expr | None] = dict(zip(names[len(names) - len(function.args.defaults) :], function.args.defaults, strict=True))
    defaults |= {it.arg: value for it, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)}
    rebound = {name for inner in function.body for it in walk(inner) for name in _bound_by(it)}
    found: dict[str, Any] = {}
    for name in {*names, *defaults} - rebound:
        values = [_argument(call, name, names, defaults, known) for call in calls]
        if all(_is_same(it, values[0]) for it in values):
            found[name] = values[0]
    return found


def _argument(call: ast.Call, name: str, names: list[str], defaults: Mapping[str, ast.expr | None], known: _Env) -> Any:
    if any(isinstance(it, ast.Starred) for it in call.args) or any(it.arg is None for it in call.keywords):
        return _UNKNOWN
    given = {**{key: value for key, value in defaults.items() if value is not None}, **dict(zip(names, call.args, strict=False))}
    given |= {it.arg: it.value for it in call.keywords if it.arg is not None}
    return _literal(given[name], {} if given[name] is defaults.get(name) else known) if name in given else _UNKNOWN


def _live(nodes: Iterable[ast.AST], program: Program, dead: set[int]) -> Iterator[Definition]:
    """Functions and classes of the notebook that code which may run uses, also through one another."""
    waiting, seen = list(nodes), set[str]()
    while waiting:
        for inner in walk(waiting.pop()):
            name = inner.id if isinstance(inner, ast.Name) else inner.attr if isinstance(inner, ast.Attribute) else ""
            if name in program.definitions and name not in seen and id(inner) not in dead:
                seen.add(name)
                waiting.append(program.definitions[name])
                yield program.definitions[name]


def _truth(test: ast.expr, known: _Env) -> bool | None:
    """What a test gives; None where that is not known."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        found = _truth(test.operand, known)
        return None if found is None else not found
    if isinstance(test, ast.BoolOp):
        each = [_truth(it, known) for it in test.values]
        decides = isinstance(test.op, ast.Or)
        return decides if decides in each else None if None in each else not decides
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = _literal(test.left, known), _items(test.comparators[0], known)
        try:
            return None if left is _UNKNOWN or right is _UNKNOWN else bool(_COMPARES[type(test.ops[0])](left, right))
        except TypeError:  # as it would be there
            return None
    value = _literal(test, known)
    return None if value is _UNKNOWN else bool(value)


def _literal(node: ast.expr, known: _Env) -> Any:
    """A number, text, flag or None that an expression is."""
    try:
        value = evaluate(node, known)
    except ValueError:
        return _UNKNOWN
    return value if type(value) in _PLAIN else _UNKNOWN


def _items(node: ast.expr, known: _Env) -> Any:
    """A literal, or a list of such, as stands behind `in`."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        items = tuple(_literal(it, known) for it in node.elts)
        return _UNKNOWN if any(it is _UNKNOWN for it in items) else items
    return _literal(node, known)


def _is_same(some: Any, other: Any) -> bool:
    return some is not _UNKNOWN and type(some) is type(other) and some == other


def _ids(nodes: Iterable[ast.AST]) -> set[int]:
    return {id(it) for node in nodes for it in walk(node)}
