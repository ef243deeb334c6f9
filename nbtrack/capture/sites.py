"""From where a program calls a function of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Set

from nbtrack.capture.program import Definition, Program
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.words import is_measure
from nbtrack.notebooks.nodes import children, walk

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_REPEATING = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)


def is_repeated(program: Program, function: str) -> bool:
    """Whether one place of the program calls a function again and again: a loop, or whoever gets it as a callback.

    Calls from several places are several things.
    """
    seen: set[str] = set()
    while function and function not in seen:
        seen.add(function)
        sites = list(_sites(program, function))
        if not sites:  # a hook, called by the library that knows its name
            return not function.startswith("__") or function == "__call__"
        if len({(place, call) for place, _, call in sites}) > 1 or (len(sites) > 1 and not sites[0][2]):
            return False
        place = sites[0][0]
        if any(is_in_loop for _, is_in_loop, _ in sites):  # `test()` before a loop, and in it, is one thing
            return True
        function = place
    return False


def ran_alone(nodes: Iterable[ast.stmt], function: str, owners: Set[str] = frozenset()) -> bool:
    """Whether statements call a function of the notebook outside loops and definitions: by itself, not for one setting after the other.

    Args:
        owners: names of objects of the notebook's own classes, whose methods count.
    """
    waiting: list[ast.AST] = [it for it in nodes if not isinstance(it, Definition)]
    while waiting:
        node = waiting.pop()
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id == function:
            return True
        if isinstance(called, ast.Attribute) and called.attr == function and isinstance(called.value, ast.Name) and called.value.id in owners:
            return True
        waiting.extend(it for it in children(node) if not isinstance(it, (*_REPEATING, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)))
    return False


def uses_result(program: Program, function: str) -> bool:
    """Whether something is done with what the function gives back, where the program calls it."""
    nodes = program.executed
    dropped = {id(it.value) for node in nodes for it in walk(node) if isinstance(it, ast.Expr)}
    if program.own and isinstance(program.own[-1].node, ast.Expr):
        dropped.discard(id(program.own[-1].node.value))  # the cell shows it
    calls = (it for node in nodes for it in walk(node) if isinstance(it, ast.Call) and id(it) not in dropped)
    return any(_is_named(it.func, function, with_methods=True) for it in calls)


def of_trials(program: Program) -> set[str]:
    """Functions that nothing but the trials of a study run: what one of them computes step by step is that trial's, and no curve of the run."""
    nodes = program.executed
    objectives = [it for node in nodes for call in walk(node) if isinstance(call, ast.Call) and (it := _objective(call)) is not None]
    if not objectives:
        return set()
    tried = _reached(objectives, program)
    if not any(isinstance(it, ast.Attribute) and it.attr.startswith("suggest_") for name in tried for it in walk(program.definitions[name])):
        return set()
    return tried - _reached((part.node for part in program.own if not isinstance(part.node, Definition)), program, without=objectives)


def _objective(call: ast.Call) -> ast.expr | None:
    """What `study.optimize(objective, n_trials=20)` is given."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "optimize":
        return None
    return call.args[0] if call.args else next((it.value for it in call.keywords if it.arg == "func"), None)


def _reached(nodes: Iterable[ast.AST], program: Program, without: Iterable[ast.AST] = ()) -> set[str]:
    """Names of the notebook's functions and classes that the nodes use, also through one another; what is below some other nodes does not count."""
    found: set[str] = set()
    left_out = {id(it) for it in without}
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if id(node) in left_out:
            continue
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name in program.definitions and name not in found:
            found.add(name)
            waiting.append(program.definitions[name])
        waiting.extend(children(node))
    return found


def _sites(program: Program, function: str) -> Iterator[tuple[str, bool, str]]:
    """Where the function is named: in which function of the notebook, whether it is called many times there, and the call as it is written."""
    with_methods = not isinstance(program.definitions.get(function), _Function)  # model.train() is no call of the notebook's train()
    for part in program.own:
        if not isinstance(part.node, Definition):
            yield from _within(part.node, function, "", False, with_methods)
    for definition in program.reached:
        yield from _within(definition, function, "", False, with_methods)


def _within(node: ast.AST, function: str, place: str, is_in_loop: bool, with_methods: bool) -> Iterator[tuple[str, bool, str]]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        place, is_in_loop = node.name, False
    is_in_loop = is_in_loop or isinstance(node, _REPEATING)
    called = node.func if isinstance(node, ast.Call) else None
    if called is not None and _is_named(called, function, with_methods):
        yield place, is_in_loop, ast.unparse(node)
    for child in children(node):
        if child is called and _is_named(child, function, with_methods):
            yield from (it for below in children(child) for it in _within(below, function, place, is_in_loop, with_methods))
        elif _is_named(child, function, with_methods):
            yield place, True, ""
        else:
            yield from _within(child, function, place, is_in_loop, with_methods)


def _is_named(node: ast.AST, function: str, with_methods: bool) -> bool:
    return node.id == function if isinstance(node, ast.Name) else with_methods and isinstance(node, ast.Attribute) and node.attr == function


def kept_under(program: Program, function: str, variables: Set[str]) -> list[str]:
    """What each of a cell's calls of a function, in order, is kept under in dicts of measures: `losses.adam` of `losses['adam'], scores['adam'] = train(...)`.

    Args:
        variables: what the function calls the value that is asked about.

    Returns:
        Nothing where it does not give that back, or where one call of it is kept otherwise or stands elsewhere: which is which could not be told.
    """
    definition = program.definitions.get(function)
    if not isinstance(definition, _Function):
        return []
    given = [it.value for it in walk(definition) if isinstance(it, ast.Return) and it.value is not None]
    parts = given[0].elts if len(given) == 1 and isinstance(given[0], ast.Tuple) else given
    at = next((place for place, it in enumerate(parts) if isinstance(it, ast.Name) and it.id in variables), None)
    found: list[str] = []
    for part in program.own if at is not None and len(given) == 1 else ():
        statement = part.node
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call) and path_of(statement.value.func)[-1:] == [function]:
            target = statement.targets[0]
            targets = target.elts if isinstance(target, ast.Tuple) and isinstance(given[0], ast.Tuple) else [target]
            found.append(_place_of(targets[at]) if at is not None and len(targets) == len(parts) else "")
    named = [it for node in program.executed for it in walk(node) if _is_named(it, function, with_methods=False)] if found else []
    return found if all(found) and len(named) == len(found) else []


def _place_of(target: ast.expr) -> str:
    """`losses.adam` of `losses['adam']`; empty of all else, and where the dict's name says no measure."""
    if not isinstance(target, ast.Subscript) or not isinstance(target.value, ast.Name) or not is_measure(target.value.id):
        return ""
    key = target.slice.value if isinstance(target.slice, ast.Constant) else None
    return f"{target.value.id}.{key}" if isinstance(key, (str, int)) else ""


def named_at(tree: ast.AST, function: str) -> set[str]:
    """Names in the one call of a function that a cell has; none where it has several."""
    calls = [it for it in walk(tree) if isinstance(it, ast.Call) and path_of(it.func)[-1:] == [function]]
    return {it.id for it in walk(calls[0]) if isinstance(it, ast.Name)} if len(calls) == 1 else set()
