"""Params from calls: literals given to what is fitted and trained, and literal defaults of the notebook's own functions where nothing else was given."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import field
from typing import Any

from nbtrack.capture.branches import untaken
from nbtrack.capture.configs import flat
from nbtrack.capture.kinds import (
    TELLING,
    WORK,
    call_kind,
    is_generator,
    is_how,
    is_layer,
    is_machinery,
    is_param_keyword,
    is_param_name,
    is_param_value,
    method_of,
)
from nbtrack.capture.known import plain
from nbtrack.capture.layers import units_of
from nbtrack.capture.literals import evaluate, pairs
from nbtrack.capture.naming import Candidate, params
from nbtrack.capture.own_name import snake
from nbtrack.capture.program import Definition, Program, program_of
from nbtrack.capture.seeds import makes_files, seeded_with
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.uses import uses_of
from nbtrack.capture.weave.words import is_measure
from nbtrack.notebooks.nodes import walk, walked
from nbtrack.patterns import regex
from nbtrack.records import dataclass

_EVALUATION = regex(r"(^|_)(test|val|valid|validation|eval|dev)($|_|\d|[a-z]*loader|dl)", re.I)
_EXTREME = regex(r"(best|min|max|minimum|maximum|last|prev|previous|lowest|highest)_")
_HUGE = 1e6
_PREDICTS = regex(r"_*(predict|infer|classify)", re.I)
"""Functions whose numbers are the case they are asked about."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Arguments(Source):
    """Literal arguments of calls in the cell, in the functions it reaches, and in the earlier statements it needs."""

    name = "arguments"
    kind = "params"

    def before(self, cell: Cell) -> Iterable[Finding]:
        yield from params(cell, _candidates(program_of(cell), {}, untaken(cell)))

    def after(self, cell: Cell) -> Iterable[Finding]:
        """Once more, for what could not be known before: functions the cell itself imported, and values it computed and then gave on."""
        program = program_of(cell)
        yield from params(cell, _candidates(program, _computed(cell, program), untaken(cell)))


@dataclass(frozen=True)
class _Call:
    node: ast.Call
    holder: str
    """The name or key the call's result is bound to, or empty."""
    is_direct: bool
    """In a statement of a cell, not inside a function."""
    dicts: Mapping[str, ast.Dict] = field(default_factory=dict)
    """Dicts that its function writes out, by name."""


def _candidates(program: Program, computed: Mapping[str, Any], dead: Set[int]) -> Iterator[Candidate]:
    variables = _variables(program)
    for call in _calls(program):
        dotted = program.dotted(call.node.func)
        if id(call.node) not in dead and (is_generator(dotted) or (call_kind(program, call.node) == WORK and not is_machinery(dotted))):
            yield from _of_call(program, call, computed, variables)
    yield from units_of(program, dead)
    for definition in program.reached:
        yield from _locals(program, definition, dead)
    for part in program.own:
        if makes_files(part.node, [it.node for it in program.own]):
            continue
        for value in seeded_with(part.node, program.dotted):
            yield Candidate("seed", value, "what random numbers begin with")


def _calls(program: Program) -> Iterator[_Call]:
    for part in program.parts:
        if isinstance(part.node, (Definition, ast.Assert)):
            continue  # a check is no experiment
        holders = {id(inner): name for name, value in pairs(part.node) for inner in walk(value) if isinstance(inner, ast.Call)}
        for node in walked(part.node):
            if isinstance(node, ast.Dict):
                items = zip(node.keys, node.values, strict=True)
                holders |= {id(value): key.value for key, value in items if isinstance(key, ast.Constant) and isinstance(key.value, str)}
            if isinstance(node, ast.Call):
                yield _Call(node, holders.get(id(node), ""), True)
    for definition in program.reached:
        bound = [pair for it in walk(definition) if isinstance(it, ast.Assign) for pair in pairs(it)]
        times = Counter(name for name, _ in bound)
        dicts = {name: value for name, value in bound if isinstance(value, ast.Dict) and times[name] == 1}
        for node in walk(definition):
            if isinstance(node, ast.Call):
                yield _Call(node, "", False, dicts)


def _is_of_output(layer: ast.Call, activation: ast.expr, dotted: str) -> bool:
    """Whether a layer's activation follows from what the model is to say: a share, a class, or any number."""
    word = activation.value if isinstance(activation, ast.Constant) else ""
    units = [*layer.args[:1], *(it.value for it in layer.keywords if it.arg == "units")]
    is_one = any(isinstance(it, ast.Constant) and it.value == 1 for it in units)
    return is_layer(dotted) and (word in ("softmax", "linear") or (word == "sigmoid" and is_one))


def _of_call(program: Program, call: _Call, computed: Mapping[str, Any], variables: set[str]) -> Iterator[Candidate]:
    """What one call was given."""
    node = call.node
    dotted = program.dotted(node.func)
    title = dotted.rpartition(".")[2] or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
    function = _definition_of(program, node)
    qualifiers = tuple(it for it in (title, call.holder) if it)
    given: set[str] = set()
    names = _argument_names(function) if function is not None else ["dropout"] if _is_dropout(dotted) else _signature_names(dotted, node)
    spread = any(isinstance(it, ast.Starred) for it in node.args)
    for name, value in [*(zip(names, node.args, strict=False) if not spread else ()), *((it.arg, it.value) for it in node.keywords if it.arg)]:
        given.add(name)
        if isinstance(value, ast.Name) and function is None and value.id in call.dicts:
            value = call.dicts[value.id]  # noqa: PLW2901
        if isinstance(value, ast.Dict):
            yield from _of_dict(name, value, qualifiers, title)
        if not is_param_keyword(name, dotted) or (function is not None and name in variables):
            continue
        if title.endswith("DataLoader") and (name == "shuffle" or (name == "batch_size" and _EVALUATION.search(call.holder))):
            continue  # how many are looked at together while evaluating changes nothing
        if name == "activation" and _is_of_output(node, value, dotted):
            continue
        try:
            found = evaluate(value, computed if call.is_direct and function is None and title[:1].isupper() and not is_layer(dotted) else None)
        except ValueError:
            continue
        is_case = function is not None and bool(_PREDICTS.match(title))
        is_said = bool(TELLING.search(name)) or (not is_case and (call.is_direct or function is None or value not in node.args))
        if isinstance(found, str) and function is not None and _is_only_shown(function, name):
            continue
        is_said = is_said and not (function is None and is_how(found, dotted))
        if is_param_value(found, name) and not isinstance(value, ast.Dict) and is_said:
            yield Candidate(name, found, f"argument of {title}()", qualifiers)
    for argument in node.args:
        if isinstance(argument, ast.Dict) and function is None:
            yield from _of_dict("params", argument, qualifiers, title)
    if function is None or spread or any(it.arg is None for it in node.keywords):
        return
    for name, default in _defaults(function):
        if name in given or not is_param_keyword(name):
            continue
        try:
            found = evaluate(default)
        except ValueError:
            continue
        is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
        if is_param_value(found, name) and (TELLING.search(name) or (call.is_direct and is_number)):
            yield Candidate(name, found, f"default of {title}()", qualifiers)


def _of_dict(name: str, node: ast.Dict, qualifiers: tuple[str, ...], title: str) -> Iterator[Candidate]:
    """A dict written in the call: its items, or, where all are lists, the grid as one param."""
    try:
        items = evaluate(node)
    except ValueError:
        return
    if items and all(isinstance(it, (list, tuple)) for it in items.values()):
        yield Candidate(name if name != "params" else "param_grid", items, f"grid given to {title}()", qualifiers)
        return
    for path, value in flat(items):
        yield Candidate(path, value, f"argument of {title}()", qualifiers)


def _definition_of(program: Program, call: ast.Call) -> _Function | None:
    """The notebook's own function, or `__init__` or method, that a call runs."""
    func = call.func
    if isinstance(func, ast.Name) and func.id in program.definitions:
        found = program.definitions[func.id]
        return _initialiser(program, found) if isinstance(found, ast.ClassDef) else found
    if isinstance(func, ast.Attribute) and not program.is_imported(func):
        return method_of(program, func)
    return None


def _initialiser(program: Program, node: ast.ClassDef, depth: int = 0) -> _Function | None:
    for it in node.body:
        if isinstance(it, ast.FunctionDef) and it.name == "__init__":
            return it
    for base in node.bases:
        above = program.definitions.get(base.id) if isinstance(base, ast.Name) else None
        if isinstance(above, ast.ClassDef) and depth < 5 and (found := _initialiser(program, above, depth + 1)) is not None:
            return found
    return None


def _is_only_shown(function: _Function, name: str) -> bool:
    """Whether a function does nothing with an argument but put it into texts, titles and records: a caption."""
    shown: set[int] = set()
    for it in walk(function):
        called = it.func.attr if isinstance(it, ast.Call) and isinstance(it.func, ast.Attribute) else getattr(getattr(it, "func", None), "id", "")
        is_text = isinstance(it, (ast.JoinedStr, ast.Dict)) or (
            isinstance(it, ast.BinOp) and isinstance(it.left, ast.Constant) and isinstance(it.left.value, str)
        )
        if is_text or called in ("print", "format", "title", "set_title", "suptitle", "legend"):
            shown |= {id(inner) for inner in walk(it)}
    uses = [it for it in walk(function) if isinstance(it, ast.Name) and it.id == name and isinstance(it.ctx, ast.Load)]
    return bool(uses) and all(id(it) in shown for it in uses)


def _argument_names(function: _Function) -> list[str]:
    """Names of positional arguments, without `self`."""
    names = [it.arg for it in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _defaults(function: _Function) -> Iterator[tuple[str, ast.expr]]:
    arguments = [*function.args.posonlyargs, *function.args.args]
    for argument, default in zip(arguments[len(arguments) - len(function.args.defaults) :], function.args.defaults, strict=True):
        yield argument.arg, default
    for argument, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if value is not None:
            yield argument.arg, value


def _is_dropout(dotted: str) -> bool:
    """Whether this is the layer whose one argument is what people try."""
    return is_layer(dotted) and dotted.rpartition(".")[2].startswith("Dropout")


def _signature_names(dotted: str, call: ast.Call) -> list[str]:
    """Names of positional arguments of a library's function or class; looked up only where a literal was given by position."""
    if not dotted or is_layer(dotted) or not any(isinstance(it, (ast.Constant, ast.UnaryOp, ast.BinOp)) for it in call.args):
        return []
    module, _, name = dotted.rpartition(".")
    holder: Any = sys.modules.get(module.removeprefix("tensorflow.") if module.startswith("tensorflow.keras") else module)
    target = vars(holder).get(name) if holder is not None else None
    if target is None or not callable(target):
        return []
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):
        return []
    return [it.name for it in signature.parameters.values() if it.kind in (it.POSITIONAL_ONLY, it.POSITIONAL_OR_KEYWORD)]


def _locals(program: Program, definition: Definition, dead: Set[int]) -> Iterator[Candidate]:
    """Names a reached function binds once to a number, where the name speaks for itself; attributes of `self` in `__init__` likewise."""
    functions = [it for it in walk(definition) if isinstance(it, _Function)]
    for function in functions:
        bound = Counter(it.id for it in walk(function) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store))
        uses = None
        for statement in (it for it in function.body if id(it) not in dead):
            for name, node in pairs(statement):
                if bound[name] != 1 or not TELLING.search(name) or not is_param_name(name):
                    continue
                value = _number(node)
                if value is None:
                    continue
                uses = uses or uses_of(program, [ast.Module(function.body, [])])
                if uses.matter(name, value):
                    yield Candidate(name, value, f"bound to a literal in {function.name}()", (function.name,))
            if function.name == "__init__" and isinstance(statement, ast.Assign) and isinstance(definition, ast.ClassDef):
                for target in statement.targets:
                    if (
                        isinstance(target, ast.Attribute)
                        and isinstance(target.value, ast.Name)
                        and target.value.id == "self"
                        and TELLING.search(snake(target.attr))
                    ):
                        value = _number(statement.value)
                        if value is not None and is_param_name(target.attr) and not _begins_a_search(snake(target.attr), value):
                            yield Candidate(target.attr, value, f"bound to a literal in {definition.name}", (definition.name,))


def _begins_a_search(name: str, value: float) -> bool:
    """`self.best_loss = 1e9`, which any result is better than."""
    return is_measure(name) and (abs(value) >= _HUGE or bool(_EXTREME.match(name)))


def _number(node: ast.expr) -> float | None:
    """A number other than nought, which begins a count or a sum."""
    try:
        value = evaluate(node)
    except ValueError:
        return None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and value != 0 else None


def _variables(program: Program) -> set[str]:
    """Names that top-level statements bind to what is no literal, and give to the notebook's functions: an argument of that name is one of many values."""
    found = {name for part in program.parts for name in part.scope.writes}
    calls = [it for part in program.parts for it in walked(part.node) if isinstance(it, ast.Call) and _definition_of(program, it) is not None]
    found &= {it.id for call in calls for value in (*call.args, *call.keywords) for it in walk(value) if isinstance(it, ast.Name)}
    for part in program.parts:
        for name, node in pairs(part.node):
            with contextlib.suppress(ValueError):
                evaluate(node)
                found.discard(name)
    return found


def _computed(cell: Cell, program: Program) -> dict[str, Any]:
    """Numbers that top-level statements computed, by name: what of them is given to a constructor is a param too."""
    found: dict[str, Any] = {}
    for part in program.parts:
        for name, node in pairs(part.node):
            found.pop(name, None)
            value = plain(cell.namespace.get(name))
            if type(value) in (int, float):
                try:
                    evaluate(node)
                except ValueError:
                    found[name] = value
        if isinstance(part.node, (ast.For, ast.While)):
            for name in part.scope.writes:
                found.pop(name, None)
    return found
