"""How wide the hidden layers of a network are, as the code that builds it says: `units` of each `Dense` but the one that gives the output."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set

from nbtrack.capture.kinds import is_layer
from nbtrack.capture.literals import evaluate, pairs
from nbtrack.capture.naming import Candidate
from nbtrack.capture.program import Definition, Program
from nbtrack.capture.weave.kinds import path_of

_PACKAGES = frozenset(("keras", "tensorflow", "flax"))


def units_of(program: Program, dead: Set[int]) -> Iterator[Candidate]:
    """One param for each sequential model that is written out: the number of a single hidden layer, else the list of them.

    Args:
        dead: ids of calls that do not run.
    """
    if not any(it.partition(".")[0] in _PACKAGES for it in program.imports.values()):
        return
    layers: dict[str, list[ast.expr]] = {}
    statements: list[tuple[str, ast.stmt]] = [("", part.node) for part in program.parts if not isinstance(part.node, Definition)]
    statements += [(definition.name, it) for definition in program.reached for it in definition.body]
    for place, node in statements:
        given = [(place, node.value)] if isinstance(node, ast.Return) else pairs(node)
        for name, value in given:
            if isinstance(value, ast.Call) and path_of(value.func)[-1:] == ["Sequential"]:
                layers[name] = list(value.args[0].elts) if value.args and isinstance(value.args[0], (ast.List, ast.Tuple)) else []
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="add"), args=[layer])) if name in layers:
                layers[name].append(layer)
    for model, them in layers.items():
        widths = [_width(it) for it in them if isinstance(it, ast.Call) and id(it) not in dead and _is_dense(program, it)]
        hidden = [it for it in widths[:-1] if it > 0]
        if hidden and not any(isinstance(it, ast.Starred) for it in them):
            yield Candidate("units", hidden[0] if len(hidden) == 1 else hidden, "widths of the hidden layers", (model,))


def _is_dense(program: Program, call: ast.Call) -> bool:
    dotted = program.dotted(call.func)
    return is_layer(dotted) and dotted.endswith(".Dense")


def _width(call: ast.Call) -> int:
    """`64` of `Dense(64)`; 0 where a name has it, which is a param of its own."""
    return next((_number(it) for it in (*call.args[:1], *(it.value for it in call.keywords if it.arg == "units"))), 0)


def _number(node: ast.expr) -> int:
    try:
        found = evaluate(node)
    except ValueError:
        return 0
    return found if type(found) is int else 0
